import { type AnyDefinition, type Change, StoredTable } from "./stored-table.ts";
import type { IndexDefinition, Table, TableDefinition } from "./table.ts";

export { StoreError } from "./store-error.ts";

/**
 * All state: typed tables of plain rows in memory, changed in synchronous transactions.
 * Rows may hold strings, numbers, booleans, undefined members, nested plain objects and arrays, Uint8Array and bigint.
 */
export class Store {
  readonly durable: boolean = false;
  readonly #tables = new Map<AnyDefinition, StoredTable>();
  #depth = 0;
  #changes: Change[] = [];
  #actions: (() => void)[] = [];
  #serial = 0;

  /** A store that lives and dies with the process. */
  static memory(): Store {
    return new Store();
  }

  private constructor() {}

  /** The table of this definition, the same one at each call. */
  table<Row extends object, I extends Record<string, IndexDefinition<Row>>>(
    definition: TableDefinition<Row, I>,
  ): Table<Row, keyof I & string> {
    // Inside the store rows are just objects; the definition that comes in vouches for the types that go out.
    const plain = definition as unknown as AnyDefinition;
    let table = this.#tables.get(plain);
    if (table === undefined) {
      for (const other of this.#tables.keys()) {
        if (other.name === plain.name) throw new Error(`two tables are called ${plain.name}`);
      }
      table = new StoredTable(plain, () => this.#journal());
      this.#tables.set(plain, table);
    }
    return table as unknown as Table<Row, keyof I & string>;
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
    }
    if (this.#depth === 0) this.#commit();
    return result;
  }

  /**
   * Inside a transaction: runs the action once after the outermost commit, never when it is undone. Outside: at once.
   * When actions throw, which is a bug, the others still run and the first error reaches the transaction's caller.
   */
  afterCommit(action: () => void): void {
    if (this.#depth === 0) action();
    else this.#actions.push(action);
  }

  /** Undefined when all that is committed is as safe as it gets; else resolves when it is on disk. */
  flushed(): Promise<void> | undefined {
    return undefined;
  }

  /** An integer greater than all answered before over the life of the store. Costs no write. */
  nextSerial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  /** The number of rows of each table. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const table of this.#tables.values()) counts[table.definition.name] = table.size;
    return counts;
  }

  /** Deletes all rows, or those of one account, in a transaction of its own. */
  reset(account?: string): void {
    if (this.#depth > 0) throw new Error("reset was called inside a transaction");
    this.transaction(() => {
      for (const table of this.#tables.values()) {
        const { definition } = table;
        if (definition.outlivesReset === true) continue;
        for (const [key, row] of table.entries()) {
          if (account === undefined || definition.account(row) === account) table.delete(key);
        }
      }
    });
  }

  async close(): Promise<void> {}

  #journal(): Change[] {
    if (this.#depth === 0) throw new Error("a row was written outside a transaction");
    return this.#changes;
  }

  #undo(downTo: number): void {
    const changes = this.#changes;
    for (let i = changes.length - 1; i >= downTo; i -= 1) {
      const { table, key, before, after } = changes[i]!;
      table.replace(key, after, before);
    }
    changes.length = downTo;
  }

  #commit(): void {
    if (this.#changes.length > 0) this.#changes = [];
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
