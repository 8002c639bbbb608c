import type { IndexDefinition, Table, TableDefinition } from "./table.ts";
import { TableIndex } from "./table-index.ts";

/** Longest primary key in bytes of UTF-8: LMDB takes 1,978, and the table's name comes before it. */
export const MAX_KEY_BYTES = 1900;

/** A definition whose row type and index names no longer matter. */
export type AnyDefinition = TableDefinition<object, Record<string, IndexDefinition<object>>>;

/** One write, with all that is needed to undo it or to put it on disk. */
export interface Change {
  readonly table: StoredTable;
  readonly key: string;
  readonly before: object | undefined;
  readonly after: object | undefined;
}

/** The rows of one table with their indexes. Every write goes to the journal of the running transaction. */
export class StoredTable implements Table<object, string> {
  readonly definition: AnyDefinition;
  readonly by: Record<string, TableIndex<object>> = {};
  readonly #rows = new Map<string, object>();
  readonly #indexes: TableIndex<object>[] = [];
  readonly #journal: () => Change[];

  /** `journal` answers the running transaction's list of changes, or throws when nothing may be written. */
  constructor(definition: AnyDefinition, journal: () => Change[]) {
    this.definition = definition;
    this.#journal = journal;
    for (const [name, index] of Object.entries(definition.indexes)) {
      const made = new TableIndex<object>(`${definition.name}.${name}`, index, this.#rows);
      this.by[name] = made;
      this.#indexes.push(made);
    }
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): object | undefined {
    return this.#rows.get(key);
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  values(): IterableIterator<object> {
    return this.#rows.values();
  }

  entries(): IterableIterator<[string, object]> {
    return this.#rows.entries();
  }

  put(row: object): void {
    const journal = this.#journal();
    const key = this.definition.key(row);
    this.#checkKey(key);
    const before = this.#rows.get(key);
    this.replace(key, before, row);
    journal.push({ table: this, key, before, after: row });
  }

  delete(key: string): boolean {
    const journal = this.#journal();
    const before = this.#rows.get(key);
    if (before === undefined) return false;
    this.replace(key, before, undefined);
    journal.push({ table: this, key, before, after: undefined });
    return true;
  }

  /** Puts `after` where `before` is, in rows and indexes; all or nothing. For the store alone: not recorded. */
  replace(key: string, before: object | undefined, after: object | undefined): void {
    const indexes = this.#indexes;
    if (after !== undefined) {
      for (let i = 0; i < indexes.length; i += 1) indexes[i]!.prepare(after);
      this.#rows.set(key, after);
    } else {
      this.#rows.delete(key);
    }
    for (let i = 0; i < indexes.length; i += 1) indexes[i]!.apply(key, before, after !== undefined);
  }

  #checkKey(key: string): void {
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
