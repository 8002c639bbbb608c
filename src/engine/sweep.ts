import type { Clock, Timer } from "./clock.ts";
import type { Store } from "./store.ts";

/** Rows that expire, in lists by key: the messages of each queue, or all tokens under one key. */
export interface Expiring<Row> {
  /** The row of this list that expires first. */
  first(key: string): Row | undefined;
  /** When a row expires, epoch ms; infinite when it does not. */
  endMs(row: Row): number;
  /** Deletes the row with everything that belongs to it. Inside a transaction. */
  drop(row: Row): void;
  /** The lists that have rows; called once, at the start. */
  keys(): Iterable<string>;
}

/** Rows dropped in one turn of the event loop. */
const maxAtOnce = 250;
/** Minimum time between two sweeps of a list, however closely its rows' ends follow each other. */
const pauseMs = 1000;
/** The wait after a failed sweep; all fail while the disk refuses writes. */
const retryMs = 60_000;

/**
 * Deletes expired rows even when nobody reads or writes their list any more. A list costs one timer of the clock, for
 * its first expiry; a caller that needs to be exact calls `run` before reading.
 */
export class Sweep<Row> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #expiring: Expiring<Row>;
  readonly #alarms = new Map<string, { readonly dueMs: number; readonly timer: Timer }>();

  constructor(store: Store, clock: Clock, expiring: Expiring<Row>) {
    this.#store = store;
    this.#clock = clock;
    this.#expiring = expiring;
    for (const key of expiring.keys()) {
      const first = expiring.first(key);
      if (first !== undefined) this.expect(key, expiring.endMs(first));
    }
  }

  /** Call it when a list gets a row that expires then, or a row's expiry moves closer. */
  expect(key: string, endMs: number): void {
    const alarm = this.#alarms.get(key);
    if (endMs === Number.POSITIVE_INFINITY || (alarm !== undefined && alarm.dueMs <= endMs)) return;
    alarm?.timer.cancel();
    this.#alarms.set(key, { dueMs: endMs, timer: this.#clock.at(endMs, () => this.#look(key)) });
  }

  /** Deletes all expired rows of a list. Inside a transaction. */
  run(key: string): void {
    this.#store.derive(() => this.#dropEnded(key, Number.POSITIVE_INFINITY));
  }

  #dropEnded(key: string, most: number): void {
    const { first, endMs, drop } = this.#expiring;
    const now = this.#clock.now();
    for (let dropped = 0; dropped < most; dropped += 1) {
      const row = first(key);
      if (row === undefined || endMs(row) > now) return;
      drop(row);
    }
  }

  #look(key: string): void {
    this.#alarms.delete(key);
    const now = this.#clock.now();
    try {
      this.#store.transaction(() => this.#dropEnded(key, maxAtOnce));
    } catch (error) {
      this.#clock.report(error);
      this.expect(key, now + retryMs);
      return;
    }
    const next = this.#expiring.first(key);
    if (next === undefined) return;
    const endMs = this.#expiring.endMs(next);
    this.expect(key, endMs <= now ? now : Math.max(endMs, now + pauseMs));
  }
}
