import { getOwn, setOwn } from "../../../../../../protocols/unknown-json.ts";
import { equals, truth } from "../operators.ts";
import type { Run } from "../run.ts";
import { clone } from "../transform.ts";
import { Fn, isObject, isSequence, sequence, typeName, type Value, type ValueObject } from "../values.ts";
import { type Definition, define, defineOn } from "./define.ts";

function keys([value]: [Value], run: Run): Value {
  const found = new Set<string>();
  const add = (input: Value, depth: number): void => {
    run.budget.walk(depth);
    if (Array.isArray(input)) for (const item of input) add(item, depth + 1);
    else if (isObject(input)) {
      for (const key of Object.keys(input)) {
        run.budget.spend(1);
        found.add(key);
      }
    }
  };
  add(value, 0);
  run.budget.array(found.size);
  if (!Array.isArray(value)) return sequence([...found]);
  // The keys of several objects are in the order that they would have in one.
  const merged: ValueObject = {};
  for (const key of found) setOwn(merged, key, true);
  return sequence(Object.keys(merged));
}

function lookup([value, key]: [Value, string?], run: Run, depth = 0): Value {
  if (key === undefined) return undefined;
  if (isObject(value)) return getOwn(value, key);
  if (!Array.isArray(value)) return undefined;
  run.budget.walk(depth);
  const result: Value[] = [];
  for (const item of value) {
    run.budget.spend(1);
    const found = lookup([item, key], run, depth + 1);
    if (Array.isArray(found)) for (const inner of found) result.push(inner);
    else if (found !== undefined) result.push(found);
  }
  run.budget.array(result.length);
  return sequence(result);
}

/** `$append`: concatenates both as arrays; if one is nothing, returns the other as it is. */
function append(first: Value, second: Value, run: Run): Value {
  if (first === undefined) return second;
  if (second === undefined) return first;
  const [left, right] = [first, second].map((value) => (Array.isArray(value) ? value : [value]));
  run.budget.array(left!.length + right!.length);
  return left!.concat(right!);
}

function spread([value]: [Value], run: Run, depth = 0): Value {
  run.budget.walk(depth);
  if (isObject(value)) {
    return sequence(
      Object.keys(value).map((key) => {
        run.budget.member();
        const single: ValueObject = {};
        setOwn(single, key, getOwn(value, key));
        return single;
      }),
    );
  }
  if (!Array.isArray(value)) return value;
  const result: Value[] = [];
  let plain = false;
  for (const item of value) {
    const inner = spread([item], run, depth + 1);
    if (inner === undefined) continue;
    plain = true;
    if (Array.isArray(inner)) for (const member of inner) result.push(member);
    else result.push(inner);
  }
  run.budget.array(result.length);
  return plain ? result : sequence(result);
}

function merge([objects]: [ValueObject[]], run: Run): Value {
  const result: ValueObject = {};
  for (const object of objects) {
    for (const key of Object.keys(object)) {
      run.budget.member();
      setOwn(result, key, object[key]);
    }
  }
  return result;
}

/** `$distinct`: the first of equal values. Only arrays and objects need to be compared with all others. */
function distinct([value]: [Value], run: Run): Value {
  if (!Array.isArray(value) || value.length <= 1) return value;
  run.budget.array(value.length);
  const simple = new Set<Value>();
  const others: Value[] = [];
  const result = value.filter((item) => {
    run.budget.spend(1);
    if (typeof item !== "object" || item === null) {
      if (simple.has(item)) return false;
      simple.add(item);
      return true;
    }
    for (const other of others) {
      run.budget.spend(1);
      if (equals(item, other, run)) return false;
    }
    others.push(item);
    return true;
  });
  return isSequence(value) ? sequence(result) : result;
}

function shuffle([items]: [Value[]], run: Run): Value {
  run.budget.array(items.length);
  const result: Value[] = items.slice();
  for (let last = result.length - 1; last > 0; last--) {
    const chosen = Math.floor(run.chance.random() * (last + 1));
    [result[last], result[chosen]] = [result[chosen], result[last]];
  }
  return result;
}

function zip(lists: Value[], run: Run): Value {
  const length = Math.min(...lists.map((list) => (Array.isArray(list) ? list.length : 0)));
  run.budget.array(length * (lists.length + 1));
  const result: Value[] = [];
  for (let at = 0; at < length; at++) result.push(lists.map((list) => (list as Value[])[at]));
  return result;
}

export const values: Definition[] = [
  define("keys", "<x-:a<s>>", 1, keys),
  define<[Value, string?]>("lookup", "<x-s:x>", 2, (args, run) => lookup(args, run)),
  define<[Value, Value]>("append", "<xx:a>", 2, ([first, second], run) => append(first, second, run)),
  define<[Value]>("exists", "<x:b>", 1, ([value]) => value !== undefined),
  define<[Value]>("spread", "<x-:a<o>>", 1, (args, run) => spread(args, run)),
  defineOn("merge", "<a<o>:o>", 1, merge),
  defineOn<[Value[]]>("reverse", "<a:a>", 1, ([items], run) => {
    run.budget.array(items.length);
    return items.length <= 1 ? items : items.slice().reverse();
  }),
  defineOn("shuffle", "<a:a>", 1, shuffle),
  defineOn("distinct", "<x:x>", 1, distinct),
  define("zip", "<a+>", 0, zip),
  define<[Value]>("type", "<x:s>", 1, ([value]) => typeName(value)),
  defineOn<[Value]>("boolean", "<x-:b>", 1, ([value], run) => truth(value, run)),
  defineOn<[Value]>("not", "<x-:b>", 1, ([value], run) => !truth(value, run)),
  defineOn<[Value]>("clone", "<(oa)-:o>", 1, ([value], run) => (value instanceof Fn ? undefined : clone(value, run))),
];
