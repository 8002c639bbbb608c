import type { Run } from "./run.ts";

/**
 * The values of expressions: JSON values, functions, and nothing (undefined). Numbers are doubles. Only own members of
 * objects are ever read, never those of a prototype.
 */
export type Value = undefined | null | boolean | number | string | Value[] | ValueObject | Fn;
export type ValueObject = { [key: string]: Value };

export type Apply = (args: Value[], input: Value, run: Run) => Value;

/** A function, which expressions can only call and pass on. */
export class Fn {
  /** How many arguments functions such as `$map` pass to it. */
  readonly arity: number;
  readonly apply: Apply;
  /** Whether it is a lambda, whose tail calls need no stack. */
  readonly lambda: boolean;

  constructor(arity: number, apply: Apply, lambda = false) {
    this.arity = arity;
    this.apply = apply;
    this.lambda = lambda;
  }
}

/** A call in the tail position of a lambda, which is left to the lambda's caller. */
export class TailCall {
  readonly fn: Fn;
  readonly args: Value[];
  readonly input: Value;

  constructor(fn: Fn, args: Value[], input: Value) {
    this.fn = fn;
    this.args = args;
    this.input = input;
  }
}

/** Calls a function, and the tail calls it returns. */
export function call(fn: Fn, args: Value[], input: Value, run: Run): Value {
  let result: Value | TailCall = fn.apply(args, input, run);
  while (result instanceof TailCall) {
    run.budget.spend(1);
    result = (result.fn.apply as (args: Value[], input: Value, run: Run) => Value | TailCall)(
      result.args,
      result.input,
      run,
    );
  }
  return result;
}

const marks = Symbol("marks");
type Marked = Value[] & { [marks]?: number };

/** A sequence: with one value it is that value, without any it is nothing. */
const sequenceMark = 1;
/** A sequence that stays an array even with one value (`[]` after a step). */
const keepMark = 2;
/** An array made by a constructor at the end of a path: steps do not flatten it. */
const constructedMark = 4;
/** The array around an input that is itself an array. */
const wrapperMark = 8;

function marked(array: Value[], mark: number): Value[] {
  (array as Marked)[marks] = ((array as Marked)[marks] ?? 0) | mark;
  return array;
}

function has(array: Value[], mark: number): boolean {
  const held = (array as Marked)[marks];
  return held !== undefined && (held & mark) !== 0;
}

export const sequence = (items: Value[]): Value[] => marked(items, sequenceMark);
export const constructed = (items: Value[]): Value[] => marked(items, constructedMark);
export const wrapper = (items: Value[]): Value[] => marked(items, sequenceMark | wrapperMark);
export const isSequence = (items: Value[]): boolean => has(items, sequenceMark);
export const isConstructed = (items: Value[]): boolean => has(items, constructedMark);
export const isWrapper = (value: Value): value is Value[] => Array.isArray(value) && has(value, wrapperMark);
export const isMarked = (items: Value[]): boolean => (items as Marked)[marks] !== undefined;

/** The value of a sequence; other values stay as they are. `keep`: a single value stays in its array. */
export function collapse(value: Value, keep: boolean): Value {
  if (!Array.isArray(value) || !has(value, sequenceMark)) return value;
  if (value.length > 1) return value;
  if (value.length === 0) return undefined;
  if (keep) marked(value, keepMark);
  return has(value, keepMark) ? value : value[0];
}

/** Whether the value is an object, neither an array nor a function. */
export function isObject(value: Value): value is ValueObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Fn);
}

/** The type as `$type` names it; undefined for nothing. */
export function typeName(value: Value): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (value instanceof Fn) return "function";
  return typeof value;
}
