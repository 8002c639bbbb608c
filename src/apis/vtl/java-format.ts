/** `String.format` for the conversions templates use. */
import type { Budget } from "./budget.ts";
import { TemplateError } from "./syntax.ts";
import { isNumber, isTrue, javaText, type Value } from "./values.ts";

const widest = 10_000;

/** @throws TemplateError where Java throws: an unknown conversion, a missing argument, a value of another type */
export function javaFormat(pattern: string, args: readonly Value[], budget: Budget): string {
  let next = 0;
  const parts: string[] = [];
  let after = 0;
  const conversion = /%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?(.)/gs;
  for (const match of pattern.matchAll(conversion)) {
    parts.push(literal(pattern.slice(after, match.index)));
    after = match.index + match[0].length;
    const [, at, flags = "", width, precision, letter = ""] = match;
    if (Number(width ?? 0) > widest || Number(precision ?? 0) > widest) throw new TemplateError("A format is too wide");
    if (letter === "n") parts.push("\n");
    else if (letter === "%") parts.push(padded("%", flags, width));
    else {
      const index = at === undefined ? next++ : Number(at) - 1;
      if (index >= args.length) throw new TemplateError(`Format specifier '${match[0]}'`);
      parts.push(padded(converted(letter, args[index]!, flags, precision), flags, width));
    }
    budget.text(parts.at(-1)!.length + 1);
  }
  parts.push(literal(pattern.slice(after)));
  return parts.join("");
}

function literal(text: string): string {
  if (text.includes("%")) throw new TemplateError("A format specifier is not complete");
  return text;
}

function padded(text: string, flags: string, width: string | undefined): string {
  const size = Number(width ?? 0);
  if (flags.includes("-")) return text.padEnd(size);
  if (!flags.includes("0") || !/^[+-]?\d/.test(text)) return text.padStart(size);
  const sign = /^[+-]/.test(text) ? text[0]! : "";
  return sign + text.slice(sign.length).padStart(size - sign.length, "0");
}

function converted(letter: string, value: Value, flags: string, precision: string | undefined): string {
  const upper = letter !== letter.toLowerCase();
  const text = lowerConverted(letter.toLowerCase(), value, flags, precision);
  return upper ? text.toUpperCase() : text;
}

function lowerConverted(letter: string, value: Value, flags: string, precision: string | undefined): string {
  switch (letter) {
    case "s":
      return javaText(value).slice(0, precision === undefined ? undefined : Number(precision));
    case "b":
      return String(isTrue(value));
    case "d":
      if (value === null) return "null";
      if (typeof value !== "bigint") throw new TemplateError("d != java.lang.Object");
      return signed(grouped(value < 0n ? (-value).toString() : value.toString(), flags), value < 0n, flags);
    case "x":
    case "o": {
      if (value === null) return "null";
      if (typeof value !== "bigint") throw new TemplateError(`${letter} != java.lang.Object`);
      const bits = value >= -(1n << 31n) && value < 1n << 31n ? 32 : 64;
      return BigInt.asUintN(bits, value).toString(letter === "x" ? 16 : 8);
    }
    case "f":
    case "e": {
      if (value === null) return "null";
      if (!isNumber(value)) throw new TemplateError(`${letter} != java.lang.Object`);
      const size = Math.abs(Number(value));
      const digits = Math.min(Number(precision ?? 6), 100);
      const exponent = size.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
      const fixed =
        size >= 1e21 ? BigInt(size).toString() + (digits > 0 ? `.${"0".repeat(digits)}` : "") : size.toFixed(digits);
      return signed(letter === "f" ? grouped(fixed, flags) : exponent, Number(value) < 0, flags);
    }
    case "c":
      if (typeof value === "string" && value.length === 1) return value;
      if (typeof value === "bigint" && value >= 0n && value <= 0x10ffffn) return String.fromCodePoint(Number(value));
      throw new TemplateError("c != java.lang.Object");
    default:
      throw new TemplateError(`Unknown format conversion '${letter}'`);
  }
}

function grouped(digits: string, flags: string): string {
  if (!flags.includes(",")) return digits;
  const [whole = "", fraction] = digits.split(".");
  const groups = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}

function signed(text: string, negative: boolean, flags: string): string {
  return negative ? `-${text}` : flags.includes("+") ? `+${text}` : flags.includes(" ") ? ` ${text}` : text;
}
