import { Packr } from "msgpackr";
import type { Batch, Disk } from "../../src/engine/disk.ts";

/** As LMDB encodes values for us, so that a row comes back as it would from a real disk. */
const packr = new Packr({ useRecords: false, useBigIntExtension: true });

/**
 * A disk that outlives processes. A write is whole or nothing, takes some turns of the event loop, and is there a turn before
 * its process hears of it; what a process that has ended still had to write is lost.
 */
export class MemoryDisk {
  readonly #tables = new Map<string, Map<string, Uint8Array>>();
  #serialLimit = 0;
  #processes = 0;
  readonly #forgetful: boolean;

  /** @param forgetful says that a write is done before it is, as no disk may: for seeing that this is found. */
  constructor(forgetful = false) {
    this.#forgetful = forgetful;
  }

  /** The disk for a new process, which ends the one before. @param turns how many a write takes. */
  open(turns: () => number): Disk {
    this.#processes += 1;
    const process = this.#processes;
    const alive = (): Promise<void> | undefined =>
      process === this.#processes ? undefined : new Promise<void>(() => {});
    return {
      serialLimit: this.#serialLimit,
      load: (table) => this.#load(table),
      write: async (batch) => {
        const encoded = [...batch.rows].map(([table, rows]) => [table, [...rows].map(encodedRow)] as const);
        const taken = (async () => {
          for (let left = turns(); left > 0; left -= 1) await turn();
          await alive();
          this.#apply(batch, encoded);
          await turn();
          await alive();
        })();
        if (!this.#forgetful) await taken;
      },
      close: async () => {},
    };
  }

  *#load(table: string): Iterable<[string, object]> {
    const rows = [...(this.#tables.get(table) ?? [])];
    rows.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const [key, value] of rows) yield [key, packr.unpack(value) as object];
  }

  #apply({ onlyTables, serialLimit }: Batch, encoded: readonly (readonly [string, readonly EncodedRow[]])[]): void {
    if (onlyTables !== undefined) {
      for (const table of this.#tables.keys()) if (!onlyTables.has(table)) this.#tables.delete(table);
    }
    for (const [table, rows] of encoded) {
      const kept = this.#tables.get(table) ?? new Map<string, Uint8Array>();
      this.#tables.set(table, kept);
      for (const [key, value] of rows) {
        if (value === undefined) kept.delete(key);
        else kept.set(key, value);
      }
    }
    if (serialLimit !== undefined) this.#serialLimit = serialLimit;
  }
}

type EncodedRow = readonly [key: string, value: Uint8Array | undefined];

function encodedRow([key, row]: readonly [string, object | undefined]): EncodedRow {
  return [key, row === undefined ? undefined : Buffer.from(packr.pack(row))];
}

/** The next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
