import type { Rows } from "./rows.ts";
import type { SerialMap } from "./serial-map.ts";
import type { Key } from "./table.ts";

/** A packed row on its way to the disk. */
export interface PackedEntry {
  readonly head: string;
  readonly text: string;
  /** Told where the text stands, once it is safe. */
  written(place: number): void;
}

/** What one write takes to the disk, wholly or not at all. */
export interface Batch {
  /** By table, then by key; undefined: the row is deleted. */
  readonly rows: Map<string, Map<Key, object | undefined>>;
  /** The same of packed tables, by serial. */
  readonly packed: Map<string, Map<number, PackedEntry | undefined>>;
  /** Serials below this may have been handed out. */
  serialLimit: number | undefined;
  /** Deletes the rows of all tables but these, ahead of everything else. */
  onlyTables: ReadonlySet<string> | undefined;
}

/** A table as it stands in memory. */
export interface KeptTable {
  readonly name: string;
  /** Its rows, or of a packed table where their texts are. */
  readonly rows: ReadonlyMap<Key, object> | SerialMap;
}

/** What a disk needs to know of the store whose rows it keeps. */
export interface Source {
  tables(): Iterable<KeptTable>;
  /** As `Store.flushed`. */
  flushed(): Promise<void> | undefined;
  /** Writes the texts that these journals still have once more, so that the journals can go; resolves when it is done. */
  moveTexts(isSparse: (place: number) => boolean): Promise<void>;
}

/** Where a durable store keeps its rows. */
export interface Disk {
  /** The rows of a table, which from now on belong to the caller. Once for each table. */
  take(table: string): Rows<object>;
  /** The same of a packed table: where the texts of its rows are. */
  takePacked(table: string): SerialMap;
  /** The tables that nobody took. */
  untaken(): Iterable<KeptTable>;
  /** The last serial limit written; 0 at first. */
  readonly serialLimit: number;
  /** To be called before the first write. */
  attach(source: Source): void;
  /** Resolves when the batch would survive a loss of power; rejects with StoreError, nothing of it being there after a restart. */
  write(batch: Batch): Promise<void>;
  /** The head and the text of a packed row. @throws StoreError when it is damaged. */
  read(table: string, serial: number, place: number): { readonly head: string; readonly text: string };
  /** For tests: by table and key all that a restart would find, packed rows as head and text. */
  contents(): ReadonlyMap<string, ReadonlyMap<Key, object>>;
  /** The text there is not needed any more. */
  release(place: number): void;
  close(): Promise<void>;
}
