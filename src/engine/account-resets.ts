import type { Clock } from "./clock.ts";
import type { Store } from "./store.ts";
import { defineTable, type Table } from "./table.ts";

/** Rows deleted between two looks at the time. */
const maxInARow = 20;

interface ResetRow {
  readonly account: string;
}

/** Accounts being reset. An account's row is removed last, so a reset must skip this table. */
const resetTable = defineTable<ResetRow>()({
  name: "engine.resets",
  key: (row) => row.account,
  account: (row) => row.account,
  indexes: {},
  outlivesReset: true,
});

/**
 * Resets of single accounts, which delete row by row: whatever takes longer than one turn continues in later ones, and
 * after a restart. Calls for the account wait until the reset has ended (`ended`), so that they do not see half of its
 * state.
 */
export class AccountResets {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #afterRows: (account: string) => void;
  readonly #rows: Table<ResetRow, never>;
  readonly #running = new Map<string, Promise<void>>();

  /**
   * @param afterRows drops what services hold in memory for an account, when its rows begin to be deleted and when they
   * are gone.
   */
  constructor(store: Store, clock: Clock, afterRows: (account: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#afterRows = afterRows;
    this.#rows = store.table(resetTable);
  }

  /** Continues resets that the end of the process interrupted. */
  resume(): void {
    for (const { account } of this.#rows.values()) this.run(account).catch((error) => this.#clock.report(error));
  }

  /** Ends all resets under way, after all rows of all accounts are gone. */
  forgetAll(): void {
    this.#store.transaction(() => {
      for (const { account } of this.#rows.values()) this.#rows.delete(account);
    });
  }

  /** Resolves when the account's reset has ended; undefined, as usual, when there is none. */
  ended(account: string): Promise<void> | undefined {
    return this.#running.size === 0 ? undefined : this.#running.get(account);
  }

  /** Resolves when no row of the account is left. @throws StoreError when the disk refuses */
  async run(account: string): Promise<void> {
    const before = this.ended(account);
    if (before !== undefined) {
      await before;
      return this.run(account);
    }
    const walk = this.#store.forget(account);
    const isDone = this.#step(account, walk, true);
    this.#afterRows(account);
    if (isDone) return;
    const rest = this.#clock.track(this.#rest(account, walk)).finally(() => this.#running.delete(account));
    this.#running.set(
      account,
      rest.catch(() => {}),
    );
    await rest;
    this.#afterRows(account);
  }

  async #rest(account: string, walk: Iterator<undefined>): Promise<void> {
    const { turns } = this.#clock;
    for (;;) {
      await new Promise<void>((resolve) => turns.soon(resolve));
      if (this.#step(account, walk, false)) return;
    }
  }

  /** Returns whether all rows are gone. */
  #step(account: string, walk: Iterator<undefined>, isFirst: boolean): boolean {
    return this.#store.transaction(() => {
      // Everything was reset in between, so the rows there are now are new.
      if (!isFirst && !this.#rows.has(account)) return true;
      let count = 0;
      while (walk.next().done !== true) {
        count += 1;
        if (count % maxInARow > 0 || !this.#clock.turns.spent) continue;
        if (isFirst) this.#rows.put({ account });
        return false;
      }
      this.#rows.delete(account);
      return true;
    });
  }
}
