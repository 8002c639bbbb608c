/** JSON that somebody else wrote: a text may be no JSON at all, and an object may have members of any name. */

/** Whether a value is an object with members: neither null nor an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member of the object's own, never one inherited from its prototype. */
export function getOwn<Value>(object: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets a member of the object's own even for the key `__proto__`, which plain assignment would turn into a change of prototype. */
export function setOwn<Value>(object: Record<string, Value>, key: string, value: Value): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

/** A shallow copy in which an own `__proto__` key stays a plain key. */
export function copyObject<Value>(object: Readonly<Record<string, Value>>): Record<string, Value> {
  const copy: Record<string, Value> = {};
  for (const key of Object.keys(object)) setOwn(copy, key, object[key] as Value);
  return copy;
}

/** The value of a JSON text; undefined when the text is no JSON. */
export function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value of a text that is a JSON object; undefined for any other text. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = tryParseJson(text);
  return isObject(value) ? value : undefined;
}

/** Whether a text is one JSON value. */
export function isJson(text: string): boolean {
  return tryParseJson(text) !== undefined;
}

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
