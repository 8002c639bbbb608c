import { close, fdatasync, open, rename, rmSync, write } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Source } from "../disk.ts";
import { performance, setImmediate } from "../real-time.ts";
import { FILE_MODE, fileHeader, fileName, syncDirectory } from "./files.ts";
import { FrameWriter, SECTION } from "./frame.ts";
import type { TextCount } from "./state.ts";
import { tableFrames } from "./writing.ts";

const [openFile, writeSome, sync, closeFile, renameFile] = [
  promisify(open),
  promisify(write),
  promisify(fdatasync),
  promisify(close),
  promisify(rename),
];

/** How long to write without a break; requests are answered in between. */
const SLICE_MS = 2;

/** What is known about a journal when a snapshot is written. */
export interface JournalTexts extends TextCount {
  readonly number: number;
  readonly length: number;
}

export interface SnapshotContents {
  readonly source: Source;
  readonly serialLimit: () => number;
  /** For all journals before the snapshot's own. */
  readonly journals: () => Iterable<JournalTexts>;
}

/**
 * Writes the contents of the tables while they go on changing. Changes made meanwhile are in the journal with the same
 * number, which is read after the snapshot, so a row may be written as it was at any moment since the beginning.
 * @returns the length in bytes; undefined when it was told to stop.
 * @throws Error of the file system, or StoreError when the contents of the tables cannot be made durable.
 */
export async function writeSnapshot(
  directory: string,
  number: number,
  contents: SnapshotContents,
  isStopped: () => boolean,
): Promise<number | undefined> {
  const path = join(directory, fileName("snapshot", number));
  const unfinished = `${path}.new`;
  const descriptor = await openFile(unfinished, "w", FILE_MODE);
  let isDone = false;
  try {
    const file = new SnapshotFile(descriptor, number);
    await file.begin();
    for (const state of tableFrames(contents.source.tables(), file.frame)) {
      if (state === "full") await file.endFrame();
      else if (file.isTired()) await file.rest();
      if (isStopped()) return undefined;
    }
    // A row in the snapshot must not be lost by a write that fails: the snapshot counts once everything in it is
    // durable.
    await contents.source.flushed();
    file.end(contents);
    await file.endFrame();
    await sync(descriptor);
    if (isStopped()) return undefined;
    await renameFile(unfinished, path);
    syncDirectory(directory);
    isDone = true;
    return file.length;
  } finally {
    await closeFile(descriptor);
    if (!isDone) rmSync(unfinished, { force: true });
  }
}

class SnapshotFile {
  readonly frame = new FrameWriter();
  length = 0;
  readonly #descriptor: number;
  readonly #number: number;
  #awakeSinceMs = performance.now();

  constructor(descriptor: number, number: number) {
    this.#descriptor = descriptor;
    this.#number = number;
  }

  async begin(): Promise<void> {
    await this.#write(fileHeader("snapshot", this.#number));
  }

  async endFrame(): Promise<void> {
    await this.#write(this.frame.finish());
  }

  end({ serialLimit, journals }: SnapshotContents): void {
    const { frame } = this;
    frame.section(SECTION.serials);
    frame.sections.integer(serialLimit());
    frame.section(SECTION.journals);
    for (const { number, total, live, length } of journals()) {
      if (live <= 0) continue;
      for (const value of [number, total, length]) frame.sections.integer(value);
    }
    frame.section(SECTION.end);
  }

  isTired(): boolean {
    return performance.now() - this.#awakeSinceMs > SLICE_MS;
  }

  async rest(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    this.#awakeSinceMs = performance.now();
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await writeSome(this.#descriptor, bytes, at, bytes.length - at, this.length + at);
      at += bytesWritten;
    }
    this.length += bytes.length;
    this.frame.begin({ file: this.#number, at: this.length });
    this.#awakeSinceMs = performance.now();
  }
}
