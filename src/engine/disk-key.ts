import type { Key } from "./table.ts";

/** A key as it is on disk: serials are texts of equal length there, so that they stand in their order. */
export function diskKey(key: Key): string {
  return typeof key === "number" ? key.toString(36).padStart(11, "0") : key;
}
