import { type Compiler, compile, nested } from "./compile.ts";
import { fail } from "./failure.ts";
import type { Frame, Run } from "./run.ts";
import type { SortTerm } from "./syntax.ts";
import { type Tuple, tupleFrame, valueKey } from "./tuples.ts";
import type { Value } from "./values.ts";

/** `^(…)` for values and for tuples. */
export type Sorting = ((items: Value[], frame: Frame) => Value[]) & {
  tuples: (tuples: Tuple[], frame: Frame) => Tuple[];
};

/** Compiles the terms of `^(…)`. */
export function compileSort(terms: SortTerm[], compiler: Compiler): Sorting {
  const compiled = terms.map(({ descending, expression }) => ({
    descending,
    code: compile(expression, nested(compiler)),
  }));
  /** The sort keys of an item. */
  const keysOf = (value: Value, frame: Frame): Value[] => compiled.map(({ code }) => code(value, frame));
  const after = (a: Value[], b: Value[]): boolean => {
    for (const [index, { descending }] of compiled.entries()) {
      const order = compareKeys(a[index], b[index]);
      if (order.missing) return order.sign > 0;
      if (order.sign !== 0) return descending ? order.sign < 0 : order.sign > 0;
    }
    return false;
  };
  const sortBy = <T>(items: T[], frame: Frame, keys: (item: T) => Value[]): T[] => {
    if (items.length <= 1) return items;
    frame.run.budget.grow(items.length * 60);
    const keyed = items.map((item) => ({ item, keys: keys(item) }));
    return mergeSorted(keyed, (a, b) => after(a.keys, b.keys), frame.run).map(({ item }) => item);
  };
  return Object.assign((items: Value[], frame: Frame) => sortBy(items, frame, (item) => keysOf(item, frame)), {
    tuples: (tuples: Tuple[], frame: Frame) =>
      sortBy(tuples, frame, (tuple) => keysOf(tuple.get(valueKey), tupleFrame(frame, tuple))),
  });
}

/** The order of two keys. A missing key comes last in either direction. */
function compareKeys(a: Value, b: Value): { sign: number; missing?: boolean } {
  if (a === undefined || b === undefined) {
    const sign = (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0);
    return sign === 0 ? { sign } : { sign, missing: true };
  }
  const [first, second] = [a, b] as (string | number)[];
  if (!isSortable(a) || !isSortable(b)) fail("T2008", { value: isSortable(a) ? b : a });
  if (typeof a !== typeof b) fail("T2007", { value: a, value2: b });
  return { sign: first === second ? 0 : first! < second! ? -1 : 1 };
}

function isSortable(value: Value): boolean {
  return typeof value === "string" || typeof value === "number";
}

/** A stable merge sort. `after`: whether `a` comes after `b`. */
export function mergeSorted<T>(items: T[], after: (a: T, b: T) => boolean, run: Run): T[] {
  if (items.length <= 1) return items;
  run.budget.array(items.length);
  let from = items.slice();
  let to = new Array<T>(items.length);
  for (let width = 1; width < from.length; width *= 2) {
    for (let low = 0; low < from.length; low += 2 * width) {
      const middle = Math.min(low + width, from.length);
      const high = Math.min(low + 2 * width, from.length);
      let [left, right] = [low, middle];
      for (let at = low; at < high; at++) {
        run.budget.spend(1);
        const takeRight = left >= middle || (right < high && after(from[left]!, from[right]!));
        to[at] = takeRight ? from[right++]! : from[left++]!;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
