/**
 * A blob as it travelled. JSON clients send base64 and mostly get the same text back, so the text is kept and the
 * bytes are made only when somebody asks for them.
 */
export class Blob64 {
  #text: string | undefined;
  #bytes: Uint8Array | undefined;

  private constructor(text: string | undefined, bytes: Uint8Array | undefined) {
    this.#text = text;
    this.#bytes = bytes;
  }

  /** @param text valid, padded base64; the decoder checks it before. */
  static fromBase64(text: string): Blob64 {
    return new Blob64(text, undefined);
  }

  static fromBytes(bytes: Uint8Array): Blob64 {
    return new Blob64(undefined, bytes);
  }

  /** Length in decoded bytes, by arithmetic while only the text is held. */
  get length(): number {
    if (this.#bytes !== undefined) return this.#bytes.length;
    const text = this.#text as string;
    if (text.length === 0) return 0;
    return (text.length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
  }

  get base64(): string {
    return (this.#text ??= bufferOf(this.#bytes as Uint8Array).toString("base64"));
  }

  get bytes(): Uint8Array {
    return (this.#bytes ??= Buffer.from(this.#text as string, "base64"));
  }

  /** Writes the decoded bytes at `offset`, straight from the text while only that is held; there must be room for `length`. */
  copyTo(target: Buffer, offset: number): void {
    if (this.#bytes !== undefined) target.set(this.#bytes, offset);
    else target.write(this.#text as string, offset, "base64");
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
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
