import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { FILE_HEADER_BYTES, type FileKind, fileName, formatOf } from "./files.ts";
import {
  type FrameHeader,
  findHeader,
  frameLength,
  HEADER_BYTES,
  isWhole,
  readDirectory,
  readHeader,
  type Section,
} from "./frame.ts";

/** Bytes read at once, including neighbours. */
const WINDOW_BYTES = 256 * 1024;
/** So many bytes of texts in a frame are skipped rather than read along with the sections around them. */
const MANY_TEXTS_BYTES = 64 * 1024;

/** A damaged part of a file. */
export interface Damage {
  /** Name of the file. */
  readonly file: string;
  readonly at: number;
  /** The table whose rows are damaged; undefined when that is unknown. */
  readonly table: string | undefined;
}

export interface ReadSection extends Section {
  readonly bytes: Buffer;
}

export interface Frame {
  readonly at: number;
  readonly end: number;
  /** The intact ones. */
  readonly sections: readonly ReadSection[];
}

/** Reads a journal or a snapshot from start to end. */
export class FrameFile {
  readonly name: string;
  readonly number: number;
  readonly size: number;
  readonly damages: Damage[] = [];
  /** Where the last complete frame ends. What follows was never finished, or is damaged. */
  end = FILE_HEADER_BYTES;
  readonly #descriptor: number;
  #window = Buffer.alloc(0);
  #windowAt = 0;
  /** How many bytes are read at least. */
  #ahead = WINDOW_BYTES;

  /** @throws Error of the file system. */
  constructor(directory: string, kind: FileKind, number: number) {
    this.name = fileName(kind, number);
    this.number = number;
    this.#descriptor = openSync(join(directory, this.name), "r");
    this.size = fstatSync(this.#descriptor).size;
    this.#kind = kind;
  }

  readonly #kind: FileKind;

  /** The format of the file; undefined when its header is damaged. */
  format(): number | undefined {
    return formatOf(this.read(0, FILE_HEADER_BYTES), this.#kind, this.number);
  }

  *frames(): Generator<Frame, undefined, undefined> {
    let at = FILE_HEADER_BYTES;
    while (at < this.size) {
      const header = this.#header(at);
      const end = header === undefined ? Number.POSITIVE_INFINITY : at + frameLength(header);
      if (header === undefined || end > this.size) {
        const next = this.#nextFrame(at + 1);
        if (next === undefined) return;
        this.#damaged(at, undefined);
        at = next;
        continue;
      }
      yield { at, end, sections: this.#sections(at, header) };
      at = end;
      this.end = end;
    }
  }

  /** Up to `length` bytes from `at` on; fewer at the end of the file. A view that is valid until the next call. */
  read(at: number, length: number): Buffer {
    const available = Math.max(0, Math.min(length, this.size - at));
    const from = at - this.#windowAt;
    if (from >= 0 && from + available <= this.#window.length) return this.#window.subarray(from, from + available);
    const window = Buffer.allocUnsafe(Math.min(Math.max(available, this.#ahead), this.size - at));
    let got = 0;
    while (got < window.length) {
      const count = readSync(this.#descriptor, window, got, window.length - got, at + got);
      if (count === 0) break;
      got += count;
    }
    this.#window = window.subarray(0, got);
    this.#windowAt = at;
    return this.#window.subarray(0, available);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #header(at: number): FrameHeader | undefined {
    return readHeader(this.read(at, HEADER_BYTES), { file: this.number, at });
  }

  #sections(at: number, header: FrameHeader): ReadSection[] {
    const position = { file: this.number, at };
    const length = header.sections + header.directory;
    // The next frame is usually like this one.
    this.#ahead = header.texts < MANY_TEXTS_BYTES ? WINDOW_BYTES : length + HEADER_BYTES;
    const bytes = this.read(at + HEADER_BYTES + header.texts, length);
    const sections: ReadSection[] = [];
    const directory = readDirectory(bytes.subarray(header.sections), position);
    if (directory === undefined) this.#damaged(at, undefined);
    let from = 0;
    for (const [number, section] of (directory ?? []).entries()) {
      const own = bytes.subarray(from, from + section.length);
      from += section.length;
      if (isWhole(own, section, position, number)) sections.push({ ...section, bytes: own });
      else this.#damaged(at, section.table === "" ? undefined : section.table);
    }
    return sections;
  }

  /** The next header whose frame ends within the file. */
  #nextFrame(from: number): number | undefined {
    for (let at = from; at < this.size; ) {
      const bytes = this.read(at, WINDOW_BYTES);
      const found = findHeader(bytes, 0);
      if (found < 0) {
        // A header may begin in these bytes and end in the next ones.
        at += Math.max(1, bytes.length - 3);
        continue;
      }
      at += found;
      const header = this.#header(at);
      if (header !== undefined && at + frameLength(header) <= this.size) return at;
      at += 1;
    }
    return undefined;
  }

  #damaged(at: number, table: string | undefined): void {
    this.damages.push({ file: this.name, at, table });
  }
}
