/** Integers in words, Roman numerals and letters, both ways (XPath, Formatting integers). */

const small = [
  ...["Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"],
  ...["Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"],
];
const smallOrdinals = [
  ...["Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth"],
  ...["Eleventh", "Twelfth", "Thirteenth", "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth"],
  "Nineteenth",
];
const tens = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"];
const powers = ["Thousand", "Million", "Billion", "Trillion"];

const ordinalOfTen = (word: string): string => `${word.slice(0, -1)}ieth`;

/** An integer, which must not be negative, in words. */
export function inWords(value: number, ordinal: boolean): string {
  return words(value, "", ordinal);
}

/** `before`: what joins the words to those of larger units. */
function words(value: number, before: "" | ", " | " and ", ordinal: boolean): string {
  if (value < 20) return before + (ordinal ? smallOrdinals : small)[value]!;
  if (value < 100) {
    const word = tens[Math.floor(value / 10) - 2]!;
    const rest = value % 10;
    if (rest > 0) return `${before}${word}-${words(rest, "", ordinal)}`;
    return before + (ordinal ? ordinalOfTen(word) : word);
  }
  const separator = before === "" ? "" : ", ";
  if (value < 1000) {
    return separator + small[Math.floor(value / 100)]! + ending(" Hundred", value % 100, ordinal);
  }
  const place = Math.min(Math.floor(Math.log10(value) / 3), powers.length);
  const unit = 10 ** (place * 3);
  const count = Math.floor(value / unit);
  return separator + words(count, "", false) + ending(` ${powers[place - 1]!}`, value - count * unit, ordinal);
}

function ending(word: string, rest: number, ordinal: boolean): string {
  return rest > 0 ? word + words(rest, " and ", ordinal) : ordinal ? `${word}th` : word;
}

const values = new Map<string, number>();
for (const list of [small, smallOrdinals])
  for (const [value, word] of list.entries()) values.set(word.toLowerCase(), value);
for (const [index, word] of tens.entries()) {
  values.set(word.toLowerCase(), (index + 2) * 10);
  values.set(ordinalOfTen(word.toLowerCase()), (index + 2) * 10);
}
for (const [index, word] of ["Hundred", ...powers].entries()) {
  const value = index === 0 ? 100 : 10 ** (index * 3);
  values.set(word.toLowerCase(), value);
  values.set(`${word.toLowerCase()}th`, value);
}

export const numberWords: readonly string[] = [...values.keys()];

/** The number for words in lower case; NaN if one is unknown. */
export function fromWords(text: string): number {
  const parts = [0];
  for (const word of text.split(/,\s|\sand\s|[\s\\-]/)) {
    const value = values.get(word) ?? Number.NaN;
    const last = parts.pop()!;
    if (value < 100) {
      if (last >= 1000) parts.push(last, value);
      else parts.push(last + value);
    } else parts.push(last * value);
  }
  return parts.reduce((sum, part) => sum + part, 0);
}

const numerals: [value: number, numeral: string][] = [
  ...([
    [1000, "m"],
    [900, "cm"],
    [500, "d"],
    [400, "cd"],
    [100, "c"],
    [90, "xc"],
    [50, "l"],
  ] as [number, string][]),
  ...([
    [40, "xl"],
    [10, "x"],
    [9, "ix"],
    [5, "v"],
    [4, "iv"],
    [1, "i"],
  ] as [number, string][]),
];

/**
 * A number in lower-case Roman numerals. `reserve` is called with the number of letters for its thousands, each an `m`.
 */
export function inRoman(value: number, reserve: (letters: number) => void): string {
  reserve(Math.floor(value / 1000));
  let text = "m".repeat(Math.floor(value / 1000));
  let rest = value % 1000;
  for (const [worth, numeral] of numerals) {
    for (; rest >= worth; rest -= worth) text += numeral;
  }
  return text;
}

const romanDigits = new Map(Object.entries({ M: 1000, D: 500, C: 100, L: 50, X: 10, V: 5, I: 1 }));

/** The number for upper-case Roman numerals. */
export function fromRoman(text: string): number {
  let total = 0;
  let highest = 1;
  for (let at = text.length - 1; at >= 0; at--) {
    const value = romanDigits.get(text[at]!) ?? Number.NaN;
    if (value < highest) total -= value;
    else {
      highest = value;
      total += value;
    }
  }
  return total;
}

/** A number in letters: 1 is `a`, 26 `z`, 27 `aa`. */
export function inLetters(value: number, first: "a" | "A"): string {
  const code = first.charCodeAt(0);
  let text = "";
  for (let rest = value; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    text = String.fromCharCode(((rest - 1) % 26) + code) + text;
  }
  return text;
}

/** The inverse of {@link inLetters}. */
export function fromLetters(text: string, first: "a" | "A"): number {
  const code = first.charCodeAt(0);
  let value = 0;
  for (let at = 0; at < text.length; at++) value = value * 26 + text.charCodeAt(at) - code + 1;
  return value;
}
