import { getOwn } from "../../../../../../protocols/unknown-json.ts";
import { memoryError } from "../budget.ts";
import { fail } from "../failure.ts";
import type { Run } from "../run.ts";
import type { Value, ValueObject } from "../values.ts";
import { type Definition, defineOn } from "./define.ts";
import { distanceOf } from "./integers.ts";
import { round } from "./numbers.ts";

/** The symbols in pictures and results (XPath, fn:format-number). */
type Symbols = {
  decimal: string;
  grouping: string;
  exponent: string;
  minus: string;
  percent: string;
  perMille: string;
  zero: string;
  digit: string;
  pattern: string;
};

function symbolsOf(options: ValueObject | undefined): Symbols {
  const symbol = (name: string, byDefault: string, maxLength = 1): string => {
    const given = options && getOwn(options, name);
    return typeof given === "string" && given !== "" ? given.slice(0, maxLength) : byDefault;
  };
  return {
    decimal: symbol("decimal-separator", "."),
    grouping: symbol("grouping-separator", ","),
    exponent: symbol("exponent-separator", "e"),
    minus: symbol("minus-sign", "-", 100),
    percent: symbol("percent", "%"),
    perMille: symbol("per-mille", "\u2030"),
    zero: symbol("zero-digit", "0"),
    digit: symbol("digit", "#"),
    pattern: symbol("pattern-separator", ";"),
  };
}

/** The parts of a sub-picture. */
type Parts = {
  picture: string;
  prefix: string;
  suffix: string;
  active: string;
  mantissa: string;
  exponent: string | undefined;
  integer: string;
  fraction: string;
};

class Pictures {
  readonly symbols: Symbols;
  readonly #zero: number;

  constructor(symbols: Symbols) {
    this.symbols = symbols;
    this.#zero = symbols.zero.charCodeAt(0);
  }

  isDigit(character: string): boolean {
    const code = character.charCodeAt(0);
    return code >= this.#zero && code < this.#zero + 10;
  }

  isActive(character: string): boolean {
    const { decimal, exponent, grouping, digit, pattern } = this.symbols;
    return this.isDigit(character) || [decimal, exponent, grouping, digit, pattern].includes(character);
  }

  count(part: string, optional: boolean): number {
    let count = 0;
    for (const character of part.split(""))
      if (this.isDigit(character) || (optional && character === this.symbols.digit)) count++;
    return count;
  }

  parts(picture: string): Parts {
    const { exponent, decimal } = this.symbols;
    const outer = (character: string): boolean => this.isActive(character) && character !== exponent;
    const characters = picture.split("");
    const first = Math.max(characters.findIndex(outer), 0);
    const last = characters.findLastIndex(outer);
    const suffix = last < 0 ? "" : picture.slice(last + 1);
    const active = picture.slice(first, picture.length - suffix.length);
    const exponentAt = picture.indexOf(exponent, first);
    const hasExponent = exponentAt !== -1 && exponentAt <= picture.length - suffix.length;
    const mantissa = hasExponent ? active.slice(0, exponentAt) : active;
    const point = mantissa.indexOf(decimal);
    return {
      ...{ picture, prefix: picture.slice(0, first), suffix, active, mantissa },
      exponent: hasExponent ? active.slice(exponentAt + 1) : undefined,
      integer: point < 0 ? mantissa : mantissa.slice(0, point),
      fraction: point < 0 ? suffix : mantissa.slice(point + 1),
    };
  }

  /** Checks the rules of sub-pictures. If several are broken, the last one in the standard's order is reported. */
  check(parts: Parts): void {
    const { decimal, grouping, percent, perMille, digit } = this.symbols;
    const { picture, integer, fraction, exponent } = parts;
    const twice = (character: string): boolean => picture.indexOf(character) !== picture.lastIndexOf(character);
    const marked = picture.includes(percent) || picture.includes(perMille);
    const point = picture.indexOf(decimal);
    const optionalInteger = integer.indexOf(digit);
    const optionalFraction = fraction.lastIndexOf(digit);
    const broken: [string, boolean][] = [
      ["D3081", twice(decimal)],
      ["D3082", twice(percent)],
      ["D3083", twice(perMille)],
      ["D3084", picture.includes(percent) && picture.includes(perMille)],
      ["D3085", this.count(parts.mantissa, true) === 0],
      ["D3086", !parts.active.split("").every((character) => this.isActive(character))],
      ["D3087", point !== -1 && (picture[point - 1] === grouping || picture[point + 1] === grouping)],
      ["D3088", point === -1 && integer.endsWith(grouping)],
      ["D3089", picture.includes(grouping + grouping)],
      ["D3090", optionalInteger !== -1 && this.count(integer.slice(0, optionalInteger), false) > 0],
      ["D3091", optionalFraction !== -1 && this.count(fraction.slice(optionalFraction), false) > 0],
      ["D3092", exponent !== undefined && exponent.length > 0 && marked],
      ["D3093", exponent !== undefined && (exponent === "" || this.count(exponent, false) < exponent.length)],
    ];
    const last = broken.findLast(([, holds]) => holds);
    if (last) fail(last[0]);
  }

  layout(parts: Parts): Layout {
    const { integer, fraction, exponent } = parts;
    const scaling = this.count(integer, false);
    let minInteger = scaling;
    let minFraction = this.count(fraction, false);
    let maxFraction = this.count(fraction, true);
    if (minInteger === 0 && maxFraction === 0) {
      if (exponent === undefined) minInteger = 1;
      else minFraction = maxFraction = 1;
    }
    if (exponent !== undefined && minInteger === 0 && integer.includes(this.symbols.digit)) minInteger = 1;
    if (minInteger === 0 && minFraction === 0) minFraction = 1;
    const groups = this.#groups(integer, (at) => integer.slice(at));
    return {
      ...{ parts, scaling, minInteger, minFraction, maxFraction, groups },
      regular: distanceOf(groups),
      fractionGroups: this.#groups(fraction, (at) => fraction.slice(0, at)),
      minExponent: exponent === undefined ? 0 : this.count(exponent, false),
    };
  }

  /** For each grouping separator, the number of digits in the part that `beside` returns for its position. */
  #groups(part: string, beside: (at: number) => string): number[] {
    const groups: number[] = [];
    const { grouping } = this.symbols;
    for (let at = part.indexOf(grouping); at !== -1; at = part.indexOf(grouping, at + 1)) {
      groups.push(this.count(beside(at), true));
    }
    return groups;
  }
}

/** The format of a number by a sub-picture. */
type Layout = {
  parts: Parts;
  scaling: number;
  minInteger: number;
  minFraction: number;
  maxFraction: number;
  groups: number[];
  regular: number;
  fractionGroups: number[];
  minExponent: number;
};

/** Most characters of a picture: longer ones could only be padding. */
const maxPictureLength = 2_000;

function formatNumber([value, picture, options]: [number, string?, ValueObject?], run: Run): Value {
  if (picture === undefined) return undefined;
  if (!Number.isFinite(value)) fail("D1001", { value });
  if (picture.length > maxPictureLength) throw memoryError();
  run.budget.text(picture.length * 10);
  run.budget.spend(picture.length * 10);
  const pictures = new Pictures(symbolsOf(options));
  const { symbols } = pictures;
  const all = picture.split(symbols.pattern);
  if (all.length > 2) fail("D3080");
  const parts = all.map((one) => pictures.parts(one));
  for (const one of parts) pictures.check(one);
  const layouts = parts.map((one) => pictures.layout(one));
  const layout = (value >= 0 ? undefined : layouts[1]) ?? layouts[0]!;
  const prefix = (value < 0 && layouts.length === 1 ? symbols.minus : "") + layout.parts.prefix;
  return prefix + formatWith(value, layout, pictures) + layout.parts.suffix;
}

function formatWith(value: number, layout: Layout, pictures: Pictures): string {
  const { symbols } = pictures;
  const { picture } = layout.parts;
  let mantissa = value * (picture.includes(symbols.percent) ? 100 : picture.includes(symbols.perMille) ? 1000 : 1);
  let exponent: number | undefined;
  if (layout.minExponent > 0) {
    exponent = 0;
    const [low, high] = [10 ** (layout.scaling - 1), 10 ** layout.scaling];
    for (; mantissa !== 0 && Math.abs(mantissa) < low && Number.isFinite(low); exponent--) mantissa *= 10;
    for (; Math.abs(mantissa) > high; exponent++) mantissa /= 10;
  }
  const [whole = "", fraction = ""] = digitsOf(mantissa, layout.maxFraction).split(".");
  const integer = whole.replace(/^0+/, "").padStart(layout.minInteger, "0");
  const decimals = fraction.replace(/0+$/, "").padEnd(layout.minFraction, "0");
  const grouped = groupedInteger(integer, layout, symbols.grouping);
  const tail = groupedFraction(decimals, layout.fractionGroups, symbols.grouping);
  let text = picture.includes(symbols.decimal) && tail !== "" ? grouped + symbols.decimal + tail : grouped;
  if (exponent !== undefined) {
    const digits = String(Math.abs(exponent)).padStart(layout.minExponent, "0");
    text += symbols.exponent + (exponent < 0 ? symbols.minus : "") + digits;
  }
  if (symbols.zero === "0") return text;
  const zero = symbols.zero.charCodeAt(0);
  return text.replace(/[0-9]/g, (digit) => String.fromCharCode(zero + Number(digit)));
}

/** The digits without sign. JavaScript writes up to a hundred decimal places. */
function digitsOf(value: number, places: number): string {
  const number = Math.abs(round(value, Math.min(places, 400)));
  const text = (Number.isFinite(number) ? number : Math.abs(value)).toFixed(Math.min(places, 100));
  return text.includes("e") ? BigInt(Math.abs(value)).toString() : text;
}

function groupedInteger(digits: string, { regular, groups }: Layout, separator: string): string {
  let text = digits;
  if (regular > 0) {
    for (let at = digits.length - regular; at > 0; at -= regular)
      text = `${text.slice(0, at)}${separator}${text.slice(at)}`;
    return text;
  }
  for (const [before, position] of groups.entries()) {
    const at = digits.length - position + before;
    if (at >= before) text = `${text.slice(0, at)}${separator}${text.slice(at)}`;
  }
  return text;
}

function groupedFraction(digits: string, groups: number[], separator: string): string {
  let text = digits;
  for (const at of groups) text = text.slice(0, at) + separator + text.slice(at);
  return text;
}

export const formatting: Definition[] = [defineOn("formatNumber", "<n-so?:s>", 3, formatNumber)];
