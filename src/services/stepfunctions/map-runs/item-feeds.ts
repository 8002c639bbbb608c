/** Makes children of a map run's items, as many as are soon begun, so that a run holds little of its file. */
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

/** Children that wait to be begun: reading goes on when there are fewer, and pauses when there are many. */
const few = 500;
const many = 1000;
/** Children made in one transaction. */
const atOnce = 200;

export class ItemFeeds {
  readonly #sfn: StepFunctions;
  readonly #mapRuns: MapRuns;
  readonly #files: ObjectFiles;
  readonly #texts: Texts;
  /** Readers of runs whose items have not all been read. */
  readonly #inputs = new Map<string, ChildInputs>();
  /** Runs whose items are being read. */
  readonly #reading = new Set<string>();

  constructor(sfn: StepFunctions, mapRuns: MapRuns, files: ObjectFiles) {
    this.#sfn = sfn;
    this.#mapRuns = mapRuns;
    this.#files = files;
    this.#texts = new Texts(sfn.deps.store, mapItemsTable);
  }

  /** Inside a transaction: keeps the items of a run that has no reader. */
  keepItems(account: string, items: GivenItems): KeptText {
    return this.#texts.keep(account, writeJson(items));
  }

  /**
   * Inside a transaction: reads on when few children wait. Says whether it does; no child is begun meanwhile, so that a small
   * run whose items are bad fails before it.
   */
  wake(run: MapRunRow): boolean {
    const { arn } = run;
    if (run.request === undefined) return false;
    if (this.#reading.has(arn)) return true;
    if (this.#pending(arn) >= few) return false;
    const { store, clock } = this.#sfn.deps;
    store.afterCommit(() => {
      if (this.#reading.has(arn)) return;
      this.#reading.add(arn);
      void clock.track(this.#fill(arn));
    });
    return true;
  }

  /** The run is over, or is to begin its reading again. */
  drop(arn: string): void {
    this.#inputs.get(arn)?.close();
    this.#inputs.delete(arn);
  }

  /** Inside a transaction: nobody reads the run's items any more. */
  forget({ arn, items }: MapRunRow): void {
    this.#texts.drop(items);
    this.#sfn.deps.store.afterCommit(() => this.drop(arn));
  }

  /** What was read belongs to rows that are gone. */
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
    this.#mapRuns.touched(arn);
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

  /** Says whether more are to be made. */
  #makeChildren(arn: string, inputs: ChildInputs): boolean {
    const run = this.#mapRuns.runs.get(arn);
    // It was stopped, and perhaps started over, while it was read.
    if (run?.status !== "RUNNING" || this.#inputs.get(arn) !== inputs) return true;
    const random = this.#sfn.deps.random.fork("runs");
    const express = run.executionType === "EXPRESS";
    let { totalItems } = run;
    const { children } = this.#mapRuns;
    let index = children.rows.by.run.size(arn);
    for (const { value, itemCount } of inputs.take(atOnce)) {
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
    return !isOver && this.#pending(arn) < many;
  }
}

/** The error and cause of a run that cannot have its items; nothing for what is no fault of theirs. */
function failureOf(error: unknown): [string, string | undefined] | [] {
  if (error instanceof ItemReaderError) return ["States.ItemReaderFailed", error.message];
  return error instanceof StateError ? [error.error ?? "States.Runtime", error.causeText] : [];
}
