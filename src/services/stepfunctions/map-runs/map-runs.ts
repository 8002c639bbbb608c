/** Runs distributed Maps: each batch of items is an execution of its own. */

import { siblingArn } from "../arns.ts";
import { StateError } from "../asl/errors.ts";
import type { MapRunRequest } from "../asl/execution.ts";
import { type Json, parseJson, readJson, writeJson } from "../asl/json.ts";
import { exceedsTolerance } from "../asl/states/map-run.ts";
import { causeOf } from "../executions/causes.ts";
import { executionRow } from "../executions/execution-row.ts";
import { redriveState } from "../executions/redrive-state.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow } from "../tables.ts";
import { ItemReaderError } from "./item-reader.ts";
import { type ChildInput, ChildInputs } from "./map-inputs.ts";
import { type MapChildRow, type MapRunRow, mapChildTable, mapRunTable } from "./map-run-tables.ts";
import { ObjectError, ObjectFiles } from "./object-files.ts";
import { type Writer, writeResults } from "./result-writer.ts";

/** AWS's limit, and what 0 means. */
const mostConcurrent = 10_000;
/** Children started in one turn. */
const startsPerTurn = 20;

export class MapRuns {
  readonly runs;
  readonly children;
  readonly #sfn: StepFunctions;
  readonly #files: ObjectFiles;
  /** Runs that are to be looked at. */
  readonly #pumping = new Set<string>();
  /** Of runs that begin: the inputs of their children, as far as they are made. */
  readonly #making = new Map<string, ChildInputs>();

  constructor(sfn: StepFunctions) {
    const { store, options } = sfn.deps;
    this.#sfn = sfn;
    this.#files = new ObjectFiles(options.s3Root);
    this.runs = store.table(mapRunTable);
    this.children = store.table(mapChildTable);
  }

  /** Inside the transaction of the step that starts it. */
  start(row: ExecutionRow, request: MapRunRequest): void {
    const { store } = this.#sfn.deps;
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
      request: writeJson(request),
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
    const { output, error, cause, stoppedMs } = row;
    this.children.put({ ...child, status: row.status, output, error, cause, stoppedMs });
    if (row.status !== "SUCCEEDED") this.runs.put({ ...run, failedItems: run.failedItems + child.itemCount });
    if (run.status === "RUNNING") this.#soon(arn);
  }

  /** Goes on after its limits were changed. Inside a transaction. */
  touched(arn: string): void {
    this.#soon(arn);
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
      for (const child of this.children.by.run.range(run.arn)) this.children.delete(`${run.arn} ${child.index}`);
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
    let run = this.runs.get(arn);
    if (run?.status !== "RUNNING") {
      this.#making.delete(arn);
      return;
    }
    if (run.request !== undefined) {
      run = this.#prepare(run, run.request);
      if (run === undefined) return;
    }
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
    if (!open) this.#whenDurable(() => this.#conclude(arn));
    else if (pending.length === startsPerTurn) this.#soon(arn);
  }

  /** Reads the items and makes the children of them, in as many turns as it takes; undefined until then, and when it fails. */
  #prepare(run: MapRunRow, request: string): MapRunRow | undefined {
    let inputs: ChildInput[] | undefined;
    try {
      let making = this.#making.get(run.arn);
      if (making === undefined) {
        making = new ChildInputs(this.#sfn, this.#files, run, readJson(request) as MapRunRequest);
        this.#making.set(run.arn, making);
      }
      inputs = making.more();
    } catch (error) {
      this.#making.delete(run.arn);
      if (error instanceof ItemReaderError) this.#fail(run, "States.ItemReaderFailed", error.message);
      else if (error instanceof StateError) this.#fail(run, error.error ?? "States.Runtime", error.causeText);
      else throw error;
      return undefined;
    }
    if (inputs === undefined) {
      this.#soon(run.arn);
      return undefined;
    }
    this.#making.delete(run.arn);
    let totalItems = 0;
    const random = this.#sfn.deps.random.fork("runs");
    for (const [index, { value, itemCount }] of inputs.entries()) {
      const name = random.uuid();
      const express = run.executionType === "EXPRESS";
      const arn = siblingArn(run.machine, express ? "express" : "execution", name);
      totalItems += itemCount;
      this.children.put({
        mapRun: run.arn,
        index,
        account: run.account,
        status: "PENDING",
        itemCount,
        input: writeJson(value),
        name,
        execution: express ? `${arn}:${random.uuid()}` : arn,
        startedMs: undefined,
        stoppedMs: undefined,
        output: undefined,
        error: undefined,
        cause: undefined,
      });
    }
    const prepared = { ...run, request: undefined, totalItems };
    this.runs.put(prepared);
    return prepared;
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
      input: child.input,
      causedBy: causeOf(parent).text,
      serial: this.#sfn.deps.store.nextSerial(),
      mapRun: run.arn,
      mapState: run.stateName,
      itemCount: child.itemCount,
      testCase: parent.testCase,
    });
    const input = parseJson(child.input);
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

  /** Runs a transaction that writes files once what they tell of is durable. */
  #whenDurable(write: () => void): void {
    const { store } = this.#sfn.deps;
    store.afterDurable(() => store.transaction(write));
  }

  #conclude(arn: string): void {
    const run = this.runs.get(arn);
    if (run?.status !== "RUNNING") return;
    // The last child may have gone beyond what is tolerated.
    if (exceeds(run)) {
      this.#soon(arn);
      return;
    }
    const writer = writerOf(run);
    let output: Json;
    try {
      output = this.#write(run, writer);
    } catch (error) {
      if (!(error instanceof ObjectError)) throw error;
      this.#fail(run, "States.ResultWriterFailed", error.message);
      return;
    }
    const resultsWritten = writer?.resource === undefined ? 0 : run.totalItems;
    this.runs.put({ ...run, status: "SUCCEEDED", stoppedMs: this.#sfn.now, resultsWritten });
    this.#sfn.signal(run.execution, { type: "mapRunSucceeded", mapRunId: run.mapRunId, output });
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
    this.#whenDurable(() => this.#writeRest(run.arn));
  }

  /** Writes what an unsuccessful run comes to. It is over already, so that a writer that fails changes nothing. */
  #writeRest(arn: string): void {
    const run = this.runs.get(arn);
    const writer = run && writerOf(run);
    // Without children, since its items could not be read, there is nothing to tell.
    if (run === undefined || writer?.resource === undefined || run.request !== undefined) return;
    try {
      this.#write(run, writer);
    } catch (error) {
      if (!(error instanceof ObjectError)) throw error;
      return;
    }
    let resultsWritten = 0;
    for (const { status, itemCount } of this.children.by.run.range(arn)) {
      if (status !== "PENDING" && status !== "PENDING_REDRIVE") resultsWritten += itemCount;
    }
    this.runs.put({ ...run, resultsWritten });
  }

  /** @throws ObjectError */
  #write(run: MapRunRow, writer: Writer | undefined): Json {
    const { executions } = this.#sfn.runner;
    return writeResults(this.#files, run, writer, [...this.children.by.run.range(run.arn)], ({ execution }) => {
      const row = executions.get(execution);
      return row === undefined ? { count: 0 } : { count: row.redriveCount, state: redriveState(this.#sfn, row) };
    });
  }
}

function writerOf({ resultWriter }: MapRunRow): Writer | undefined {
  return resultWriter === undefined ? undefined : (readJson(resultWriter) as Writer);
}

/** Whether more items failed than the run tolerates. */
function exceeds(run: MapRunRow): boolean {
  return exceedsTolerance(run.failedItems, run.totalItems, run);
}
