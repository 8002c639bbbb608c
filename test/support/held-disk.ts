/** A disk in memory that takes writes only while it is not held. */
import type { Batch, Disk } from "../../src/engine/disk.ts";

export class HeldDisk implements Disk {
  readonly serialLimit = 0;
  /** Batches that were taken. */
  written = 0;
  #held: Promise<void> | undefined;
  #release: () => void = () => {};

  load(): Iterable<[string, object]> {
    return [];
  }

  async write(_batch: Batch): Promise<void> {
    await this.#held;
    this.written += 1;
  }

  async close(): Promise<void> {}

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release();
    this.#held = undefined;
  }
}
