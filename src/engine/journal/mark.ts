import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { FILE_MODE, MARK_FILE } from "./files.ts";

/** How long the journal was when the latest answer left. */
export interface Mark {
  /** The journal, and its length in bytes. */
  readonly file: number;
  readonly at: number;
  /** The snapshot that the journals follow; 0 when there is none. */
  readonly snapshot: number;
}

/** One of two slots is written while the other stays valid: a disk writes a sector entirely or not at all. */
const SLOT_BYTES = 512;
const BYTES = 32;

/**
 * Tells a journal cut short by a crash from a damaged one: everything acknowledged lies before the mark and must be
 * intact, what lies after it may end anywhere. The mark is written once the journal is durable, and is not synced
 * itself: after a power failure it may be behind, never ahead.
 */
export class MarkFile {
  readonly #descriptor: number;
  readonly #bytes = Buffer.alloc(BYTES);
  #turn: number;

  private constructor(descriptor: number, turn: number) {
    this.#descriptor = descriptor;
    this.#turn = turn;
  }

  /** Creates the file, which is durable once the directory is synced. */
  static create(directory: string, mark: Mark): MarkFile {
    const file = new MarkFile(openSync(join(directory, MARK_FILE), "w+", FILE_MODE), 0);
    file.write(mark);
    file.write(mark);
    fsyncSync(file.#descriptor);
    return file;
  }

  /** Opens the file and reads the mark; undefined when there is none or it is damaged. */
  static open(directory: string): { file: MarkFile; mark: Mark } | undefined {
    let descriptor: number;
    try {
      descriptor = openSync(join(directory, MARK_FILE), "r+");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    let best: { turn: number; mark: Mark } | undefined;
    for (const slot of [0, 1]) {
      const bytes = Buffer.alloc(BYTES);
      readSync(descriptor, bytes, 0, BYTES, slot * SLOT_BYTES);
      if (bytes.readUInt32LE(28) !== crc32(bytes.subarray(0, 28))) continue;
      const turn = bytes.readDoubleLE(0);
      if (best !== undefined && best.turn > turn) continue;
      const mark = { file: bytes.readUInt32LE(8), at: bytes.readDoubleLE(12), snapshot: bytes.readUInt32LE(20) };
      best = { turn, mark };
    }
    if (best === undefined) {
      closeSync(descriptor);
      return undefined;
    }
    return { file: new MarkFile(descriptor, best.turn + 1), mark: best.mark };
  }

  write({ file, at, snapshot }: Mark): void {
    const bytes = this.#bytes;
    bytes.writeDoubleLE(this.#turn, 0);
    bytes.writeUInt32LE(file, 8);
    bytes.writeDoubleLE(at, 12);
    bytes.writeUInt32LE(snapshot, 20);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28);
    writeSync(this.#descriptor, bytes, 0, BYTES, (this.#turn % 2) * SLOT_BYTES);
    this.#turn += 1;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
