import type { Change } from "./change.ts";
import type { Disk } from "./disk.ts";
import { openDisk } from "./journal/open.ts";
import type { PackedTable, PackedTableDefinition } from "./packed-table.ts";
import type { StoreError } from "./store-error.ts";
import { StoreTables } from "./store-tables.ts";
import type { IndexDefinition, Key, Table, TableDefinition } from "./table.ts";
import { type Watcher, WriteQueue } from "./write-queue.ts";

export { StoreError } from "./store-error.ts";

/** Serials reserved by one write; a restart skips at most as many. */
const SERIAL_BLOCK = 1_000_000;

/** Called once when the disk begins to refuse writes, and without a reason once it accepts them again. */
export type OnTrouble = (reason: StoreError | undefined) => void;

const AFTER_CLOSE = "a row was written after the store was closed";

/**
 * All state: typed tables of plain rows in memory, changed in synchronous transactions.
 * Rows may hold strings, numbers, booleans, undefined members, nested plain objects and arrays, Uint8Array and bigint;
 * after a restart a Uint8Array comes back as a Buffer.
 */
export class Store {
  /** Whether committed state outlives the process. */
  readonly durable: boolean;
  readonly #disk: Disk | undefined;
  readonly #queue: WriteQueue | undefined;
  readonly #tables: StoreTables;
  #depth = 0;
  #changes: Change[] = [];
  #commits = 0;
  readonly #watchers = new Set<(changes: readonly Change[]) => void>();
  /** Depth of nested `derive` calls. */
  #deriving = 0;
  /** The transaction has also changed something outside of `derive`. */
  #isChanged = false;
  #actions: (() => void)[] = [];
  #serial: number;
  #serialLimit: number;
  #closed = false;

  /** A store kept only in memory. */
  static memory(): Store {
    return new Store(undefined);
  }

  /**
   * A store that keeps its rows in a directory, which it creates if necessary and holds for this process alone.
   * @throws StoreError with one line of advice: not writable, not a directory, in use by another process (pid).
   */
  static async open(directory: string, onTrouble?: OnTrouble): Promise<Store> {
    return new Store(await openDisk(directory), onTrouble);
  }

  /** A store on any disk; for tests of what happens when a disk fails. */
  static on(disk: Disk, onTrouble?: OnTrouble): Store {
    return new Store(disk, onTrouble);
  }

  private constructor(disk: Disk | undefined, onTrouble: OnTrouble = () => {}) {
    this.durable = disk !== undefined;
    this.#disk = disk;
    this.#queue = disk === undefined ? undefined : new WriteQueue(disk, onTrouble);
    this.#serial = disk?.serialLimit ?? 0;
    this.#serialLimit = disk?.serialLimit ?? Number.MAX_SAFE_INTEGER;
    this.#tables = new StoreTables(disk, this.#queue, {
      journal: () => this.#journal(),
      afterCommit: (action) => this.afterCommit(action),
    });
    disk?.attach({
      tables: () => this.#tables.kept(),
      flushed: () => this.flushed(),
      moveTexts: (isSparse) => this.#moveTexts(isSparse),
    });
  }

  /**
   * The table with this definition; the same object at each call. The first call loads its rows and builds its indexes.
   */
  table<Row extends object, I extends Record<string, IndexDefinition<Row>>, K extends Key>(
    definition: TableDefinition<Row, I, K>,
  ): Table<Row, keyof I & string, K> {
    return this.#tables.table(definition);
  }

  /** The packed table with this definition; the same object at each call. The first call loads its rows. */
  packedTable<Row extends object>(definition: PackedTableDefinition<Row>): PackedTable<Row> {
    return this.#tables.packedTable(definition);
  }

  /**
   * Runs `body`, whose writes happen entirely or not at all: if it throws, they are undone and the error goes to the
   * caller. A nested call joins the outer transaction; an error caught between the two undoes what the nested call
   * wrote.
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
   * For changes inside a transaction that only record what the passing of time has done, and that the next reader would
   * make again. They are made even while the disk refuses writes, and no answer waits for them.
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
   * When an action throws, which is a bug, the others still run and the first error reaches the transaction's caller.
   */
  afterCommit(action: () => void): void {
    if (this.#depth === 0) action();
    else this.#actions.push(action);
  }

  /**
   * For effects outside the store. Inside a transaction: runs the action once its commit is durable, never when it is
   * undone. Outside: once everything committed so far is. In memory that is the moment of `afterCommit`. While the disk
   * refuses, actions wait; those still waiting when the store is closed are dropped. What an action throws goes to the
   * watcher.
   */
  afterDurable(action: () => void): void {
    const queue = this.#queue;
    if (queue === undefined) this.afterCommit(action);
    else this.afterCommit(() => queue.afterWritten(action));
  }

  /** As `afterDurable`, to be awaited; undefined when everything committed is already durable. */
  untilDurable(): Promise<void> | undefined {
    if (this.#depth === 0 && this.#queue?.flushed() === undefined) return undefined;
    return new Promise((resolve) => this.afterDurable(resolve));
  }

  /** The watcher is told of work that waits for the disk, which a clock has to wait for. */
  watchedBy(watcher: Watcher): void {
    this.#queue?.watchedBy(watcher);
  }

  /**
   * Undefined when everything committed is durable; else resolves when it is, and rejects with StoreError when the disk
   * refuses. Whoever has written must wait for it before answering; whoever has only read need not.
   */
  flushed(): Promise<void> | undefined {
    return this.#queue?.flushed();
  }

  /** Calls the watcher with the changes of each transaction after its commit, until the returned function is called. */
  watch(watcher: (changes: readonly Change[]) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** How many transactions have changed something outside of `derive`. */
  get commits(): number {
    return this.#commits;
  }

  /**
   * As `flushed`, given the number of `commits` from before: if nothing was written since, the caller is answered even
   * while the disk refuses.
   */
  flushedSince(commits: number): Promise<void> | undefined {
    return commits === this.#commits && this.#queue?.isRefused === true ? undefined : this.flushed();
  }

  /** An integer greater than all that were returned before in the life of the store, across restarts and crashes. */
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
    return this.#tables.counts();
  }

  /** The names of the tables on disk that have rows and were not opened in this run. */
  unopened(): string[] {
    return this.#tables.unopened();
  }

  /**
   * For tests: contradictions within the store, one sentence each. Indexes must agree with the rows, and the disk, once
   * everything is written, with memory. Costs as much as visiting all rows.
   */
  faults(): string[] {
    const faults = this.#tables.indexFaults();
    if (this.#disk === undefined || this.flushed() !== undefined) return faults;
    return [...faults, ...this.#tables.diskFaults(this.#disk)];
  }

  /**
   * Deletes all rows, or those of one account, in a transaction of its own, on disk too. Rows on disk of tables that
   * were not opened in this run are deleted with all rows but kept when an account is named: only the table knows whose
   * they are.
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
    const kept = this.#tables.clear();
    this.#commits += 1;
    this.#queue?.reset(kept);
  }

  /**
   * Deletes the rows of an account, table by table in the order in which they were opened, looking at one row between
   * two items it yields. Each step inside a transaction; between steps others may change anything.
   */
  forget(account: string): Generator<undefined> {
    return this.#tables.forget(account);
  }

  /**
   * Writes what is left to disk and releases the directory. Nothing may be written afterwards.
   * @throws StoreError when the disk still refuses; the directory is released even then.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#queue?.close();
    } finally {
      this.#tables.close();
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

  /** In pieces, each awaited, so that requests are served in between. */
  async #moveTexts(isSparse: (place: number) => boolean): Promise<void> {
    for (const table of this.#tables.keptPacked()) {
      for (const serials of table.sparse(isSparse)) {
        if (this.#closed) return;
        this.transaction(() => table.rewrite(serials));
        await this.flushed();
      }
    }
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
