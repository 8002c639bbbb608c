/**
 * Untrusted JSON: what it costs to parse is estimated before, since a few bytes can hold millions of values; and blobs,
 * which are nearly all of a large request, are left where they are instead of being copied by the parser.
 */
import { isAscii } from "node:buffer";

/** Shorter texts hold too few values to matter, and are most. */
const shortBytes = 256 * 1024;
/** Strings, commas and openings; the largest request of any service has some ten thousand. */
const maxTokens = 250_000;
/** Deeper than any shape of AWS's, and than any document somebody would write. */
const maxLevels = 1_000;

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Shorter strings cost the parser little. */
const longBytes = 4096;

/** A string of a large JSON text that was left there: ASCII without escapes. */
export class LongString {
  /** What is between the quotes. */
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get length(): number {
    return this.bytes.length;
  }

  slice(from: number, to?: number): string {
    return this.bytes.toString("latin1", from, to);
  }

  toString(): string {
    return this.bytes.toString("latin1");
  }
}

/** Whether the text has more values, or deeper ones, than any request that is meant. What is no JSON is for the parser. */
export function isExcessiveJson(text: Buffer): boolean {
  return text.length > shortBytes && eachToken(text, () => {});
}

/**
 * Parses JSON. In a large text, long strings that are values of the keys `blobs` become LongStrings.
 * @throws SyntaxError for what is no JSON, or has more values, or deeper ones, than any request that is meant.
 */
export function parseJsonText(text: Buffer, blobs: () => ReadonlySet<string>): unknown {
  if (text.length <= shortBytes) return JSON.parse(text.toString());
  const long: [from: number, to: number][] = [];
  const names = blobs();
  let keyEnd = 0;
  let key = "";
  const isExcessive = eachToken(text, (from, to) => {
    if (to - from < longBytes) {
      keyEnd = to;
      key = names.size === 0 ? "" : text.toString("latin1", from + 1, to);
    } else if (names.has(key) && /^"\s*:\s*$/.test(text.toString("latin1", keyEnd, Math.min(from, keyEnd + 32)))) {
      const bytes = text.subarray(from + 1, to);
      if (isAscii(bytes) && !bytes.includes(backslash)) long.push([from + 1, to]);
    }
  });
  if (isExcessive) throw new SyntaxError("The text has too many values.");
  return long.length === 0 ? JSON.parse(text.toString()) : parseAround(text, long);
}

/** Parses the text without its long strings, for which marks stand that do not occur in the rest. */
function parseAround(text: Buffer, long: readonly [from: number, to: number][]): unknown {
  const pieces = long.map(([from], at) => text.toString("utf8", long[at - 1]?.[1] ?? 0, from));
  pieces.push(text.toString("utf8", long.at(-1)?.[1]));
  let mark = "long";
  while (pieces.some((piece) => piece.includes(mark))) mark += "-";
  const rest = pieces.map((piece, at) => (at < long.length ? `${piece}${mark}${at}` : piece)).join("");
  return JSON.parse(rest, (_key, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith(mark)) return value;
    return new LongString(text.subarray(...(long[Number(value.slice(mark.length))] as [number, number])));
  });
}

/**
 * Calls back for each string, with the places of its quotes.
 * @returns whether the text has more values, or deeper ones, than any request that is meant. What is no JSON is for the parser.
 */
function eachToken(text: Buffer, eachString: (from: number, to: number) => void): boolean {
  let tokens = 0;
  let level = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case quote: {
        const end = endOfString(text, at);
        if (end < 0) return false;
        eachString(at, end);
        at = end;
        break;
      }
      case openList:
      case openObject:
        level += 1;
        if (level > maxLevels) return true;
        break;
      case closeList:
      case closeObject:
        level -= 1;
        continue;
      case comma:
        break;
      default:
        continue;
    }
    tokens += 1;
    if (tokens > maxTokens) return true;
  }
  return false;
}

/** Where the string that begins at `start` ends, or -1. Long ones, most of a large request, are passed over at one go. */
function endOfString(text: Buffer, start: number): number {
  const end = text.indexOf(quote, start + 1);
  if (end < 0 || text[end - 1] !== backslash) return end;
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === backslash) at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}
