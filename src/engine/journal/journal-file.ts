import { closeSync, fdatasync, fsyncSync, ftruncateSync, openSync, write, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { FILE_HEADER_BYTES, FILE_MODE, fileHeader, fileName, syncDirectory } from "./files.ts";

const writeSome = promisify(write);
const sync = promisify(fdatasync);

/** The journal being written. */
export class JournalFile {
  readonly number: number;
  readonly path: string;
  readonly descriptor: number;
  /** How much of it is durable. */
  end: number;
  /** A write failed, and its remains could not be cut off yet. */
  #isSoiled = false;

  private constructor(directory: string, number: number, flags: string, end: number) {
    this.number = number;
    this.path = join(directory, fileName("journal", number));
    this.descriptor = openSync(this.path, flags, FILE_MODE);
    this.end = end;
  }

  /** @throws Error of the file system. */
  static create(directory: string, number: number): JournalFile {
    const file = new JournalFile(directory, number, "w+", FILE_HEADER_BYTES);
    writeSync(file.descriptor, fileHeader("journal", number), 0, FILE_HEADER_BYTES, 0);
    fsyncSync(file.descriptor);
    syncDirectory(directory);
    return file;
  }

  /** Opens a journal to continue at `end`; anything after it is cut off. */
  static open(directory: string, number: number, end: number): JournalFile {
    if (end < FILE_HEADER_BYTES) return JournalFile.create(directory, number);
    const file = new JournalFile(directory, number, "r+", end);
    ftruncateSync(file.descriptor, end);
    return file;
  }

  /** Resolves when the bytes are durable; when it rejects, none of them are there. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#isSoiled) this.#cut();
    this.#isSoiled = true;
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await writeSome(this.descriptor, bytes, at, bytes.length - at, this.end + at);
        at += bytesWritten;
      }
      await sync(this.descriptor);
    } catch (error) {
      this.#tryCut();
      throw error;
    }
    this.#isSoiled = false;
    this.end += bytes.length;
  }

  /** Removes what was appended last. */
  takeBack(length: number): void {
    this.end -= length;
    this.#isSoiled = true;
    this.#tryCut();
  }

  close(): void {
    closeSync(this.descriptor);
  }

  #tryCut(): void {
    try {
      this.#cut();
    } catch {
      // Tried again before the next write, which fails when this does.
    }
  }

  #cut(): void {
    ftruncateSync(this.descriptor, this.end);
    this.#isSoiled = false;
  }
}
