import type { Change, Changeable } from "./change.ts";
import { Rows } from "./rows.ts";
import type { IndexDefinition, Key, Table, TableDefinition } from "./table.ts";
import { TableIndex } from "./table-index.ts";

/** Longest primary key in bytes of UTF-8. */
const MAX_KEY_BYTES = 1900;

/** A definition with its row type and index names erased. */
export type AnyDefinition = TableDefinition<object, Record<string, IndexDefinition<object>>>;

/** The rows of one table with their indexes. Every write goes to the journal of the running transaction. */
export class StoredTable implements Table<object, string, Key>, Changeable {
  readonly name: string;
  readonly isPacked = false;
  readonly definition: AnyDefinition;
  readonly by: Record<string, TableIndex<object>> = {};
  readonly #rows: Rows<object>;
  readonly #indexes: TableIndex<object>[] = [];
  readonly #journal: () => Change[];
  /** The highest serial that ever had a row. */
  #highestSerial = -1;

  /**
   * `journal` returns the running transaction's list of changes, or throws when nothing may be written. `rows` are the
   * initial ones; they belong to the table. `moved` is called for each row whose key the definition builds differently
   * than when it was written.
   */
  constructor(
    definition: AnyDefinition,
    journal: () => Change[],
    rows = new Rows<object>(),
    moved: (before: Key, key: Key, row: object) => void = () => {},
  ) {
    this.definition = definition;
    this.name = definition.name;
    this.#journal = journal;
    this.#rows = rows;
    for (const [name, index] of Object.entries(definition.indexes)) {
      const made = new TableIndex<object>(`${definition.name}.${name}`, index, this.#rows);
      this.by[name] = made;
      this.#indexes.push(made);
    }
    const others: [Key, object][] = [];
    rows.forEach((row, key) => {
      if (definition.key(row) !== key) {
        others.push([key, row]);
        return;
      }
      for (const index of this.#indexes) {
        index.prepare(row);
        index.apply(key, undefined, true);
      }
      if (typeof key === "number" && key > this.#highestSerial) this.#highestSerial = key;
    });
    for (const [before, row] of others) {
      const key = definition.key(row);
      rows.delete(before);
      this.replace(key, rows.get(key), row);
      moved(before, key, row);
    }
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: Key): object | undefined {
    return this.#rows.get(key);
  }

  has(key: Key): boolean {
    return this.#rows.has(key);
  }

  /** For the disk. */
  get rows(): ReadonlyMap<Key, object> {
    return this.#rows;
  }

  values(): IterableIterator<object> {
    return this.#rows.values();
  }

  put(row: object): void {
    const journal = this.#journal();
    const key = this.definition.key(row);
    this.#checkKey(key);
    // Most serials that are put are new, and looking one up among many rows would be the main cost of a put.
    const before = typeof key === "number" && key > this.#highestSerial ? undefined : this.#rows.get(key);
    this.replace(key, before, row);
    journal.push({ table: this, key, before, after: row });
  }

  delete(key: Key): boolean {
    const journal = this.#journal();
    const before = this.#rows.get(key);
    if (before === undefined) return false;
    this.replace(key, before, undefined);
    journal.push({ table: this, key, before, after: undefined });
    return true;
  }

  undo({ key, before, after }: Change): void {
    this.replace(key, after, before as object | undefined);
  }

  /** As in packed tables. */
  *forget(account: string): Generator<undefined> {
    for (const [key, row] of this.#rows) {
      if (this.definition.account(row) === account) this.delete(key);
      yield;
    }
  }

  /** Deletes all rows at once, which cannot be undone. Only for the store. */
  clear(): void {
    this.#rows.clear();
    for (const index of this.#indexes) index.clear();
  }

  /** For tests: where the indexes disagree with the rows. */
  faults(): string[] {
    return this.#indexes.flatMap((index) => index.faults());
  }

  /** Replaces `before` with `after` in rows and indexes, all or nothing. Only for the store: not recorded. */
  replace(key: Key, before: object | undefined, after: object | undefined): void {
    const indexes = this.#indexes;
    if (after !== undefined) {
      for (let i = 0; i < indexes.length; i += 1) indexes[i]!.prepare(after);
      this.#rows.set(key, after);
      if (typeof key === "number" && key > this.#highestSerial) this.#highestSerial = key;
    } else {
      this.#rows.delete(key);
    }
    for (let i = 0; i < indexes.length; i += 1) indexes[i]!.apply(key, before, after !== undefined);
  }

  #checkKey(key: Key): void {
    if (typeof key === "number") {
      if (Number.isSafeInteger(key) && key >= 0) return;
      throw new Error(`the table ${this.name} got ${key} as a key, which is not a serial`);
    }
    if (key === "") throw new Error(`the table ${this.definition.name} got an empty key`);
    if (key.length * 3 <= MAX_KEY_BYTES) return;
    const bytes = Buffer.byteLength(key);
    if (bytes > MAX_KEY_BYTES) {
      throw new Error(
        `the table ${this.definition.name} got a key of ${bytes} bytes, at most ${MAX_KEY_BYTES} are possible: ${key.slice(0, 60)}…`,
      );
    }
  }
}
