/**
 * What templates compute with. The engine is a Java one, so values are Java's: whole numbers are bigints here and doubles
 * are numbers, which keeps `1` and `1.0` apart; a map keeps its order; lists print in one of two ways.
 */
import { getOwn } from "../../../protocols/unknown-json.ts";
import { maxText } from "./budget.ts";
import { TemplateError } from "./syntax.ts";

export type Value = null | boolean | bigint | number | string | VtlList | VtlMap | VtlEntry | HostObject;

export class VtlList {
  readonly items: Value[];
  /** Lists that come from JSON print as JSON, those a template made as in Java. */
  readonly json: boolean;

  constructor(items: Value[], json = false) {
    this.items = items;
    this.json = json;
  }
}

export class VtlMap {
  readonly entries: Map<Key, Value>;

  constructor(entries: Map<Key, Value> = new Map()) {
    this.entries = entries;
  }
}

/** What `entrySet()` lists. */
export class VtlEntry {
  readonly key: Value;
  readonly value: Value;

  constructor(key: Value, value: Value) {
    this.key = key;
    this.value = value;
  }
}

/** An object of ours, such as `$input`: it has the given properties and methods and no others. */
export class HostObject {
  readonly property: (name: string) => Value;
  readonly #methods: Readonly<Record<string, (args: readonly Value[]) => Value>>;

  /** `put` and `get` among the methods are what `#set($object.name = …)` and `$object["name"]` call. */
  constructor(property: (name: string) => Value, methods: Readonly<Record<string, (args: readonly Value[]) => Value>>) {
    this.property = property;
    this.#methods = methods;
  }

  method(name: string): ((args: readonly Value[]) => Value) | undefined {
    return getOwn(this.#methods, name);
  }
}

export type Key = string | bigint | number | boolean | null;

export function keyOf(value: Value): Key {
  return typeof value === "object" && value !== null ? javaText(value) : value;
}

export function isNumber(value: Value): value is bigint | number {
  return typeof value === "bigint" || typeof value === "number";
}

/** Only null and false are false. */
export function isTrue(value: Value): boolean {
  return value !== null && value !== false;
}

/** `==`: numbers by value whatever their type, null equal to the empty text as in API Gateway, different classes by their text. */
export function areEqual(a: Value, b: Value): boolean {
  if (a === null || b === null) return (a ?? "") === "" && (b ?? "") === "";
  if (typeof a === typeof b || (isNumber(a) && isNumber(b))) return areAlike(a, b, 0);
  return javaText(a) === javaText(b);
}

/** Java's `equals`: nothing crosses classes. */
export function areSame(a: Value, b: Value): boolean {
  return typeof a === typeof b && areAlike(a, b, 0);
}

function areAlike(a: Value, b: Value, depth: number): boolean {
  if (depth > maxDepth) throw tooDeep();
  // JavaScript compares a bigint and a number exactly.
  // biome-ignore lint/suspicious/noDoubleEquals: the one comparison that is meant to cross types
  if (isNumber(a) && isNumber(b)) return a == b;
  if (a instanceof VtlList && b instanceof VtlList) {
    return a.items.length === b.items.length && a.items.every((item, at) => areAlike(item, b.items[at]!, depth + 1));
  }
  if (a instanceof VtlMap && b instanceof VtlMap) {
    return (
      a.entries.size === b.entries.size &&
      [...a.entries].every(([key, value]) => b.entries.has(key) && areAlike(value, b.entries.get(key)!, depth + 1))
    );
  }
  return a === b;
}

/** Deepest nesting of what is printed or compared; a list can hold itself. */
const maxDepth = 500;

function tooDeep(): TemplateError {
  return new TemplateError("A value is nested too deeply");
}

/**
 * The text of a printed value. Null is `null` here, as inside lists and maps; on its own a template prints nothing for
 * it.
 * @throws TemplateError when the text is larger than a payload may be
 */
export function javaText(value: Value): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return doubleText(value);
  if (typeof value !== "object" || value === null) return String(value);
  const writer = new Writer(true);
  writer.java(value, 0);
  return writer.text();
}

/**
 * A value as compact JSON, as `$input.json` returns it.
 * @throws TemplateError when the text is larger than a payload may be
 */
export function jsonText(value: Value): string {
  const writer = new Writer(false);
  writer.json(value, 0);
  return writer.text();
}

/** Writes no more than a payload may have: a small value may contain the same part many times. */
class Writer {
  readonly #parts: string[] = [];
  /** Whether `/` is escaped, as it is in lists that are printed. */
  readonly #slashes: boolean;
  #size = 0;

  constructor(slashes: boolean) {
    this.#slashes = slashes;
  }

  text(): string {
    return this.#parts.join("");
  }

  #add(part: string): void {
    this.#size += part.length;
    if (this.#size > maxText) throw new TemplateError("A text is too large");
    this.#parts.push(part);
  }

  java(value: Value, depth: number): void {
    if (depth > maxDepth) throw tooDeep();
    if (value instanceof VtlList && value.json) this.json(value, depth);
    else if (value instanceof VtlList) {
      this.#joined("[", value.items, "]", ", ", (item) => this.java(item, depth + 1));
    } else if (value instanceof VtlMap) {
      this.#joined("{", value.entries, "}", ", ", ([key, member]) => {
        this.#add(`${javaText(key)}=`);
        this.java(member, depth + 1);
      });
    } else if (value instanceof VtlEntry) {
      this.java(value.key, depth + 1);
      this.#add("=");
      this.java(value.value, depth + 1);
    } else if (!(value instanceof HostObject)) this.#add(javaText(value));
  }

  json(value: Value, depth: number): void {
    if (depth > maxDepth) throw tooDeep();
    if (value instanceof VtlList) {
      this.#joined("[", value.items, "]", ",", (item) => this.json(item, depth + 1));
    } else if (value instanceof VtlMap) {
      this.#joined("{", value.entries, "}", ",", ([key, member]) => {
        this.#add(`${jsonString(javaText(key), this.#slashes)}:`);
        this.json(member, depth + 1);
      });
    } else if (typeof value === "string" || value instanceof VtlEntry || value instanceof HostObject) {
      this.#add(jsonString(javaText(value), this.#slashes));
    } else this.#add(javaText(value));
  }

  #joined<Item>(
    open: string,
    items: Iterable<Item>,
    close: string,
    between: string,
    write: (item: Item) => void,
  ): void {
    let separator = open;
    for (const item of items) {
      this.#add(separator);
      write(item);
      separator = between;
    }
    this.#add(separator === open ? open + close : close);
  }
}

const short: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function jsonString(text: string, slashes: boolean): string {
  const escaped = text.replace(/["\\\u0000-\u001f\u007f-\u009f\u2000-\u20ff]/g, (character) => {
    return short[character] ?? `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  });
  return `"${slashes ? escaped.replaceAll("/", "\\/") : escaped}"`;
}

/** Java's Double.toString. */
function doubleText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  const size = Math.abs(value);
  if (size === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}

/** The sum, product and so on of two numbers; null if there is none (division by zero). */
export function arithmetic(operator: "+" | "-" | "*" | "/" | "%", a: bigint | number, b: bigint | number): Value {
  if (typeof a === "bigint" && typeof b === "bigint") {
    if (b === 0n && (operator === "/" || operator === "%")) return null;
    if (operator === "+") return a + b;
    if (operator === "-") return a - b;
    if (operator === "*") return a * b;
    return operator === "/" ? a / b : a % b;
  }
  const [left, right] = [Number(a), Number(b)];
  if (right === 0 && (operator === "/" || operator === "%")) return null;
  if (operator === "+") return left + right;
  if (operator === "-") return left - right;
  if (operator === "*") return left * right;
  return operator === "/" ? left / right : left % right;
}
