import { copyObject, setOwn } from "../../../../../protocols/unknown-json.ts";
import type { Json } from "../json.ts";
import { NumberLiteral } from "../number-literal.ts";
import { refuse } from "./failure.ts";
import type { Run } from "./run.ts";
import { Fn, isMarked, type Value, type ValueObject } from "./values.ts";

/** What has been admitted of values seen lately, which never change. */
const known = new WeakMap<object, Value>();

/** A JSON value as expressions see it: its numbers are doubles. The value itself where it has no others. */
export function admitted(value: Json): Value {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof NumberLiteral) return value.double;
  let found = known.get(value);
  if (found === undefined) known.set(value, (found = withDoubles(value)));
  return found;
}

function withDoubles(value: Json): Value {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof NumberLiteral) return value.double;
  if (Array.isArray(value)) {
    let copy: Value[] | undefined;
    for (const [index, item] of value.entries()) {
      const inside = withDoubles(item);
      if (inside !== item) (copy ??= value.slice() as Value[])[index] = inside;
    }
    return copy ?? (value as Value[]);
  }
  let copy: ValueObject | undefined;
  for (const key of Object.keys(value)) {
    const inside = withDoubles(value[key]!);
    if (inside === value[key]) continue;
    copy ??= copyObject(value as ValueObject);
    setOwn(copy, key, inside);
  }
  return copy ?? (value as ValueObject);
}

/**
 * An expression's result as JSON, within `limit` characters. Throws what Step Functions says of functions, numbers that
 * are none, and results larger than any payload.
 */
export function released(value: Value, run: Run): Json | undefined {
  if (value === undefined) return undefined;
  return release(value, run, 0);
}

function release(value: Value, run: Run, depth: number): Json {
  run.budget.walk(depth);
  if (typeof value === "string") {
    run.budget.release(value.length);
    return value;
  }
  run.budget.release(1);
  if (typeof value === "number") return Number.isFinite(value) ? value : refuse("The result is not a JSON number");
  if (value === undefined || value === null || typeof value === "boolean") return value ?? null;
  if (value instanceof Fn) return refuse("The result is a function, not a JSON value");
  if (Array.isArray(value)) {
    let copy: Json[] | undefined = isMarked(value) ? [...(value as Json[])] : undefined;
    for (const [index, item] of value.entries()) {
      const inside = release(item, run, depth + 1);
      if (inside !== item) (copy ??= value.slice() as Json[])[index] = inside;
    }
    return copy ?? (value as Json[]);
  }
  let copy: ValueObject | undefined;
  for (const key of Object.keys(value)) {
    const member = value[key];
    run.budget.release(key.length);
    const inside = member === undefined ? undefined : release(member, run, depth + 1);
    if (member !== undefined && inside === member) continue;
    copy ??= copyObject(value);
    if (inside === undefined) delete copy[key];
    else setOwn(copy, key, inside as Value);
  }
  return (copy ?? value) as Json;
}
