import type { Key } from "../table.ts";
import type { ByteReader } from "./bytes.ts";
import { TAG } from "./row-tags.ts";

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

export function readKey(reader: ByteReader): Key {
  return reader.byte() === 0 ? reader.integer() : reader.text();
}
