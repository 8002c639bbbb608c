/** The children of map runs as rows, whose texts are kept apart from them. */
import type { Store } from "../../../engine/store.ts";
import type { ExecutionRow } from "../tables.ts";
import { type MapChildRow, type MapChildStatus, mapChildTable, mapTextTable } from "./map-run-tables.ts";
import type { MapChild } from "./result-writer.ts";

/** Rows looked at before others may change them. */
const rowsAtOnce = 200;

type NewChild = Pick<MapChildRow, "mapRun" | "account" | "index" | "itemCount" | "name" | "execution">;

export class MapChildren {
  readonly rows;
  readonly #texts;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
    this.rows = store.table(mapChildTable);
    this.#texts = store.packedTable(mapTextTable);
  }

  /** Inside a transaction. */
  add(child: NewChild, input: string): void {
    this.rows.put({
      ...child,
      status: "PENDING",
      input: this.#keep(child.account, input),
      startedMs: undefined,
      stoppedMs: undefined,
      output: undefined,
      error: undefined,
      cause: undefined,
    });
  }

  /** Inside a transaction: its execution has ended. */
  ended(child: MapChildRow, { status, output, error, cause, stoppedMs }: ExecutionRow): void {
    if (child.output !== undefined) this.#texts.delete(child.output);
    const kept = output === undefined ? undefined : this.#keep(child.account, output);
    this.rows.put({ ...child, status, output: kept, error, cause, stoppedMs });
  }

  inputOf(child: MapChildRow): string {
    return this.#texts.get(child.input)?.text ?? "null";
  }

  /** Those of a run that stand so, in order; others may change them meanwhile. */
  *whole(mapRun: string, statuses: readonly MapChildStatus[]): Generator<MapChild> {
    const { by } = this.rows;
    if (!statuses.some((status) => by.status.size(`${mapRun} ${status}`) > 0)) return;
    for (let last: number | undefined = -1; last !== undefined; ) {
      const page = this.#page(mapRun, last);
      last = page.at(-1)?.index;
      for (const child of page) {
        if (!statuses.includes(child.status)) continue;
        const output = child.output === undefined ? undefined : this.#texts.get(child.output)?.text;
        yield { ...child, input: this.inputOf(child), output };
      }
    }
  }

  #page(mapRun: string, after: number): MapChildRow[] {
    const page: MapChildRow[] = [];
    for (const child of this.rows.by.run.range(mapRun, { gt: after })) {
      page.push(child);
      if (page.length === rowsAtOnce) break;
    }
    return page;
  }

  /** Inside a transaction: removes those of a run. */
  forget(mapRun: string): void {
    for (const child of this.rows.by.run.range(mapRun)) {
      this.#texts.delete(child.input);
      if (child.output !== undefined) this.#texts.delete(child.output);
      this.rows.delete(`${mapRun} ${child.index}`);
    }
  }

  #keep(account: string, text: string): number {
    const serial = this.#store.nextSerial();
    this.#texts.put({ serial, account, text });
    return serial;
  }
}
