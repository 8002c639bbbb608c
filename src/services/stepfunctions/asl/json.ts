import { setOwn } from "../../../../protocols/unknown-json.ts";
import {
  canonicalNumber,
  compareNumbers,
  isNumber,
  type JsonNumber,
  NumberLiteral,
  numberFromText,
} from "./number-literal.ts";

/** Any JSON value. Frames share values, so they are never changed in place. */
export type Json = null | boolean | number | NumberLiteral | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

/** AWS's payload limit for inputs, outputs and task results, in bytes of UTF-8. */
export const maxPayloadBytes = 262_144;

/** Deepest nesting accepted in JSON text: the limit of AWS's parser, and shallow enough for recursive walks. */
const maxJsonDepth = 1_000;

/** States may nest their input a little deeper; far deeper values would be disproportionately slow to serialize. */
const maxProducedDepth = maxJsonDepth + 100;

/** Whether a JSON value is an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral);
}

/** The JSON type of a value, as AWS's messages name it. */
export function jsonType(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : isNumber(value) ? "number" : typeof value;
}

/**
 * A string as it is, anything else as compact JSON. Not `String(value)`, since an object may have a member called
 * `toString`.
 */
export function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : value === undefined ? "" : writeJson(value);
}

/** For nesting beyond {@link maxJsonDepth}. */
export class TooDeep extends SyntaxError {}

/** Parses untrusted JSON text. Throws a SyntaxError for invalid JSON, and {@link TooDeep}. */
export function parseJson(text: string): Json {
  if (nestingExceeds(text, maxJsonDepth)) throw new TooDeep(`Document nesting depth exceeds ${maxJsonDepth}`);
  return readJson(text) as Json;
}

/** {@link parseJson}; undefined for text that it refuses. */
export function tryParseJson(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/**
 * JSON.parse, except that numbers which JavaScript would write differently become {@link NumberLiteral}s. The inverse
 * of {@link writeJson}.
 */
export function readJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Deeper values are refused as payloads anyway, whatever their numbers are.
  if (!oddNumber.test(text) || nestingExceeds(text, 2 * maxJsonDepth)) return value;
  return new Reader(text).value();
}

/** Reads valid JSON, and calls `visit` for each object and array with its source text, inner ones first. */
export function readEachJson(text: string, visit: (value: Json, text: string) => void): Json {
  return new Reader(text, visit).value();
}

/** JSON text of a value or of a structure that contains values. Undefined members are left out. */
export function writeJson(value: unknown): string {
  const before = NumberLiteral.stringified;
  const text = JSON.stringify(value);
  return NumberLiteral.stringified === before ? text : serialize(value)!;
}

function serialize(value: unknown): string | undefined {
  if (value instanceof NumberLiteral) return value.text;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => serialize(item) ?? "null").join(",")}]`;
  const members: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    const text = serialize(member);
    if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${members.join(",")}}`;
}

/**
 * Finds a number whose text may have to be kept: with an exponent, a trailing zero in its fraction, more than 15
 * digits, very small, or a negative zero. A match inside a string only makes reading slower.
 */
const oddNumber = /(?:^|[[,:])\s*(?:-0|-?(?:\d+(?:\.\d+)?[eE][+-]?\d+|\d+\.\d*0|0\.0{6}\d*|[\d.]{16,}))\s*(?:[,\]}]|$)/;

/** Reads text that is known to be valid JSON. */
class Reader {
  readonly #text: string;
  readonly #visit: ((value: Json, text: string) => void) | undefined;
  #at = 0;

  constructor(text: string, visit?: (value: Json, text: string) => void) {
    this.#text = text;
    this.#visit = visit;
  }

  value(): Json {
    switch (this.#next()) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#string();
      case "t":
        this.#at += 4;
        return true;
      case "f":
        this.#at += 5;
        return false;
      case "n":
        this.#at += 4;
        return null;
      default:
        return this.#number();
    }
  }

  /** The next character that is not white space. */
  #next(): string {
    while (" \t\n\r".includes(this.#text[this.#at]!)) this.#at++;
    return this.#text[this.#at]!;
  }

  #object(): JsonObject {
    const object: JsonObject = {};
    const start = this.#at++;
    while (this.#next() !== "}") {
      if (this.#text[this.#at] === ",") {
        this.#at++;
        this.#next();
      }
      const key = this.#string();
      this.#next();
      this.#at++;
      setOwn(object, key, this.value());
    }
    this.#at++;
    this.#visit?.(object, this.#text.slice(start, this.#at));
    return object;
  }

  #array(): Json[] {
    const array: Json[] = [];
    const start = this.#at++;
    while (this.#next() !== "]") {
      if (this.#text[this.#at] === ",") this.#at++;
      array.push(this.value());
    }
    this.#at++;
    this.#visit?.(array, this.#text.slice(start, this.#at));
    return array;
  }

  #string(): string {
    const start = this.#at++;
    let escaped = false;
    for (; this.#text[this.#at] !== '"'; this.#at++) {
      if (this.#text[this.#at] !== "\\") continue;
      escaped = true;
      this.#at++;
    }
    this.#at++;
    return escaped
      ? (JSON.parse(this.#text.slice(start, this.#at)) as string)
      : this.#text.slice(start + 1, this.#at - 1);
  }

  #number(): JsonNumber {
    const start = this.#at;
    while ("+-.0123456789eE".includes(this.#text[this.#at] ?? " ")) this.#at++;
    return numberFromText(this.#text.slice(start, this.#at));
  }
}

function nestingExceeds(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === 0x5c) at++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

/**
 * Whether the compact JSON text of a value is longer than `limit` characters, or nested too deep. Stops as soon as it
 * knows, so a value that refers to the same large part many times costs no more than the limit.
 */
export function jsonExceeds(value: Json, limit: number): boolean {
  let size = 0;
  const walk = (node: Json, depth: number): boolean => {
    if (depth > maxProducedDepth) return true;
    if (typeof node === "string") size += node.length + 2;
    else if (node === null || typeof node !== "object") size += node === false ? 5 : typeof node === "number" ? 1 : 4;
    else if (node instanceof NumberLiteral) size += node.text.length;
    else if (Array.isArray(node)) {
      size += 1 + node.length;
      for (const item of node) if (size > limit || walk(item, depth + 1)) return true;
    } else {
      size += 2;
      for (const key of Object.keys(node)) {
        size += key.length + 3;
        if (size > limit || walk(node[key]!, depth + 1)) return true;
      }
    }
    return size > limit;
  };
  return walk(value, 0);
}

/** Compact JSON text of a value, or undefined if it exceeds {@link maxPayloadBytes}. */
export function payloadText(value: Json): string | undefined {
  if (jsonExceeds(value, maxPayloadBytes + 1)) return undefined;
  const text = writeJson(value);
  return text.length > maxPayloadBytes / 3 && Buffer.byteLength(text) > maxPayloadBytes ? undefined : text;
}

/** Compact JSON text, cut to `limit` characters, for messages. */
export function quotedJson(value: Json, limit = 30_000): string {
  if (!jsonExceeds(value, limit)) return writeJson(value);
  return payloadText(value)?.slice(0, limit) ?? "";
}

/** Deep equality of JSON values; no coercion, member order does not matter. */
export function jsonEquals(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (a instanceof NumberLiteral || b instanceof NumberLiteral) {
    return isNumber(a) && isNumber(b) && compareNumbers(a, b) === 0;
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => jsonEquals(item, b[index]!));
  }
  if (Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && jsonEquals(a[key]!, b[key]!))
  );
}

/** A text that is the same for two values exactly when they are {@link jsonEquals}. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (isNumber(value)) return canonicalNumber(value);
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key]!)}`).join(",")}}`;
}
