/**
 * Creates children from a map run's items, only as many as will soon be started, so that little of a file is in memory.
 */
import { siblingArn } from "../arns.ts";
import { StateError } from "../asl/errors.ts";
import { writeJson } from "../asl/json.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import { type KeptText, Texts } from "../texts.ts";
import { ItemReaderError } from "./item-parser.ts";
import { ChildInputs, type GivenItems } from "./map-inputs.ts";
import { type MapRunRow, mapItemsTable } from "./map-run-tables.ts";
import type { MapRuns } from "./map-runs.ts";
import type { ObjectFiles } from "./object-files.ts";

/** Pending children: reading continues when there are fewer than the minimum, and pauses at the maximum. */
const minPending = 500;
const maxPending = 1000;
/** Children created in one transaction. */
const childrenPerTransaction = 200;

export class ItemFeeds {
  readonly #sfn: StepFunctions;
  readonly #mapRuns: MapRuns;
  readonly #files: ObjectFiles;
  readonly #texts: Texts;
  /** Readers of runs, until all their items have been read. */
  readonly #inputs = new Map<string, ChildInputs>();
  /** Runs whose items are being read. */
  readonly #reading = new Set<string>();

  constructor(sfn: StepFunctions, mapRuns: MapRuns, files: ObjectFiles) {
    this.#sfn = sfn;
    this.#mapRuns = mapRuns;
    this.#files = files;
    this.#texts = new Texts(sfn.deps.store, mapItemsTable);
  }

  /** Inside a transaction: stores the items of a run without an ItemReader. */
  keepItems(account: string, items: GivenItems): KeptText {
    return this.#texts.keep(account, writeJson(items));
  }

  /**
   *   * Inside a transaction: reads on if few children are pending, and returns whether it does. No child is started in
   * the meantime, so that a small run with invalid items fails before it has started any.
   */
  wake(run: MapRunRow): boolean {
    const { arn } = run;
    if (run.request === undefined) return false;
    if (this.#reading.has(arn)) return true;
    if (this.#pending(arn) >= minPending) return false;
    const { store, clock } = this.#sfn.deps;
    store.afterCommit(() => {
      if (this.#reading.has(arn)) return;
      this.#reading.add(arn);
      void clock.track(this.#fill(arn));
    });
    return true;
  }

  /** Closes the reader of a run that has ended or must read again. */
  drop(arn: string): void {
    this.#inputs.get(arn)?.close();
    this.#inputs.delete(arn);
  }

  /** Inside a transaction: the run's items are no longer needed. */
  forget({ arn, items }: MapRunRow): void {
    this.#texts.drop(items);
    this.#sfn.deps.store.afterCommit(() => this.drop(arn));
  }

  /** Closes all readers: their runs are gone. */
  reset(): void {
    for (const arn of [...this.#inputs.keys()]) this.drop(arn);
  }

  #pending(arn: string): number {
    return this.#mapRuns.children.count(arn, "PENDING");
  }

  async #fill(arn: string): Promise<void> {
    const { store, clock } = this.#sfn.deps;
    try {
      await this.#read(arn);
    } catch (error) {
      this.drop(arn);
      const [name, cause] = failureOf(error);
      if (name === undefined) clock.report(error);
      else store.transaction(() => this.#mapRuns.readingFailed(arn, name, cause));
      return;
    } finally {
      this.#reading.delete(arn);
    }
    this.#mapRuns.schedule(arn);
  }

  async #read(arn: string): Promise<void> {
    for (let isWanted = true; isWanted; ) {
      const inputs = this.#inputsOf(arn);
      if (inputs === undefined) return;
      await inputs.read();
      isWanted = this.#sfn.deps.store.transaction(() => this.#makeChildren(arn, inputs));
      await this.#sfn.turns.rest();
    }
  }

  #inputsOf(arn: string): ChildInputs | undefined {
    const run = this.#mapRuns.runs.get(arn);
    if (run?.status !== "RUNNING" || run.request === undefined) {
      this.drop(arn);
      return undefined;
    }
    let inputs = this.#inputs.get(arn);
    if (inputs === undefined) {
      inputs = new ChildInputs(
        this.#sfn,
        this.#files,
        run,
        run.items === undefined ? undefined : this.#texts.read(run.items),
      );
      this.#inputs.set(arn, inputs);
    }
    return inputs;
  }

  /** Returns whether to read on. */
  #makeChildren(arn: string, inputs: ChildInputs): boolean {
    const run = this.#mapRuns.runs.get(arn);
    // The run was stopped, and perhaps redriven, while its items were being read.
    if (run?.status !== "RUNNING" || this.#inputs.get(arn) !== inputs) return true;
    const random = this.#sfn.deps.random.fork("runs");
    const express = run.executionType === "EXPRESS";
    let { totalItems } = run;
    const { children } = this.#mapRuns;
    let index = children.rows.by.run.size(arn);
    for (const { value, itemCount } of inputs.take(childrenPerTransaction)) {
      const name = random.uuid();
      const execution = siblingArn(run.machine, express ? "express" : "execution", name);
      children.add({
        ...{ mapRun: arn, account: run.account, index, itemCount, name },
        execution: express ? `${execution}:${random.uuid()}` : execution,
        input: writeJson(value),
      });
      index += 1;
      totalItems += itemCount;
    }
    const { isOver } = inputs;
    const rest = isOver ? { request: undefined, items: undefined } : {};
    this.#mapRuns.runs.put({ ...run, totalItems, ...rest });
    if (isOver) this.forget(run);
    return !isOver && this.#pending(arn) < maxPending;
  }
}

/** The error and cause of a run whose items cannot be read; empty for errors of our own. */
function failureOf(error: unknown): [string, string | undefined] | [] {
  if (error instanceof ItemReaderError) return ["States.ItemReaderFailed", error.message];
  return error instanceof StateError ? [error.error ?? "States.Runtime", error.causeText] : [];
}
