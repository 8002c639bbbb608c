import type { Rows } from "./rows.ts";
import type { SerialMap } from "./serial-map.ts";
import type { Key } from "./table.ts";

/** A packed row on its way to the disk. */
export interface PackedEntry {
  readonly head: string;
  readonly text: string;
  /** Called with the place of the text once it is durable. */
  written(place: number): void;
}

/** What one write puts on disk, entirely or not at all. */
export interface Batch {
  /** By table, then by key; undefined: the row is deleted. */
  readonly rows: Map<string, Map<Key, object | undefined>>;
  /** The same for packed tables, by serial. */
  readonly packed: Map<string, Map<number, PackedEntry | undefined>>;
  /** Serials below this may have been handed out. */
  serialLimit: number | undefined;
  /** Deletes the rows of all tables except these, before everything else. */
  onlyTables: ReadonlySet<string> | undefined;
}

/** A table as it is in memory. */
export interface KeptTable {
  readonly name: string;
  /** Its rows; for a packed table, the places of their texts. */
  readonly rows: ReadonlyMap<Key, object> | SerialMap;
}

/** What a disk needs from the store whose rows it keeps. */
export interface Source {
  tables(): Iterable<KeptTable>;
  /** As `Store.flushed`. */
  flushed(): Promise<void> | undefined;
  /** Rewrites the texts still needed from sparse journals, so that those journals can be deleted. */
  moveTexts(isSparse: (place: number) => boolean): Promise<void>;
}

/** Where a durable store keeps its rows. */
export interface Disk {
  /** The rows of a table, which belong to the caller from now on. Called once per table. */
  take(table: string): Rows<object>;
  /** The same for a packed table: where its rows' texts are. */
  takePacked(table: string): SerialMap;
  /** The tables that nobody has taken. */
  untaken(): Iterable<KeptTable>;
  /** The last serial limit written; 0 at first. */
  readonly serialLimit: number;
  /** To be called before the first write. */
  attach(source: Source): void;
  /**
   * Resolves when the batch would survive a power failure. Rejects with StoreError when none of it would be there after
   * a restart.
   */
  write(batch: Batch): Promise<void>;
  /** The head and the text of a packed row. @throws StoreError when it is damaged. */
  read(table: string, serial: number, place: number): { readonly head: string; readonly text: string };
  /** For tests: what a restart would find, by table and key, with packed rows as head and text. */
  contents(): ReadonlyMap<string, ReadonlyMap<Key, object>>;
  /** The text at this place is no longer needed. */
  release(place: number): void;
  close(): Promise<void>;
}
