import { fail } from "../failure.ts";
import type { Run } from "../run.ts";
import type { Value } from "../values.ts";
import { type Definition, defineOn } from "./define.ts";
import { fromLetters, fromRoman, fromWords, inLetters, inRoman, inWords, numberWords } from "./integer-words.ts";

type Separator = { /** Digits to the right of it. */ position: number; character: string };

/** The format of an integer by a picture (XPath, fn:format-integer). */
export type IntegerFormat = {
  primary: "decimal" | "letters" | "roman" | "words";
  letters: "upper" | "lower" | "title";
  ordinal: boolean;
  mandatoryDigits: number;
  optionalDigits: number;
  /** The code point of the script's zero. */
  zero: number;
  separators: Separator[];
  /** Digits between separators, if these are all the same and equally far apart; otherwise 0. */
  regular: number;
  /** Number of digits to read, if another number follows directly. */
  width?: number;
};

const asciiZero = 0x30;

/** The zeros of all scripts' decimal digits. */
const zeros = [
  ...[asciiZero, 0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66],
  ...[0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50],
  ...[0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10],
];

const named = new Map<string, Pick<IntegerFormat, "primary" | "letters">>(
  Object.entries({
    A: { primary: "letters", letters: "upper" },
    a: { primary: "letters", letters: "lower" },
    I: { primary: "roman", letters: "upper" },
    i: { primary: "roman", letters: "lower" },
    W: { primary: "words", letters: "upper" },
    w: { primary: "words", letters: "lower" },
    Ww: { primary: "words", letters: "title" },
  }),
);

/** Parses an integer picture. Throws D3130 and D3131. */
export function integerFormat(picture: string, run: Run): IntegerFormat {
  run.budget.scan(picture.length * 16);
  const semicolon = picture.lastIndexOf(";");
  const primary = semicolon < 0 ? picture : picture.slice(0, semicolon);
  const format: IntegerFormat = {
    ...{ primary: "decimal", letters: "lower", ordinal: semicolon >= 0 && picture[semicolon + 1] === "o" },
    ...{ mandatoryDigits: 0, optionalDigits: 0, zero: asciiZero, separators: [], regular: 0 },
  };
  const known = named.get(primary);
  if (known) return { ...format, ...known };
  let zero: number | undefined;
  let position = 0;
  run.budget.text(primary.length);
  for (const character of [...primary].reverse()) {
    const code = character.codePointAt(0)!;
    const family = zeros.find((first) => code >= first && code <= first + 9);
    if (family !== undefined) {
      if (zero !== undefined && zero !== family) fail("D3131");
      zero = family;
      format.mandatoryDigits++;
      position++;
    } else if (character === "#") {
      format.optionalDigits++;
      position++;
    } else format.separators.push({ position, character });
  }
  if (zero === undefined) fail("D3130", { value: primary });
  format.zero = zero;
  format.regular = regularDistance(format.separators);
  return format;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** The distance between positions that are equally far apart, without a gap; 0 if they are not. */
export function distanceOf(positions: number[]): number {
  if (positions.length === 0) return 0;
  const distance = positions.reduce(greatestDivisor);
  const held = new Set(positions);
  return positions.every((_position, index) => held.has((index + 1) * distance)) ? distance : 0;
}

function regularDistance(separators: Separator[]): number {
  const character = separators[0]?.character;
  if (separators.some((separator) => separator.character !== character)) return 0;
  return distanceOf(separators.map(({ position }) => position));
}

/** Formats an integer. */
export function formatInteger(integer: number, format: IntegerFormat, run: Run): string {
  const value = Math.abs(integer);
  const sign = integer < 0 ? "-" : "";
  switch (format.primary) {
    case "letters":
      return sign + inLetters(value, format.letters === "upper" ? "A" : "a");
    case "roman": {
      const text = inRoman(value, (letters) => run.budget.text(letters));
      return sign + (format.letters === "upper" ? text.toUpperCase() : text);
    }
    case "words": {
      const text = inWords(value, format.ordinal);
      return (
        sign +
        (format.letters === "upper" ? text.toUpperCase() : format.letters === "lower" ? text.toLowerCase() : text)
      );
    }
    case "decimal":
      return sign + decimal(value, format, run);
  }
}

function decimal(value: number, format: IntegerFormat, run: Run): string {
  run.budget.text(format.mandatoryDigits * 2 + 400);
  let digits = String(value).padStart(format.mandatoryDigits, "0");
  if (format.zero !== asciiZero) {
    digits = digits.replace(/[0-9]/g, (digit) => String.fromCodePoint(digit.charCodeAt(0) - asciiZero + format.zero));
  }
  const text = insertSeparators(digits, format);
  if (!format.ordinal) return text;
  const last = text.at(-1)!;
  const suffix = { 1: "st", 2: "nd", 3: "rd" }[last];
  return text + (suffix === undefined || (text.length > 1 && text.at(-2) === "1") ? "th" : suffix);
}

function insertSeparators(digits: string, { regular, separators }: IntegerFormat): string {
  const cuts = regular > 0 ? regularCuts(digits.length, regular, separators[0]!.character) : separators;
  let text = "";
  let end = digits.length;
  // From right to left; a separator beyond the digits is put before the first one.
  for (const { position, character } of cuts) {
    const at = digits.length - position;
    if (at <= 0 && regular > 0) break;
    text = character + digits.slice(Math.max(at, 0), end) + text;
    end = Math.max(at, 0);
  }
  return digits.slice(0, end) + text;
}

function regularCuts(length: number, distance: number, character: string): Separator[] {
  const cuts: Separator[] = [];
  for (let position = distance; position < length; position += distance) cuts.push({ position, character });
  return cuts;
}

/** A regular expression for integers in a format, and the function that parses them. */
export function integerReader(format: IntegerFormat): { pattern: string; read: (text: string) => number } {
  const upper = format.letters === "upper";
  switch (format.primary) {
    case "letters":
      return { pattern: upper ? "[A-Z]+" : "[a-z]+", read: (text) => fromLetters(text, upper ? "A" : "a") };
    case "roman":
      return {
        pattern: upper ? "[MDCLXVI]+" : "[mdclxvi]+",
        read: (text) => fromRoman(upper ? text : text.toUpperCase()),
      };
    case "words":
      return {
        pattern: `(?:${[...numberWords, "and", "[\\-, ]"].join("|")})+`,
        read: (text) => fromWords(text.toLowerCase()),
      };
    case "decimal": {
      const pattern = format.width === undefined ? "[0-9]+" : `[0-9]{${format.width}}`;
      return { pattern: pattern + (format.ordinal ? "(?:th|st|nd|rd)" : ""), read: (text) => decimalOf(text, format) };
    }
  }
}

function decimalOf(text: string, format: IntegerFormat): number {
  let digits = format.ordinal ? text.slice(0, -2) : text;
  if (format.regular > 0) digits = digits.replaceAll(",", "");
  else
    for (const character of new Set(format.separators.map((separator) => separator.character)))
      digits = digits.replaceAll(character, "");
  if (format.zero !== asciiZero) {
    digits = [...digits]
      .map((digit) => String.fromCodePoint(Math.max(digit.codePointAt(0)! - format.zero + asciiZero, 0)))
      .join("");
  }
  return Number.parseInt(digits, 10);
}

function parseInteger([text, picture]: [string, string?], run: Run): Value {
  if (picture === undefined) return undefined;
  run.budget.text(text.length * 4);
  return integerReader(integerFormat(picture, run)).read(text);
}

export const integers: Definition[] = [
  defineOn<[number, string?]>("formatInteger", "<n-s:s>", 2, ([value, picture], run) => {
    if (picture === undefined) return undefined;
    if (!Number.isFinite(value)) fail("D1001", { value });
    return formatInteger(Math.floor(value), integerFormat(picture, run), run);
  }),
  defineOn("parseInteger", "<s-s:n>", 2, parseInteger),
];
