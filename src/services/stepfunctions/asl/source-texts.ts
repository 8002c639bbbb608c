/**
 * JSON texts as whoever wrote them laid them out. What an execution hands on unchanged keeps its text; what it makes itself is
 * written compact.
 */

import { copyObject } from "../../../../protocols/unknown-json.ts";
import { isObject, type Json, parseJson, readEachJson, writeJson } from "./json.ts";

/** Texts of values that are laid out otherwise than we would. Values are never changed in place. */
const sources = new WeakMap<object, string>();

/** Remembers the text that a value was read from. */
export function noteSource(value: Json, text: string): void {
  if (typeof value !== "object" || value === null) return;
  const source = text.trim();
  if (source !== writeJson(value)) sources.set(value, source);
}

/** The text a value was read from, when it is not the one {@link writeJson} gives. */
export function sourceOf(value: Json): string | undefined {
  return typeof value === "object" && value !== null ? sources.get(value) : undefined;
}

/** JSON text of a value, laid out as it came. */
export function sourceText(value: Json): string {
  return sourceOf(value) ?? writeJson(value);
}

/** The list of values that are laid out as they came. */
export function listOfSources(values: Json[]): Json[] {
  if (values.some((value) => sourceOf(value) !== undefined)) {
    sources.set(values, `[${values.map(sourceText).join(",")}]`);
  }
  return values;
}

/** The value as we write it, compact: what an expression gives is no longer what came. */
export function writtenAnew(value: Json): Json {
  if (sourceOf(value) === undefined) return value;
  return Array.isArray(value) ? [...value] : isObject(value) ? copyObject(value) : value;
}

/** Parses JSON text of others, and remembers the texts of all its parts. Throws as {@link parseJson} does. */
export function parseWithSources(text: string): Json {
  parseJson(text);
  return readEachJson(text, noteSource);
}
