/** The rows of distributed Maps: map runs and their children. */
import { definePackedTable, defineTextTable } from "../../../engine/packed-table.ts";
import { defineTable } from "../../../engine/table.ts";
import type { ExecutionStatus } from "../asl/execution.ts";
import { readJson, writeJson } from "../asl/json.ts";
import type { MachineType } from "../tables.ts";
import type { KeptText } from "../texts.ts";

export type MapRunStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "ABORTED";

export interface MapRunRow {
  readonly arn: string;
  readonly account: string;
  readonly execution: string;
  /** The run's id in its execution. */
  readonly mapRunId: string;
  /** The children's machine: an ARN with the Map's label. */
  readonly machine: string;
  readonly stateName: string;
  readonly executionType: MachineType;
  readonly status: MapRunStatus;
  /** Whether the run has ended and its running children are being stopped. */
  readonly isStopping: boolean;
  readonly startedMs: number;
  readonly stoppedMs: number | undefined;
  readonly maxConcurrency: number;
  readonly toleratedFailureCount: number;
  readonly toleratedFailurePercentage: number;
  readonly redriveCount: number;
  readonly redrivenMs: number | undefined;
  /** During a redrive: the index of the first child that has not been handled yet. */
  readonly redriveFrom?: number | undefined;
  /** Number of items that children have: all items once they have been read. */
  readonly totalItems: number;
  /** Number of items of children that did not succeed. */
  readonly failedItems: number;
  readonly resultsWritten: number;
  /** The request without its items, as JSON text, until all items have been read. */
  readonly request: string | undefined;
  /** The items of a request without an ItemReader, until they all have been read. */
  readonly items: KeptText | undefined;
  /** The evaluated ResultWriter, as JSON text. */
  readonly resultWriter: string | undefined;
  readonly serial: number;
}

export const mapRunTable = defineTable<MapRunRow>()({
  name: "states.mapRuns",
  key: (run) => run.arn,
  account: (run) => run.account,
  indexes: {
    execution: { group: (run) => run.execution, order: (run) => run.serial },
    /** Runs that have something left to do. */
    open: {
      group: (run) => (run.status === "RUNNING" || run.isStopping ? "" : undefined),
      order: (run) => run.serial,
    },
  },
});

/** The items of runs without an ItemReader, as JSON texts. */
export const mapItemsTable = defineTextTable("states.mapItemTexts");

/** PENDING: has never been started. PENDING_REDRIVE: has not succeeded, and will be run again. */
export type MapChildStatus = "PENDING" | "PENDING_REDRIVE" | ExecutionStatus;

/** The status of a map run's child. A run may have millions, so rows are as small as possible; the rest is packed. */
export interface MapChildRow {
  /** The key of this row and of the child's input. */
  readonly serial: number;
  readonly mapRun: string;
  readonly index: number;
  readonly account: string;
  readonly status: MapChildStatus;
  readonly itemCount: number;
  /** While the child is running. */
  readonly startedMs: number | undefined;
  /** Serial of the outcome, once there is one. */
  readonly outcome: number | undefined;
}

export const mapChildTable = defineTable<MapChildRow>()({
  name: "states.mapRunChildren",
  key: (child) => child.serial,
  account: (child) => child.account,
  indexes: {
    run: { group: (child) => child.mapRun, order: (child) => child.index },
    status: { group: (child) => `${child.mapRun} ${child.status}`, order: (child) => child.index },
  },
});

/** A child's execution, and its input as JSON text. */
export interface MapInputRow {
  readonly serial: number;
  readonly account: string;
  readonly name: string;
  readonly execution: string;
  readonly input: string;
}

export const mapInputTable = definePackedTable<MapInputRow>({
  name: "states.mapInputs",
  serial: (row) => row.serial,
  account: (row) => row.account,
  head: ({ input: _, ...rest }) => writeJson(rest),
  text: (row) => row.input,
  row: (head, input) => ({ ...(readJson(head) as Omit<MapInputRow, "input">), input }),
});

/** The outcome of a child. */
export interface MapOutcomeRow {
  readonly serial: number;
  readonly account: string;
  readonly startedMs: number | undefined;
  readonly stoppedMs: number | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  /** JSON text. */
  readonly output: string | undefined;
}

export const mapOutcomeTable = definePackedTable<MapOutcomeRow>({
  name: "states.mapOutcomes",
  serial: (row) => row.serial,
  account: (row) => row.account,
  head: ({ output, ...rest }) => writeJson({ ...rest, hasOutput: output !== undefined }),
  text: (row) => row.output ?? "",
  row: (head, text) => {
    const { hasOutput, ...rest } = readJson(head) as Omit<MapOutcomeRow, "output"> & { readonly hasOutput: boolean };
    return { ...rest, output: hasOutput ? text : undefined };
  },
});
