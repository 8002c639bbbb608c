import type { Clock } from "./clock.ts";
import type { Store } from "./store.ts";
import { defineTable, type Table } from "./table.ts";

/** Looked at between two looks at the time. */
const mostInARow = 20;

interface ResetRow {
  readonly account: string;
}

/** What is being reset; it is done with the last row, so it may not go with the others. */
const resetTable = defineTable<ResetRow>()({
  name: "engine.resets",
  key: (row) => row.account,
  account: (row) => row.account,
  indexes: {},
  outlivesReset: true,
});

/**
 * Resets of single accounts, which delete row by row: what takes longer than a turn goes on in later ones, and after a
 * restart. Whoever acts for the account waits for the end (`ended`), as it would find some of its things and not others.
 */
export class AccountResets {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #afterRows: (account: string) => void;
  readonly #rows: Table<ResetRow, never>;
  readonly #running = new Map<string, Promise<void>>();

  /** @param afterRows forgets what services have in memory of an account whose rows are gone, or begin to go. */
  constructor(store: Store, clock: Clock, afterRows: (account: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#afterRows = afterRows;
    this.#rows = store.table(resetTable);
  }

  /** Goes on with what was not done when the process ended. */
  resume(): void {
    for (const { account } of this.#rows.values()) this.run(account).catch((error) => this.#clock.report(error));
  }

  /** After all rows of all accounts are gone: what is under way ends. */
  forgetAll(): void {
    this.#store.transaction(() => {
      for (const { account } of this.#rows.values()) this.#rows.delete(account);
    });
  }

  /** Undefined, mostly: nobody resets this account. */
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

  /** Says whether all is done. */
  #step(account: string, walk: Iterator<undefined>, isFirst: boolean): boolean {
    return this.#store.transaction(() => {
      // A reset of everything has come in between: what there is now is new.
      if (!isFirst && !this.#rows.has(account)) return true;
      let count = 0;
      while (walk.next().done !== true) {
        count += 1;
        if (count % mostInARow > 0 || !this.#clock.turns.spent) continue;
        if (isFirst) this.#rows.put({ account });
        return false;
      }
      this.#rows.delete(account);
      return true;
    });
  }
}
