import type { Clock } from "./clock.ts";
import type { Store } from "./store.ts";
import { defineTable, type Table } from "./table.ts";

/** Rows deleted at once; larger numbers take several turns. */
const maxAtOnce = 1000;
/** Rows deleted between two looks at the time. */
const maxInARow = 20;
/** The wait before the next try after a failure; all tries fail while the disk refuses writes. */
const retryMs = 1000;

interface LeftoverRow {
  readonly kind: string;
  readonly name: string;
  readonly account: string;
}

const leftoverTable = defineTable<LeftoverRow>()({
  name: "engine.leftovers",
  key: ({ kind, name }) => `${kind} ${name}`,
  account: (row) => row.account,
  indexes: { kind: { group: (row) => row.kind, order: (row) => row.name } },
});

/**
 * Deletes what belonged to something that is gone (a stream's records, a topic's subscriptions), some milliseconds per
 * turn. A row records it until nothing is left, so a restart continues. Creating something new under the same name
 * waits for that.
 */
export class Leftovers {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #kind: string;
  readonly #clear: (name: string) => Iterable<unknown>;
  readonly #rows: Table<LeftoverRow, "kind">;
  /** Those who wait for the deletion to end, by name. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /**
   * @param kind stored in the rows, so it must not change.
   * @param clear deletes what is left of a name, one row between two items that it yields; in a transaction, and called
   * again for the rest.
   */
  constructor(
    { store, clock }: { readonly store: Store; readonly clock: Clock },
    kind: string,
    clear: (name: string) => Iterable<unknown>,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#kind = kind;
    this.#clear = clear;
    this.#rows = store.table(leftoverTable);
    for (const { name } of this.#rows.by.kind.range(kind)) this.#goOn(name);
  }

  /** Deletes what is left of a name: at once, or in several turns when there is much. Inside a transaction. */
  begin(name: string, account: string): void {
    let count = 0;
    for (const _ of this.#clear(name)) {
      count += 1;
      if (count < maxAtOnce) continue;
      this.#rows.put({ kind: this.#kind, name, account });
      this.#store.afterCommit(() => this.#goOn(name));
      return;
    }
  }

  /** Runs `body` in a transaction once nothing is left of a name, which usually means at once. */
  afterwards<T>(name: string, body: () => T): T | Promise<T> {
    if (!this.#isThere(name)) return this.#store.transaction(body);
    const ended = new Promise<void>((resolve) => {
      this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve]);
    });
    return ended.then(() => this.afterwards(name, body));
  }

  #isThere(name: string): boolean {
    return this.#rows.size > 0 && this.#rows.has(leftoverTable.key({ kind: this.#kind, name, account: "" }));
  }

  #goOn(name: string): void {
    const { turns } = this.#clock;
    const next = (): void => {
      try {
        this.#store.transaction(() => this.#step(name));
      } catch (error) {
        this.#clock.report(error);
        this.#clock.at(this.#clock.now() + retryMs, () => turns.soon(next));
        return;
      }
      if (this.#isThere(name)) {
        turns.soon(next);
        return;
      }
      for (const resolve of this.#waiting.get(name) ?? []) resolve();
      this.#waiting.delete(name);
    };
    turns.soon(next);
  }

  #step(name: string): void {
    if (!this.#isThere(name)) return;
    const { turns } = this.#clock;
    let count = 0;
    for (const _ of this.#clear(name)) {
      count += 1;
      if (count % maxInARow === 0 && turns.spent) return;
    }
    this.#rows.delete(leftoverTable.key({ kind: this.#kind, name, account: "" }));
  }
}
