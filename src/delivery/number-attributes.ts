/** Numbers in message attributes: their limits, and the form in which queues show them. */

/** The parts of a number as written. */
export interface WrittenNumber {
  readonly negative: boolean;
  /** Digits before and after the point. */
  readonly whole: string;
  readonly fraction: string;
  /** 0 when the number has none. */
  readonly exponent: number;
}

const smallestExponent = -128;
const largestExponent = 125;
const maxDigits = 38;

/** The parts of a text that is a number, possibly with white space around it; undefined for any other text. */
export function readNumber(text: string): WrittenNumber | undefined {
  const parts = /^\s*([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d+))?\s*$/.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = "", fraction, alone, exponent = "0"] = parts;
  return { negative: sign === "-", whole, fraction: fraction ?? alone ?? "", exponent: Number(exponent) };
}

/** Whether the exponent as written is within the limits of SQS and SNS. */
export function hasScale({ exponent }: WrittenNumber): boolean {
  return exponent >= smallestExponent && exponent <= largestExponent;
}

/** Whether it has at most 38 digits; leading zeros do not count, trailing ones do. */
export function hasPrecision({ whole, fraction }: WrittenNumber): boolean {
  return (whole + fraction).replace(/^0+/, "").length <= maxDigits;
}

/** Without exponent and superfluous zeros: `007.50` becomes `7.5`. For numbers within the limits. */
export function plainNumber({ negative, whole, fraction, exponent }: WrittenNumber): string {
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const padded = point > digits.length ? digits.padEnd(point, "0") : digits;
  const before = point <= 0 ? "" : padded.slice(0, point);
  const after = point <= 0 ? "0".repeat(-point) + digits : padded.slice(point);
  const integer = before.replace(/^0+/, "") || "0";
  const decimals = after.replace(/0+$/, "");
  const plain = decimals === "" ? integer : `${integer}.${decimals}`;
  return negative && plain !== "0" ? `-${plain}` : plain;
}
