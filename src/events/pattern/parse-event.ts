/** Parses whole JSON texts for matching. */

import { endOf } from "../../../protocols/json-scan.ts";
import type { EventValue } from "./exact-number.ts";
import { JsonReader, maxDepth, type Token } from "./json-reader.ts";
import { JsonReadError } from "./json-scanner.ts";

/** Matches texts in which some number may be beyond a double; a false alarm only costs time. */
const mayHoldExactNumbers = /[\d.]{16}|\d[eE][+-]?\d{3}/;

/** Whether a JSON text is nested deeper than AWS's parsers accept. */
export function isTooDeep(text: string): boolean {
  if (text.length <= 2 * maxDepth) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) {
      do {
        if (text.charCodeAt(i) === 92) i++;
        i++;
      } while (i < text.length && text.charCodeAt(i) !== 34);
    } else if (code === 91 || code === 123) {
      if (++depth > maxDepth) return true;
    } else if (code === 93 || code === 125) {
      depth--;
    }
  }
  return false;
}

/**
 * Parses an event (or any JSON text) for matching. Same result as `JSON.parse`, except that numbers a double cannot
 * hold become {@link ExactNumber}. Throws `SyntaxError` or {@link JsonReadError} for a text that is not JSON or nests
 * deeper than 1000.
 */
export function parseEvent(text: string): EventValue {
  if (isTooDeep(text)) throw new JsonReadError(`Document nesting depth (${maxDepth + 1}) exceeds the maximum allowed`);
  if (!mayHoldExactNumbers.test(text)) return JSON.parse(text) as EventValue;
  const reader = new JsonReader(text);
  const value = readValue(reader, reader.next());
  if (reader.next() !== "end") throw new JsonReadError(`Unexpected text after the value\n at ${reader.location()}`);
  return value;
}

/** As `parseEvent`; undefined for a text that it rejects. */
export function tryParseEvent(text: string): EventValue | undefined {
  try {
    return parseEvent(text);
  } catch {
    return undefined;
  }
}

/**
 * Checks that a text begins with a JSON value and returns that value's text; what follows is ignored, as in AWS's own
 * parser. Throws {@link JsonReadError}, which does not quote the text.
 */
export function leadingJson(text: string): string {
  return endOf(readLeadingJson(text));
}

/** Tokens between two stops: a millisecond's work or less. */
const tokensAtOnce = 8_192;

/** As `leadingJson`, for long texts: stops now and then, so that others get a turn. */
export function* readLeadingJson(text: string): Generator<undefined, string> {
  const reader = new JsonReader(text, true);
  let level = 0;
  let tokens = 0;
  do {
    tokens += 1;
    if (tokens % tokensAtOnce === 0) yield;
    const token = reader.next();
    if (token === "end") throw new JsonReadError(`No content to map due to end-of-input\n at ${reader.location()}`);
    if (token === "start-object" || token === "start-array") level += 1;
    else if (token === "end-object" || token === "end-array") level -= 1;
    else reader.text();
  } while (level > 0);
  return text.slice(0, reader.offset);
}

function readValue(reader: JsonReader, token: Token): EventValue {
  switch (token) {
    case "start-object": {
      const object: { [name: string]: EventValue } = {};
      while (reader.next() === "name") {
        const name = reader.text();
        const value = readValue(reader, reader.next());
        if (name === "__proto__") {
          Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
        } else {
          object[name] = value;
        }
      }
      return object;
    }
    case "start-array": {
      const list: EventValue[] = [];
      for (let item = reader.next(); item !== "end-array"; item = reader.next()) list.push(readValue(reader, item));
      return list;
    }
    case "string":
      return reader.text();
    case "number":
      return reader.number();
    case "true":
      return true;
    case "false":
      return false;
    case "null":
      return null;
    default:
      throw new JsonReadError(`Unexpected end-of-input\n at ${reader.location()}`);
  }
}
