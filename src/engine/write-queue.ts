import type { Change } from "./change.ts";
import type { Batch, Disk, PackedEntry } from "./disk.ts";
import { clearTimeout, setImmediate, setTimeout } from "./real-time.ts";
import { StoreError } from "./store-error.ts";
import type { Key } from "./table.ts";

const RETRY_MS = 1000;

/** Is told of work that waits for the disk, so that time does not move meanwhile, and of what that work throws. */
export interface Watcher {
  begin(): () => void;
  report(error: unknown): void;
}

/** A batch that still grows, and those who wait for it to be on disk. */
class QueuedBatch implements Batch {
  readonly rows = new Map<string, Map<Key, object | undefined>>();
  readonly packed = new Map<string, Map<number, PackedEntry | undefined>>();
  serialLimit: number | undefined;
  onlyTables: ReadonlySet<string> | undefined;
  isEmpty = true;
  /** Run once the batch is on disk. */
  actions: (() => void)[] = [];
  /** Lets time move on again; a disk that refuses writes does not block the clock. */
  endWait: (() => void) | undefined;
  #waiters: { resolve: () => void; reject: (error: StoreError) => void }[] = [];
  #promise: Promise<void> | undefined;

  set(table: string, key: Key, row: object | undefined): void {
    this.isEmpty = false;
    setIn(this.rows, table, key, row);
  }

  setPacked(table: string, serial: number, entry: PackedEntry | undefined): void {
    this.isEmpty = false;
    setIn(this.packed, table, serial, entry);
  }

  /** Drops everything to be written except these tables, and has the disk delete the rest first. */
  reset(onlyTables: ReadonlySet<string>): void {
    this.isEmpty = false;
    this.onlyTables = onlyTables;
    this.packed.clear();
    for (const table of this.rows.keys()) if (!onlyTables.has(table)) this.rows.delete(table);
  }

  /** Adds a later batch. */
  add(later: QueuedBatch): void {
    if (later.onlyTables !== undefined) this.reset(later.onlyTables);
    if (later.serialLimit !== undefined) this.serialLimit = later.serialLimit;
    for (const [table, rows] of later.rows) for (const [key, row] of rows) this.set(table, key, row);
    for (const [table, rows] of later.packed) for (const [key, row] of rows) this.setPacked(table, key, row);
    this.actions.push(...later.actions);
  }

  written(): Promise<void> {
    if (this.#promise === undefined) {
      this.#promise = new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
      // The one who asked may be gone by now.
      this.#promise.catch(() => {});
    }
    return this.#promise;
  }

  settle(error?: StoreError): void {
    for (const { resolve, reject } of this.#waiters) {
      if (error === undefined) resolve();
      else reject(error);
    }
    this.#waiters = [];
    this.#promise = undefined;
  }

  stopWaiting(): void {
    this.endWait?.();
    this.endWait = undefined;
  }
}

/**
 * Writes committed transactions to disk, in order: while one batch is written, later commits gather in the next, in
 * which only the last state of a row counts. A batch that the disk refuses is merged with the next and tried again each
 * second; until then the queue refuses more, so it does not grow.
 */
export class WriteQueue {
  readonly #disk: Disk;
  readonly #onTrouble: (reason: StoreError | undefined) => void;
  #isInTrouble = false;
  #gathering = new QueuedBatch();
  #writing: QueuedBatch | undefined;
  #running: Promise<void> | undefined;
  #isRunning = false;
  #refusal: StoreError | undefined;
  #closed = false;
  #stopWaiting: () => void = () => {};
  #watcher: Watcher | undefined;

  /**
   * `onTrouble` is called once when the disk begins to refuse writes, and without a reason once it accepts them again.
   */
  constructor(disk: Disk, onTrouble: (reason: StoreError | undefined) => void) {
    this.#disk = disk;
    this.#onTrouble = onTrouble;
  }

  /** Why nothing may be written at the moment, for callers that have not changed anything yet. */
  get refusal(): StoreError | undefined {
    return this.#refusal === undefined ? undefined : new StoreError(`${this.#refusal.message} Nothing was changed.`);
  }

  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  add(changes: readonly Change[]): void {
    const batch = this.#gathering;
    for (const { table, key, after } of changes) {
      if (table.isPacked) batch.setPacked(table.name, key as number, after as PackedEntry | undefined);
      else batch.set(table.name, key, after);
    }
    this.#start();
  }

  set(table: string, key: Key, row: object | undefined): void {
    this.#gathering.set(table, key, row);
    this.#start();
  }

  reserveSerials(limit: number): void {
    this.#gathering.serialLimit = limit;
    this.#gathering.isEmpty = false;
    this.#start();
  }

  /** Drops everything except these tables, including what was refused so far. */
  reset(onlyTables: ReadonlySet<string>): void {
    this.#gathering.reset(onlyTables);
    // What is left to write is little: it may fit where the rest did not.
    this.#refusal = undefined;
    this.#stopWaiting();
    this.#start();
  }

  /** Undefined when everything is on disk. */
  flushed(): Promise<void> | undefined {
    if (this.#refusal !== undefined) {
      const refused = Promise.reject(this.#inDoubt(this.#refusal));
      refused.catch(() => {});
      return refused;
    }
    if (!this.#gathering.isEmpty) return this.#gathering.written();
    return this.#writing?.written();
  }

  /** Runs the action once everything added so far is on disk, which may be at once; never after `close`. */
  afterWritten(action: () => void): void {
    const batch = this.#gathering.isEmpty ? this.#writing : this.#gathering;
    if (batch === undefined) {
      action();
      return;
    }
    if (batch.actions.length === 0) batch.endWait = this.#watcher?.begin();
    batch.actions.push(action);
  }

  watchedBy(watcher: Watcher): void {
    this.#watcher = watcher;
  }

  /** Writes what is left, with one more attempt where the disk refused. @throws StoreError when that fails too. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopWaiting();
    await this.#running;
    if (!this.#gathering.isEmpty) throw this.#refusal ?? new StoreError("The store was closed before all was on disk.");
  }

  #start(): void {
    if (!this.#isRunning) this.#running = this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // The rest of this turn of the event loop shares the first write.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    while (!this.#gathering.isEmpty) {
      const isLastAttempt = this.#closed;
      await this.#writeGathered();
      if (this.#refusal === undefined) continue;
      if (isLastAttempt) break;
      if (!this.#closed) await this.#wait();
    }
    // Without an await since the last check, so that whatever comes next starts a new run.
    this.#isRunning = false;
  }

  async #writeGathered(): Promise<void> {
    const batch = this.#gathering;
    this.#writing = batch;
    this.#gathering = new QueuedBatch();
    try {
      await this.#disk.write(batch);
      this.#refusal = undefined;
      this.#writing = undefined;
      if (this.#isInTrouble) this.#tell(undefined);
      batch.settle();
      this.#runActions(batch);
    } catch (error) {
      const refusal = error instanceof StoreError ? error : new StoreError(`The disk refuses: ${String(error)}`);
      const later = this.#gathering;
      this.#refusal = refusal;
      this.#writing = undefined;
      this.#gathering = batch;
      batch.add(later);
      batch.stopWaiting();
      later.stopWaiting();
      const inDoubt = this.#inDoubt(refusal);
      if (!this.#isInTrouble) this.#tell(refusal);
      batch.settle(inDoubt);
      later.settle(inDoubt);
    }
  }

  #runActions({ actions, endWait }: QueuedBatch): void {
    if (!this.#closed) {
      for (const action of actions) {
        try {
          action();
        } catch (error) {
          this.#watcher?.report(error);
        }
      }
    }
    endWait?.();
  }

  /** The refusal for a caller whose change is already in memory: it stays there, and is tried again. */
  #inDoubt({ message }: StoreError): StoreError {
    return new StoreError(`${message} What was asked for may still be done once it does.`);
  }

  #tell(reason: StoreError | undefined): void {
    this.#isInTrouble = reason !== undefined;
    this.#onTrouble(reason);
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS).unref();
      this.#stopWaiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function setIn<K, V>(tables: Map<string, Map<K, V>>, table: string, key: K, value: V): void {
  let rows = tables.get(table);
  if (rows === undefined) {
    rows = new Map();
    tables.set(table, rows);
  }
  rows.set(key, value);
}
