import { setOwn } from "../../../../../protocols/unknown-json.ts";
import { type Code, type Compiler, compile } from "./compile.ts";
import { fail } from "./failure.ts";
import type { Frame, Run } from "./run.ts";
import type { Pair } from "./syntax.ts";
import { type Tuple, TupleStream, tupleFrame, valueKey } from "./tuples.ts";
import type { Value, ValueObject } from "./values.ts";

export type Grouping = (value: Value | TupleStream, frame: Frame) => ValueObject;

/** Values appended as `$append` does, without a copy for each. */
class Appended {
  #value: Value;
  #items: Value[] | undefined;

  add(value: Value, run: Run): void {
    if (value === undefined) return;
    if (this.#items === undefined && this.#value === undefined) {
      this.#value = value;
      return;
    }
    if (this.#items === undefined) this.#items = Array.isArray(this.#value) ? this.#value.slice() : [this.#value];
    run.budget.grow(8);
    if (!Array.isArray(value)) this.#items.push(value);
    else {
      run.budget.array(value.length);
      for (const item of value) this.#items.push(item);
    }
    if (this.#items.length > run.budget.limits.sequence) run.budget.array(this.#items.length);
  }

  get value(): Value {
    return this.#items ?? this.#value;
  }
}

type Compiled = { key: Code; value: Code };

/**
 * `{key: value, …}`: groups items by their keys and evaluates each value over its group. For a single item, this is an
 * object constructor.
 */
export function compileGroup(pairs: Pair[], compiler: Compiler): Grouping {
  const compiled = pairs.map(([key, value]) => ({ key: compile(key, compiler), value: compile(value, compiler) }));
  return (given, frame) => {
    if (given instanceof TupleStream) return groupedTuples(compiled, given.tuples, frame);
    if (!Array.isArray(given)) return constructedObject(compiled, given, frame);
    if (given.length < 2) return constructedObject(compiled, given[0], frame);
    return grouped(compiled, given, frame);
  };
}

function keyOf(pair: Compiled, input: Value, frame: Frame): string | undefined {
  const key = pair.key(input, frame);
  return key === undefined || typeof key === "string" ? key : fail("T1003", { value: key });
}

function add(result: ValueObject, key: string, value: Value, run: Run): void {
  if (value === undefined) return;
  run.budget.member();
  setOwn(result, key, value);
}

function constructedObject(pairs: Compiled[], input: Value, frame: Frame): ValueObject {
  const values = new Map<string, Code>();
  for (const pair of pairs) {
    const key = keyOf(pair, input, frame);
    if (key === undefined) continue;
    if (values.has(key)) fail("D1009", { value: key });
    values.set(key, pair.value);
  }
  const result: ValueObject = {};
  for (const [key, value] of values) add(result, key, value(input, frame), frame.run);
  return result;
}

type Group<T> = { pair: Compiled; data: T };

function groupOf<T>(groups: Map<string, Group<T>>, key: string, pair: Compiled, make: () => T): T {
  const group = groups.get(key);
  if (group) {
    if (group.pair !== pair) fail("D1009", { value: key });
    return group.data;
  }
  const data = make();
  groups.set(key, { pair, data });
  return data;
}

function grouped(pairs: Compiled[], items: Value[], frame: Frame): ValueObject {
  const groups = new Map<string, Group<Appended>>();
  for (const item of items) {
    frame.run.budget.spend(1);
    for (const pair of pairs) {
      const key = keyOf(pair, item, frame);
      if (key !== undefined) groupOf(groups, key, pair, () => new Appended()).add(item, frame.run);
    }
  }
  const result: ValueObject = {};
  for (const [key, { pair, data }] of groups) add(result, key, pair.value(data.value, frame), frame.run);
  return result;
}

/** Everything that the tuples of a group bind to a name is appended. */
function groupedTuples(pairs: Compiled[], tuples: Tuple[], frame: Frame): ValueObject {
  const { run } = frame;
  const groups = new Map<string, Group<Map<string, Appended>>>();
  for (const tuple of tuples) {
    const own = tupleFrame(frame, tuple);
    for (const pair of pairs) {
      run.budget.spend(tuple.size);
      const key = keyOf(pair, tuple.get(valueKey), own);
      if (key === undefined) continue;
      const names = groupOf(groups, key, pair, () => new Map<string, Appended>());
      for (const [name, value] of tuple) {
        let appended = names.get(name);
        if (!appended) names.set(name, (appended = new Appended()));
        appended.add(value, run);
      }
    }
  }
  const result: ValueObject = {};
  for (const [key, { pair, data }] of groups) {
    const together: Tuple = new Map();
    for (const [name, appended] of data) together.set(name, appended.value);
    add(result, key, pair.value(together.get(valueKey), tupleFrame(frame, together)), run);
  }
  return result;
}
