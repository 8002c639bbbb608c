import { CHUNK, type Rows, type UnreadRows } from "../rows.ts";
import { ByteReader } from "./bytes.ts";
import { type Context, RowDecoder, readKey, Shapes } from "./row-decoder.ts";

/** A shorter run takes no less memory as bytes than as objects. */
const FEWEST = 4;
/** Sections share buffers of this size, in bytes. */
const BLOCK_BYTES = 1024 * 1024;
const NONE = -1;

/** Rows of one chunk with rising serials, written one after the other. */
interface Run {
  id: number;
  from: number;
  context: Context;
  places: number;
  count: number;
}

/**
 * Loads sections of rows. Runs of neighbouring serials, such as messages, stay encoded until one of them is needed: a
 * start then creates no millions of objects, and a backlog takes less memory than before the restart.
 */
export class RowsReader {
  readonly #shapes = new Shapes();
  #block = Buffer.alloc(0);
  #blockAt = 0;

  /** @param bytes valid during the call only. */
  read(bytes: Buffer, rows: Rows<object>): void {
    const reader = new ByteReader(bytes);
    const decoder = new RowDecoder(reader, this.#shapes);
    /** A copy of the section, made when the first run of it is kept. */
    let kept: { readonly bytes: Buffer; readonly from: number } | undefined;
    let run: Run | undefined;
    const endRun = ({ id, from, context, places, count }: Run, end: number): void => {
      if (count < FEWEST) {
        new Piece(this.#shapes, context, places, bytes, from, end).each((key, row) => rows.set(key, row));
        return;
      }
      kept ??= this.#keep(bytes);
      const piece = new Piece(this.#shapes, context, places, kept.bytes, kept.from + from, kept.from + end);
      rows.addUnread(id, piece);
    };
    while (reader.at < reader.end) {
      const from = reader.at;
      const key = readKey(reader);
      const id = typeof key === "number" ? Math.floor(key / CHUNK) : NONE;
      const place = id === NONE ? 0 : 1 << ((key as number) % CHUNK);
      if (run !== undefined && (run.id !== id || run.places >= place)) {
        endRun(run, from);
        run = undefined;
      }
      if (id === NONE) {
        const row = decoder.row();
        if (row === undefined) rows.delete(key);
        else rows.set(key, row);
        continue;
      }
      const context = run?.context ?? decoder.context();
      if (decoder.skip()) {
        run ??= { id, from, context, places: 0, count: 0 };
        run.places |= place;
        run.count += 1;
      } else {
        if (run !== undefined) endRun(run, from);
        run = undefined;
        rows.delete(key);
      }
    }
    if (run !== undefined) endRun(run, reader.end);
  }

  #keep(bytes: Buffer): { readonly bytes: Buffer; readonly from: number } {
    if (bytes.length > this.#block.length - this.#blockAt) {
      this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, bytes.length));
      this.#blockAt = 0;
    }
    const from = this.#blockAt;
    this.#block.set(bytes, from);
    this.#blockAt += bytes.length;
    return { bytes: this.#block, from };
  }
}

class Piece implements UnreadRows<object> {
  readonly places: number;
  readonly #shapes: Shapes;
  readonly #context: Context;
  readonly #bytes: Buffer;
  readonly #from: number;
  readonly #end: number;

  constructor(shapes: Shapes, context: Context, places: number, bytes: Buffer, from: number, end: number) {
    this.#shapes = shapes;
    this.#context = context;
    this.places = places;
    this.#bytes = bytes;
    this.#from = from;
    this.#end = end;
  }

  readInto(rows: (object | undefined)[]): void {
    this.each((key, row) => {
      rows[key % CHUNK] = row;
    });
  }

  each(action: (key: number, row: object) => void): void {
    const reader = new ByteReader(this.#bytes, this.#from, this.#end);
    const decoder = new RowDecoder(reader, this.#shapes, this.#context);
    while (reader.at < reader.end) {
      const key = readKey(reader) as number;
      action(key, decoder.row() as object);
    }
  }
}
