/** The rows of distributed Maps: their runs, and the children these have. */
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
  /** Name of the run in its execution. */
  readonly mapRunId: string;
  /** Labelled ARN of the machine its children run. */
  readonly machine: string;
  readonly stateName: string;
  readonly executionType: MachineType;
  readonly status: MapRunStatus;
  /** It is over, and children that were running are being stopped. */
  readonly isStopping: boolean;
  readonly startedMs: number;
  readonly stoppedMs: number | undefined;
  readonly maxConcurrency: number;
  readonly toleratedFailureCount: number;
  readonly toleratedFailurePercentage: number;
  readonly redriveCount: number;
  readonly redrivenMs: number | undefined;
  /** While it is redriven: the index of the first child that has not been looked at for it. */
  readonly redriveFrom?: number | undefined;
  /** Items that children have; all of them once they are read. */
  readonly totalItems: number;
  /** Items of children that did not succeed. */
  readonly failedItems: number;
  readonly resultsWritten: number;
  /** The request without its items as JSON text, until they all have been read. */
  readonly request: string | undefined;
  /** Its items, as long as there is a request without a reader. */
  readonly items: KeptText | undefined;
  /** ResultWriter, evaluated, as JSON text. */
  readonly resultWriter: string | undefined;
  readonly serial: number;
}

export const mapRunTable = defineTable<MapRunRow>()({
  name: "states.mapRuns",
  key: (run) => run.arn,
  account: (run) => run.account,
  indexes: {
    execution: { group: (run) => run.execution, order: (run) => run.serial },
    /** Those that have something left to do. */
    open: {
      group: (run) => (run.status === "RUNNING" || run.isStopping ? "" : undefined),
      order: (run) => run.serial,
    },
  },
});

/** The items of runs that have no reader, as JSON texts. */
export const mapItemsTable = defineTextTable("states.mapItemTexts");

/** PENDING: has never begun. PENDING_REDRIVE: did not succeed and is to run again. */
export type MapChildStatus = "PENDING" | "PENDING_REDRIVE" | ExecutionStatus;

/**
 * Where one child of a map run stands. A run may have millions, so that a row is as small as it can be; the rest is packed.
 */
export interface MapChildRow {
  /** Its key, and that of what it is to get. */
  readonly serial: number;
  readonly mapRun: string;
  readonly index: number;
  readonly account: string;
  readonly status: MapChildStatus;
  readonly itemCount: number;
  /** While it runs. */
  readonly startedMs: number | undefined;
  /** Serial of what came of it, once something has. */
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

/** What a child is to get, as JSON text, and the execution it is. */
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

/** What came of a child. */
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
