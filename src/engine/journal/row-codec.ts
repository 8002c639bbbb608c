import type { Key } from "../table.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

/** The type of the value that follows. */
const TAG = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  integer: 4,
  negative: 5,
  double: 6,
  text: 7,
  bigint: 8,
  bytes: 9,
  list: 10,
  object: 11,
  /** The same text as this member had in the previous object of the shape. */
  repeated: 12,
} as const;

/** The members that a run of objects has, in order, and the last text of each: repeated texts are written once. */
class WrittenShape {
  readonly index: number;
  readonly keys: readonly string[];
  readonly texts: Texts;

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

type Texts = (string | undefined)[];

/** The members of objects that are read, in order. */
interface Shape {
  readonly keys: readonly string[];
  /**
   * Makes an object without members but with room for as many as its like have had, which `{}` would allocate
   * separately.
   */
  readonly Empty: new () => Record<string, unknown>;
}

/** All shapes read so far. Each is made once, however often it was written, so that V8 sees one kind of object. */
export class Shapes {
  readonly #byKeys = new Map<string, Shape>();

  of(keys: readonly string[]): Shape {
    const name = JSON.stringify(keys);
    let shape = this.#byKeys.get(name);
    if (shape === undefined) {
      shape = { keys, Empty: emptyMaker() };
      this.#byKeys.set(name, shape);
    }
    return shape;
  }
}

/** A separate function for each shape, since V8 learns per function how much room its objects need. */
function emptyMaker(): new () => Record<string, unknown> {
  function Empty() {}
  Empty.prototype = Object.prototype;
  return Empty as unknown as new () => Record<string, unknown>;
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

/** What a decoder knows at some point of the bytes, so that another one can start there. */
export interface Context {
  readonly shapes: readonly Shape[];
  /** The last text of each member, by shape. */
  readonly texts: readonly (readonly (string | undefined)[])[];
}

const NOTHING: Context = { shapes: [], texts: [] };

/** Reads what one RowEncoder has written between two calls of clear(): all of it, or from where `context` was taken. */
export class RowDecoder {
  readonly #reader: ByteReader;
  readonly #all: Shapes;
  readonly #shapes: Shape[];
  readonly #texts: Texts[];
  #latest: Context;

  constructor(reader: ByteReader, all: Shapes, context = NOTHING) {
    this.#reader = reader;
    this.#all = all;
    this.#shapes = [...context.shapes];
    this.#texts = context.texts.map((texts) => [...texts]);
    this.#latest = context;
  }

  /** What is known at this point. The same object as the last time unless something has changed. */
  context(): Context {
    const { shapes, texts } = this.#latest;
    const isSame =
      shapes.length === this.#shapes.length &&
      this.#texts.every((own, index) => own.every((text, at) => text === texts[index]?.[at]));
    if (!isSame) this.#latest = { shapes: [...this.#shapes], texts: this.#texts.map((own) => [...own]) };
    return this.#latest;
  }

  /** Undefined where no row was written. */
  row(): object | undefined {
    return this.#value(this.#reader.byte()) as object | undefined;
  }

  /** Skips a row and returns whether one was written. */
  skip(): boolean {
    const tag = this.#reader.byte();
    this.#skipValue(tag);
    return tag !== TAG.undefined;
  }

  #skipValue(tag: number): void {
    const reader = this.#reader;
    switch (tag) {
      case TAG.integer:
      case TAG.negative:
        reader.integer();
        return;
      case TAG.list:
        for (let left = reader.integer(); left > 0; left -= 1) this.#skipValue(reader.byte());
        return;
      case TAG.object:
        this.#skipObject();
        return;
      case TAG.undefined:
      case TAG.null:
      case TAG.false:
      case TAG.true:
        return;
      default:
        this.#value(tag);
    }
  }

  #skipObject(): void {
    const reader = this.#reader;
    const index = reader.integer();
    const { length } = (this.#shapes[index] ?? this.#newShape(index)).keys;
    const texts = this.#texts[index] as Texts;
    for (let i = 0; i < length; i += 1) {
      const tag = reader.byte();
      if (tag === TAG.text) texts[i] = reader.text();
      else if (tag !== TAG.repeated) this.#skipValue(tag);
    }
  }

  #value(tag: number): unknown {
    const reader = this.#reader;
    switch (tag) {
      case TAG.undefined:
        return undefined;
      case TAG.null:
        return null;
      case TAG.false:
        return false;
      case TAG.true:
        return true;
      case TAG.integer:
        return reader.integer();
      case TAG.negative:
        return -reader.integer();
      case TAG.double:
        return reader.double();
      case TAG.text:
        return reader.text();
      case TAG.bigint:
        return BigInt(reader.text());
      case TAG.bytes:
        return this.#bytes();
      case TAG.list:
        return this.#list();
      case TAG.object:
        return this.#object();
      default:
        throw new Error(`a value has the unknown tag ${tag}`);
    }
  }

  /** A copy of the bytes, outside Node's pool: a view would keep alive everything that was read with it. */
  #bytes(): Buffer {
    const length = this.#reader.integer();
    const bytes = Buffer.allocUnsafeSlow(length);
    bytes.set(this.#reader.raw(length));
    return bytes;
  }

  #list(): unknown[] {
    const list: unknown[] = [];
    for (let left = this.#reader.integer(); left > 0; left -= 1) list.push(this.#value(this.#reader.byte()));
    return list;
  }

  #object(): object {
    const reader = this.#reader;
    const index = reader.integer();
    const shape = this.#shapes[index] ?? this.#newShape(index);
    const texts = this.#texts[index] as Texts;
    const { keys } = shape;
    const object = new shape.Empty();
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] as string;
      const tag = reader.byte();
      let value: unknown;
      if (tag === TAG.repeated) value = texts[i];
      else if (tag === TAG.text) value = texts[i] = reader.text();
      else value = this.#value(tag);
      if (key === "__proto__") Object.defineProperty(object, key, { value, ...OWN });
      else object[key] = value;
    }
    return object;
  }

  #newShape(index: number): Shape {
    const keys: string[] = [];
    for (let left = this.#reader.integer(); left > 0; left -= 1) keys.push(this.#reader.text());
    const shape = this.#all.of(keys);
    this.#shapes[index] = shape;
    this.#texts[index] = new Array(keys.length).fill(undefined);
    return shape;
  }
}

/** The attributes of an ordinary member. */
const OWN = { enumerable: true, configurable: true, writable: true } as const;

export function writeKey(writer: ByteWriter, key: Key): void {
  writer.byte(typeof key === "number" ? 0 : 1);
  if (typeof key === "number") writer.integer(key);
  else writer.text(key);
}

export function readKey(reader: ByteReader): Key {
  return reader.byte() === 0 ? reader.integer() : reader.text();
}
