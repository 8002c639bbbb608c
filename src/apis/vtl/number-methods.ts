/** The methods of Java's numbers and booleans, static ones too: `#set($Integer = 0)$Integer.parseInt("42")` is how templates read numbers. */
import { int, type Method, MethodMissing, text } from "./method-arguments.ts";
import { TemplateError } from "./syntax.ts";
import { isNumber, javaText, type Value } from "./values.ts";

type Numeric = bigint | number;

/** Methods of a whole number, which is an Integer where it fits into 32 bits. */
export function methodOfWhole(self: bigint, name: string): Method<Numeric> | undefined {
  return common.get(name) ?? (BigInt.asIntN(32, self) === self ? integers : longs).get(name);
}

export function methodOfDouble(name: string): Method<Numeric> | undefined {
  return common.get(name) ?? doubles.get(name);
}

export const booleanMethods: ReadonlyMap<string, Method<boolean>> = new Map<string, Method<boolean>>([
  ["booleanValue", (self) => self],
  ["parseBoolean", (_, [value = null]) => text(value).toLowerCase() === "true"],
  ["valueOf", (_, [value = null]) => (typeof value === "boolean" ? value : text(value).toLowerCase() === "true")],
]);

const common = new Map<string, Method<Numeric>>([
  ["intValue", (self) => BigInt.asIntN(32, whole(self))],
  ["longValue", (self) => BigInt.asIntN(64, whole(self))],
  ["doubleValue", (self) => Number(self)],
  ["max", (self, [a = null, b = null]) => extreme(self, a, b, (x, y) => x > y)],
  ["min", (self, [a = null, b = null]) => extreme(self, a, b, (x, y) => x < y)],
  [
    "compareTo",
    (self, [other = null]) => {
      if (typeof other !== typeof self) throw new TemplateError("A number is compared with one of another class");
      return BigInt(Math.sign(Number(self) - Number(other)));
    },
  ],
]);

const integers = new Map<string, Method<Numeric>>([
  ["parseInt", (_, [value = null, radix = 10n]) => parseWhole(text(value), int(radix), 31n)],
  ["valueOf", (_, [value = null]) => (typeof value === "bigint" ? value : parseWhole(text(value), 10, 31n))],
  ["toString", (self, args) => radixText(self, args)],
  ["toHexString", (_, [value = null]) => BigInt.asUintN(32, BigInt(int(value))).toString(16)],
  ["toBinaryString", (_, [value = null]) => BigInt.asUintN(32, BigInt(int(value))).toString(2)],
]);

const longs = new Map<string, Method<Numeric>>([
  ["parseLong", (_, [value = null, radix = 10n]) => parseWhole(text(value), int(radix), 63n)],
  ["valueOf", (_, [value = null]) => (typeof value === "bigint" ? value : parseWhole(text(value), 10, 63n))],
  ["toString", (self, args) => radixText(self, args)],
]);

const doubles = new Map<string, Method<Numeric>>([
  ["parseDouble", (_, [value = null]) => parseDouble(text(value))],
  ["valueOf", (_, [value = null]) => (isNumber(value) ? Number(value) : parseDouble(text(value)))],
]);

/** `toString()`, or the static one, which takes a number and may take a radix. */
function radixText(self: Numeric, [value, radix = 10n]: readonly Value[]): string {
  if (value === undefined) return javaText(self);
  if (typeof value !== "bigint") throw new MethodMissing();
  const base = int(radix);
  return value.toString(base >= 2 && base <= 36 ? base : 10);
}

/** The one of two numbers that `isBefore` prefers; a double if `self` is one. */
function extreme(self: Numeric, a: Value, b: Value, isBefore: (a: Numeric, b: Numeric) => boolean): Value {
  if (!isNumber(a) || !isNumber(b)) throw new MethodMissing();
  const value = isBefore(a, b) ? a : b;
  return typeof self === "number" ? Number(value) : value;
}

function whole(value: bigint | number): bigint {
  if (typeof value === "bigint") return value;
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
}

function parseWhole(value: string, radix: number, bits: bigint): bigint {
  const digits = /^[+-]?([0-9a-zA-Z]{1,70})$/.exec(value)?.[1]?.toLowerCase();
  if (digits === undefined || !(radix >= 2 && radix <= 36)) throw notANumber(value);
  let result = 0n;
  for (const digit of digits) {
    const number = Number.parseInt(digit, 36);
    if (!(number < radix)) throw notANumber(value);
    result = result * BigInt(radix) + BigInt(number);
  }
  if (value.startsWith("-")) result = -result;
  if (result < -(1n << bits) || result >= 1n << bits) throw notANumber(value);
  return result;
}

function parseDouble(value: string): number {
  const trimmed = value.trim();
  if (!/^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?)$/.test(trimmed)) throw notANumber(value);
  return Number(trimmed.replace(/[dDfF]$/, ""));
}

function notANumber(value: string): TemplateError {
  return new TemplateError(`For input string: "${value.slice(0, 100)}"`);
}
