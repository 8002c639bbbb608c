/**
 * Arguments of Java's methods: for an argument of the wrong class there is no method, for null there is one that
 * throws.
 */
import type { Budget } from "./budget.ts";
import { TemplateError } from "./syntax.ts";
import type { Value } from "./values.ts";

export type Method<T> = (self: T, args: readonly Value[], budget: Budget) => Value;

/** Thrown if no method takes such arguments. The call then has no value, as in Velocity. */
export class MethodMissing extends Error {}

/** @throws MethodMissing for another class, TemplateError for null */
export function text(value: Value): string {
  if (value === null) throw new TemplateError("A method was given null");
  if (typeof value !== "string") throw new MethodMissing();
  return value;
}

/** @throws MethodMissing for anything but a whole number, TemplateError for null */
export function int(value: Value): number {
  if (value === null) throw new TemplateError("A method was given null");
  if (typeof value !== "bigint") throw new MethodMissing();
  return Number(value);
}

/** An index that exists. @throws MethodMissing, TemplateError */
export function position(at: Value, length: number): number {
  const index = int(at);
  if (!(index >= 0 && index < length)) throw outOfBounds(index, length);
  return index;
}

/** Where a part begins and ends. @throws MethodMissing, TemplateError */
export function bounds(length: number, [from = 0n, to = BigInt(length)]: readonly Value[]): [number, number] {
  const [start, end] = [int(from), int(to)];
  if (!(start >= 0 && start <= end && end <= length))
    throw outOfBounds(start < 0 || start > length ? start : end, length);
  return [start, end];
}

export function outOfBounds(index: number, length: number): TemplateError {
  return new TemplateError(`Index ${index} is out of bounds for length ${length}`);
}
