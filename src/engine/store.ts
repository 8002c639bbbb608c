import type { Change } from "./change.ts";
import { type Disk, openDisk } from "./disk.ts";
import { diskKey } from "./disk-key.ts";
import {
  type AnyPackedDefinition,
  type PackedTable,
  type PackedTableDefinition,
  StoredPackedTable,
} from "./packed-table.ts";
import { diskFaults } from "./self-check.ts";
import { type AnyDefinition, StoredTable } from "./stored-table.ts";
import type { IndexDefinition, Key, Table, TableDefinition } from "./table.ts";
import { type Watcher, WriteQueue } from "./write-queue.ts";

export { StoreError } from "./store-error.ts";

/** Serials reserved with one write; as many at most are skipped by a restart. */
const SERIAL_BLOCK = 1_000_000;

// The name is part of each key on disk, and LMDB's keys have an end.
const TABLE_NAME = /^[!-~]{1,60}$/;

/**
 * All state: typed tables of plain rows in memory, changed in synchronous transactions.
 * Rows may hold strings, numbers, booleans, undefined members, nested plain objects and arrays, Uint8Array and bigint;
 * after a restart a Uint8Array comes back as a Buffer.
 */
export class Store {
  /** Whether what is committed outlives the process. */
  readonly durable: boolean;
  readonly #disk: Disk | undefined;
  readonly #queue: WriteQueue | undefined;
  readonly #tables = new Map<AnyDefinition | AnyPackedDefinition, StoredTable | StoredPackedTable>();
  #depth = 0;
  #changes: Change[] = [];
  #actions: (() => void)[] = [];
  #serial: number;
  #serialLimit: number;
  #closed = false;

  /** A store that lives and dies with the process. */
  static memory(): Store {
    return new Store(undefined);
  }

  /**
   * A store that keeps its rows in a directory, which it makes if need be and holds for this process alone.
   * @throws StoreError with a line that helps: cannot be written to, not a directory, in use by another process (pid).
   */
  static async open(directory: string): Promise<Store> {
    return new Store(await openDisk(directory));
  }

  /** A store on any disk; for tests of what happens when that one fails. */
  static on(disk: Disk): Store {
    return new Store(disk);
  }

  private constructor(disk: Disk | undefined) {
    this.durable = disk !== undefined;
    this.#disk = disk;
    this.#queue = disk === undefined ? undefined : new WriteQueue(disk);
    this.#serial = disk?.serialLimit ?? 0;
    this.#serialLimit = disk?.serialLimit ?? Number.MAX_SAFE_INTEGER;
  }

  /** The table of this definition, the same one at each call. The first call loads its rows and builds its indexes. */
  table<Row extends object, I extends Record<string, IndexDefinition<Row>>, K extends Key>(
    definition: TableDefinition<Row, I, K>,
  ): Table<Row, keyof I & string, K> {
    // Inside the store rows are just objects; the definition that comes in vouches for the types that go out.
    const plain = definition as unknown as AnyDefinition;
    let table = this.#tables.get(plain) as StoredTable | undefined;
    if (table === undefined) {
      this.#checkName(plain.name);
      table = new StoredTable(plain, () => this.#journal());
      this.#load(table);
      this.#tables.set(plain, table);
    }
    return table as unknown as Table<Row, keyof I & string, K>;
  }

  /** The packed table of this definition, the same one at each call. The first call loads its rows. */
  packedTable<Row extends object>(definition: PackedTableDefinition<Row>): PackedTable<Row> {
    const plain = definition as unknown as AnyPackedDefinition;
    let table = this.#tables.get(plain) as StoredPackedTable | undefined;
    if (table === undefined) {
      this.#checkName(plain.name);
      table = new StoredPackedTable(
        plain,
        () => this.#journal(),
        (action) => this.afterCommit(action),
      );
      for (const [, row] of this.#rowsOnDisk(plain.name)) table.load(row);
      this.#tables.set(plain, table);
    }
    return table as unknown as PackedTable<Row>;
  }

  /**
   * Runs `body`, whose writes happen all or not at all: a throw undoes them and goes on to the caller. A nested call
   * joins the transaction around it; a throw that is caught between the two undoes what the nested call wrote.
   */
  transaction<T>(body: () => T): T {
    const changesBefore = this.#changes.length;
    const actionsBefore = this.#actions.length;
    let result: T;
    this.#depth += 1;
    try {
      result = body();
    } catch (error) {
      this.#undo(changesBefore);
      this.#actions.length = actionsBefore;
      throw error;
    } finally {
      this.#depth -= 1;
    }
    if (this.#depth === 0) this.#commit();
    return result;
  }

  /**
   * Inside a transaction: runs the action once after the outermost commit, never when it is undone. Outside: at once.
   * When actions throw, which is a bug, the others still run and the first error reaches the transaction's caller.
   */
  afterCommit(action: () => void): void {
    if (this.#depth === 0) action();
    else this.#actions.push(action);
  }

  /**
   * For what leaves the store: inside a transaction, runs the action once what it commits is durable, never when it is
   * undone; outside, once all that is committed by now is. In memory that is the moment of `afterCommit`. While the disk
   * refuses, the action waits; what still waits when the store is closed is not run. What it throws goes to the watcher.
   */
  afterDurable(action: () => void): void {
    const queue = this.#queue;
    if (queue === undefined) this.afterCommit(action);
    else this.afterCommit(() => queue.afterWritten(action));
  }

  /** As `afterDurable`, to be awaited: undefined when all that is committed is durable already. */
  untilDurable(): Promise<void> | undefined {
    if (this.#depth === 0 && this.#queue?.flushed() === undefined) return undefined;
    return new Promise((resolve) => this.afterDurable(resolve));
  }

  /** Tells of work that waits for the disk, which a clock has to wait for. */
  watchedBy(watcher: Watcher): void {
    this.#queue?.watchedBy(watcher);
  }

  /**
   * Undefined when all that is committed is as safe as it gets; else resolves when it is on disk, and rejects with
   * StoreError when the disk refuses. Whoever has written waits for it before saying so; whoever has only read need not.
   */
  flushed(): Promise<void> | undefined {
    return this.#queue?.flushed();
  }

  /** An integer greater than all answered before over the life of the store, restarts and crashes included. */
  nextSerial(): number {
    if (this.#serial === this.#serialLimit) {
      this.#serialLimit += SERIAL_BLOCK;
      this.#queue?.reserveSerials(this.#serialLimit);
    }
    this.#serial += 1;
    return this.#serial;
  }

  /** The number of rows of each table. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const table of this.#tables.values()) counts[table.name] = table.size;
    return counts;
  }

  /**
   * For tests: where the store contradicts itself, one sentence each. Indexes must say what the rows say, and the disk,
   * once all is on it, what memory says. Costs as much as all rows.
   */
  faults(): string[] {
    const tables = [...this.#tables.values()];
    const faults = tables.flatMap((table) => (table instanceof StoredTable ? table.faults() : []));
    if (this.#disk === undefined || this.flushed() !== undefined) return faults;
    for (const table of tables) {
      faults.push(...diskFaults(table.name, new Map(table.onDisk()), this.#disk.load(table.name)));
    }
    return faults;
  }

  /**
   * Deletes all rows, or those of one account, in a transaction of its own, also on disk. Rows of tables that are on disk
   * and were not asked for in this run go with all rows, but stay when an account is named: only the table knows whose they are.
   */
  reset(account?: string): void {
    if (this.#depth > 0) throw new Error("reset was called inside a transaction");
    this.transaction(() => {
      for (const table of this.#tables.values()) {
        if (table instanceof StoredTable && table.definition.outlivesReset === true) continue;
        table.deleteAll(account);
      }
    });
    if (account === undefined) {
      this.#queue?.keepOnlyTables(new Set([...this.#tables.keys()].map((definition) => definition.name)));
    }
  }

  /**
   * Puts what is left on disk and gives the directory free. Nothing may be written afterwards.
   * @throws StoreError when the disk still refuses; the directory is free even then.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#queue?.close();
    } finally {
      for (const table of this.#tables.values()) if (table instanceof StoredPackedTable) table.close();
      await this.#disk?.close();
    }
  }

  #journal(): Change[] {
    if (this.#depth === 0) throw new Error("a row was written outside a transaction");
    if (this.#closed) throw new Error("a row was written after the store was closed");
    if (this.#queue?.refusal !== undefined) throw this.#queue.refusal;
    return this.#changes;
  }

  #load(table: StoredTable): void {
    const { name } = table;
    for (const [keptUnder, row] of this.#rowsOnDisk(name)) {
      const key = table.definition.key(row);
      table.replace(key, table.get(key), row);
      if (diskKey(key) === keptUnder) continue;
      // The definition makes keys in another way than when the row was written.
      this.#queue!.set(name, keptUnder, undefined);
      this.#queue!.set(name, diskKey(key), row);
    }
  }

  #rowsOnDisk(table: string): Iterable<[key: string, row: object]> {
    return this.#disk === undefined || this.#queue!.isDropping(table) ? [] : this.#disk.load(table);
  }

  #checkName(name: string): void {
    for (const table of this.#tables.values()) {
      if (table.name === name) throw new Error(`two tables are called ${name}`);
    }
    if (!TABLE_NAME.test(name)) throw new Error(`${name} is no name for a table`);
  }

  #undo(downTo: number): void {
    const changes = this.#changes;
    for (let i = changes.length - 1; i >= downTo; i -= 1) {
      changes[i]!.table.undo(changes[i]!);
    }
    changes.length = downTo;
  }

  #commit(): void {
    if (this.#changes.length > 0) {
      this.#queue?.add(this.#changes);
      this.#changes = [];
    }
    if (this.#actions.length > 0) this.#runActions();
  }

  #runActions(): void {
    const actions = this.#actions;
    this.#actions = [];
    const errors: unknown[] = [];
    for (const action of actions) {
      try {
        action();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
