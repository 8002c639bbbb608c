import type { Change } from "./change.ts";
import type { Disk, KeptTable } from "./disk.ts";
import { KeptPackedTable } from "./kept-packed-table.ts";
import {
  type AnyPackedDefinition,
  type HeldPackedTable,
  type PackedTable,
  type PackedTableDefinition,
  StoredPackedTable,
} from "./packed-table.ts";
import { diskFaults } from "./self-check.ts";
import { type AnyDefinition, StoredTable } from "./stored-table.ts";
import type { IndexDefinition, Key, Table, TableDefinition } from "./table.ts";
import type { WriteQueue } from "./write-queue.ts";

const TABLE_NAME = /^[!-~]{1,60}$/;

/** What tables need from the transactions they are written in. */
export interface Transactions {
  /**
   * The changes of the running transaction.
   * @throws Error outside a transaction, StoreError when nothing may be written.
   */
  journal(): Change[];
  /** As `Store.afterCommit`. */
  afterCommit(action: () => void): void;
}

function outlivesReset(table: StoredTable | HeldPackedTable): boolean {
  return table instanceof StoredTable && table.definition.outlivesReset === true;
}

/** The tables of one store: opened by definition, with the rows that the disk has for them. */
export class StoreTables {
  readonly #disk: Disk | undefined;
  readonly #queue: WriteQueue | undefined;
  readonly #transactions: Transactions;
  readonly #tables = new Map<AnyDefinition | AnyPackedDefinition, StoredTable | HeldPackedTable>();
  /** Rows on disk of tables that were not opened are deleted as well. */
  #wasReset = false;

  /** @param disk and `queue`: absent for tables kept only in memory. */
  constructor(disk: Disk | undefined, queue: WriteQueue | undefined, transactions: Transactions) {
    this.#disk = disk;
    this.#queue = queue;
    this.#transactions = transactions;
  }

  /** As `Store.table`. */
  table<Row extends object, I extends Record<string, IndexDefinition<Row>>, K extends Key>(
    definition: TableDefinition<Row, I, K>,
  ): Table<Row, keyof I & string, K> {
    // Inside the store rows are just objects; the definition guarantees the types that come out.
    const plain = definition as unknown as AnyDefinition;
    let table = this.#tables.get(plain) as StoredTable | undefined;
    if (table === undefined) {
      this.#checkName(plain.name);
      const { journal } = this.#transactions;
      const onDisk = this.#disk?.take(plain.name);
      table = new StoredTable(plain, journal, this.#wasReset ? undefined : onDisk, (before, key, row) => {
        this.#queue?.set(plain.name, before, undefined);
        this.#queue?.set(plain.name, key, row);
      });
      this.#tables.set(plain, table);
    }
    return table as unknown as Table<Row, keyof I & string, K>;
  }

  /** As `Store.packedTable`. */
  packedTable<Row extends object>(definition: PackedTableDefinition<Row>): PackedTable<Row> {
    const plain = definition as unknown as AnyPackedDefinition;
    let table = this.#tables.get(plain) as HeldPackedTable | undefined;
    if (table === undefined) {
      this.#checkName(plain.name);
      table = this.#newPackedTable(plain);
      this.#tables.set(plain, table);
    }
    return table as unknown as PackedTable<Row>;
  }

  /** The number of rows of each table. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const table of this.#tables.values()) counts[table.name] = table.size;
    return counts;
  }

  /** As `Store.unopened`. */
  unopened(): string[] {
    if (this.#wasReset) return [];
    return [...(this.#disk?.untaken() ?? [])].filter(({ rows }) => rows.size > 0).map(({ name }) => name);
  }

  /** One sentence for each index that disagrees with the rows. */
  indexFaults(): string[] {
    return [...this.#tables.values()].flatMap((table) => (table instanceof StoredTable ? table.faults() : []));
  }

  /** One sentence for each row that differs on disk. Costs as much as visiting all rows. */
  diskFaults(disk: Disk): string[] {
    const contents = disk.contents();
    return [...this.#tables.values()].flatMap((table) => {
      const memory = table instanceof KeptPackedTable ? table.entries() : (table as StoredTable).rows;
      return diskFaults(table.name, memory, contents.get(table.name) ?? new Map());
    });
  }

  /** As `Store.forget`. */
  *forget(account: string): Generator<undefined> {
    for (const table of this.#tables.values()) if (!outlivesReset(table)) yield* table.forget(account);
  }

  /**
   * Deletes all rows, which cannot be undone, except those of tables that outlive a reset; returns the names of these.
   */
  clear(): ReadonlySet<string> {
    const kept = new Set<string>();
    for (const table of this.#tables.values()) {
      if (outlivesReset(table)) kept.add(table.name);
      else table.clear();
    }
    this.#wasReset = true;
    return kept;
  }

  /** Everything the disk has to keep. */
  *kept(): Generator<KeptTable> {
    for (const table of this.#tables.values()) {
      if (table instanceof StoredTable) yield table;
      else if (table instanceof KeptPackedTable) yield { name: table.name, rows: table.places };
    }
    if (!this.#wasReset) yield* this.#disk?.untaken() ?? [];
  }

  /** The packed tables whose texts are on disk. */
  *keptPacked(): Generator<KeptPackedTable> {
    for (const table of this.#tables.values()) if (table instanceof KeptPackedTable) yield table;
  }

  close(): void {
    for (const table of this.#tables.values()) if (!(table instanceof StoredTable)) table.close();
  }

  #newPackedTable(definition: AnyPackedDefinition): HeldPackedTable {
    const { journal, afterCommit } = this.#transactions;
    if (this.#disk === undefined) return new StoredPackedTable(definition, journal, afterCommit);
    const table = new KeptPackedTable(definition, this.#disk, journal, afterCommit);
    if (this.#wasReset) table.clear();
    return table;
  }

  #checkName(name: string): void {
    for (const table of this.#tables.values()) {
      if (table.name === name) throw new Error(`two tables are called ${name}`);
    }
    if (!TABLE_NAME.test(name)) throw new Error(`${name} is not a valid table name`);
  }
}
