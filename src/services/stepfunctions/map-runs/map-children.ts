/** The children of map runs: small rows of where they stand, and apart from these what they are given and give. */
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

/** Rows looked at before others may change them. */
const rowsAtOnce = 200;

/** Statuses of children that have ended without success. */
const unsuccessful: readonly MapChildStatus[] = ["FAILED", "TIMED_OUT", "ABORTED"];

/** A child with all that is known of it. */
export type MapChild = Pick<MapChildRow, "index" | "status" | "itemCount"> &
  Pick<MapInputRow, "name" | "execution" | "input"> &
  Partial<Omit<MapOutcomeRow, "serial" | "account">>;

type NewChild = Pick<MapChildRow, "mapRun" | "account" | "index" | "itemCount"> &
  Pick<MapInputRow, "name" | "execution" | "input">;

type Ended = Pick<WholeExecution, "output" | "error" | "cause" | "stoppedMs"> & Pick<MapChildRow, "status">;

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

  /** Inside a transaction. */
  add({ mapRun, account, index, itemCount, ...given }: NewChild): void {
    const serial = this.#store.nextSerial();
    const row = { serial, mapRun, account, index, itemCount };
    this.rows.put({ ...row, status: "PENDING", startedMs: undefined, outcome: undefined });
    this.#inputs.put({ serial, account, ...given });
  }

  /** The child's execution, and what it is given. */
  givenTo({ serial }: MapChildRow): MapInputRow {
    return this.#inputs.get(serial) as MapInputRow;
  }

  /** Inside a transaction: it begins, or goes on after it was ended. */
  started(child: MapChildRow, nowMs: number, goesOn: boolean): void {
    const startedMs = goesOn ? this.#outcomeOf(child)?.startedMs : nowMs;
    if (child.outcome !== undefined) this.#outcomes.delete(child.outcome);
    this.rows.put({ ...child, status: "RUNNING", startedMs, outcome: undefined });
  }

  /** Inside a transaction: its execution has ended. */
  ended(child: MapChildRow, { status, stoppedMs, error, cause, output }: Ended): void {
    const serial = this.#store.nextSerial();
    const { account, startedMs } = child;
    this.#outcomes.put({ serial, account, startedMs, stoppedMs, error, cause, output });
    this.rows.put({ ...child, status, startedMs: undefined, outcome: serial });
  }

  /** Inside a transaction: it is to begin, or to go on, once there is room. */
  waits(child: MapChildRow, status: "PENDING" | "PENDING_REDRIVE"): void {
    this.rows.put({ ...child, status });
  }

  count(mapRun: string, ...statuses: readonly MapChildStatus[]): number {
    return statuses.reduce((sum, status) => sum + this.rows.by.status.size(`${mapRun} ${status}`), 0);
  }

  /** The first of a run that stand so, at most so many of them. */
  first(mapRun: string, status: MapChildStatus, most: number): MapChildRow[] {
    const found: MapChildRow[] = [];
    if (most <= 0) return found;
    for (const child of this.rows.by.status.range(`${mapRun} ${status}`)) {
      found.push(child);
      if (found.length === most) break;
    }
    return found;
  }

  /** Those of a run that stand so, in order; others may change them meanwhile. */
  *whole(mapRun: string, statuses: readonly MapChildStatus[]): Generator<MapChild> {
    if (this.count(mapRun, ...statuses) === 0) return;
    for (let from: number | undefined = 0; from !== undefined; ) {
      const { looked, next } = this.some(mapRun, from);
      from = next;
      for (const child of looked) {
        if (!statuses.includes(child.status)) continue;
        const { index, status, itemCount, startedMs } = child;
        const { name, execution, input } = this.givenTo(child);
        yield { startedMs, ...this.#outcomeOf(child), index, status, itemCount, name, execution, input };
      }
    }
  }

  #outcomeOf({ outcome }: MapChildRow): MapOutcomeRow | undefined {
    return outcome === undefined ? undefined : this.#outcomes.get(outcome);
  }

  /** Some of a run in order, from the one with this index on, and the index to go on with; undefined: they were the last. */
  some(mapRun: string, from: number): { readonly looked: readonly MapChildRow[]; readonly next: number | undefined } {
    const looked: MapChildRow[] = [];
    for (const child of this.rows.by.run.range(mapRun, { gte: from })) {
      if (looked.length === rowsAtOnce) return { looked, next: child.index };
      looked.push(child);
    }
    return { looked, next: undefined };
  }

  /** Removes those of a run, one between two items that it yields. Inside a transaction, and again for the rest. */
  *forget(mapRun: string): Generator<undefined> {
    for (const child of this.rows.by.run.range(mapRun)) {
      this.#inputs.delete(child.serial);
      if (child.outcome !== undefined) this.#outcomes.delete(child.outcome);
      this.rows.delete(child.serial);
      yield;
    }
  }
}
