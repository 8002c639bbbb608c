import { javaDouble } from "./java-numbers.ts";

/**
 * A JSON number that JavaScript would write differently: `0.0`, `1E2`, an integer that no double can represent. Step
 * Functions keeps the text of numbers through JSONPath states. All other numbers are plain ones. Immutable.
 */
export class NumberLiteral {
  /** Counts the literals that JSON.stringify has met, by which the writer notices that there were some. */
  static stringified = 0;

  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The nearest double, which may be infinite. */
  get double(): number {
    return Number(this.text);
  }

  toJSON(): number {
    NumberLiteral.stringified++;
    return this.double;
  }
}

export type JsonNumber = number | NumberLiteral;

/** Whether a JSON value is a number. */
export function isNumber(value: unknown): value is JsonNumber {
  return typeof value === "number" || value instanceof NumberLiteral;
}

/** The double nearest to a JSON number, which may be infinite; undefined if the value is not a number. */
export function numberOf(value: unknown): number | undefined {
  return value instanceof NumberLiteral ? value.double : typeof value === "number" ? value : undefined;
}

/** Reads a number's JSON text: a plain number wherever JavaScript would write the same text. */
export function numberFromText(text: string): JsonNumber {
  const double = Number(text);
  return String(double) === text ? double : new NumberLiteral(text);
}

/** A number as Step Functions rewrites it: all but integers become Java doubles. */
export function normalizedNumber(number: JsonNumber): JsonNumber {
  const isWhole = typeof number === "number" ? Number.isInteger(number) : /^-?\d+$/.test(number.text);
  const double = typeof number === "number" ? number : number.double;
  return isWhole || !Number.isFinite(double) ? number : numberFromText(javaDouble(double));
}

/**
 * Negative, zero or positive as `a` is less than, equal to or greater than `b`; exact beyond the precision of doubles.
 */
export function compareNumbers(a: JsonNumber, b: JsonNumber): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [first, second] = [Number(digitsOf(a)), Number(digitsOf(b))];
  // Rounding preserves order, so digits need comparing only if both round to the same double.
  return first === second ? compareDecimals(decimalOf(digitsOf(a)), decimalOf(digitsOf(b))) : first < second ? -1 : 1;
}

/** A text that is the same for two numbers exactly when they are equal. */
export function canonicalNumber(value: JsonNumber): string {
  if (typeof value === "number") return JSON.stringify(value);
  const { double } = value;
  if (Number.isFinite(double) && compareNumbers(value, double) === 0) return JSON.stringify(double);
  const { negative, digits, point } = decimalOf(value.text);
  return `${negative ? "-" : ""}0.${digits}e${point}`;
}

function digitsOf(value: JsonNumber): string {
  return typeof value === "number" ? String(value) : value.text;
}

/** `0.digits` times ten to the power of `point`, without leading or trailing zeros; zero has no digits. */
type Decimal = { negative: boolean; digits: string; point: number };

function decimalOf(text: string): Decimal {
  const [, sign, whole = "", fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)!;
  const all = whole + fraction;
  let start = 0;
  let end = all.length;
  while (start < end && all[start] === "0") start++;
  while (end > start && all[end - 1] === "0") end--;
  return { negative: sign === "-", digits: all.slice(start, end), point: whole.length - start + Number(exponent) };
}

function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.digits === "" && b.digits === "") return 0;
  if (a.digits === "") return b.negative ? 1 : -1;
  if (b.digits === "" || a.negative !== b.negative) return a.negative ? -1 : 1;
  const sign = a.negative ? -1 : 1;
  if (a.point !== b.point) return a.point < b.point ? -sign : sign;
  return a.digits === b.digits ? 0 : a.digits < b.digits ? -sign : sign;
}
