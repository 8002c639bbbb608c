import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileName } from "./files.ts";
import type { JournalTexts } from "./snapshot.ts";
import type { LoadedState } from "./state.ts";
import type { TextFiles } from "./text-files.ts";

/** The journals before the current one, and which of them nobody needs any more: older than the snapshot, without texts. */
export class OldJournals {
  readonly #directory: string;
  readonly #state: LoadedState;
  readonly #texts: TextFiles;
  readonly #lengths = new Map<number, number>();
  /** Found before the write under way, and since. */
  #dead = new Set<number>();
  /** Deletions under way. */
  #removals = Promise.resolve();

  constructor(directory: string, state: LoadedState, texts: TextFiles, numbers: readonly number[]) {
    this.#directory = directory;
    this.#state = state;
    this.#texts = texts;
    for (const number of numbers) {
      this.#lengths.set(number, statSync(join(directory, fileName("journal", number))).size);
    }
  }

  add(number: number, length: number): void {
    this.#lengths.set(number, length);
  }

  /** Those older than this one. */
  *before(number: number): Generator<JournalTexts> {
    for (const [journal, length] of this.#lengths) {
      if (journal < number) yield { number: journal, length, ...this.#state.textsOf(journal) };
    }
  }

  /** Notes a journal that is older than the snapshot and whose texts are no longer needed. */
  noteDead(number: number, snapshot: number): void {
    if (number < snapshot && this.#state.textsOf(number).live <= 0) this.#dead.add(number);
  }

  /** As `noteDead`, for all of them. */
  noteAllDead(snapshot: number): void {
    for (const journal of this.#lengths.keys()) this.noteDead(journal, snapshot);
  }

  /** Those noted so far, which may be removed once what made them unneeded is durable. */
  takeDead(): Set<number> {
    const dead = this.#dead;
    this.#dead = new Set();
    return dead;
  }

  /** Notes them again: what made them unneeded was not written. */
  putBack(dead: Iterable<number>): void {
    for (const number of dead) this.#dead.add(number);
  }

  remove(dead: Iterable<number>): void {
    for (const number of dead) {
      if (this.#state.textsOf(number).live > 0) continue;
      this.#texts.closeFile(number);
      this.removeFile(fileName("journal", number));
      this.#lengths.delete(number);
      this.#state.texts.delete(number);
    }
  }

  /**
   * Deletes asynchronously, since a large file would block the thread. A file that remains is deleted at the next
   * start.
   */
  removeFile(name: string): void {
    const path = join(this.#directory, name);
    this.#removals = this.#removals.then(() => rm(path, { force: true })).catch(() => {});
  }

  /** Resolves when all deletions are done. */
  removed(): Promise<void> {
    return this.#removals;
  }
}
