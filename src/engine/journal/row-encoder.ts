import type { Key } from "../table.ts";
import type { ByteWriter } from "./bytes.ts";
import { TAG } from "./row-tags.ts";

/** The members that a run of objects has, in order, and the last text of each: repeated texts are written once. */
class WrittenShape {
  readonly index: number;
  readonly keys: readonly string[];
  readonly texts: (string | undefined)[];

  constructor(index: number, keys: readonly string[]) {
    this.index = index;
    this.keys = keys;
    this.texts = new Array(keys.length).fill(undefined);
  }

  fits(value: object): boolean {
    const { keys } = this;
    let at = 0;
    for (const key in value) {
      if (keys[at] !== key) return false;
      at += 1;
    }
    return at === keys.length;
  }
}

/** Writes the values of rows. */
export class RowEncoder {
  readonly #writer: ByteWriter;
  #shapes = new Map<string, WrittenShape>();
  /** The shape of the latest row, which the next one usually shares. */
  #latest: WrittenShape | undefined;

  constructor(writer: ByteWriter) {
    this.#writer = writer;
  }

  /** What follows will be read by another decoder. */
  clear(): void {
    if (this.#latest === undefined) return;
    this.#shapes = new Map();
    this.#latest = undefined;
  }

  /** @throws Error for values that no row may hold. */
  row(row: object): void {
    const latest = this.#latest;
    if (latest?.fits(row)) {
      this.#writer.byte(TAG.object);
      this.#writer.integer(latest.index);
      this.#members(row, latest);
    } else {
      this.#latest = this.#object(row);
    }
  }

  #object(value: object): WrittenShape {
    const keys = Object.keys(value);
    const name = JSON.stringify(keys);
    const writer = this.#writer;
    let shape = this.#shapes.get(name);
    writer.byte(TAG.object);
    if (shape === undefined) {
      shape = new WrittenShape(this.#shapes.size, keys);
      this.#shapes.set(name, shape);
      writer.integer(shape.index);
      writer.integer(keys.length);
      for (const key of keys) writer.text(key);
    } else {
      writer.integer(shape.index);
    }
    this.#members(value, shape);
    return shape;
  }

  #members(row: object, shape: WrittenShape): void {
    const { keys, texts } = shape;
    for (let i = 0; i < keys.length; i += 1) {
      const value = (row as Record<string, unknown>)[keys[i] as string];
      if (typeof value !== "string") {
        this.#value(value);
      } else if (value === texts[i]) {
        this.#writer.byte(TAG.repeated);
      } else {
        texts[i] = value;
        this.#writer.byte(TAG.text);
        this.#writer.text(value);
      }
    }
  }

  #value(value: unknown): void {
    const writer = this.#writer;
    switch (typeof value) {
      case "string":
        writer.byte(TAG.text);
        writer.text(value);
        return;
      case "number":
        this.#number(value);
        return;
      case "boolean":
        writer.byte(value ? TAG.true : TAG.false);
        return;
      case "undefined":
        writer.byte(TAG.undefined);
        return;
      case "bigint":
        writer.byte(TAG.bigint);
        writer.text(value.toString());
        return;
      case "object":
        this.#composed(value);
        return;
      default:
        throw new Error(`a ${typeof value} is nothing a row may hold`);
    }
  }

  #number(value: number): void {
    const writer = this.#writer;
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      writer.byte(TAG.double);
      writer.double(value);
    } else if (value >= 0) {
      writer.byte(TAG.integer);
      writer.integer(value);
    } else {
      writer.byte(TAG.negative);
      writer.integer(-value);
    }
  }

  #composed(value: object | null): void {
    const writer = this.#writer;
    if (value === null) {
      writer.byte(TAG.null);
    } else if (Array.isArray(value)) {
      writer.byte(TAG.list);
      writer.integer(value.length);
      for (let i = 0; i < value.length; i += 1) this.#value(value[i]);
    } else if (value instanceof Uint8Array) {
      writer.byte(TAG.bytes);
      writer.integer(value.length);
      writer.raw(value);
    } else {
      const prototype = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) throw new Error("only plain objects can be kept");
      this.#object(value);
    }
  }
}

export function writeKey(writer: ByteWriter, key: Key): void {
  writer.byte(typeof key === "number" ? 0 : 1);
  if (typeof key === "number") writer.integer(key);
  else writer.text(key);
}
