/** The results of map runs: their state's output, and the files that report on their children. */
import { StateError } from "../asl/errors.ts";
import { type Json, readJson } from "../asl/json.ts";
import { redriveState } from "../executions/redrive-state.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { MapChildren } from "./map-children.ts";
import type { MapRunRow } from "./map-run-tables.ts";
import { ObjectError, type ObjectFiles } from "./object-files.ts";
import { type ChildrenOf, type Writer, writeResults } from "./result-writer.ts";

/** The output of a run whose children have ended, or why there is none. */
export type Conclusion =
  | { readonly output: Json; readonly areWritten: boolean }
  | { readonly error: string; readonly cause: string | undefined };

export class MapRunResults {
  readonly #sfn: StepFunctions;
  readonly #children: MapChildren;
  readonly #files: ObjectFiles;
  /** The latest write of each run. */
  readonly #writing = new Map<string, Promise<void>>();

  constructor(sfn: StepFunctions, children: MapChildren, files: ObjectFiles) {
    this.#sfn = sfn;
    this.#children = children;
    this.#files = files;
  }

  /** Writes files once what they report is durable; writes of the same run are done one after the other. */
  whenDurable(arn: string, write: () => Promise<void>): void {
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

  /** Writes the results of a run whose children have ended, and returns its output. */
  async conclusionOf(run: MapRunRow): Promise<Conclusion> {
    const writer = writerOf(run);
    try {
      return { output: await this.#write(run, writer), areWritten: writer?.resource !== undefined };
    } catch (error) {
      if (error instanceof ObjectError) return { error: "States.ResultWriterFailed", cause: error.message };
      if (error instanceof StateError) return { error: error.error ?? "States.Runtime", cause: error.causeText };
      throw error;
    }
  }

  /**
   *   * Writes the results of an unsuccessful run, and returns the number of items written. The run has already ended,
   * so a failure of the writer does not matter.
   */
  async writeRest(run: MapRunRow): Promise<number> {
    const writer = writerOf(run);
    // A run whose items could not be read has no children.
    if (writer?.resource === undefined || this.#children.rows.by.run.size(run.arn) === 0) return 0;
    try {
      await this.#write(run, writer);
    } catch (error) {
      if (!(error instanceof ObjectError)) throw error;
      return 0;
    }
    let waiting = 0;
    for (const status of ["PENDING", "PENDING_REDRIVE"]) {
      for (const { itemCount } of this.#children.rows.by.status.range(`${run.arn} ${status}`)) waiting += itemCount;
    }
    return run.totalItems - waiting;
  }

  /** @throws ObjectError, StateError */
  #write(run: MapRunRow, writer: Writer | undefined): ReturnType<typeof writeResults> {
    const { executions } = this.#sfn.runner;
    const childrenOf: ChildrenOf = (statuses) => this.#children.described(run.arn, statuses);
    return writeResults(this.#files, this.#sfn.turns, run, writer, childrenOf, ({ execution }) => {
      const row = executions.get(execution);
      return row === undefined ? { count: 0 } : { count: row.redriveCount, state: redriveState(this.#sfn, row) };
    });
  }
}

function writerOf({ resultWriter }: MapRunRow): Writer | undefined {
  return resultWriter === undefined ? undefined : (readJson(resultWriter) as Writer);
}
