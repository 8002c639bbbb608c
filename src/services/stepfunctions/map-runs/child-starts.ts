/** Starts the children of map runs, some in each turn, within the runs' concurrency. */
import { parseJson } from "../asl/json.ts";
import { causeOf } from "../executions/causes.ts";
import { executionRow } from "../executions/execution-row.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow } from "../tables.ts";
import type { MapChildren } from "./map-children.ts";
import type { MapChildRow, MapRunRow } from "./map-run-tables.ts";

/** AWS's limit, and the meaning of 0. */
const maxConcurrent = 10_000;
/** Children started in one turn. */
const startsPerTurn = 20;

export class ChildStarts {
  readonly #sfn: StepFunctions;
  readonly #children: MapChildren;

  constructor(sfn: StepFunctions, children: MapChildren) {
    this.#sfn = sfn;
    this.#children = children;
  }

  /** Inside a transaction: starts some children. Returns whether more may be started at once. */
  startSome(run: MapRunRow): boolean {
    const children = this.#children;
    const { arn } = run;
    const room = Math.min(run.maxConcurrency || maxConcurrent, maxConcurrent) - children.count(arn, "RUNNING");
    const limit = Math.min(room, startsPerTurn);
    const waiting = children.first(arn, "PENDING_REDRIVE", limit);
    waiting.push(...children.first(arn, "PENDING", limit - waiting.length));
    for (const child of waiting) this.#start(run, child);
    return waiting.length === startsPerTurn;
  }

  #start(run: MapRunRow, child: MapChildRow): void {
    const { executions } = this.#sfn.runner;
    const { name, execution, input } = this.#children.inputOf(child);
    const earlier = executions.get(execution);
    const parent = executions.get(run.execution);
    if (earlier !== undefined) this.#redrive(child, earlier);
    else if (parent !== undefined) this.#begin(run, parent, child, { name, arn: execution, input });
  }

  #begin(
    run: MapRunRow,
    parent: ExecutionRow,
    child: MapChildRow,
    given: { readonly name: string; readonly arn: string; readonly input: string },
  ): void {
    const startedMs = this.#sfn.now;
    this.#children.started(child, startedMs, false);
    const row = executionRow({
      ...given,
      account: run.account,
      region: parent.region,
      machine: run.machine,
      revision: parent.revision,
      roleArn: parent.roleArn,
      startedMs,
      causedBy: causeOf(parent).text,
      serial: this.#sfn.deps.store.nextSerial(),
      mapRun: run.arn,
      mapState: run.stateName,
      mapChild: child.serial,
      itemCount: child.itemCount,
      testCase: parent.testCase,
    });
    const input = parseJson(given.input);
    if (run.executionType === "STANDARD") this.#sfn.runner.start(row, input);
    else {
      const { store } = this.#sfn.deps;
      this.#sfn.express.start(row, input, (ended) => store.transaction(() => this.#sfn.mapRuns.childEnded(ended)));
    }
  }

  /** A standard child of an earlier attempt continues where it failed. */
  #redrive(child: MapChildRow, row: ExecutionRow): void {
    const now = this.#sfn.now;
    this.#children.started(child, now, true);
    this.#sfn.runner.redrive({
      ...row,
      status: "RUNNING",
      stoppedMs: undefined,
      error: undefined,
      cause: undefined,
      redriveCount: row.redriveCount + 1,
      redrivenMs: now,
    });
  }
}
