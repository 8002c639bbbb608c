/** A disk in memory that takes writes only while it is not held. */
import type { Batch } from "../../src/engine/disk.ts";
import { EmptyDisk } from "./empty-disk.ts";

export class HeldDisk extends EmptyDisk {
  /** Batches that were taken. */
  written = 0;
  #held: Promise<void> | undefined;
  #release: () => void = () => {};

  override async write(batch: Batch): Promise<void> {
    await this.#held;
    this.settle(batch);
    this.written += 1;
  }

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  letGo(): void {
    this.#release();
    this.#held = undefined;
  }
}
