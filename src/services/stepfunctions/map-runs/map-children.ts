/** The children of map runs: small rows with their status, and packed ones with their inputs and outcomes. */
import type { Store } from "../../../engine/store.ts";
import type { WholeExecution } from "../tables.ts";
import {
  type MapChildRow,
  type MapChildStatus,
  type MapInputRow,
  type MapOutcomeRow,
  mapChildTable,
  mapInputTable,
  mapOutcomeTable,
} from "./map-run-tables.ts";

/** Rows that are read at a time; the others may change in between. */
const rowsPerPage = 200;

/** Statuses of children that have not succeeded. */
const unsuccessful: readonly MapChildStatus[] = ["FAILED", "TIMED_OUT", "ABORTED"];

/** A child with its input and outcome. */
export type MapChild = Pick<MapChildRow, "index" | "status" | "itemCount"> &
  Pick<MapInputRow, "name" | "execution" | "input"> &
  Partial<Omit<MapOutcomeRow, "serial" | "account">>;

type NewChild = Pick<MapChildRow, "mapRun" | "account" | "index" | "itemCount"> &
  Pick<MapInputRow, "name" | "execution" | "input">;

type Ended = Pick<WholeExecution, "output" | "error" | "cause" | "stoppedMs"> & Pick<MapChildRow, "status">;

/** Whether a child has ended without success. */
export function isUnsuccessful(status: MapChildStatus): boolean {
  return unsuccessful.includes(status);
}

export class MapChildren {
  readonly rows;
  readonly #inputs;
  readonly #outcomes;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
    this.rows = store.table(mapChildTable);
    this.#inputs = store.packedTable(mapInputTable);
    this.#outcomes = store.packedTable(mapOutcomeTable);
  }

  /** Inside a transaction: adds a pending child. */
  add({ mapRun, account, index, itemCount, ...given }: NewChild): void {
    const serial = this.#store.nextSerial();
    const row = { serial, mapRun, account, index, itemCount };
    this.rows.put({ ...row, status: "PENDING", startedMs: undefined, outcome: undefined });
    this.#inputs.put({ serial, account, ...given });
  }

  /** The child's execution and its input. */
  inputOf({ serial }: MapChildRow): MapInputRow {
    return this.#inputs.get(serial) as MapInputRow;
  }

  /** Inside a transaction: a child has started, or continues after a redrive. */
  started(child: MapChildRow, nowMs: number, isRedrive: boolean): void {
    const startedMs = isRedrive ? this.#outcomeOf(child)?.startedMs : nowMs;
    if (child.outcome !== undefined) this.#outcomes.delete(child.outcome);
    this.rows.put({ ...child, status: "RUNNING", startedMs, outcome: undefined });
  }

  /** Inside a transaction: a child's execution has ended. */
  ended(child: MapChildRow, { status, stoppedMs, error, cause, output }: Ended): void {
    const serial = this.#store.nextSerial();
    const { account, startedMs } = child;
    this.#outcomes.put({ serial, account, startedMs, stoppedMs, error, cause, output });
    this.rows.put({ ...child, status, startedMs: undefined, outcome: serial });
  }

  /** Inside a transaction: a child must be started, or redriven, once there is room. */
  setStatus(child: MapChildRow, status: "PENDING" | "PENDING_REDRIVE"): void {
    this.rows.put({ ...child, status });
  }

  /** Number of a run's children with these statuses. */
  count(mapRun: string, ...statuses: readonly MapChildStatus[]): number {
    return statuses.reduce((sum, status) => sum + this.rows.by.status.size(`${mapRun} ${status}`), 0);
  }

  /** The first children of a run with a status, at most `limit`. */
  first(mapRun: string, status: MapChildStatus, limit: number): MapChildRow[] {
    const found: MapChildRow[] = [];
    if (limit <= 0) return found;
    for (const child of this.rows.by.status.range(`${mapRun} ${status}`)) {
      found.push(child);
      if (found.length === limit) break;
    }
    return found;
  }

  /** The children of a run with these statuses, in order; they may change while this is iterated. */
  *described(mapRun: string, statuses: readonly MapChildStatus[]): Generator<MapChild> {
    if (this.count(mapRun, ...statuses) === 0) return;
    for (let from: number | undefined = 0; from !== undefined; ) {
      const { rows, next } = this.page(mapRun, from);
      from = next;
      for (const child of rows) {
        if (!statuses.includes(child.status)) continue;
        const { index, status, itemCount, startedMs } = child;
        const { name, execution, input } = this.inputOf(child);
        yield { startedMs, ...this.#outcomeOf(child), index, status, itemCount, name, execution, input };
      }
    }
  }

  #outcomeOf({ outcome }: MapChildRow): MapOutcomeRow | undefined {
    return outcome === undefined ? undefined : this.#outcomes.get(outcome);
  }

  /** Some children of a run, in order from an index on, and the index to continue at; undefined after the last. */
  page(mapRun: string, from: number): { readonly rows: readonly MapChildRow[]; readonly next: number | undefined } {
    const rows: MapChildRow[] = [];
    for (const child of this.rows.by.run.range(mapRun, { gte: from })) {
      if (rows.length === rowsPerPage) return { rows, next: child.index };
      rows.push(child);
    }
    return { rows, next: undefined };
  }

  /**
   * Deletes the children of a run, one per yield. To be iterated inside transactions, and started again for the rest.
   */
  *forget(mapRun: string): Generator<undefined> {
    for (const child of this.rows.by.run.range(mapRun)) {
      this.#inputs.delete(child.serial);
      if (child.outcome !== undefined) this.#outcomes.delete(child.outcome);
      this.rows.delete(child.serial);
      yield;
    }
  }
}
