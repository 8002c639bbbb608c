/** Runs distributed Maps: each batch of items is an execution of its own. */

import { Leftovers } from "../../../engine/leftovers.ts";
import type { MapRunRequest } from "../asl/execution.ts";
import { writeJson } from "../asl/json.ts";
import { exceedsTolerance } from "../asl/states/map-run.ts";
import { redriveState } from "../executions/redrive-state.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow, WholeExecution } from "../tables.ts";
import { ChildStarts } from "./child-starts.ts";
import { ItemFeeds } from "./item-feeds.ts";
import { isUnsuccessful, MapChildren } from "./map-children.ts";
import { MapRunResults } from "./map-run-results.ts";
import { type MapChildRow, type MapRunRow, mapRunTable } from "./map-run-tables.ts";
import { ObjectFiles } from "./object-files.ts";

/** What a run hears of a child's execution. */
type EndedChild = Omit<WholeExecution, "input">;

/** Children stopped in one turn. */
const stopsPerTurn = 50;

export class MapRuns {
  readonly runs;
  readonly children: MapChildren;
  readonly #sfn: StepFunctions;
  readonly #starts: ChildStarts;
  readonly #feeds: ItemFeeds;
  readonly #results: MapRunResults;
  readonly #leftovers: Leftovers;
  /** Runs that are to be looked at. */
  readonly #pumping = new Set<string>();
  /** Runs that go on once memory is enough again. */
  readonly #waiting = new Set<string>();

  constructor(sfn: StepFunctions) {
    const { store, options } = sfn.deps;
    const files = new ObjectFiles(options.s3Root);
    this.#sfn = sfn;
    this.runs = store.table(mapRunTable);
    this.children = new MapChildren(store);
    this.#starts = new ChildStarts(sfn, this.children);
    this.#feeds = new ItemFeeds(sfn, this, files);
    this.#results = new MapRunResults(sfn, this.children, files);
    this.#leftovers = new Leftovers(sfn.deps, "states.mapRun", (arn) => this.children.forget(arn));
  }

  /** Inside the transaction of the step that starts it. */
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
    this.touched(request.mapRunArn);
  }

  /**
   * Children that failed or were stopped run again as far as they can be redriven, those that never began begin: the first
   * of them are looked at here, inside a transaction, the others in later turns.
   */
  redrive(arn: string): void {
    const run = this.runs.get(arn);
    if (run === undefined) return;
    const redriveCount = run.redriveCount + 1;
    const redrivenMs = this.#sfn.now;
    const cleared = { isStopping: false, stoppedMs: undefined, failedItems: 0 };
    const status = "RUNNING" as const;
    this.#redriveSome({ ...run, ...cleared, status, redriveCount, redrivenMs, redriveFrom: 0 });
    this.touched(arn);
  }

  /** Inside a transaction. */
  #redriveSome(run: MapRunRow): void {
    const { executions } = this.#sfn.runner;
    const { arn, redriveFrom } = run;
    const { looked, next } = this.children.some(arn, redriveFrom as number);
    let { failedItems } = run;
    for (const child of looked) {
      if (!isUnsuccessful(child.status)) continue;
      if (!this.isRedrivable(run, child)) {
        failedItems += child.itemCount;
        continue;
      }
      this.children.waits(child, "PENDING_REDRIVE");
      const row = executions.get(this.children.givenTo(child).execution);
      if (row !== undefined) executions.put({ ...row, status: "PENDING_REDRIVE" });
    }
    this.runs.put({ ...run, failedItems, redriveFrom: next });
  }

  /** Whether a redrive of its run would run an unsuccessful child again; an express one simply starts over. */
  isRedrivable(run: MapRunRow, child: MapChildRow): boolean {
    if (run.executionType === "EXPRESS") return true;
    const row = this.#sfn.runner.executions.get(this.children.givenTo(child).execution);
    return row === undefined || redriveState(this.#sfn, row).status !== "NOT_REDRIVABLE";
  }

  /** The execution that waits for the run has no use for it any more. Inside a transaction. */
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
    if (run.status === "RUNNING") this.touched(run.arn);
  }

  /** Looks at a run in a later turn: something of it has changed. Inside a transaction. */
  touched(arn: string): void {
    if (this.#pumping.has(arn) || this.#waiting.has(arn)) return;
    this.#sfn.deps.store.afterCommit(() => {
      if (this.#pumping.has(arn)) return;
      this.#pumping.add(arn);
      this.#sfn.turns.soon(() => {
        this.#pumping.delete(arn);
        this.#sfn.deps.store.transaction(() => this.#pump(arn));
      });
    });
  }

  /** Inside a transaction: its items cannot be read. */
  readingFailed(arn: string, error: string, cause: string | undefined): void {
    const run = this.runs.get(arn);
    if (run?.status === "RUNNING") this.#fail(run, error, cause);
  }

  reset(): void {
    this.#feeds.reset();
  }

  recover(): void {
    this.#sfn.deps.store.transaction(() => {
      for (const run of this.runs.by.open.range("")) {
        if (run.isStopping) {
          this.#stopSome(run.arn);
          continue;
        }
        if (run.executionType === "EXPRESS") {
          // Express children died with the process.
          for (const child of this.children.rows.by.status.range(`${run.arn} RUNNING`)) {
            this.children.waits(child, "PENDING");
          }
        }
        this.touched(run.arn);
      }
    });
  }

  /** Inside a transaction: removes the runs of an execution, and in later turns the children that are left of them. */
  forget(execution: string): void {
    for (const run of this.runs.by.execution.range(execution)) {
      this.#feeds.forget(run);
      this.#leftovers.begin(run.arn, run.account);
      this.runs.delete(run.arn);
    }
  }

  #pump(arn: string): void {
    const run = this.runs.get(arn);
    if (run?.status !== "RUNNING") return;
    if (run.redriveFrom !== undefined) {
      this.#redriveSome(run);
      this.touched(arn);
      return;
    }
    if (this.#mustWait(arn)) return;
    // Who is at work tells when it is done.
    if (this.#feeds.wake(run)) return;
    if (exceeds(run)) {
      const cause = "The specified tolerated failure threshold was exceeded";
      this.#fail(run, "States.ExceedToleratedFailureThreshold", cause);
      return;
    }
    if (this.#starts.startSome(run)) this.touched(arn);
    else if (this.children.count(arn, "PENDING_REDRIVE", "PENDING", "RUNNING") === 0) {
      this.#results.whenDurable(arn, () => this.#conclude(arn));
    }
  }

  /** While memory is short nothing is begun; what runs goes on, and the run when there is enough again. */
  #mustWait(arn: string): boolean {
    const { memory, store } = this.#sfn.deps;
    if (memory === undefined || !memory.isShort(0)) return false;
    this.#waiting.add(arn);
    memory.whenEnough(() => {
      this.#waiting.delete(arn);
      store.transaction(() => this.touched(arn));
    });
    return true;
  }

  async #conclude(arn: string): Promise<void> {
    const run = this.runs.get(arn);
    if (run?.status !== "RUNNING") return;
    const { store } = this.#sfn.deps;
    // The last child may have gone beyond what is tolerated.
    if (exceeds(run)) {
      store.transaction(() => this.touched(arn));
      return;
    }
    const end = await this.#results.conclusionOf(run);
    store.transaction(() => {
      const now = this.runs.get(arn);
      // It may have been stopped while its results were written.
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
    const signal = { type: "mapRunFailed" as const, mapRunId, error, ...(cause === undefined ? {} : { cause }) };
    this.#sfn.signal(run.execution, signal);
  }

  /** Ends a run unsuccessfully: what is running is stopped, what is pending stays so. */
  #end(run: MapRunRow, status: "FAILED" | "ABORTED"): void {
    this.runs.put({ ...run, status, isStopping: true, stoppedMs: this.#sfn.now, redriveFrom: undefined });
    this.#sfn.deps.store.afterCommit(() => this.#feeds.drop(run.arn));
    this.#stopSome(run.arn);
  }

  /** Inside a transaction: stops some children, and the rest in later turns. */
  #stopSome(arn: string): void {
    const run = this.runs.get(arn);
    if (run?.isStopping !== true) return;
    for (const child of this.children.first(arn, "RUNNING", stopsPerTurn)) this.#stopChild(child);
    const { store } = this.#sfn.deps;
    if (this.children.count(arn, "RUNNING") > 0) {
      store.afterCommit(() => this.#sfn.turns.soon(() => store.transaction(() => this.#stopSome(arn))));
      return;
    }
    this.runs.put({ ...(this.runs.get(arn) as MapRunRow), isStopping: false });
    this.#results.whenDurable(arn, () => this.#writeRest(arn));
  }

  #stopChild(child: MapChildRow): void {
    const { execution } = this.children.givenTo(child);
    const { express, runner } = this.#sfn;
    if (express.has(execution) || runner.executions.get(execution)?.status === "RUNNING") {
      this.#sfn.signal(execution, { type: "abort" });
      return;
    }
    // An express one that died with its process.
    const outcome = { output: undefined, error: undefined, cause: undefined, stoppedMs: this.#sfn.now };
    this.children.ended(child, { status: "ABORTED", ...outcome });
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

/** Whether more items failed than the run tolerates. Shares of all items are known when these have all been read. */
function exceeds(run: MapRunRow): boolean {
  const total = run.request === undefined ? run.totalItems : Number.POSITIVE_INFINITY;
  return exceedsTolerance(run.failedItems, total, run);
}
