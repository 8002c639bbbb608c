/**
 * What one write adds to a file, wholly or not at all: a header, texts (packed rows), sections (rows and all else) and a
 * directory of the sections. Whoever starts reads sections and passes over the texts, which are read when asked for.
 *
 *     header     magic, lengths of texts, sections and directory (4 bytes each), checksum of these 16 bytes
 *     texts      each a checksum, the lengths of its head and its text (4 bytes each), both
 *     sections   one after the other
 *     directory  of each section its kind, its table, its length and its checksum; and the checksum of the directory
 *
 * Checksums are CRC-32. They begin with where the bytes stand, so that a page that was exchanged with another is noticed.
 */
import { crc32 } from "node:zlib";
import { ByteReader, ByteWriter, isWide } from "./bytes.ts";

export const SECTION = {
  /** Forgets everything before, except these tables. */
  reset: 1,
  /** Serials below this may have been handed out. */
  serials: 2,
  /** Rows by key; a key without row was deleted. */
  rows: 3,
  /** Packed rows by serial, whose texts are in this frame; a serial without text was deleted. */
  packed: 4,
  /** Packed rows by serial, whose texts are elsewhere. */
  places: 5,
  /** How many texts were written to each journal. */
  journals: 6,
  /** Nothing follows. */
  end: 7,
} as const;

export type SectionKind = (typeof SECTION)[keyof typeof SECTION];

const MAGIC = 0x42535246;
const MAGIC_BYTES = Buffer.from([0x46, 0x52, 0x53, 0x42]);
export const HEADER_BYTES = 20;
const TEXT_HEADER_BYTES = 12;

/** Takes the place of the section number in the checksum of the directory. */
const DIRECTORY = 0xffff_ffff;

/** A position: the number of a file and an offset in it. */
export interface Position {
  readonly file: number;
  readonly at: number;
}

export interface Section {
  readonly kind: SectionKind;
  readonly table: string;
  readonly length: number;
  readonly checksum: number;
}

/** The lengths of a frame's parts. */
export interface FrameHeader {
  readonly texts: number;
  readonly sections: number;
  readonly directory: number;
}

export function frameLength({ texts, sections, directory }: FrameHeader): number {
  return HEADER_BYTES + texts + sections + directory;
}

/** The initial value of a checksum. */
function seed({ file, at }: Position, more = 0): number {
  return (Math.imul(file, 0x9e3779b1) ^ Math.imul(at % 0x1_0000_0000, 0x85ebca6b) ^ Math.imul(more, 0xc2b2ae35)) >>> 0;
}

export class FrameWriter {
  readonly #texts = new ByteWriter();
  /** Bytes of `sections` belong to the section begun last. */
  readonly sections = new ByteWriter();
  readonly #directory = new ByteWriter();
  #position: Position = { file: 0, at: 0 };
  #sectionAt = 0;
  #sectionCount = 0;
  #kind: SectionKind | undefined;
  #table = "";

  /** Begins a frame that will be written at this position. */
  begin(position: Position): void {
    this.#position = position;
    this.#texts.clear();
    this.sections.clear();
    this.#directory.clear();
    this.#sectionAt = 0;
    this.#sectionCount = 0;
    this.#kind = undefined;
  }

  section(kind: SectionKind, table = ""): void {
    this.#endSection();
    this.#kind = kind;
    this.#table = table;
    this.#sectionAt = this.sections.at;
  }

  /** Adds the text of a packed row; returns its offset in the file. */
  text(serial: number, head: string, text: string): number {
    const texts = this.#texts;
    const from = texts.at;
    const at = this.#position.at + HEADER_BYTES + from;
    const headWide = isWide(head);
    const textWide = isWide(text);
    texts.uint32(0);
    texts.uint32((headWide ? head.length * 2 : head.length) * 2 + (headWide ? 1 : 0));
    texts.uint32((textWide ? text.length * 2 : text.length) * 2 + (textWide ? 1 : 0));
    texts.textBytes(head, headWide);
    texts.textBytes(text, textWide);
    const checksum = crc32(texts.written.subarray(from + 4), seed({ file: this.#position.file, at }, serial));
    texts.bytes.writeUInt32LE(checksum, from);
    return at;
  }

  /** The whole frame, in a buffer of its own. */
  finish(): Buffer {
    this.#endSection();
    const [texts, sections, directory] = [this.#texts.written, this.sections.written, this.#directory];
    directory.uint32(crc32(directory.written, seed(this.#position, DIRECTORY)));
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    header.writeUInt32LE(MAGIC, 0);
    header.writeUInt32LE(texts.length, 4);
    header.writeUInt32LE(sections.length, 8);
    header.writeUInt32LE(directory.at, 12);
    header.writeUInt32LE(crc32(header.subarray(0, 16), seed(this.#position)), 16);
    return Buffer.concat([header, texts, sections, directory.written]);
  }

  #endSection(): void {
    if (this.#kind === undefined) return;
    const bytes = this.sections.written.subarray(this.#sectionAt);
    this.#directory.byte(this.#kind);
    this.#directory.text(this.#table);
    this.#directory.integer(bytes.length);
    this.#sectionCount += 1;
    this.#directory.uint32(crc32(bytes, seed(this.#position, this.#sectionCount)));
    this.#kind = undefined;
  }
}

/** The header at the start of `bytes`, which stand at `position`; undefined when it is not one. */
export function readHeader(bytes: Buffer, position: Position): FrameHeader | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  if (bytes.readUInt32LE(16) !== crc32(bytes.subarray(0, 16), seed(position))) return undefined;
  return { texts: bytes.readUInt32LE(4), sections: bytes.readUInt32LE(8), directory: bytes.readUInt32LE(12) };
}

/** The first offset from `from` on where a header may be; -1 when there is none. */
export function findHeader(bytes: Buffer, from: number): number {
  return bytes.indexOf(MAGIC_BYTES, from);
}

/** The directory of the frame at `position`; undefined when it is damaged. */
export function readDirectory(bytes: Buffer, position: Position): readonly Section[] | undefined {
  const end = bytes.length - 4;
  if (end < 0 || bytes.readUInt32LE(end) !== crc32(bytes.subarray(0, end), seed(position, DIRECTORY))) return undefined;
  const sections: Section[] = [];
  const reader = new ByteReader(bytes, 0, end);
  while (reader.at < end) {
    const kind = reader.byte() as SectionKind;
    sections.push({ kind, table: reader.text(), length: reader.integer(), checksum: reader.uint32() });
  }
  return sections;
}

/** Whether the bytes are the section with this number (from 0) of the frame at `position`. */
export function isWhole(bytes: Buffer, { checksum }: Section, position: Position, number: number): boolean {
  return crc32(bytes, seed(position, number + 1)) === checksum;
}

export interface Text {
  readonly head: string;
  readonly text: string;
}

/** The text of a packed row at `position`, read with `read`; undefined when it is damaged. */
export function readText(
  read: (at: number, length: number) => Buffer,
  position: Position,
  serial: number,
  guess = 2048,
): Text | undefined {
  let bytes = read(position.at, guess);
  if (bytes.length < TEXT_HEADER_BYTES) return undefined;
  const head = bytes.readUInt32LE(4);
  const text = bytes.readUInt32LE(8);
  const length = TEXT_HEADER_BYTES + (head >>> 1) + (text >>> 1);
  if (length > bytes.length) bytes = read(position.at, length);
  if (length > bytes.length) return undefined;
  const whole = bytes.subarray(4, length);
  if (crc32(whole, seed(position, serial)) !== bytes.readUInt32LE(0)) return undefined;
  const textAt = TEXT_HEADER_BYTES + (head >>> 1);
  return {
    head: slice(bytes, TEXT_HEADER_BYTES, textAt, head % 2 === 1),
    text: slice(bytes, textAt, length, text % 2 === 1),
  };
}

function slice(bytes: Buffer, from: number, to: number, wide: boolean): string {
  return bytes.toString(wide ? "utf16le" : "latin1", from, to);
}
