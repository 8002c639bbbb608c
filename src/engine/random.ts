import { createHash, randomFillSync } from "node:crypto";

const POOL_WORDS = 1024;
const WORD_VALUES = 2 ** 32;
const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const HIGH_DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => HEX_BYTES[byte]!.charCodeAt(0));
const LOW_DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => HEX_BYTES[byte]!.charCodeAt(1));
const DASH = "-".charCodeAt(0);
const UUID_CHARS = 36;
const uuidText = Buffer.alloc(UUID_CHARS);
/** For the digits of ids; longer texts are rare. */
const hexText = Buffer.alloc(64);

/** UUIDs in one text, for what keeps many: each is cut out when it is needed, and none is an object while it is not. */
export class Uuids {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get length(): number {
    return this.#text.length / UUID_CHARS;
  }

  at(place: number): string {
    return this.#text.slice(place * UUID_CHARS, (place + 1) * UUID_CHARS);
  }
}

/**
 * The only source of randomness and ids. With a seed the sequence is always the same; without one it is
 * cryptographically strong.
 */
export class Random {
  readonly #seed: string | undefined;
  readonly #word: () => number;
  readonly #forks = new Map<string, Random>();

  constructor(seed?: string | number) {
    this.#seed = seed === undefined ? undefined : String(seed);
    this.#word = this.#seed === undefined ? pooledWords() : xoshiro128(this.#seed);
  }

  /**
   * The source for one purpose; the same object at each call. With a seed it has a sequence of its own, unaffected by
   * what is drawn for other purposes. Purposes are few and fixed in the code.
   */
  fork(purpose: string): Random {
    if (this.#seed === undefined) return this;
    let fork = this.#forks.get(purpose);
    if (fork === undefined) this.#forks.set(purpose, (fork = new Random(`${this.#seed}\n${purpose}`)));
    return fork;
  }

  /**
   * A version 4 UUID in lower case (RFC 9562 section 5.4). Written into bytes and read as one flat string: ids are
   * kept by the hundred thousand, and one pieced together holds on to its pieces, at seven times the memory.
   */
  uuid(): string {
    writeUuid(uuidText, 0, this.#word);
    return uuidText.toString("latin1");
  }

  /** The UUIDs that as many calls of `uuid` would return, when they are needed together. */
  uuids(count: number): Uuids {
    const texts = Buffer.allocUnsafe(count * UUID_CHARS);
    for (let at = 0; at < texts.length; at += UUID_CHARS) writeUuid(texts, at, this.#word);
    return new Uuids(texts.toString("latin1"));
  }

  /** At least 0, less than 1, with 53 random bits. */
  float(): number {
    const high = this.#word() >>> 5;
    const low = this.#word() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** A whole number, at least 0 and less than `below`; each equally likely. @throws RangeError when `below` is less than 1. */
  int(below: number): number {
    if (!(Number.isSafeInteger(below) && below >= 1)) throw new RangeError(`A random number cannot be below ${below}.`);
    if (below > WORD_VALUES) return Math.floor(this.float() * below);
    // Words beyond the last whole multiple would favour small numbers.
    const end = WORD_VALUES - (WORD_VALUES % below);
    for (;;) {
      const word = this.#word();
      if (word < end) return word % below;
    }
  }

  bytes(n: number): Uint8Array {
    return this.fill(new Uint8Array(n));
  }

  /** Overwrites all of the array's bytes. */
  fill(bytes: Uint8Array): Uint8Array {
    const n = bytes.length;
    for (let i = 0; i < n; ) {
      for (let word = this.#word(), left = 4; left > 0 && i < n; left -= 1, i += 1, word >>>= 8) bytes[i] = word;
    }
    return bytes;
  }

  /** Lower-case hexadecimal digits, as one flat string like a UUID's. */
  hex(chars: number): string {
    const wholeWords = Math.ceil(chars / 8) * 8;
    const text = wholeWords <= hexText.length ? hexText : Buffer.allocUnsafe(wholeWords);
    for (let at = 0; at < chars; at += 8) writeWord(text, at, this.#word());
    return text.toString("latin1", 0, chars);
  }

  /** Characters of the alphabet, by default letters and digits. */
  text(chars: number, alphabet: string = ALPHANUMERIC): string {
    let text = "";
    for (let i = 0; i < chars; i += 1) text += alphabet[this.int(alphabet.length)]!;
    return text;
  }
}

/** Writes a UUID's text from four words; the second contains the version and the third the variant. */
function writeUuid(text: Buffer, at: number, word: () => number): void {
  const first = word();
  const second = (word() & 0xffff0fff) | 0x4000;
  const third = (word() & 0x3fffffff) | 0x80000000;
  const fourth = word();
  writeHalf(text, at, first >>> 16);
  writeHalf(text, at + 4, first & 0xffff);
  text[at + 8] = DASH;
  writeHalf(text, at + 9, second >>> 16);
  text[at + 13] = DASH;
  writeHalf(text, at + 14, second & 0xffff);
  text[at + 18] = DASH;
  writeHalf(text, at + 19, third >>> 16);
  text[at + 23] = DASH;
  writeHalf(text, at + 24, third & 0xffff);
  writeWord(text, at + 28, fourth);
}

/** Eight digits. */
function writeWord(text: Buffer, at: number, word: number): void {
  writeHalf(text, at, word >>> 16);
  writeHalf(text, at + 4, word & 0xffff);
}

function writeHalf(text: Buffer, at: number, half: number): void {
  text[at] = HIGH_DIGITS[half >>> 8]!;
  text[at + 1] = LOW_DIGITS[half >>> 8]!;
  text[at + 2] = HIGH_DIGITS[half & 255]!;
  text[at + 3] = LOW_DIGITS[half & 255]!;
}

/** Words from node:crypto, fetched in large batches: one call costs about as much as a whole batch. */
function pooledWords(): () => number {
  const pool = new Uint32Array(POOL_WORDS);
  let next = POOL_WORDS;
  return () => {
    if (next === POOL_WORDS) {
      randomFillSync(pool);
      next = 0;
    }
    const word = pool[next]!;
    pool[next] = 0;
    next += 1;
    return word;
  };
}

/** xoshiro128** 1.1 (Blackman and Vigna, 2018), seeded with the first 128 bits of the seed's SHA-256. */
function xoshiro128(seed: string): () => number {
  const digest = createHash("sha256").update(seed).digest();
  let s0 = digest.readUInt32LE(0);
  let s1 = digest.readUInt32LE(4);
  let s2 = digest.readUInt32LE(8);
  let s3 = digest.readUInt32LE(12);
  return () => {
    const scrambled = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9);
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotateLeft(s3, 11);
    return scrambled >>> 0;
  };
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
