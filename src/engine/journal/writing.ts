import type { Batch, KeptTable, PackedEntry } from "../disk.ts";
import { SerialMap } from "../serial-map.ts";
import { StoreError } from "../store-error.ts";
import { type FrameWriter, SECTION } from "./frame.ts";
import { RowEncoder, writeKey } from "./row-encoder.ts";
import { byteOf, fileOf, type TextPlace } from "./state.ts";

/** An entry and the offset its text will have in the file. */
export type PlacedEntry = readonly [entry: PackedEntry, at: number];

/** Puts a batch into a frame. @throws StoreError that names a row which cannot be stored; nothing is written then. */
export class BatchWriter {
  readonly #frame: FrameWriter;
  readonly #rows: RowEncoder;

  constructor(frame: FrameWriter) {
    this.#frame = frame;
    this.#rows = new RowEncoder(frame.sections);
  }

  write(batch: Batch): PlacedEntry[] {
    const frame = this.#frame;
    const { sections } = frame;
    if (batch.onlyTables !== undefined) {
      frame.section(SECTION.reset);
      for (const table of batch.onlyTables) sections.text(table);
    }
    if (batch.serialLimit !== undefined) {
      frame.section(SECTION.serials);
      sections.integer(batch.serialLimit);
    }
    for (const [table, rows] of batch.rows) {
      frame.section(SECTION.rows, table);
      this.#rows.clear();
      for (const [key, row] of rows) {
        writeKey(sections, key);
        if (row === undefined) sections.byte(0);
        else this.#row(table, key, row);
      }
    }
    return this.#packed(batch);
  }

  #row(table: string, key: string | number, row: object): void {
    try {
      this.#rows.row(row);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new StoreError(`The row ${key} of the table ${table} cannot be put on disk: ${reason}.`);
    }
  }

  #packed(batch: Batch): PlacedEntry[] {
    const frame = this.#frame;
    const placed: PlacedEntry[] = [];
    for (const [table, entries] of batch.packed) {
      frame.section(SECTION.packed, table);
      for (const [serial, entry] of entries) {
        frame.sections.integer(serial);
        if (entry === undefined) {
          frame.sections.integer(0);
          continue;
        }
        const at = frame.text(serial, entry.head, entry.text);
        frame.sections.integer(at);
        placed.push([entry, at]);
      }
    }
    return placed;
  }
}

/** How much of a snapshot goes into one frame. */
const FRAME_BYTES = 1024 * 1024;

/** Puts tables into frames: each step fills one frame, and may stop in the middle of a table. */
export function* tableFrames(tables: Iterable<KeptTable>, frame: FrameWriter): Generator<"pause" | "full"> {
  const encoder = new RowEncoder(frame.sections);
  for (const { name, rows } of tables) {
    const kind = rows instanceof SerialMap ? SECTION.places : SECTION.rows;
    let isOpen = false;
    let count = 0;
    // Rows added while a table is written are in the journal and may be missing here.
    let left = rows.size;
    for (const [key, value] of rows.entries() as Iterable<[string | number, object | TextPlace]>) {
      if (left-- <= 0) break;
      if (!isOpen) {
        frame.section(kind, name);
        encoder.clear();
        isOpen = true;
      }
      if (typeof value === "number") {
        frame.sections.integer(key as number);
        frame.sections.integer(fileOf(value));
        frame.sections.integer(byteOf(value));
      } else {
        writeKey(frame.sections, key);
        encoder.row(value);
      }
      count += 1;
      if (frame.sections.at >= FRAME_BYTES) {
        yield "full";
        isOpen = false;
      } else if (count % 64 === 0) {
        yield "pause";
      }
    }
  }
}
