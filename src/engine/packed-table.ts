import { ByteLog, type Place } from "./byte-log.ts";
import type { Change, Changeable } from "./change.ts";
import { SerialMap } from "./serial-map.ts";

/**
 * A table for rows with long texts that are seldom read: kept as bytes outside the heap, and above a few megabytes in a
 * temporary file. Its key is a serial (`Store.nextSerial`), and it has no indexes.
 */
export interface PackedTableDefinition<Row> {
  /** Unique in the store and permanent: it is the name on disk. */
  name: string;
  /** The primary key: a serial of the store. */
  serial(row: Row): number;
  /** The account the row belongs to, for `Store.reset(account)`. */
  account(row: Row): string;
  /** All of the row except its text, as a short string. */
  head(row: Row): string;
  text(row: Row): string;
  /** Builds the row from its head and text. */
  row(head: string, text: string): Row;
}

export function definePackedTable<Row extends object>(
  definition: PackedTableDefinition<Row>,
): PackedTableDefinition<Row> {
  return definition;
}

/** A text of an account, under a serial that other rows refer to. */
export interface TextRow {
  readonly serial: number;
  readonly account: string;
  readonly text: string;
}

/** A packed table of texts. */
export function defineTextTable(name: string): PackedTableDefinition<TextRow> {
  return {
    name,
    serial: (row) => row.serial,
    account: (row) => row.account,
    head: ({ serial, account }) => `${serial} ${account}`,
    text: (row) => row.text,
    row: (head, text) => {
      // Older versions of some tables used a line break.
      const [serial, account] = head.split(/[ \n]/) as [string, string];
      return { serial: Number(serial), account, text };
    },
  };
}

/** Rows under serials. Each read builds the row again. */
export interface PackedTable<Row> {
  readonly size: number;
  get(serial: number): Row | undefined;
  /** Without reading the row. */
  has(serial: number): boolean;
  /** Inserts the row or replaces the one of the same serial. Only inside `Store.transaction`. */
  put(row: Row): void;
  /** Returns whether there was such a row. Only inside `Store.transaction`. */
  delete(serial: number): boolean;
}

export type AnyPackedDefinition = PackedTableDefinition<object>;

/** A packed table as the store holds it. */
export interface HeldPackedTable extends PackedTable<object>, Changeable {
  /**
   * Deletes an account's rows, looking at one row between two items it yields. Each step inside `Store.transaction`.
   */
  forget(account: string): Iterable<undefined>;
  /** Deletes all rows at once, which cannot be undone. Only for the store. */
  clear(): void;
  close(): void;
}

/** The rows of one packed table of a store in memory. Every write goes to the journal of the running transaction. */
export class StoredPackedTable implements HeldPackedTable {
  readonly definition: AnyPackedDefinition;
  readonly name: string;
  readonly isPacked = true;
  #log = new ByteLog();
  readonly #places = new SerialMap();
  readonly #journal: () => Change[];
  readonly #afterCommit: (action: () => void) => void;

  /** `journal` is as in StoredTable, `afterCommit` as in Store. */
  constructor(definition: AnyPackedDefinition, journal: () => Change[], afterCommit: (action: () => void) => void) {
    this.definition = definition;
    this.name = definition.name;
    this.#journal = journal;
    this.#afterCommit = afterCommit;
  }

  get size(): number {
    return this.#places.size;
  }

  get(serial: number): object | undefined {
    const place = this.#places.get(serial);
    if (place === undefined) return undefined;
    const { head, text } = this.#log.read(place);
    return this.definition.row(head, text);
  }

  has(serial: number): boolean {
    return this.#places.get(serial) !== undefined;
  }

  put(row: object): void {
    const journal = this.#journal();
    const key = this.definition.serial(row);
    const before = this.#places.get(key);
    this.#places.set(key, this.#log.append(this.definition.head(row), this.definition.text(row)));
    journal.push({ table: this, key, before, after: row });
    if (before !== undefined) this.#afterCommit(() => this.#log.release(before));
  }

  delete(serial: number): boolean {
    const journal = this.#journal();
    const before = this.#places.get(serial);
    if (before === undefined) return false;
    this.#places.delete(serial);
    journal.push({ table: this, key: serial, before, after: undefined });
    this.#afterCommit(() => this.#log.release(before));
    return true;
  }

  undo({ key, before, after }: Change): void {
    const serial = key as number;
    if (after !== undefined) this.#log.release(this.#places.get(serial) as Place);
    if (before === undefined) this.#places.delete(serial);
    else this.#places.set(serial, before as Place);
  }

  *forget(account: string): Generator<undefined> {
    for (const serial of this.#places.keys()) {
      if (this.definition.account(this.get(serial) as object) === account) this.delete(serial);
      yield;
    }
  }

  clear(): void {
    this.#places.clear();
    this.#log.close();
    this.#log = new ByteLog();
  }

  close(): void {
    this.#log.close();
  }
}
