import type { Change } from "./change.ts";
import type { Disk, KeptTable } from "./disk.ts";
import { openDisk } from "./journal/open.ts";
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
import type { StoreError } from "./store-error.ts";
import { type AnyDefinition, StoredTable } from "./stored-table.ts";
import type { IndexDefinition, Key, Table, TableDefinition } from "./table.ts";
import { type Watcher, WriteQueue } from "./write-queue.ts";

export { StoreError } from "./store-error.ts";

/** Serials reserved with one write; as many at most are skipped by a restart. */
const SERIAL_BLOCK = 1_000_000;

const TABLE_NAME = /^[!-~]{1,60}$/;

/** Told once when the disk begins to refuse what is written, and without a reason once it takes it again. */
export type OnTrouble = (reason: StoreError | undefined) => void;

const AFTER_CLOSE = "a row was written after the store was closed";

function outlivesReset(table: StoredTable | HeldPackedTable): boolean {
  return table instanceof StoredTable && table.definition.outlivesReset === true;
}

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
  readonly #tables = new Map<AnyDefinition | AnyPackedDefinition, StoredTable | HeldPackedTable>();
  #depth = 0;
  #changes: Change[] = [];
  #commits = 0;
  readonly #watchers = new Set<(changes: readonly Change[]) => void>();
  /** What is written says what time has done. */
  #deriving = 0;
  /** The transaction has changed something else as well. */
  #isChanged = false;
  #actions: (() => void)[] = [];
  #serial: number;
  #serialLimit: number;
  #closed = false;
  /** What the disk had of tables that were not asked for is forgotten as well. */
  #wasReset = false;

  /** A store that lives and dies with the process. */
  static memory(): Store {
    return new Store(undefined);
  }

  /**
   * A store that keeps its rows in a directory, which it makes if need be and holds for this process alone.
   * @throws StoreError with a line that helps: cannot be written to, not a directory, in use by another process (pid).
   */
  static async open(directory: string, onTrouble?: OnTrouble): Promise<Store> {
    return new Store(await openDisk(directory), onTrouble);
  }

  /** A store on any disk; for tests of what happens when that one fails. */
  static on(disk: Disk, onTrouble?: OnTrouble): Store {
    return new Store(disk, onTrouble);
  }

  private constructor(disk: Disk | undefined, onTrouble: OnTrouble = () => {}) {
    this.durable = disk !== undefined;
    this.#disk = disk;
    this.#queue = disk === undefined ? undefined : new WriteQueue(disk, onTrouble);
    this.#serial = disk?.serialLimit ?? 0;
    this.#serialLimit = disk?.serialLimit ?? Number.MAX_SAFE_INTEGER;
    disk?.attach({
      tables: () => this.#keptTables(),
      flushed: () => this.flushed(),
      moveTexts: (isSparse) => this.#moveTexts(isSparse),
    });
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
      table = new StoredTable(plain, () => this.#journal(), this.#rowsOnDisk(plain));
      this.#tables.set(plain, table);
    }
    return table as unknown as Table<Row, keyof I & string, K>;
  }

  /** The packed table of this definition, the same one at each call. The first call loads its rows. */
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
      if (this.#depth === 0 && this.#changes.length === 0) this.#isChanged = false;
    }
    if (this.#depth === 0) this.#commit();
    return result;
  }

  /**
   * Inside a transaction: for changes that only say what time has done, which whoever looks next would find again. They are
   * made while the disk refuses as well, and no answer waits for them.
   */
  derive<T>(body: () => T): T {
    this.#deriving += 1;
    try {
      return body();
    } finally {
      this.#deriving -= 1;
    }
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

  /** Tells of what each transaction has changed, after its commit, until the function returned is called. */
  watch(watcher: (changes: readonly Change[]) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** How many transactions have changed something besides what time had done. */
  get commits(): number {
    return this.#commits;
  }

  /**
   * As `flushed`, for one who knows how many `commits` there were before: one who has only read since is answered also
   * while the disk refuses.
   */
  flushedSince(commits: number): Promise<void> | undefined {
    return commits === this.#commits && this.#queue?.isRefused === true ? undefined : this.flushed();
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
    const disk = this.#disk.contents();
    for (const table of tables) {
      const memory = table instanceof KeptPackedTable ? table.entries() : (table as StoredTable).rows;
      faults.push(...diskFaults(table.name, memory, disk.get(table.name) ?? new Map()));
    }
    return faults;
  }

  /**
   * Deletes all rows, or those of one account, in a transaction of its own, also on disk. Rows of tables that are on disk
   * and were not asked for in this run go with all rows, but stay when an account is named: only the table knows whose they are.
   */
  reset(account?: string): void {
    if (this.#depth > 0) throw new Error("reset was called inside a transaction");
    if (account !== undefined) {
      this.transaction(() => {
        for (const _ of this.forget(account));
      });
      return;
    }
    if (this.#closed) throw new Error(AFTER_CLOSE);
    const kept = new Set<string>();
    for (const table of this.#tables.values()) {
      if (outlivesReset(table)) kept.add(table.name);
      else table.clear();
    }
    this.#wasReset = true;
    this.#commits += 1;
    this.#queue?.reset(kept);
  }

  /**
   * Deletes the rows of an account, table by table in the order in which they were asked for, looking at a row between two
   * items it yields. Each step inside a transaction; between two steps others may change what they like.
   */
  *forget(account: string): Generator<undefined> {
    for (const table of this.#tables.values()) if (!outlivesReset(table)) yield* table.forget(account);
  }

  /**
   * Writes what is left to disk and releases the directory. Nothing may be written afterwards.
   * @throws StoreError when the disk still refuses; the directory is free even then.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#queue?.close();
    } finally {
      for (const table of this.#tables.values()) if (!(table instanceof StoredTable)) table.close();
      await this.#disk?.close();
    }
  }

  #journal(): Change[] {
    if (this.#depth === 0) throw new Error("a row was written outside a transaction");
    if (this.#closed) throw new Error(AFTER_CLOSE);
    if (this.#deriving > 0) return this.#changes;
    if (this.#queue?.isRefused === true) throw this.#queue.refusal;
    this.#isChanged = true;
    return this.#changes;
  }

  #newPackedTable(definition: AnyPackedDefinition): HeldPackedTable {
    const journal = () => this.#journal();
    const afterCommit = (action: () => void) => this.afterCommit(action);
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

  *#keptTables(): Generator<KeptTable> {
    for (const table of this.#tables.values()) {
      if (table instanceof StoredTable) yield table;
      else if (table instanceof KeptPackedTable) yield { name: table.name, rows: table.places };
    }
    if (!this.#wasReset) yield* this.#disk?.untaken() ?? [];
  }

  /** In pieces, each waited for, so that requests go on between them. */
  async #moveTexts(isSparse: (place: number) => boolean): Promise<void> {
    for (const table of this.#tables.values()) {
      if (!(table instanceof KeptPackedTable)) continue;
      for (const serials of table.sparse(isSparse)) {
        if (this.#closed) return;
        this.transaction(() => table.rewrite(serials));
        await this.flushed();
      }
    }
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
      if (this.#isChanged) this.#commits += 1;
      this.#isChanged = false;
      if (this.#watchers.size > 0) for (const watcher of this.#watchers) watcher(this.#changes);
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
