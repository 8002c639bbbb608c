/** What AWS's answers show of Java's handling of JSON values: the order of a HashMap, and `toString`. */
import { isObject, type Json, writeJson } from "./json.ts";

/**
 * Number of buckets of a Java HashMap with this many members, by its load factor of 0.75; a copy starts with one
 * bucket.
 */
export function javaTableSize(members: number, start = 1): number {
  let size = start;
  while (members > size * 0.75) size *= 2;
  return size;
}

/**
 * The keys in the iteration order of a Java HashMap that started with `start` buckets: AWS's order of dynamic template
 * members.
 */
export function javaHashOrder(keys: readonly string[], start = 16): string[] {
  const size = javaTableSize(keys.length, start);
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

/** Java's `toString` of the value, which States.Format inserts: `{a=1, b=[x]}`. */
export function javaText(value: Json): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return `[${value.map(javaText).join(", ")}]`;
  if (!isObject(value)) return writeJson(value);
  return `{${Object.keys(value)
    .map((key) => `${key}=${javaText(value[key]!)}`)
    .join(", ")}}`;
}
