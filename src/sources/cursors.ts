import type { Store } from "../engine/store.ts";

/** How far a reader has read in a shard; a row that belongs to the reader's owner. */
export interface Cursor {
  readonly shard: string;
  /**
   * Identifies the stream: one that was deleted and created again under the same name is another one. Cursors in older
   * data directories have none.
   */
  readonly streamSerial?: number | undefined;
  /** The last record that the target has taken or that was given up; undefined before the first. */
  readonly sequenceNumber: string | undefined;
  /** Where to begin without a sequence number: a time, or the oldest record when undefined. */
  readonly fromMs: number | undefined;
  /** Read to the end: its children may be read. */
  readonly done: boolean;
}

/** The cursors of one reader. Each call is a transaction. */
export interface Cursors {
  list(): readonly Cursor[];
  get(shard: string): Cursor | undefined;
  /** Replaces all cursors with these. */
  begin(cursors: readonly Cursor[]): void;
  add(cursors: readonly Cursor[]): void;
  /** Does nothing when the cursor was deleted with its owner. */
  move(cursor: Cursor): void;
}

/** Where reading of a stream begins: with its oldest record, with new ones, or at a time in epoch ms. */
export type StartingPosition = "TRIM_HORIZON" | "LATEST" | number;

/** Where an owner's cursors are stored. */
export interface CursorRows<Row extends Cursor> {
  /** Its rows, in the order of their shards. */
  list(): readonly Row[];
  get(shard: string): Row | undefined;
  put(cursor: Cursor): void;
  delete(row: Row): void;
}

/** The cursors of one owner, as rows of a table. */
export function cursorsIn<Row extends Cursor>(store: Store, { list, get, put, ...rows }: CursorRows<Row>): Cursors {
  return {
    list,
    get,
    begin: (all) =>
      store.transaction(() => {
        for (const row of list()) rows.delete(row);
        all.forEach(put);
      }),
    add: (more) => store.transaction(() => more.forEach(put)),
    move: (cursor) =>
      store.transaction(() => {
        if (get(cursor.shard) !== undefined) put(cursor);
      }),
  };
}
