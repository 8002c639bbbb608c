import { getOwn } from "../../../../../protocols/unknown-json.ts";
import { fail } from "./failure.ts";
import type { Run } from "./run.ts";
import { textOf } from "./text.ts";
import { Fn, sequence, type Value } from "./values.ts";

/** Whether a value is a number. Throws D1001 for infinity. */
export function isNumber(value: Value): value is number {
  if (typeof value !== "number" || Number.isNaN(value)) return false;
  if (!Number.isFinite(value)) fail("D1001", { value });
  return true;
}

/** JSONata's boolean value: false are nothing, null, 0, "", [], {}, arrays without a true item, and functions. */
export function truth(value: Value, run: Run, depth = 0): boolean {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return value.length > 0;
    case "number":
      return isNumber(value) && value !== 0;
    case "undefined":
      return false;
  }
  if (value === null || value instanceof Fn) return false;
  if (!Array.isArray(value)) return Object.keys(value).length > 0;
  run.budget.walk(depth);
  if (value.length === 1) return truth(value[0], run, depth + 1);
  for (const item of value) {
    run.budget.spend(1);
    if (truth(item, run, depth + 1)) return true;
  }
  return false;
}

/** Deep equality. */
export function equals(a: Value, b: Value, run: Run, depth = 0): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  run.budget.walk(depth);
  if (a instanceof Fn || b instanceof Fn) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => equals(item, b[index], run, depth + 1));
  }
  if (Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equals(getOwn(a, key), getOwn(b, key), run, depth + 1));
}

export type Operator = (left: Value, right: Value, run: Run) => Value;

const numeric =
  (token: string, work: (left: number, right: number) => number): Operator =>
  (left, right) => {
    if (left !== undefined && !isNumber(left)) fail("T2001", { token, value: left });
    if (right !== undefined && !isNumber(right)) fail("T2002", { token, value: right });
    return left === undefined || right === undefined ? undefined : work(left as number, right as number);
  };

type Comparable = number | string;

const comparable = (value: Value): value is Comparable | undefined =>
  value === undefined || typeof value === "string" || typeof value === "number";

const comparison =
  (token: string, holds: (left: Comparable, right: Comparable) => boolean): Operator =>
  (left, right) => {
    if (!comparable(left) || !comparable(right)) fail("T2010", { token });
    if (left === undefined || right === undefined) return undefined;
    if (typeof left !== typeof right) fail("T2009", { token, value: left, value2: right });
    return holds(left, right);
  };

/** The operators that evaluate both sides. */
export const operators = new Map<string, Operator>([
  ["+", numeric("+", (left, right) => left + right)],
  ["-", numeric("-", (left, right) => left - right)],
  ["*", numeric("*", (left, right) => left * right)],
  ["/", numeric("/", (left, right) => left / right)],
  ["%", numeric("%", (left, right) => left % right)],
  ["<", comparison("<", (left, right) => left < right)],
  ["<=", comparison("<=", (left, right) => left <= right)],
  [">", comparison(">", (left, right) => left > right)],
  [">=", comparison(">=", (left, right) => left >= right)],
  ["=", (left, right, run) => left !== undefined && right !== undefined && equals(left, right, run)],
  ["!=", (left, right, run) => left !== undefined && right !== undefined && !equals(left, right, run)],
  ["&", concat],
  ["in", includes],
  ["..", range],
]);

function concat(left: Value, right: Value, run: Run): Value {
  const [first, second] = [textOf(left, run), textOf(right, run)];
  run.budget.text(first.length + second.length);
  return first + second;
}

function includes(left: Value, right: Value, run: Run): Value {
  if (left === undefined || right === undefined) return false;
  if (!Array.isArray(right)) return left === right;
  run.budget.spend(right.length >> 2);
  return right.includes(left);
}

function range(left: Value, right: Value, run: Run): Value {
  if (left !== undefined && !Number.isInteger(left)) fail("T2003", { value: left });
  if (right !== undefined && !Number.isInteger(right)) fail("T2004", { value: right });
  if (left === undefined || right === undefined) return undefined;
  const [low, high] = [left as number, right as number];
  if (low > high) return undefined;
  const size = high - low + 1;
  if (size > run.budget.limits.range) fail("D2014", { value: size });
  run.budget.array(size);
  const items = new Array<Value>(size);
  for (let index = 0; index < size; index++) items[index] = low + index;
  return sequence(items);
}
