import type { Change } from "./change.ts";
import type { Disk } from "./disk.ts";
import { openDisk } from "./journal/open.ts";
import type { PackedTable, PackedTableDefinition } from "./packed-table.ts";
import type { StoreError } from "./store-error.ts";
import { StoreTables } from "./store-tables.ts";
import type { IndexDefinition, Key, Table, TableDefinition } from "./table.ts";
import { type Watcher, WriteQueue } from "./write-queue.ts";

export { StoreError } from "./store-error.ts";

/** Serials reserved with one write; as many at most are skipped by a restart. */
const SERIAL_BLOCK = 1_000_000;

/** Told once when the disk begins to refuse what is written, and without a reason once it takes it again. */
export type OnTrouble = (reason: StoreError | undefined) => void;

const AFTER_CLOSE = "a row was written after the store was closed";

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
  readonly #tables: StoreTables;
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

  /** The table of this definition, the same one at each call. The first call loads its rows and builds its indexes. */
  table<Row extends object, I extends Record<string, IndexDefinition<Row>>, K extends Key>(
    definition: TableDefinition<Row, I, K>,
  ): Table<Row, keyof I & string, K> {
    return this.#tables.table(definition);
  }

  /** The packed table of this definition, the same one at each call. The first call loads its rows. */
  packedTable<Row extends object>(definition: PackedTableDefinition<Row>): PackedTable<Row> {
    return this.#tables.packedTable(definition);
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
    return this.#tables.counts();
  }

  /**
   * For tests: where the store contradicts itself, one sentence each. Indexes must say what the rows say, and the disk,
   * once all is on it, what memory says. Costs as much as all rows.
   */
  faults(): string[] {
    const faults = this.#tables.indexFaults();
    if (this.#disk === undefined || this.flushed() !== undefined) return faults;
    return [...faults, ...this.#tables.diskFaults(this.#disk)];
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
    const kept = this.#tables.clear();
    this.#commits += 1;
    this.#queue?.reset(kept);
  }

  /**
   * Deletes the rows of an account, table by table in the order in which they were asked for, looking at a row between two
   * items it yields. Each step inside a transaction; between two steps others may change what they like.
   */
  forget(account: string): Generator<undefined> {
    return this.#tables.forget(account);
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

  /** In pieces, each waited for, so that requests go on between them. */
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
