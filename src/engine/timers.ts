import type { Clock, Timer } from "./clock.ts";
import { performance } from "./real-time.ts";
import type { Store } from "./store.ts";
import { defineTable, type Table } from "./table.ts";
import { turnMs } from "./turns.ts";

/** A durable timer, stored with the state it belongs to. */
export interface TimerRow {
  /** Unique among all timers. */
  id: string;
  account: string;
  /** Epoch ms. */
  dueMs: number;
  /** The kind of handler it is for. */
  kind: string;
  /** Data for the handler; anything a row may hold. */
  payload: unknown;
}

/** What caused a timer: a text stored with it, and restored while its handler runs. */
export interface TimerCauses {
  current(): string | undefined;
  within(kept: string | undefined, timerId: string, body: () => void): void;
}

const noCauses: TimerCauses = { current: () => undefined, within: (_kept, _id, body) => body() };

interface StoredTimer extends TimerRow {
  cause?: string;
  /** Epoch ms of the next attempt, after a handler threw. */
  retryMs?: number;
}

const RETRY_MS = 1000;

const timerTable = defineTable<StoredTimer>()({
  name: "timers",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { due: { group: (row) => row.kind, order: attemptMs } },
});

/**
 * Durable timers, fired in (due, id) order. Their rows are all they cost: one timer of the clock is armed, for the
 * earliest. Timers of a kind that has no handler in this run stay as they are.
 */
export class Timers {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #causes: TimerCauses;
  readonly #rows: Table<StoredTimer, "due">;
  readonly #handlers = new Map<string, (row: TimerRow) => void>();
  readonly #arm = (): void => this.#armEarliest();
  #started = false;
  #firing = false;
  #armed: Timer | undefined;
  #armedMs = Number.POSITIVE_INFINITY;
  /** No attempts before this time, since the store refuses writes. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(store: Store, clock: Clock, causes = noCauses) {
    this.#store = store;
    this.#clock = clock;
    this.#causes = causes;
    this.#rows = store.table(timerTable);
  }

  /**
   * Registers the handler of a kind. It runs in a transaction in which the timer's row is already deleted. If it
   * throws, the transaction is undone, the error is reported to the clock, and the timer fires again in 1 s.
   */
  on(kind: string, handler: (row: TimerRow) => void): void {
    if (this.#handlers.has(kind)) throw new Error(`the timer kind ${kind} has two handlers`);
    this.#handlers.set(kind, handler);
    this.#armEarliest();
  }

  /** Inside a transaction. A timer of the same id is replaced. */
  schedule({ id, account, dueMs, kind, payload }: TimerRow): void {
    if (this.#started && !this.#handlers.has(kind)) throw new Error(`the timer kind ${kind} has no handler`);
    const cause = this.#causes.current();
    this.#rows.put({ id, account, dueMs, kind, payload, ...(cause === undefined ? {} : { cause }) });
    if (dueMs < this.#armedMs) this.#store.afterCommit(this.#arm);
  }

  /** Inside a transaction. Returns whether there was such a timer. */
  cancel(id: string): boolean {
    return this.#rows.delete(id);
  }

  get(id: string): TimerRow | undefined {
    return this.#rows.get(id);
  }

  /** Call it once the kinds of all rows are registered: overdue timers fire next, the others when they are due. */
  start(): void {
    this.#started = true;
    this.#armEarliest();
  }

  #earliest(): StoredTimer | undefined {
    let earliest: StoredTimer | undefined;
    for (const kind of this.#handlers.keys()) {
      const row = this.#rows.by.due.first(kind);
      if (row !== undefined && (earliest === undefined || isEarlier(row, earliest))) earliest = row;
    }
    return earliest;
  }

  /** A cancelled timer leaves the clock armed too early, which only costs one unnecessary check. */
  #armEarliest(): void {
    if (!this.#started || this.#firing) return;
    const earliest = this.#earliest();
    if (earliest === undefined) return;
    const dueMs = Math.max(attemptMs(earliest), this.#pausedUntilMs);
    if (dueMs >= this.#armedMs) return;
    this.#armed?.cancel();
    this.#armedMs = dueMs;
    this.#armed = this.#clock.at(dueMs, () => this.#fireDue());
  }

  #fireDue(): void {
    this.#armed = undefined;
    this.#armedMs = Number.POSITIVE_INFINITY;
    this.#firing = true;
    const endsAt = performance.now() + turnMs;
    try {
      do {
        const row = this.#earliest();
        const now = this.#clock.now();
        if (row === undefined || Math.max(attemptMs(row), this.#pausedUntilMs) > now) break;
        this.#fire(row, now);
        if (this.#clock.stepping) break;
      } while (performance.now() < endsAt);
    } finally {
      this.#firing = false;
      this.#armEarliest();
    }
  }

  #fire(row: StoredTimer, now: number): void {
    try {
      this.#causes.within(row.cause, row.id, () => {
        this.#store.transaction(() => {
          this.#rows.delete(row.id);
          this.#handlers.get(row.kind)!(row);
        });
      });
    } catch (error) {
      this.#clock.report(error);
      // What was thrown after the commit is no reason to fire again.
      if (this.#rows.get(row.id) === row) this.#postpone(row, now + RETRY_MS);
    }
  }

  #postpone(row: StoredTimer, retryMs: number): void {
    try {
      this.#store.transaction(() => this.#rows.put({ ...row, retryMs }));
    } catch {
      // The store refuses all writes, as the first error has reported: every timer waits.
      this.#pausedUntilMs = retryMs;
    }
  }
}

function attemptMs(row: StoredTimer): number {
  return row.retryMs ?? row.dueMs;
}

function isEarlier(a: StoredTimer, b: StoredTimer): boolean {
  const [aMs, bMs] = [attemptMs(a), attemptMs(b)];
  return aMs < bMs || (aMs === bMs && a.id < b.id);
}
