/** What Java does with JSON values, as far as it shows in AWS's answers: the order of a HashMap, texts of `toString`. */
import { isObject, type Json, writeJson } from "./json.ts";

/** The buckets of a Java HashMap made as a copy of one with so many members: the least that holds them at 0.75. */
export function javaTableSize(members: number): number {
  let size = 1;
  while (members > size * 0.75) size *= 2;
  return size;
}

/**
 * The keys in the order a Java HashMap of `start` buckets iterates when it was filled with them: AWS emits dynamic template
 * members this way.
 */
export function javaHashOrder(keys: readonly string[], start = 16): string[] {
  let size = start;
  while (keys.length > size * 0.75) size *= 2;
  return keys
    .map((key, index) => ({ key, index, bucket: javaBucket(key, size) }))
    .sort((a, b) => a.bucket - b.bucket || a.index - b.index)
    .map((entry) => entry.key);
}

function javaBucket(key: string, size: number): number {
  let hash = 0;
  for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
  return (hash ^ (hash >>> 16)) & (size - 1);
}

/** The text Java's `toString` gives for the value, which is what States.Format inserts: `{a=1, b=[x]}`. */
export function javaText(value: Json): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return `[${value.map(javaText).join(", ")}]`;
  if (!isObject(value)) return writeJson(value);
  return `{${Object.keys(value)
    .map((key) => `${key}=${javaText(value[key]!)}`)
    .join(", ")}}`;
}
