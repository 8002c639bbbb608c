import type { Key } from "./table.ts";

/** One write, with everything needed to undo it or to write it to disk. */
export interface Change {
  readonly table: Changeable;
  readonly key: Key;
  /** What the table needs to restore the previous row. */
  readonly before: unknown;
  /** The new row, or for a packed table what is to be written of it; undefined when it was deleted. */
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
