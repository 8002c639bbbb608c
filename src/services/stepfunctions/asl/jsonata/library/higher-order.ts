import { getOwn, setOwn } from "../../../../../../protocols/unknown-json.ts";
import { fail } from "../failure.ts";
import { truth } from "../operators.ts";
import type { Run } from "../run.ts";
import { mergeSorted } from "../sorting.ts";
import { call, type Fn, sequence, type Value, type ValueObject } from "../values.ts";
import { type Definition, define, defineOn } from "./define.ts";

/** Calls a function with as many arguments as it takes, but at least the first. */
function callWith(fn: Fn | undefined, args: Value[], run: Run): Value {
  if (!fn) return fail("T1006");
  run.budget.spend(1);
  return call(fn, fn.arity >= args.length ? args : args.slice(0, Math.max(fn.arity, 1)), undefined, run);
}

function map([items, fn]: [Value[], Fn], run: Run): Value {
  const result: Value[] = [];
  for (const [index, item] of items.entries()) {
    const value = callWith(fn, [item, index, items], run);
    if (value !== undefined) result.push(value);
  }
  run.budget.array(result.length);
  return sequence(result);
}

function filter([items, fn]: [Value[], Fn], run: Run): Value {
  run.budget.array(items.length);
  return sequence(items.filter((item, index) => truth(callWith(fn, [item, index, items], run), run)));
}

function single([items, fn]: [Value[], Fn?], run: Run): Value {
  let found: { item: Value } | undefined;
  for (const [index, item] of items.entries()) {
    if (fn && !truth(callWith(fn, [item, index, items], run), run)) continue;
    if (found) fail("D3138");
    found = { item };
  }
  return found ? found.item : fail("D3139");
}

function reduce([items, fn, initial]: [Value[], Fn, Value], run: Run): Value {
  if (fn.arity < 2) fail("D3050");
  const given = initial !== undefined || items.length === 0;
  let result = given ? initial : items[0];
  for (let index = given ? 0 : 1; index < items.length; index++) {
    result = callWith(fn, [result, items[index], index, items], run);
  }
  return result;
}

function each([object, fn]: [ValueObject?, Fn?], run: Run): Value {
  const result: Value[] = [];
  for (const key of Object.keys(object ?? {})) {
    const value = callWith(fn, [getOwn(object!, key), key, object], run);
    if (value !== undefined) result.push(value);
  }
  run.budget.array(result.length);
  return sequence(result);
}

function sift([object, fn]: [ValueObject?, Fn?], run: Run): Value {
  const result: ValueObject = {};
  let empty = true;
  for (const key of Object.keys(object ?? {})) {
    const value = getOwn(object!, key);
    if (!truth(callWith(fn, [value, key, object], run), run)) continue;
    run.budget.member();
    setOwn(result, key, value);
    empty = false;
  }
  return empty ? undefined : result;
}

function sort([items, comparator]: [Value[], Fn?], run: Run): Value {
  if (items.length <= 1) return items;
  if (comparator) {
    return mergeSorted(items, (a, b) => truth(call(comparator, [a, b], undefined, run), run), run);
  }
  const kind = typeof items[0];
  if ((kind !== "string" && kind !== "number") || items.some((item) => typeof item !== kind)) fail("D3070");
  return mergeSorted(items as string[], (a, b) => a > b, run);
}

export const higherOrder: Definition[] = [
  defineOn("map", "<af>", 2, map),
  defineOn("filter", "<af>", 2, filter),
  defineOn("single", "<af?>", 2, single),
  defineOn("reduce", "<afj?:j>", 3, reduce),
  define("each", "<o-f:a>", 2, each),
  define("sift", "<o-f?:o>", 2, sift),
  defineOn("sort", "<af?:a>", 2, sort),
];
