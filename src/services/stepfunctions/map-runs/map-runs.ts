/** Runs distributed Maps: each batch of items is an execution of its own. */

import { StateError } from "../asl/errors.ts";
import type { MapRunRequest } from "../asl/execution.ts";
import { parseJson, readJson, writeJson } from "../asl/json.ts";
import { exceedsTolerance } from "../asl/states/map-run.ts";
import { causeOf } from "../executions/causes.ts";
import { executionRow } from "../executions/execution-row.ts";
import { redriveState } from "../executions/redrive-state.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow } from "../tables.ts";
import { ItemFeeds } from "./item-feeds.ts";
import { MapChildren } from "./map-children.ts";
import { type MapChildRow, type MapRunRow, mapRunTable } from "./map-run-tables.ts";
import { ObjectError, ObjectFiles } from "./object-files.ts";
import { type ChildrenOf, type Writer, writeResults } from "./result-writer.ts";

/** AWS's limit, and what 0 means. */
const mostConcurrent = 10_000;
/** Children started in one turn. */
const startsPerTurn = 20;

export class MapRuns {
  readonly runs;
  readonly children;
  readonly #sfn: StepFunctions;
  readonly #files: ObjectFiles;
  readonly #texts: MapChildren;
  readonly #feeds: ItemFeeds;
  /** Runs that are to be looked at. */
  readonly #pumping = new Set<string>();
  /** Runs whose results are being written, one time after the other. */
  readonly #writing = new Map<string, Promise<void>>();

  constructor(sfn: StepFunctions) {
    const { store, options } = sfn.deps;
    this.#sfn = sfn;
    this.#files = new ObjectFiles(options.s3Root);
    this.runs = store.table(mapRunTable);
    this.#texts = new MapChildren(store);
    this.children = this.#texts.rows;
    this.#feeds = new ItemFeeds(sfn, this, this.#files, this.#texts);
  }

  /** Inside the transaction of the step that starts it. */
  start(row: ExecutionRow, request: MapRunRequest): void {
    const { store } = this.#sfn.deps;
    const { items, keys, ...rest } = request;
    if (items !== undefined) this.#feeds.keepItems(request.mapRunArn, row.account, writeJson({ items, keys }));
    this.runs.put({
      arn: request.mapRunArn,
      account: row.account,
      execution: row.arn,
      mapRunId: request.mapRunId,
      machine: `${row.machine}/${request.label}`,
      stateName: request.stateName,
      executionType: request.executionType,
      status: "RUNNING",
      startedMs: this.#sfn.now,
      stoppedMs: undefined,
      maxConcurrency: request.maxConcurrency,
      toleratedFailureCount: request.toleratedFailureCount,
      toleratedFailurePercentage: request.toleratedFailurePercentage,
      redriveCount: 0,
      redrivenMs: undefined,
      totalItems: 0,
      failedItems: 0,
      resultsWritten: 0,
      request: writeJson(rest),
      resultWriter: request.resultWriter && writeJson(request.resultWriter),
      serial: store.nextSerial(),
    });
    this.#soon(request.mapRunArn);
  }

  /**
   * Children that failed or were stopped run again as far as they can be redriven, those that never began begin. Inside a
   * transaction.
   */
  redrive(arn: string): void {
    const run = this.runs.get(arn);
    if (run === undefined) return;
    const redriveCount = run.redriveCount + 1;
    const { executions } = this.#sfn.runner;
    let failedItems = 0;
    for (const child of this.unsuccessful(arn)) {
      if (!this.isRedrivable(child)) {
        failedItems += child.itemCount;
        continue;
      }
      this.children.put({ ...child, status: "PENDING_REDRIVE" });
      const row = executions.get(child.execution);
      if (row !== undefined) executions.put({ ...row, status: "PENDING_REDRIVE" });
    }
    const redrivenMs = this.#sfn.now;
    this.runs.put({ ...run, status: "RUNNING", stoppedMs: undefined, redriveCount, redrivenMs, failedItems });
    this.#soon(arn);
  }

  /** The children of a run that ended without success. */
  *unsuccessful(arn: string): Generator<MapChildRow> {
    for (const status of ["FAILED", "TIMED_OUT", "ABORTED"]) yield* this.children.by.status.range(`${arn} ${status}`);
  }

  /** Whether a redrive of its run would run an unsuccessful child again; an express one simply starts anew. */
  isRedrivable(child: MapChildRow): boolean {
    const row = this.#sfn.runner.executions.get(child.execution);
    return row === undefined || redriveState(this.#sfn, row).status !== "NOT_REDRIVABLE";
  }

  /** The execution that waits for the run has no use for it any more. Inside a transaction. */
  cancel(execution: string, mapRunId: string): void {
    for (const run of this.runs.by.execution.range(execution)) {
      if (run.mapRunId === mapRunId && run.status === "RUNNING") this.#end(run, "ABORTED");
    }
  }

  /** Inside a transaction: a child has ended. */
  childEnded(arn: string, row: ExecutionRow): void {
    const run = this.runs.get(arn);
    const child = this.children.by.execution.first(row.arn);
    if (run === undefined || child === undefined || child.status !== "RUNNING") return;
    this.#texts.ended(child, row);
    if (row.status !== "SUCCEEDED") this.runs.put({ ...run, failedItems: run.failedItems + child.itemCount });
    if (run.status === "RUNNING") this.#soon(arn);
  }

  /** Goes on after its limits were changed. Inside a transaction. */
  touched(arn: string): void {
    this.#soon(arn);
  }

  reset(): void {
    this.#feeds.reset();
  }

  recover(): void {
    this.#sfn.deps.store.transaction(() => {
      for (const run of this.runs.by.running.range("")) {
        if (run.executionType === "EXPRESS") {
          // Express children died with the process.
          for (const child of this.children.by.status.range(`${run.arn} RUNNING`)) {
            this.children.put({ ...child, status: "PENDING" });
          }
        }
        this.#soon(run.arn);
      }
    });
  }

  /** Inside a transaction: removes the runs of an execution. */
  forget(execution: string): void {
    for (const run of this.runs.by.execution.range(execution)) {
      this.#feeds.forget(run.arn);
      this.#texts.forget(run.arn);
      this.runs.delete(run.arn);
    }
  }

  #soon(arn: string): void {
    if (this.#pumping.has(arn)) return;
    this.#sfn.deps.store.afterCommit(() => {
      if (this.#pumping.has(arn)) return;
      this.#pumping.add(arn);
      this.#sfn.turns.soon(() => {
        this.#pumping.delete(arn);
        this.#sfn.deps.store.transaction(() => this.#pump(arn));
      });
    });
  }

  #pump(arn: string): void {
    const run = this.runs.get(arn);
    if (run?.status !== "RUNNING") return;
    // Who is at work tells when it is done.
    if (this.#feeds.wake(run)) return;
    if (exceeds(run)) {
      const cause = "The specified tolerated failure threshold was exceeded";
      this.#fail(run, "States.ExceedToleratedFailureThreshold", cause);
      return;
    }
    const { status } = this.children.by;
    const running = status.size(`${arn} RUNNING`);
    const room = Math.min(run.maxConcurrency || mostConcurrent, mostConcurrent) - running;
    const starts = Math.min(room, startsPerTurn);
    const pending: MapChildRow[] = [];
    for (const waiting of ["PENDING_REDRIVE", "PENDING"]) {
      for (const child of status.range(`${arn} ${waiting}`)) {
        if (pending.length >= starts) break;
        pending.push(child);
      }
    }
    for (const child of pending) this.#startChild(run, child);
    const open = ["PENDING_REDRIVE", "PENDING", "RUNNING"].some((one) => status.size(`${arn} ${one}`) > 0);
    if (!open) this.#whenDurable(arn, () => this.#conclude(arn));
    else if (pending.length === startsPerTurn) this.#soon(arn);
  }

  /** Inside a transaction. */
  readingFailed(arn: string, error: string, cause: string | undefined): void {
    const run = this.runs.get(arn);
    if (run?.status === "RUNNING") this.#fail(run, error, cause);
  }

  #startChild(run: MapRunRow, child: MapChildRow): void {
    const { executions } = this.#sfn.runner;
    const earlier = executions.get(child.execution);
    if (earlier !== undefined) {
      this.#redriveChild(child, earlier);
      return;
    }
    const parent = executions.get(run.execution);
    if (parent === undefined) return;
    const now = this.#sfn.now;
    const text = this.#texts.inputOf(child);
    this.children.put({ ...child, status: "RUNNING", startedMs: now, error: undefined, cause: undefined });
    const row = executionRow({
      arn: child.execution,
      account: run.account,
      region: parent.region,
      name: child.name,
      machine: run.machine,
      revision: parent.revision,
      roleArn: parent.roleArn,
      startedMs: now,
      input: text,
      causedBy: causeOf(parent).text,
      serial: this.#sfn.deps.store.nextSerial(),
      mapRun: run.arn,
      mapState: run.stateName,
      itemCount: child.itemCount,
      testCase: parent.testCase,
    });
    const input = parseJson(text);
    if (run.executionType === "STANDARD") this.#sfn.runner.start(row, input);
    else {
      this.#sfn.express.start(row, input, (ended) => {
        this.#sfn.deps.store.transaction(() => this.childEnded(run.arn, ended));
      });
    }
  }

  /** A standard child of an earlier attempt goes on from where it failed. */
  #redriveChild(child: MapChildRow, row: ExecutionRow): void {
    this.children.put({ ...child, status: "RUNNING", stoppedMs: undefined, error: undefined, cause: undefined });
    this.#sfn.runner.redrive({
      ...row,
      status: "RUNNING",
      stoppedMs: undefined,
      error: undefined,
      cause: undefined,
      redriveCount: row.redriveCount + 1,
      redrivenMs: this.#sfn.now,
    });
  }

  /** Writes files once what they tell of is durable, those of one run one after the other. */
  #whenDurable(arn: string, write: () => Promise<void>): void {
    const { store, clock } = this.#sfn.deps;
    store.afterDurable(() => {
      const before = this.#writing.get(arn) ?? Promise.resolve();
      const work = before
        .then(write)
        .catch((error: unknown) => clock.report(error))
        .finally(() => {
          if (this.#writing.get(arn) === work) this.#writing.delete(arn);
        });
      this.#writing.set(arn, work);
      void clock.track(work);
    });
  }

  async #conclude(arn: string): Promise<void> {
    const run = this.runs.get(arn);
    if (run?.status !== "RUNNING") return;
    // The last child may have gone beyond what is tolerated.
    if (exceeds(run)) {
      this.#soon(arn);
      return;
    }
    const { store } = this.#sfn.deps;
    const writer = writerOf(run);
    const inRun = (then: (run: MapRunRow) => void) =>
      store.transaction(() => {
        const now = this.runs.get(arn);
        // It may have been stopped while its results were written.
        if (now?.status === "RUNNING") then(now);
      });
    try {
      const output = await this.#write(run, writer);
      inRun((now) => {
        const resultsWritten = writer?.resource === undefined ? 0 : now.totalItems;
        this.runs.put({ ...now, status: "SUCCEEDED", stoppedMs: this.#sfn.now, resultsWritten });
        this.#sfn.signal(now.execution, { type: "mapRunSucceeded", mapRunId: now.mapRunId, output });
      });
    } catch (error) {
      if (error instanceof ObjectError) inRun((now) => this.#fail(now, "States.ResultWriterFailed", error.message));
      else if (error instanceof StateError)
        inRun((now) => this.#fail(now, error.error ?? "States.Runtime", error.causeText));
      else throw error;
    }
  }

  #fail(run: MapRunRow, error: string, cause: string | undefined): void {
    this.#end(run, "FAILED");
    const { mapRunId } = run;
    const signal = { type: "mapRunFailed" as const, mapRunId, error, ...(cause === undefined ? {} : { cause }) };
    this.#sfn.signal(run.execution, signal);
  }

  /** Ends a run unsuccessfully: what is running is stopped, what is pending stays so. */
  #end(run: MapRunRow, status: "FAILED" | "ABORTED"): void {
    this.runs.put({ ...run, status, stoppedMs: this.#sfn.now });
    const running = [...this.children.by.status.range(`${run.arn} RUNNING`)];
    for (const child of running) this.#sfn.signal(child.execution, { type: "abort" });
    this.#sfn.deps.store.afterCommit(() => this.#feeds.drop(run.arn));
    this.#whenDurable(run.arn, () => this.#writeRest(run.arn));
  }

  /** Writes what an unsuccessful run comes to. It is over already, so that a writer that fails changes nothing. */
  async #writeRest(arn: string): Promise<void> {
    const run = this.runs.get(arn);
    const writer = run && writerOf(run);
    // Without children, since its items could not be read, there is nothing to tell.
    if (run === undefined || writer?.resource === undefined || this.children.by.run.size(arn) === 0) return;
    try {
      await this.#write(run, writer);
    } catch (error) {
      if (!(error instanceof ObjectError)) throw error;
      return;
    }
    let resultsWritten = 0;
    for (const { status, itemCount } of this.children.by.run.range(arn)) {
      if (status !== "PENDING" && status !== "PENDING_REDRIVE") resultsWritten += itemCount;
    }
    this.#sfn.deps.store.transaction(() => {
      const now = this.runs.get(arn);
      if (now !== undefined && now.status !== "RUNNING") this.runs.put({ ...now, resultsWritten });
    });
  }

  /** @throws ObjectError, StateError */
  #write(run: MapRunRow, writer: Writer | undefined): ReturnType<typeof writeResults> {
    const { executions } = this.#sfn.runner;
    const childrenOf: ChildrenOf = (statuses) => this.#texts.whole(run.arn, statuses);
    return writeResults(this.#files, this.#sfn.turns, run, writer, childrenOf, ({ execution }) => {
      const row = executions.get(execution);
      return row === undefined ? { count: 0 } : { count: row.redriveCount, state: redriveState(this.#sfn, row) };
    });
  }
}

function writerOf({ resultWriter }: MapRunRow): Writer | undefined {
  return resultWriter === undefined ? undefined : (readJson(resultWriter) as Writer);
}

/** Whether more items failed than the run tolerates. Shares of all items are known when these have all been read. */
function exceeds(run: MapRunRow): boolean {
  const total = run.request === undefined ? run.totalItems : Number.POSITIVE_INFINITY;
  return exceedsTolerance(run.failedItems, total, run);
}
