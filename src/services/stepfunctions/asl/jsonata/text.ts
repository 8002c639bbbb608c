import { writeJson } from "../json.ts";
import { type Budget, memoryError } from "./budget.ts";
import { fail } from "./failure.ts";
import type { Run } from "./run.ts";
import { Fn, isWrapper, type Value } from "./values.ts";

/** A value as a string, as `$string` and `&` do it: strings as they are, functions as "", anything else as JSON. */
export function textOf(value: Value, run: Run, pretty = false): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value === undefined || value instanceof Fn) return "";
  if (typeof value === "number") {
    if (!Number.isFinite(value)) fail("D3001", { value });
    return numberText(value);
  }
  const writer = new Writer(run.budget, pretty);
  writer.write(isWrapper(value) ? value[0] : value, 0);
  run.budget.text(writer.text.length);
  return writer.text;
}

/** Fifteen digits, to hide the rounding errors of doubles. */
function numberText(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(15)));
}

class Writer {
  text = "";
  readonly #budget: Budget;
  readonly #pretty: boolean;

  constructor(budget: Budget, pretty: boolean) {
    this.#budget = budget;
    this.#pretty = pretty;
  }

  write(value: Value, depth: number): void {
    this.#budget.walk(depth);
    if (typeof value === "string") this.#add(writeJson(value));
    else if (typeof value === "number") {
      if (Number.isNaN(value)) this.#add("null");
      else if (!Number.isFinite(value)) fail("D1001", { value });
      else this.#add(numberText(value));
    } else if (value === undefined || value === null) this.#add("null");
    else if (typeof value === "boolean") this.#add(String(value));
    else if (value instanceof Fn) this.#add('""');
    else if (Array.isArray(value)) this.#list("[", "]", value, depth, (item) => this.write(item, depth + 1));
    else {
      const keys = Object.keys(value).filter((key) => value[key] !== undefined);
      this.#list("{", "}", keys, depth, (key) => {
        this.#add(`${writeJson(key)}:${this.#pretty ? " " : ""}`);
        this.write(value[key], depth + 1);
      });
    }
  }

  #list<T>(open: string, close: string, items: T[], depth: number, write: (item: T) => void): void {
    this.#add(open);
    for (const [index, item] of items.entries()) {
      if (index > 0) this.#add(",");
      this.#line(depth + 1);
      write(item);
    }
    if (items.length > 0) this.#line(depth);
    this.#add(close);
  }

  #line(depth: number): void {
    if (this.#pretty) this.#add(`\n${"  ".repeat(depth)}`);
  }

  #add(text: string): void {
    this.text += text;
    if (this.text.length > this.#budget.limits.text) throw memoryError();
  }
}

/** Limits of a quoted value in a message. */
const maxQuoteLength = 10_000;
const maxQuoteDepth = 20;

/** A value as a message quotes it: JSON, shortened. */
export function quoted(value: unknown): string {
  let left = maxQuoteLength;
  const write = (node: unknown, depth: number): string => {
    if (left <= 0 || depth > maxQuoteDepth) return "…";
    if (typeof node === "string") {
      const text = writeJson(node.slice(0, left));
      left -= text.length;
      return text;
    }
    left -= 4;
    if (node === undefined) return "undefined";
    if (typeof node === "number") return Number.isFinite(node) ? String(node) : "null";
    if (node === null || typeof node === "boolean") return String(node);
    const items: string[] = [];
    if (Array.isArray(node)) {
      for (const item of node) {
        if (left <= 0) break;
        items.push(write(item ?? null, depth + 1));
      }
      return `[${items.join(",")}]`;
    }
    if (node instanceof Fn) return '""';
    for (const [key, member] of Object.entries(node as object)) {
      if (left <= 0) break;
      if (member !== undefined) items.push(`${write(key, depth)}:${write(member, depth + 1)}`);
    }
    return `{${items.join(",")}}`;
  };
  return write(value, 0);
}
