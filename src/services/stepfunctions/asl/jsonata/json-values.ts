import { copyObject, setOwn } from "../../../../../protocols/unknown-json.ts";
import type { Json } from "../json.ts";
import { NumberLiteral } from "../number-literal.ts";
import { refuse } from "./failure.ts";
import type { Run } from "./run.ts";
import { Fn, isMarked, type Value, type ValueObject } from "./values.ts";

/** Converted values; JSON values never change. */
const converted = new WeakMap<object, Value>();

/** A JSON value as expressions see it, with doubles for numbers: the same value if it has no other numbers. */
export function fromJson(value: Json | undefined): Value {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof NumberLiteral) return value.double;
  let known = converted.get(value);
  if (known === undefined) converted.set(value, (known = withDoubles(value)));
  return known;
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
 * An expression's result as JSON. Throws Step Functions' errors for functions, numbers that JSON does not have, and
 * results beyond the budget's `result` limit.
 */
export function toJson(value: Value, run: Run): Json | undefined {
  return value === undefined ? undefined : jsonOf(value, run, 0);
}

function jsonOf(value: Value, run: Run, depth: number): Json {
  run.budget.walk(depth);
  if (typeof value === "string") {
    run.budget.result(value.length);
    return value;
  }
  run.budget.result(1);
  if (typeof value === "number") return Number.isFinite(value) ? value : refuse("The result is not a JSON number");
  if (value === undefined || value === null || typeof value === "boolean") return value ?? null;
  if (value instanceof Fn) return refuse("The result is a function, not a JSON value");
  if (Array.isArray(value)) {
    let copy: Json[] | undefined = isMarked(value) ? [...(value as Json[])] : undefined;
    for (const [index, item] of value.entries()) {
      const inside = jsonOf(item, run, depth + 1);
      if (inside !== item) (copy ??= value.slice() as Json[])[index] = inside;
    }
    return copy ?? (value as Json[]);
  }
  let copy: ValueObject | undefined;
  for (const key of Object.keys(value)) {
    const member = value[key];
    run.budget.result(key.length);
    const inside = member === undefined ? undefined : jsonOf(member, run, depth + 1);
    if (member !== undefined && inside === member) continue;
    copy ??= copyObject(value);
    if (inside === undefined) delete copy[key];
    else setOwn(copy, key, inside as Value);
  }
  return (copy ?? value) as Json;
}
