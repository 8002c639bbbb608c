/** Numbers and texts as bytes, written one after the other and read back. */

const FIRST_BYTES = 65_536;
/** Texts up to this length are written unit by unit, which for short ones is faster than a native call. */
const SHORT = 24;

export class ByteWriter {
  bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  at = 0;

  clear(): void {
    this.at = 0;
    // Do not keep what one large batch needed.
    if (this.bytes.length > 64 * FIRST_BYTES) this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  get written(): Buffer {
    return this.bytes.subarray(0, this.at);
  }

  byte(value: number): void {
    this.#room(1);
    this.bytes[this.at++] = value;
  }

  uint32(value: number): void {
    this.#room(4);
    this.at = this.bytes.writeUInt32LE(value, this.at);
  }

  double(value: number): void {
    this.#room(8);
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  /** A safe integer of 0 or more in as few bytes as it needs, at most eight. */
  integer(value: number): void {
    this.#room(8);
    const { bytes } = this;
    let rest = value;
    while (rest > 0x7f_ff_ff_ff) {
      bytes[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      bytes[this.at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[this.at++] = rest;
  }

  raw(value: Uint8Array): void {
    this.#room(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** Any text, lone surrogates included: Latin-1 if it is ASCII, else UTF-16. */
  text(value: string): void {
    const { length } = value;
    this.#room(length * 2 + 8);
    if (length <= SHORT && this.#short(value)) return;
    const wide = isWide(value);
    this.integer(length * 2 + (wide ? 1 : 0));
    this.#textBytes(value, wide);
  }

  /** The bytes of a text alone, without its length. */
  textBytes(value: string, wide: boolean): void {
    this.#room(value.length * 2);
    this.#textBytes(value, wide);
  }

  #textBytes(value: string, wide: boolean): void {
    this.at += this.bytes.write(value, this.at, wide ? "utf16le" : "latin1");
  }

  #short(value: string): boolean {
    const { bytes, at } = this;
    bytes[at] = value.length * 2;
    for (let i = 0; i < value.length; i += 1) {
      const unit = value.charCodeAt(i);
      if (unit > 127) return false;
      bytes[at + 1 + i] = unit;
    }
    this.at = at + 1 + value.length;
    return true;
  }

  #room(length: number): void {
    if (this.at + length <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + length));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}

/** Reads what a ByteWriter has written. The checksum has already shown that the bytes are intact. */
export class ByteReader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    return this.bytes[this.at++] as number;
  }

  uint32(): number {
    this.at += 4;
    return this.bytes.readUInt32LE(this.at - 4);
  }

  double(): number {
    this.at += 8;
    return this.bytes.readDoubleLE(this.at - 8);
  }

  integer(): number {
    const { bytes } = this;
    let byte = bytes[this.at++] as number;
    if (byte < 128) return byte;
    let value = byte & 127;
    let factor = 128;
    do {
      byte = bytes[this.at++] as number;
      value += (byte & 127) * factor;
      factor *= 128;
    } while (byte > 127);
    return value;
  }

  raw(length: number): Buffer {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  text(): string {
    const head = this.integer();
    const from = this.at;
    const wide = head % 2 === 1;
    const units = Math.floor(head / 2);
    this.at += wide ? units * 2 : units;
    return this.bytes.toString(wide ? "utf16le" : "latin1", from, this.at);
  }
}

/** Text that is not ASCII is stored as UTF-16, which loses nothing, not even lone surrogates. */
export function isWide(text: string): boolean {
  return Buffer.byteLength(text) !== text.length;
}
