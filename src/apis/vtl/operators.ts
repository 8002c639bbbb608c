/** Evaluates operators: comparisons, arithmetic and ranges. */
import type { Budget } from "./budget.ts";
import { type BinaryOperator, type Expression, TemplateError } from "./syntax.ts";
import { areEqual, arithmetic, isNumber, javaText, type Value, VtlList } from "./values.ts";

const maxRangeLength = 100_000;

/** One side of an operator: its value, and its expression in the template. */
export interface Operand {
  readonly value: Value;
  readonly side: Expression;
}

/** The result of any operator but `&&` and `||`, whose right side may not be evaluated. @throws TemplateError */
export function combined(
  operator: Exclude<BinaryOperator, "&&" | "||">,
  { value: left, side: leftSide }: Operand,
  { value: right, side: rightSide }: Operand,
  budget: Budget,
): Value {
  switch (operator) {
    case "==":
      return areEqual(left, right);
    case "!=":
      return !areEqual(left, right);
    case "<":
    case "<=":
    case ">":
    case ">=": {
      if (!isNumber(left) || !isNumber(right)) return false;
      if (operator === "<") return left < right;
      if (operator === "<=") return left <= right;
      return operator === ">" ? left > right : left >= right;
    }
    default:
      if (operator === "+" && (typeof left === "string" || typeof right === "string")) {
        const text = operandText(left, leftSide) + operandText(right, rightSide);
        budget.text(text.length);
        return text;
      }
      if (!isNumber(left) || !isNumber(right)) return null;
      if (typeof left === "bigint" && typeof right === "bigint") checkSize(left, right);
      return arithmetic(operator, left, right);
  }
}

/** `[first..last]`, upwards or downwards; null if an end is not a whole number. @throws TemplateError */
export function rangeOf(first: Value, last: Value, budget: Budget): Value {
  if (typeof first !== "bigint" || typeof last !== "bigint") return null;
  const size = first <= last ? last - first : first - last;
  if (size >= BigInt(maxRangeLength)) throw new TemplateError("A range is too long");
  budget.step(Number(size));
  const step = first <= last ? 1n : -1n;
  return new VtlList(Array.from({ length: Number(size) + 1 }, (_, at) => first + BigInt(at) * step));
}

/** Nobody means a number of thousands of digits. */
function checkSize(left: bigint, right: bigint): void {
  const bound = 1n << 4_096n;
  if (left > bound || left < -bound || right > bound || right < -bound) {
    throw new TemplateError("A number is too large");
  }
}

/** Where an operand of a concatenation has no value the engine writes its source. */
function operandText(value: Value, side: Expression): string {
  if (value !== null) return javaText(value);
  return side.kind === "reference" ? side.source : "null";
}
