/**
 * JSON texts as their authors formatted them. A value that an execution passes on unchanged keeps its text; values that
 * it makes are written compactly.
 */

import { copyObject } from "../../../../protocols/unknown-json.ts";
import { isObject, type Json, parseJson, readEachJson, writeJson } from "./json.ts";

/** Source texts of values that differ from what we would write. Values are never changed in place. */
const sources = new WeakMap<object, string>();

/** Remembers the text a value was read from. */
export function rememberSource(value: Json, text: string): void {
  if (typeof value !== "object" || value === null) return;
  const source = text.trim();
  if (source !== writeJson(value)) sources.set(value, source);
}

/** The text a value was read from, if it differs from {@link writeJson}'s. */
export function sourceOf(value: Json): string | undefined {
  return typeof value === "object" && value !== null ? sources.get(value) : undefined;
}

/** JSON text of a value: its source if it has one. */
export function sourceText(value: Json): string {
  return sourceOf(value) ?? writeJson(value);
}

/** Returns the array, which gets a source text made of those of its values. */
export function joinSources(values: Json[]): Json[] {
  if (values.some((value) => sourceOf(value) !== undefined)) {
    sources.set(values, `[${values.map(sourceText).join(",")}]`);
  }
  return values;
}

/** The value without its source text, as the result of an expression: a copy if it has one. */
export function withoutSource(value: Json): Json {
  if (sourceOf(value) === undefined) return value;
  return Array.isArray(value) ? [...value] : isObject(value) ? copyObject(value) : value;
}

/** {@link parseJson} that remembers the source texts of all parts. */
export function parseWithSources(text: string): Json {
  parseJson(text);
  return readEachJson(text, rememberSource);
}
