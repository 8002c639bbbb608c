import type { Batch, Disk, KeptTable } from "../../src/engine/disk.ts";
import { Rows } from "../../src/engine/rows.ts";
import { SerialMap } from "../../src/engine/serial-map.ts";
import type { Key } from "../../src/engine/table.ts";

/** A disk that was never written to and takes all; tests change what they are about. */
export class EmptyDisk implements Disk {
  readonly serialLimit: number = 0;
  /** What packed rows say, by place. */
  readonly texts = new Map<number, { readonly head: string; readonly text: string }>();
  #places = 0;

  take(_table: string): Rows<object> {
    return new Rows();
  }

  takePacked(_table: string): SerialMap {
    return new SerialMap();
  }

  untaken(): Iterable<KeptTable> {
    return [];
  }

  attach(): void {}

  async write(batch: Batch): Promise<void> {
    this.settle(batch);
  }

  /** Tells packed rows that they are written. */
  settle({ packed }: Batch): void {
    for (const entries of packed.values()) {
      for (const entry of entries.values()) {
        if (entry === undefined) continue;
        this.#places += 1;
        this.texts.set(this.#places, { head: entry.head, text: entry.text });
        entry.written(this.#places);
      }
    }
  }

  read(_table: string, _serial: number, place: number): { readonly head: string; readonly text: string } {
    return this.texts.get(place) as { head: string; text: string };
  }

  release(place: number): void {
    this.texts.delete(place);
  }

  contents(): ReadonlyMap<string, ReadonlyMap<Key, object>> {
    return new Map();
  }

  async close(): Promise<void> {}
}
