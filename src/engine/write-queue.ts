import type { Change } from "./change.ts";
import type { Batch, Disk } from "./disk.ts";
import { diskKey } from "./disk-key.ts";
import { StoreError } from "./store-error.ts";

const RETRY_MS = 1000;

/** Who is told of work that waits for the disk, so that time does not move meanwhile, and of what that work throws. */
export interface Watcher {
  begin(): () => void;
  report(error: unknown): void;
}

/** A batch that grows, and those who wait for it to be on disk. */
class QueuedBatch implements Batch {
  rows = new Map<string, Map<string, object | undefined>>();
  serialLimit: number | undefined;
  onlyTables: ReadonlySet<string> | undefined;
  isEmpty = true;
  /** Run once the batch is on disk. */
  actions: (() => void)[] = [];
  /** Ends the wait of time for the actions; a disk that refuses holds up no clock. */
  endWait: (() => void) | undefined;
  #waiters: { resolve: () => void; reject: (error: StoreError) => void }[] = [];
  #promise: Promise<void> | undefined;

  set(table: string, key: string, row: object | undefined): void {
    this.isEmpty = false;
    let rows = this.rows.get(table);
    if (rows === undefined) {
      rows = new Map();
      this.rows.set(table, rows);
    }
    rows.set(key, row);
  }

  written(): Promise<void> {
    if (this.#promise === undefined) {
      this.#promise = new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
      // Whoever asked may have gone away since.
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
 * Takes committed transactions to the disk, in order: while one batch is being written, what is committed meanwhile
 * gathers in the next, in which only the last state of a row counts. A batch the disk refuses is joined with the next
 * and tried again each second; until then the queue refuses more, so it stays as long as it is.
 */
export class WriteQueue {
  readonly #disk: Disk;
  #gathering = new QueuedBatch();
  #writing: QueuedBatch | undefined;
  #running: Promise<void> | undefined;
  #isRunning = false;
  #refusal: StoreError | undefined;
  #closed = false;
  #stopWaiting: () => void = () => {};
  #watcher: Watcher | undefined;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Why nothing may be written just now. */
  get refusal(): StoreError | undefined {
    return this.#refusal;
  }

  add(changes: readonly Change[]): void {
    for (const { table, key, after } of changes) this.#gathering.set(table.name, diskKey(key), after);
    this.#start();
  }

  set(table: string, key: string, row: object | undefined): void {
    this.#gathering.set(table, key, row);
    this.#start();
  }

  reserveSerials(limit: number): void {
    this.#gathering.serialLimit = limit;
    this.#gathering.isEmpty = false;
    this.#start();
  }

  keepOnlyTables(tables: ReadonlySet<string>): void {
    this.#gathering.onlyTables = tables;
    this.#gathering.isEmpty = false;
    this.#start();
  }

  /** Whether what the disk holds of this table is about to be deleted by keepOnlyTables. */
  isDropping(table: string): boolean {
    return [this.#writing, this.#gathering].some((batch) => batch?.onlyTables?.has(table) === false);
  }

  /** Undefined when everything is on disk. */
  flushed(): Promise<void> | undefined {
    if (this.#refusal !== undefined) {
      const refused = Promise.reject(this.#refusal);
      refused.catch(() => {});
      return refused;
    }
    if (!this.#gathering.isEmpty) return this.#gathering.written();
    return this.#writing?.written();
  }

  /** Runs the action once everything that was added so far is on disk: at once when it is; never after `close`. */
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
    // In the same breath as the look at what is gathered: what comes next must start a new run.
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
      batch.settle();
      this.#runActions(batch);
    } catch (error) {
      const refusal = error instanceof StoreError ? error : new StoreError(`The disk refuses: ${String(error)}`);
      const later = this.#gathering;
      this.#refusal = refusal;
      this.#writing = undefined;
      this.#gathering = batch;
      join(batch, later);
      batch.stopWaiting();
      later.stopWaiting();
      batch.settle(refusal);
      later.settle(refusal);
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

function join(batch: QueuedBatch, later: QueuedBatch): void {
  if (later.onlyTables !== undefined) {
    batch.onlyTables = later.onlyTables;
    for (const table of batch.rows.keys()) if (!later.onlyTables.has(table)) batch.rows.delete(table);
  }
  if (later.serialLimit !== undefined) batch.serialLimit = later.serialLimit;
  batch.actions.push(...later.actions);
  for (const [table, rows] of later.rows) for (const [key, row] of rows) batch.set(table, key, row);
}
