import { statSync } from "node:fs";
import { join } from "node:path";
import { FILE_HEADER_BYTES, FORMAT, fileName, numbersOf } from "./files.ts";
import { SECTION } from "./frame.ts";
import { type Damage, type Frame, FrameFile } from "./frame-file.ts";
import type { Mark } from "./mark.ts";
import { byteOf, fileOf, LoadedState } from "./state.ts";
import { TextFiles } from "./text-files.ts";

export interface Loaded {
  readonly state: LoadedState;
  readonly damages: readonly Damage[];
  /** The journal to continue, and how much of it is intact; what follows was never acknowledged. */
  readonly file: number;
  readonly end: number;
  /** The snapshot that was read; 0: there is none. */
  readonly snapshot: number;
  /** Bytes of that snapshot, and of the sections read after it. */
  readonly snapshotBytes: number;
  readonly readBytes: number;
}

/** A directory written in another format. */
export class OtherFormat extends Error {
  readonly format: number;

  constructor(format: number) {
    super(`format ${format}`);
    this.format = format;
  }
}

/**
 * Reads a directory: the latest snapshot, and the journals from its number on. Everything that is used has a valid
 * checksum; texts of packed rows are checked when they are read. `mark` is undefined when it is damaged or missing.
 * @throws OtherFormat, and errors of the file system.
 */
export function load(directory: string, mark: Mark | undefined): Loaded {
  return new Loader(directory, mark).run();
}

class Loader {
  readonly #directory: string;
  readonly #mark: Mark | undefined;
  readonly #state = new LoadedState();
  readonly #damages: Damage[] = [];
  #readBytes = 0;

  constructor(directory: string, mark: Mark | undefined) {
    this.#directory = directory;
    this.#mark = mark;
  }

  run(): Loaded {
    const journals = numbersOf("journal", this.#directory);
    const snapshot = numbersOf("snapshot", this.#directory).at(-1) ?? 0;
    const mark = this.#mark;
    if (mark === undefined) this.#damaged("commit", 0);
    else if (snapshot < mark.snapshot) this.#damaged(fileName("snapshot", mark.snapshot), 0);
    const snapshotBytes = snapshot === 0 ? 0 : this.#snapshot(snapshot);
    const first = Math.max(snapshot, mark?.snapshot ?? 0, 1);
    const last = Math.max(journals.at(-1) ?? 0, mark?.file ?? 0, first);
    let end = FILE_HEADER_BYTES;
    this.#readBytes = 0;
    for (let number = first; number <= last; number += 1) end = this.#journal(number, number === last);
    this.#checkTexts();
    return {
      state: this.#state,
      damages: this.#damages,
      file: last,
      end,
      snapshot,
      snapshotBytes,
      readBytes: this.#readBytes,
    };
  }

  /** Returns its length in bytes. */
  #snapshot(number: number): number {
    const file = this.#open("snapshot", number);
    if (file === undefined) return 0;
    try {
      for (const frame of file.frames()) this.#apply(frame, number);
      this.#damages.push(...file.damages);
      if (file.damages.length === 0 && (!this.#state.ended || file.end < file.size)) this.#damaged(file.name, file.end);
      return file.size;
    } finally {
      file.close();
    }
  }

  /** Returns where it ends. */
  #journal(number: number, isLast: boolean): number {
    const marked =
      this.#mark === undefined || number > this.#mark.file ? 0 : number < this.#mark.file ? -1 : this.#mark.at;
    const file = this.#open("journal", number, isLast && marked === 0);
    if (file === undefined) return 0;
    try {
      let end = FILE_HEADER_BYTES;
      for (const frame of file.frames()) {
        // Beyond the mark a crash may have cut a frame short, so its texts are checked as well.
        const isBehind = isLast && frame.at >= marked && marked >= 0;
        if (isBehind && !this.#textsAreWhole(frame, number)) break;
        this.#apply(frame, number);
        end = frame.end;
      }
      // Damage beyond the mark, with nothing intact after it, is just the end of the file.
      const within = file.damages;
      this.#damages.push(...within);
      const needed = marked === -1 || !isLast ? file.size : Math.max(marked, FILE_HEADER_BYTES);
      if (end < needed && within.length === 0) this.#damaged(file.name, end);
      return end;
    } finally {
      file.close();
    }
  }

  /** Undefined when the file is missing or not one of ours; that counts as damage unless it `mayBeUnfinished`. */
  #open(kind: "journal" | "snapshot", number: number, mayBeUnfinished = false): FrameFile | undefined {
    let file: FrameFile;
    try {
      file = new FrameFile(this.#directory, kind, number);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      this.#damaged(fileName(kind, number), 0);
      return undefined;
    }
    const format = file.format();
    if (format === FORMAT) return file;
    if (format !== undefined) {
      file.close();
      throw new OtherFormat(format);
    }
    if (!mayBeUnfinished) {
      // Its frames may be intact all the same; they name the file they belong to.
      this.#damaged(file.name, 0);
      return file;
    }
    file.close();
    return undefined;
  }

  #apply(frame: Frame, file: number): void {
    for (const section of frame.sections) {
      this.#state.apply(section, file);
      this.#readBytes += section.length;
    }
  }

  #textsAreWhole(frame: Frame, file: number): boolean {
    const probe = new LoadedState();
    for (const section of frame.sections) if (section.kind === SECTION.packed) probe.apply(section, file);
    const texts = new TextFiles(this.#directory);
    try {
      for (const places of probe.places.values()) {
        for (const [serial, place] of places.entries()) if (texts.read(place, serial) === undefined) return false;
      }
      return true;
    } finally {
      texts.close();
    }
  }

  /** Does not read the texts, but checks that their journals exist and are long enough. */
  #checkTexts(): void {
    const state = this.#state;
    for (const [file, { live }] of state.texts) {
      if (live <= 0) continue;
      let size = -1;
      try {
        size = statSync(join(this.#directory, fileName("journal", file))).size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
      const length = state.lengths.get(file) ?? 0;
      if (size >= length && size >= 0) continue;
      for (const [table, places] of state.places) {
        for (const [, place] of places.entries()) {
          if (fileOf(place) !== file || byteOf(place) < size) continue;
          this.#damaged(fileName("journal", file), Math.max(size, 0), table);
          break;
        }
      }
    }
  }

  #damaged(file: string, at: number, table?: string): void {
    this.#damages.push({ file, at, table });
  }
}
