import type { LongString } from "./json-text.ts";

/** Characters of a long text that are decoded at once; a multiple of 4. */
const pieceLength = 65_536;

/**
 * A blob as it travelled. JSON clients send base64 and mostly get the same text back, so the text is kept and the
 * bytes are made only when somebody asks for them.
 */
export class Blob64 {
  #text: string | LongString | undefined;
  #bytes: Uint8Array | undefined;

  private constructor(text: string | LongString | undefined, bytes: Uint8Array | undefined) {
    this.#text = text;
    this.#bytes = bytes;
  }

  /** @param text valid, padded base64; the decoder checks it before. */
  static fromBase64(text: string | LongString): Blob64 {
    return new Blob64(text, undefined);
  }

  static fromBytes(bytes: Uint8Array): Blob64 {
    return new Blob64(undefined, bytes);
  }

  /** Length in decoded bytes, by arithmetic while only the text is held. */
  get length(): number {
    if (this.#bytes !== undefined) return this.#bytes.length;
    const text = this.#text as string | LongString;
    if (text.length === 0) return 0;
    const end = text.slice(text.length - 2);
    return (text.length / 4) * 3 - (end === "==" ? 2 : end.endsWith("=") ? 1 : 0);
  }

  get base64(): string {
    this.#text = this.#text?.toString() ?? bufferOf(this.#bytes as Uint8Array).toString("base64");
    return this.#text;
  }

  get bytes(): Uint8Array {
    if (this.#bytes !== undefined) return this.#bytes;
    const bytes = Buffer.allocUnsafe(this.length);
    this.copyTo(bytes, 0);
    this.#bytes = bytes;
    return bytes;
  }

  /** The bytes in pieces of at most `maxBytes`, a multiple of 3; each is decoded when it is asked for. */
  *pieces(maxBytes: number): Generator<Uint8Array> {
    const bytes = this.#bytes;
    const text = this.#text as string | LongString;
    const step = bytes === undefined ? (maxBytes / 3) * 4 : maxBytes;
    for (let from = 0; from < (bytes ?? text).length; from += step) {
      yield bytes?.subarray(from, from + step) ?? Buffer.from(text.slice(from, from + step), "base64");
    }
  }

  /** Writes the decoded bytes at `offset`, straight from the text while only that is held; there must be room for `length`. */
  copyTo(target: Buffer, offset: number): void {
    const text = this.#text;
    if (this.#bytes !== undefined) target.set(this.#bytes, offset);
    else if (typeof text === "string") target.write(text, offset, "base64");
    else if (text !== undefined) {
      for (let from = 0; from < text.length; from += pieceLength) {
        target.write(text.slice(from, from + pieceLength), offset + (from / 4) * 3, "base64");
      }
    }
  }
}

/** The same bytes as a Buffer; they are not copied. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An SDK input or output type as services see it: blobs are `Blob64`. */
export type FromWire<T> = T extends Uint8Array
  ? Blob64
  : T extends Date
    ? Date
    : T extends readonly (infer Item)[]
      ? FromWire<Item>[]
      : T extends object
        ? { [Key in keyof T]: FromWire<T[Key]> }
        : T;
