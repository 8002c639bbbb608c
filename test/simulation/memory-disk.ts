import type { Batch, Disk, KeptTable } from "../../src/engine/disk.ts";
import { ByteReader, ByteWriter } from "../../src/engine/journal/bytes.ts";
import { RowDecoder, Shapes } from "../../src/engine/journal/row-decoder.ts";
import { RowEncoder } from "../../src/engine/journal/row-encoder.ts";
import { Rows } from "../../src/engine/rows.ts";
import { SerialMap } from "../../src/engine/serial-map.ts";
import type { Key } from "../../src/engine/table.ts";
import { EmptyDisk } from "../support/empty-disk.ts";

/**
 * A disk that outlives processes. A write is whole or nothing, takes some turns of the event loop, and is there a turn before
 * its process hears of it; what a process that has ended still had to write is lost.
 */
export class MemoryDisk {
  tables = new Map<string, Map<Key, Uint8Array>>();
  serialLimit = 0;
  /** Forgetful ones: what was there before the last write. */
  #before: Map<string, Map<Key, Uint8Array>> | undefined;
  readonly #forgetful: boolean;
  #processes = 0;

  /** @param forgetful loses its last write when a process ends, as no disk may: for seeing that this is found. */
  constructor(forgetful = false) {
    this.#forgetful = forgetful;
  }

  /** The disk for a new process, which ends the one before. @param turns how many a write takes. */
  open(turns: () => number): Disk {
    this.#processes += 1;
    const process = this.#processes;
    this.tables = this.#before ?? this.tables;
    this.#before = undefined;
    const ended = () => (process === this.#processes ? undefined : new Promise<void>(() => {}));
    return new OpenMemoryDisk(this, turns, ended);
  }

  /** To be called before each write. */
  remember(): void {
    if (this.#forgetful) this.#before = new Map([...this.tables].map(([table, rows]) => [table, new Map(rows)]));
  }
}

class OpenMemoryDisk extends EmptyDisk {
  override readonly serialLimit: number;
  readonly #disk: MemoryDisk;
  readonly #turns: () => number;
  readonly #ended: () => Promise<void> | undefined;
  readonly #taken = new Set<string>();
  #nextPlace = 1;

  constructor(disk: MemoryDisk, turns: () => number, ended: () => Promise<void> | undefined) {
    super();
    this.serialLimit = disk.serialLimit;
    this.#disk = disk;
    this.#turns = turns;
    this.#ended = ended;
  }

  override take(table: string): Rows<object> {
    this.#taken.add(table);
    return this.#rows(table);
  }

  override takePacked(table: string): SerialMap {
    this.#taken.add(table);
    const places = new SerialMap();
    for (const [serial, row] of this.#rows(table)) places.set(serial as number, this.#place(row as Packed));
    return places;
  }

  override *untaken(): Generator<KeptTable> {
    for (const name of this.#disk.tables.keys()) if (!this.#taken.has(name)) yield { name, rows: this.#rows(name) };
  }

  override async write(batch: Batch): Promise<void> {
    const rows = [...batch.rows].map(([table, changes]) => [table, encoded(changes)] as const);
    const packed = [...batch.packed].map(([table, changes]) => [table, encoded(changes)] as const);
    for (let left = this.#turns(); left > 0; left -= 1) await turn();
    await this.#ended();
    this.#disk.remember();
    this.#apply(batch, [...rows, ...packed]);
    await turn();
    await this.#ended();
    this.settle(batch);
  }

  override contents(): ReadonlyMap<string, ReadonlyMap<Key, object>> {
    return new Map([...this.#disk.tables.keys()].map((table) => [table, this.#rows(table)]));
  }

  override settle({ packed }: Batch): void {
    for (const entries of packed.values()) {
      for (const entry of entries.values()) entry?.written(this.#place({ head: entry.head, text: entry.text }));
    }
  }

  #place(row: Packed): number {
    this.texts.set(this.#nextPlace, row);
    return this.#nextPlace++;
  }

  #rows(table: string): Rows<object> {
    const rows = new Rows<object>();
    for (const [key, bytes] of this.#disk.tables.get(table) ?? []) {
      rows.set(key, new RowDecoder(new ByteReader(Buffer.from(bytes)), new Shapes()).row() as object);
    }
    return rows;
  }

  #apply({ onlyTables, serialLimit }: Batch, changes: readonly (readonly [string, EncodedRows])[]): void {
    const { tables } = this.#disk;
    if (onlyTables !== undefined) {
      for (const table of tables.keys()) if (!onlyTables.has(table)) tables.delete(table);
    }
    for (const [table, rows] of changes) {
      const kept = tables.get(table) ?? new Map<Key, Uint8Array>();
      tables.set(table, kept);
      for (const [key, value] of rows) {
        if (value === undefined) kept.delete(key);
        else kept.set(key, value);
      }
    }
    if (serialLimit !== undefined) this.#disk.serialLimit = serialLimit;
  }
}

interface Packed {
  readonly head: string;
  readonly text: string;
}

type EncodedRows = readonly (readonly [Key, Uint8Array | undefined])[];

/** As a real disk would give rows back. */
function encoded(changes: ReadonlyMap<Key, object | undefined>): EncodedRows {
  return [...changes].map(([key, row]) => {
    if (row === undefined) return [key, undefined];
    const writer = new ByteWriter();
    const { head, text } = row as Partial<Packed>;
    new RowEncoder(writer).row("written" in row ? { head, text } : row);
    return [key, Buffer.from(writer.written)];
  });
}

/** The next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
