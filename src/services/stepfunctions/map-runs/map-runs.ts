/** Runs distributed Maps: each item, or batch of items, has an execution of its own. */

import { Leftovers } from "../../../engine/leftovers.ts";
import type { MapRunRequest } from "../asl/execution.ts";
import { writeJson } from "../asl/json.ts";
import { exceedsTolerance } from "../asl/states/map-run.ts";
import { redriveState } from "../executions/redrive-state.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow, WholeExecution } from "../tables.ts";
import { ChildStarts } from "./child-starts.ts";
import { ChildStops } from "./child-stops.ts";
import { ItemFeeds } from "./item-feeds.ts";
import { isUnsuccessful, MapChildren } from "./map-children.ts";
import { MapRunResults } from "./map-run-results.ts";
import { type MapChildRow, type MapRunRow, mapRunTable } from "./map-run-tables.ts";
import { ObjectFiles } from "./object-files.ts";

/** The execution of a child that has ended. */
type EndedChild = Omit<WholeExecution, "input">;

export class MapRuns {
  readonly runs;
  readonly children: MapChildren;
  readonly #sfn: StepFunctions;
  readonly #starts: ChildStarts;
  readonly #stops: ChildStops;
  readonly #feeds: ItemFeeds;
  readonly #results: MapRunResults;
  readonly #leftovers: Leftovers;
  /** Runs that will be advanced in a later turn. */
  readonly #scheduled = new Set<string>();
  /** Runs that wait for enough memory. */
  readonly #waiting = new Set<string>();

  constructor(sfn: StepFunctions) {
    const { store, options } = sfn.deps;
    const files = new ObjectFiles(options.s3Root);
    this.#sfn = sfn;
    this.runs = store.table(mapRunTable);
    this.children = new MapChildren(store);
    this.#starts = new ChildStarts(sfn, this.children);
    this.#stops = new ChildStops(sfn, this.children);
    this.#feeds = new ItemFeeds(sfn, this, files);
    this.#results = new MapRunResults(sfn, this.children, files);
    this.#leftovers = new Leftovers(sfn.deps, "states.mapRun", (arn) => this.children.forget(arn));
  }

  /** Inside the transaction of the step that starts the run. */
  start(row: ExecutionRow, request: MapRunRequest): void {
    const { store } = this.#sfn.deps;
    const { items, keys, ...rest } = request;
    this.runs.put({
      arn: request.mapRunArn,
      account: row.account,
      execution: row.arn,
      mapRunId: request.mapRunId,
      machine: `${row.machine}/${request.label}`,
      stateName: request.stateName,
      executionType: request.executionType,
      status: "RUNNING",
      isStopping: false,
      startedMs: this.#sfn.now,
      stoppedMs: undefined,
      maxConcurrency: request.maxConcurrency,
      toleratedFailureCount: request.toleratedFailureCount,
      toleratedFailurePercentage: request.toleratedFailurePercentage,
      redriveCount: 0,
      redrivenMs: undefined,
      redriveFrom: undefined,
      totalItems: 0,
      failedItems: 0,
      resultsWritten: 0,
      request: writeJson(rest),
      items: items && this.#feeds.keepItems(row.account, { items, keys }),
      resultWriter: request.resultWriter && writeJson(request.resultWriter),
      serial: store.nextSerial(),
    });
    this.schedule(request.mapRunArn);
  }

  /**
   *   * Inside a transaction: runs the children again that failed or were stopped, as far as they can be redriven, and
   * those that have not been started. Handles the first of them here, the others in later turns.
   */
  redrive(arn: string): void {
    const run = this.runs.get(arn);
    if (run === undefined) return;
    const redriveCount = run.redriveCount + 1;
    const redrivenMs = this.#sfn.now;
    const cleared = { isStopping: false, stoppedMs: undefined, failedItems: 0 };
    const status = "RUNNING" as const;
    this.#redriveSome({ ...run, ...cleared, status, redriveCount, redrivenMs, redriveFrom: 0 });
    this.schedule(arn);
  }

  /** Inside a transaction. */
  #redriveSome(run: MapRunRow): void {
    const { executions } = this.#sfn.runner;
    const { arn, redriveFrom } = run;
    const { rows, next } = this.children.page(arn, redriveFrom as number);
    let { failedItems } = run;
    for (const child of rows) {
      if (!isUnsuccessful(child.status)) continue;
      if (!this.isRedrivable(run, child)) {
        failedItems += child.itemCount;
        continue;
      }
      this.children.setStatus(child, "PENDING_REDRIVE");
      const row = executions.get(this.children.inputOf(child).execution);
      if (row !== undefined) executions.put({ ...row, status: "PENDING_REDRIVE" });
    }
    this.runs.put({ ...run, failedItems, redriveFrom: next });
  }

  /** Whether a redrive of the run would run an unsuccessful child again; express children simply start over. */
  isRedrivable(run: MapRunRow, child: MapChildRow): boolean {
    if (run.executionType === "EXPRESS") return true;
    const row = this.#sfn.runner.executions.get(this.children.inputOf(child).execution);
    return row === undefined || redriveState(this.#sfn, row).status !== "NOT_REDRIVABLE";
  }

  /** Inside a transaction: the execution no longer waits for the run. */
  cancel(execution: string, mapRunId: string): void {
    for (const run of this.runs.by.execution.range(execution)) {
      if (run.mapRunId === mapRunId && run.status === "RUNNING") this.#end(run, "ABORTED");
    }
  }

  /** Inside a transaction: a child has ended. */
  childEnded(row: EndedChild): void {
    const run = row.mapRun === undefined ? undefined : this.runs.get(row.mapRun);
    const child = row.mapChild === undefined ? undefined : this.children.rows.get(row.mapChild);
    if (run === undefined || child === undefined || child.status !== "RUNNING") return;
    this.children.ended(child, row);
    if (row.status !== "SUCCEEDED") this.runs.put({ ...run, failedItems: run.failedItems + child.itemCount });
    if (run.status === "RUNNING") this.schedule(run.arn);
  }

  /** Inside a transaction that has changed a run: advances it in a later turn. */
  schedule(arn: string): void {
    if (this.#scheduled.has(arn) || this.#waiting.has(arn)) return;
    this.#sfn.deps.store.afterCommit(() => {
      if (this.#scheduled.has(arn)) return;
      this.#scheduled.add(arn);
      this.#sfn.turns.soon(() => {
        this.#scheduled.delete(arn);
        this.#sfn.deps.store.transaction(() => this.#advance(arn));
      });
    });
  }

  /** Inside a transaction: the items of a run cannot be read. */
  readingFailed(arn: string, error: string, cause: string | undefined): void {
    const run = this.runs.get(arn);
    if (run?.status === "RUNNING") this.#fail(run, error, cause);
  }

  reset(): void {
    this.#feeds.reset();
  }

  /** After a restart: continues what was running. */
  recover(): void {
    this.#sfn.deps.store.transaction(() => {
      for (const run of this.runs.by.open.range("")) {
        if (run.isStopping) {
          this.#stopSome(run.arn);
          continue;
        }
        if (run.executionType === "EXPRESS") {
          // Express children have ended with the process.
          for (const child of this.children.rows.by.status.range(`${run.arn} RUNNING`)) {
            this.children.setStatus(child, "PENDING");
          }
        }
        this.schedule(run.arn);
      }
    });
  }

  /** Inside a transaction: deletes the runs of an execution, and in later turns their children. */
  forget(execution: string): void {
    for (const run of this.runs.by.execution.range(execution)) {
      this.#feeds.forget(run);
      this.#leftovers.begin(run.arn, run.account);
      this.runs.delete(run.arn);
    }
  }

  #advance(arn: string): void {
    const run = this.runs.get(arn);
    if (run?.status !== "RUNNING") return;
    if (run.redriveFrom !== undefined) {
      this.#redriveSome(run);
      this.schedule(arn);
      return;
    }
    if (this.#mustWait(arn)) return;
    // The feed schedules the run again when it has read enough.
    if (this.#feeds.wake(run)) return;
    if (exceeds(run)) {
      const cause = "The specified tolerated failure threshold was exceeded";
      this.#fail(run, "States.ExceedToleratedFailureThreshold", cause);
      return;
    }
    if (this.#starts.startSome(run)) this.schedule(arn);
    else if (this.children.count(arn, "PENDING_REDRIVE", "PENDING", "RUNNING") === 0) {
      this.#results.whenDurable(arn, () => this.#conclude(arn));
    }
  }

  /** While memory is short, nothing is started; the run continues when there is enough again. */
  #mustWait(arn: string): boolean {
    const { memory, store } = this.#sfn.deps;
    if (memory === undefined || !memory.isShort(0)) return false;
    this.#waiting.add(arn);
    memory.whenEnough(() => {
      this.#waiting.delete(arn);
      store.transaction(() => this.schedule(arn));
    });
    return true;
  }

  async #conclude(arn: string): Promise<void> {
    const run = this.runs.get(arn);
    if (run?.status !== "RUNNING") return;
    const { store } = this.#sfn.deps;
    // The last child's failure may have exceeded the tolerance.
    if (exceeds(run)) {
      store.transaction(() => this.schedule(arn));
      return;
    }
    const end = await this.#results.conclusionOf(run);
    store.transaction(() => {
      const now = this.runs.get(arn);
      // The run may have been stopped while its results were being written.
      if (now?.status !== "RUNNING") return;
      if ("error" in end) {
        this.#fail(now, end.error, end.cause);
        return;
      }
      const resultsWritten = end.areWritten ? now.totalItems : 0;
      this.runs.put({ ...now, status: "SUCCEEDED", stoppedMs: this.#sfn.now, resultsWritten });
      this.#sfn.signal(now.execution, { type: "mapRunSucceeded", mapRunId: now.mapRunId, output: end.output });
    });
  }

  #fail(run: MapRunRow, error: string, cause: string | undefined): void {
    this.#end(run, "FAILED");
    const { mapRunId } = run;
    this.#sfn.signal(run.execution, {
      type: "mapRunFailed",
      mapRunId,
      error,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  /** Ends a run unsuccessfully: its running children are stopped, pending ones stay pending. */
  #end(run: MapRunRow, status: "FAILED" | "ABORTED"): void {
    this.runs.put({ ...run, status, isStopping: true, stoppedMs: this.#sfn.now, redriveFrom: undefined });
    this.#sfn.deps.store.afterCommit(() => this.#feeds.drop(run.arn));
    this.#stopSome(run.arn);
  }

  /** Inside a transaction: stops some children, the rest in later turns. */
  #stopSome(arn: string): void {
    if (this.runs.get(arn)?.isStopping !== true) return;
    const { store } = this.#sfn.deps;
    if (this.#stops.stopSome(arn)) {
      store.afterCommit(() => this.#sfn.turns.soon(() => store.transaction(() => this.#stopSome(arn))));
      return;
    }
    this.runs.put({ ...(this.runs.get(arn) as MapRunRow), isStopping: false });
    this.#results.whenDurable(arn, () => this.#writeRest(arn));
  }

  async #writeRest(arn: string): Promise<void> {
    const run = this.runs.get(arn);
    const resultsWritten = run === undefined ? 0 : await this.#results.writeRest(run);
    if (resultsWritten === 0) return;
    this.#sfn.deps.store.transaction(() => {
      const now = this.runs.get(arn);
      if (now !== undefined && now.status !== "RUNNING") this.runs.put({ ...now, resultsWritten });
    });
  }
}

/** Whether more items failed than the run tolerates. A percentage only counts once all items have been read. */
function exceeds(run: MapRunRow): boolean {
  const total = run.request === undefined ? run.totalItems : Number.POSITIVE_INFINITY;
  return exceedsTolerance(run.failedItems, total, run);
}
