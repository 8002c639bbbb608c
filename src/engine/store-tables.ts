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
import { Rows } from "./rows.ts";
import { diskFaults } from "./self-check.ts";
import { type AnyDefinition, StoredTable } from "./stored-table.ts";
import type { IndexDefinition, Key, Table, TableDefinition } from "./table.ts";
import type { WriteQueue } from "./write-queue.ts";

const TABLE_NAME = /^[!-~]{1,60}$/;

/** What tables need of the transactions they are written in. */
export interface Transactions {
  /** The changes of the running transaction. @throws Error outside of one, StoreError when nothing may be written. */
  journal(): Change[];
  /** As `Store.afterCommit`. */
  afterCommit(action: () => void): void;
}

function outlivesReset(table: StoredTable | HeldPackedTable): boolean {
  return table instanceof StoredTable && table.definition.outlivesReset === true;
}

/** The tables of one store: opened by their definitions, with the rows the disk has of them. */
export class StoreTables {
  readonly #disk: Disk | undefined;
  readonly #queue: WriteQueue | undefined;
  readonly #transactions: Transactions;
  readonly #tables = new Map<AnyDefinition | AnyPackedDefinition, StoredTable | HeldPackedTable>();
  /** What the disk had of tables that were not asked for is forgotten as well. */
  #wasReset = false;

  /** @param disk and `queue`: absent for tables that live and die with the process. */
  constructor(disk: Disk | undefined, queue: WriteQueue | undefined, transactions: Transactions) {
    this.#disk = disk;
    this.#queue = queue;
    this.#transactions = transactions;
  }

  /** As `Store.table`. */
  table<Row extends object, I extends Record<string, IndexDefinition<Row>>, K extends Key>(
    definition: TableDefinition<Row, I, K>,
  ): Table<Row, keyof I & string, K> {
    // Inside the store rows are just objects; the definition that comes in vouches for the types that go out.
    const plain = definition as unknown as AnyDefinition;
    let table = this.#tables.get(plain) as StoredTable | undefined;
    if (table === undefined) {
      this.#checkName(plain.name);
      const { journal } = this.#transactions;
      table = new StoredTable(plain, journal, this.#rowsOnDisk(plain));
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

  /** One sentence for each index that is not what the rows say. */
  indexFaults(): string[] {
    return [...this.#tables.values()].flatMap((table) => (table instanceof StoredTable ? table.faults() : []));
  }

  /** One sentence for each row that is another one on disk. Costs as much as all rows. */
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

  /** Forgets all rows, which nothing can undo, but those of tables that outlive it; returns the names of these. */
  clear(): ReadonlySet<string> {
    const kept = new Set<string>();
    for (const table of this.#tables.values()) {
      if (outlivesReset(table)) kept.add(table.name);
      else table.clear();
    }
    this.#wasReset = true;
    return kept;
  }

  /** All that the disk has to keep. */
  *kept(): Generator<KeptTable> {
    for (const table of this.#tables.values()) {
      if (table instanceof StoredTable) yield table;
      else if (table instanceof KeptPackedTable) yield { name: table.name, rows: table.places };
    }
    if (!this.#wasReset) yield* this.#disk?.untaken() ?? [];
  }

  /** The packed tables whose texts the disk has. */
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

  #rowsOnDisk({ name, key }: AnyDefinition): Rows<object> {
    const rows = this.#disk?.take(name) ?? new Rows<object>();
    if (this.#wasReset) return new Rows();
    const moved: [Key, object][] = [];
    rows.forEach((row, keptUnder) => {
      if (key(row) !== keptUnder) moved.push([keptUnder, row]);
    });
    // The definition makes keys in another way than when the rows were written.
    for (const [keptUnder, row] of moved) {
      rows.delete(keptUnder);
      rows.set(key(row), row);
      this.#queue!.set(name, keptUnder, undefined);
      this.#queue!.set(name, key(row), row);
    }
    return rows;
  }

  #checkName(name: string): void {
    for (const table of this.#tables.values()) {
      if (table.name === name) throw new Error(`two tables are called ${name}`);
    }
    if (!TABLE_NAME.test(name)) throw new Error(`${name} is no name for a table`);
  }
}
