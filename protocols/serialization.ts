/** What every codec needs to read scalars: AWS's wording for wrong ones, and the checks that need more than `typeof`. */
import { Blob64, bufferOf } from "./blob.ts";
import { AwsError } from "./error.ts";
import { LongString } from "./json-text.ts";
import type { TimestampFormat } from "./schema.ts";
import type { MemberFacts } from "./validate.ts";

/** Structures nest no deeper than this; only recursive shapes and documents can reach it. */
export const MAX_DEPTH = 100;

/** SerializationException, HTTP 400; the answer to bytes that are not the shape the operation takes. */
export function serializationError(message?: string): AwsError {
  return AwsError.unmodeled({ name: "SerializationException", message });
}

const NUMBER_WORDS: Readonly<Record<string, string>> = { long: "a Long", float: "a Float", double: "a Double" };

/** "an Integer", "a Long"… for the wording; integers unless the model knows better. */
export function numberWord(facts: MemberFacts | undefined): string {
  return NUMBER_WORDS[facts?.type ?? ""] ?? "an Integer";
}

export function isFractional(facts: MemberFacts | undefined): boolean {
  return facts?.type === "double" || facts?.type === "float";
}

/** A value of another JSON type than `wanted` ("a String", "an Integer"). */
export function wrongType(given: unknown, wanted: string): AwsError {
  const value = given instanceof LongString ? "" : given;
  if (Array.isArray(value)) return serializationError("Start of list found where not expected");
  if (typeof value === "object") return serializationError("Start of structure or map found where not expected.");
  const token =
    typeof value === "boolean" ? (value ? "TRUE" : "FALSE") : typeof value === "string" ? "STRING" : "NUMBER";
  return serializationError(`${token}_VALUE can not be converted to ${wanted}`);
}

/** A scalar, or the other kind of aggregate, where `wanted` (list, map, structure) stands in the model. */
export function wrongAggregate(value: unknown, wanted: "list" | "map" | "structure"): AwsError {
  if (typeof value === "object" && !(value instanceof LongString)) return wrongType(value, "");
  return serializationError(wanted === "structure" ? "Expected null" : `Expected ${wanted} or null`);
}

const NOT_BASE64 = /[^A-Za-z0-9+/]/;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** Characters that are checked at once; a multiple of 4. */
const PIECE = 65_536;
const scratch = Buffer.allocUnsafeSlow((PIECE / 4) * 3);

/** Checks base64 text (padded, canonical) without decoding it. */
export function blobFromBase64(text: string | LongString): Blob64 {
  const { length } = text;
  if (length === 0) return Blob64.fromBase64("");
  if (length % 4 !== 0) {
    throw serializationError(
      `Can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: ${length}`,
    );
  }
  const lastFrom = length - (length % PIECE || PIECE);
  for (let from = 0; from < lastFrom; from += PIECE) checkBase64(text.slice(from, from + PIECE));
  const last = text.slice(lastFrom);
  const padding = last.endsWith("==") ? 2 : last.endsWith("=") ? 1 : 0;
  const data = padding === 0 ? last : last.slice(0, -padding);
  checkAlphabet(data);
  // The last character before padding carries 4 or 2 bits that belong to no byte; they must be zero.
  if (padding > 0 && (ALPHABET.indexOf(data.at(-1) as string) & (padding === 2 ? 15 : 3)) !== 0) {
    throw serializationError("Can not be converted to a Blob: Invalid last non-pad Base64 character detected");
  }
  return Blob64.fromBase64(text);
}

/** A decoder skips what is not base64, and takes the URL's alphabet as well: it is many times faster than an expression. */
function checkBase64(piece: string): void {
  const isWhole = scratch.write(piece, "base64") === scratch.length;
  if (!isWhole || piece.includes("-") || piece.includes("_")) checkAlphabet(piece);
}

function checkAlphabet(piece: string): void {
  const bad = NOT_BASE64.exec(piece);
  if (bad) throw serializationError(`Can not be converted to a Blob: Invalid Base64 character: '${bad[0]}'`);
}

/** Accepts what services hold: a blob as it travelled, or bytes. */
export function base64Of(value: unknown): string {
  if (value instanceof Blob64) return value.base64;
  return bufferOf(value as Uint8Array).toString("base64");
}

export function bytesOf(value: unknown): Uint8Array {
  return value instanceof Blob64 ? value.bytes : (value as Uint8Array);
}

/** @param ms milliseconds since the epoch; a Date holds ±8.64e15 of them. */
export function dateOf(ms: number): Date {
  const date = new Date(Math.round(ms));
  if (Number.isNaN(date.getTime()))
    throw serializationError("NUMBER_VALUE can not be converted to milliseconds since epoch");
  return date;
}

const ISO_DATE = /^[+-]?\d{4,6}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d(?:\.\d{1,9})? GMT$/;

/** Reads a timestamp that travelled as text (query strings, headers, forms); undefined when it is not one. */
export function parseTimestamp(text: string, format: TimestampFormat): Date | undefined {
  const ms =
    format === "epoch-seconds"
      ? text.trim() === ""
        ? Number.NaN
        : Number(text) * 1000
      : (format === "date-time" ? ISO_DATE : HTTP_DATE).test(text)
        ? Date.parse(text)
        : Number.NaN;
  const date = new Date(Math.round(ms));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

export function formatTimestamp(value: Date, format: TimestampFormat): string {
  if (format === "epoch-seconds") return String(value.getTime() / 1000);
  return format === "date-time" ? value.toISOString() : value.toUTCString();
}

/** A map that no key can turn into something else: `__proto__` and `constructor` are ordinary keys of it. */
export function emptyMap<Value>(): Record<string, Value> {
  return Object.create(null) as Record<string, Value>;
}
