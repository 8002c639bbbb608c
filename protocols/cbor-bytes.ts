/**
 * CBOR (RFC 8949) between bytes and plain values, as far as AWS's protocols use it. Reading allocates nothing for
 * what a header merely declares and nests no deeper than MAX_DEPTH, so hostile bytes cost no more than their length.
 */
import { isUtf8 } from "node:buffer";
import { MAX_DEPTH, serializationError } from "./serialization.ts";

/** What tag 1 was put around: seconds or milliseconds since the epoch, by the protocol. */
export class CborTime {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Items in one body; the largest request of any service has some ten thousand. */
const maxItems = 250_000;
const INDEFINITE = -1;
const BREAK = Symbol("break");

/**
 * One CBOR item: numbers, strings, booleans, null (also for undefined), Uint8Array, arrays, Map with text keys, CborTime.
 * Integers beyond 2^53 lose precision; tags other than 1 are read through.
 * @throws AwsError SerializationException for anything malformed, and for bytes after the item.
 */
export function readCbor(bytes: Buffer): unknown {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (value === BREAK || !reader.done) throw serializationError();
  return value;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #items = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): unknown {
    if (depth > MAX_DEPTH || ++this.#items > maxItems) throw serializationError();
    const head = this.#byte();
    const major = head >> 5;
    const info = head & 31;
    if (major === 7) return this.#simple(info);
    const argument = this.#argument(info);
    switch (major) {
      case 0:
        return definite(argument);
      case 1:
        return -1 - definite(argument);
      case 2:
        return argument === INDEFINITE ? this.#chunks(2) : this.#take(argument);
      case 3:
        return this.#text(argument === INDEFINITE ? this.#chunks(3) : this.#take(argument));
      case 4:
        return this.#array(argument, depth);
      case 5:
        return this.#map(argument, depth);
      default:
        return this.#tagged(definite(argument), depth);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw serializationError();
    this.#at++;
    return byte;
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw serializationError();
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  #argument(info: number): number {
    if (info < 24) return info;
    if (info === 31) return INDEFINITE;
    switch (info) {
      case 24:
        return this.#byte();
      case 25:
        return this.#take(2).readUInt16BE();
      case 26:
        return this.#take(4).readUInt32BE();
      case 27:
        return Number(this.#take(8).readBigUInt64BE());
      default:
        throw serializationError();
    }
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return halfFloat(this.#take(2).readUInt16BE());
      case 26:
        return this.#take(4).readFloatBE();
      case 27:
        return this.#take(8).readDoubleBE();
      case 31:
        return BREAK;
      default:
        throw serializationError();
    }
  }

  #chunks(major: number): Buffer {
    const chunks: Buffer[] = [];
    for (;;) {
      const head = this.#byte();
      if (head === 0xff) return Buffer.concat(chunks);
      if (head >> 5 !== major || ++this.#items > maxItems) throw serializationError();
      chunks.push(this.#take(definite(this.#argument(head & 31))));
    }
  }

  #text(bytes: Buffer): string {
    const text = bytes.toString();
    // Bytes that are not UTF-8 decode to U+FFFD, which may also have been sent as itself.
    if (text.includes("\ufffd") && !isUtf8(bytes)) throw serializationError();
    return text;
  }

  #array(length: number, depth: number): unknown[] {
    // Every item takes a byte at least, so a longer declaration is a lie.
    if (length > this.#bytes.length - this.#at) throw serializationError();
    const items: unknown[] = [];
    for (let i = 0; i !== length; i++) {
      const item = this.item(depth + 1);
      if (item === BREAK) {
        if (length !== INDEFINITE) throw serializationError();
        break;
      }
      items.push(item);
    }
    return items;
  }

  #map(length: number, depth: number): Map<string, unknown> {
    if (length * 2 > this.#bytes.length - this.#at) throw serializationError();
    const map = new Map<string, unknown>();
    for (let i = 0; i !== length; i++) {
      const key = this.item(depth + 1);
      if (key === BREAK) {
        if (length !== INDEFINITE) throw serializationError();
        break;
      }
      const value = this.item(depth + 1);
      if (typeof key !== "string" || value === BREAK) throw serializationError();
      map.set(key, value);
    }
    return map;
  }

  #tagged(tag: number, depth: number): unknown {
    const value = this.item(depth + 1);
    if (value === BREAK) throw serializationError();
    if (tag !== 1) return value;
    if (typeof value !== "number") throw serializationError();
    return new CborTime(value);
  }
}

function definite(argument: number): number {
  if (argument === INDEFINITE) throw serializationError();
  return argument;
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Bytes of one CBOR item under construction. */
export class CborWriter {
  #bytes = Buffer.allocUnsafe(1024);
  #length = 0;

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  null(): void {
    this.#head(7, 22);
  }

  boolean(value: boolean): void {
    this.#head(7, value ? 21 : 20);
  }

  /** Whole numbers as integers in as few bytes as they take, others as 64-bit floats. */
  number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0) this.#head(0, value);
      else this.#head(1, -1 - value);
      return;
    }
    this.#reserve(9);
    this.#bytes[this.#length] = 0xfb;
    this.#bytes.writeDoubleBE(value, this.#length + 1);
    this.#length += 9;
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#head(3, length);
    this.#reserve(length);
    this.#length += this.#bytes.write(value, this.#length);
  }

  bytes(value: Uint8Array): void {
    this.#head(2, value.length);
    this.raw(value);
  }

  array(length: number): void {
    this.#head(4, length);
  }

  map(length: number): void {
    this.#head(5, length);
  }

  tag(tag: number): void {
    this.#head(6, tag);
  }

  /** Bytes that are CBOR already. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #head(major: number, argument: number): void {
    this.#reserve(9);
    const bytes = this.#bytes;
    const at = this.#length;
    const type = major << 5;
    if (argument < 24) {
      bytes[at] = type | argument;
      this.#length += 1;
    } else if (argument < 0x100) {
      bytes[at] = type | 24;
      bytes[at + 1] = argument;
      this.#length += 2;
    } else if (argument < 0x10000) {
      bytes[at] = type | 25;
      bytes.writeUInt16BE(argument, at + 1);
      this.#length += 3;
    } else if (argument < 0x100000000) {
      bytes[at] = type | 26;
      bytes.writeUInt32BE(argument, at + 1);
      this.#length += 5;
    } else {
      bytes[at] = type | 27;
      bytes.writeBigUInt64BE(BigInt(argument), at + 1);
      this.#length += 9;
    }
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
