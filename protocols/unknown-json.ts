/** Texts and numbers of values that somebody else wrote: an object from JSON text may have members of any name. */

/**
 * A text as it is, anything else as JSON. `String(value)` and templates will not do: they call a member named `toString`,
 * which may be null.
 */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    // A cycle, or a member that is none of JSON.
    return Array.isArray(value) ? "[…]" : "{…}";
  }
}

/** What a number, or the text of one, says; NaN for anything else. */
export function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}
