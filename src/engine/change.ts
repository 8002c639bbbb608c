import type { Key } from "./table.ts";

/** One write, with all that is needed to undo it or to put it on disk. */
export interface Change {
  readonly table: Changeable;
  readonly key: Key;
  /** What the table needs to have again what was there. */
  readonly before: unknown;
  /** The row that is there now, or of a packed table what is to be written of it; undefined: none. */
  readonly after: object | undefined;
}

/** A table as transactions see it. */
export interface Changeable {
  readonly name: string;
  /** Whether its rows are kept as `PackedEntry`. */
  readonly isPacked: boolean;
  /** Takes back the latest change of a row. Not recorded. */
  undo(change: Change): void;
}
