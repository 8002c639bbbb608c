/** Stops the children of map runs that have ended, some in each turn. */
import type { StepFunctions } from "../stepfunctions.ts";
import type { MapChildren } from "./map-children.ts";
import type { MapChildRow } from "./map-run-tables.ts";

/** Children stopped in one turn. */
const stopsPerTurn = 50;

export class ChildStops {
  readonly #sfn: StepFunctions;
  readonly #children: MapChildren;

  constructor(sfn: StepFunctions, children: MapChildren) {
    this.#sfn = sfn;
    this.#children = children;
  }

  /** Inside a transaction: stops some of a run's children. Returns whether others are still running. */
  stopSome(run: string): boolean {
    for (const child of this.#children.first(run, "RUNNING", stopsPerTurn)) this.#stop(child);
    return this.#children.count(run, "RUNNING") > 0;
  }

  #stop(child: MapChildRow): void {
    const { execution } = this.#children.inputOf(child);
    const { express, runner } = this.#sfn;
    if (express.has(execution) || runner.executions.get(execution)?.status === "RUNNING") {
      this.#sfn.signal(execution, { type: "abort" });
      return;
    }
    // An express child, which has ended with its process.
    const outcome = { output: undefined, error: undefined, cause: undefined, stoppedMs: this.#sfn.now };
    this.#children.ended(child, { status: "ABORTED", ...outcome });
  }
}
