import type { Store } from "../engine/store.ts";

/** How far a reader has come in the shards of its stream: rows of whoever it reads for. */
export interface Cursor {
  readonly shard: string;
  /**
   * Which stream of the name it is: one that was deleted and made again is another one. Cursors of data directories that
   * are older than this have none.
   */
  readonly streamSerial?: number | undefined;
  /** The last record the target has taken or that was given up; undefined before the first. */
  readonly sequenceNumber: string | undefined;
  /** Where to begin without a sequence number: a time, or the oldest record when undefined. */
  readonly fromMs: number | undefined;
  /** Read to its end: its children may be read. */
  readonly done: boolean;
}

/** The cursors of one reader. Each call is a transaction. */
export interface Cursors {
  list(): readonly Cursor[];
  get(shard: string): Cursor | undefined;
  /** Drops all there are and begins with these. */
  begin(cursors: readonly Cursor[]): void;
  add(cursors: readonly Cursor[]): void;
  /** Nothing for a cursor that is gone: it was deleted with its owner. */
  move(cursor: Cursor): void;
}

/** Where a stream is read from at first: from its oldest record, from what comes now, or from a time in epoch ms. */
export type StartingPosition = "TRIM_HORIZON" | "LATEST" | number;

/** Where an owner's cursors are kept. */
export interface CursorRows<Row extends Cursor> {
  /** Its rows, in the order of their shards. */
  list(): readonly Row[];
  get(shard: string): Row | undefined;
  put(cursor: Cursor): void;
  delete(row: Row): void;
}

/** The cursors of one owner as rows of a table. */
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
