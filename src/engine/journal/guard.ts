import { fstatSync, type Stats, statSync } from "node:fs";
import { StoreError } from "../store-error.ts";

/**
 * Notices when somebody deletes or replaces files that we have open: what is written to them would be lost with the
 * last descriptor.
 */
export class Guard {
  readonly #directory: string;
  readonly #watched = new Map<string, Stats>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** From now on the file at this path must be the one behind this descriptor. */
  watch(path: string, descriptor: number): void {
    this.#watched.set(path, fstatSync(descriptor));
  }

  /** The same for a file without an open descriptor. */
  watchPath(path: string): void {
    this.#watched.set(path, statSync(path));
  }

  forget(path: string): void {
    this.#watched.delete(path);
  }

  /** @throws StoreError when a file is no longer the same. */
  check(): void {
    for (const [path, { ino, dev }] of this.#watched) {
      const found = statSync(path, { throwIfNoEntry: false });
      if (found?.ino === ino && found.dev === dev) continue;
      throw new StoreError(
        `The data directory ${this.#directory} was ${found === undefined ? "deleted or moved away" : "replaced"} while Busbar runs: nothing is kept any more, so no change is answered for. Put it back, or stop Busbar and start it again.`,
      );
    }
  }
}
