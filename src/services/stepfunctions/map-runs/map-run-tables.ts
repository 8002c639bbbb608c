/** The rows of distributed Maps: their runs, and the children these have. */
import { definePackedTable } from "../../../engine/packed-table.ts";
import { defineTable } from "../../../engine/table.ts";
import type { ExecutionStatus } from "../asl/execution.ts";
import type { MachineType } from "../tables.ts";

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
  readonly startedMs: number;
  readonly stoppedMs: number | undefined;
  readonly maxConcurrency: number;
  readonly toleratedFailureCount: number;
  readonly toleratedFailurePercentage: number;
  readonly redriveCount: number;
  readonly redrivenMs: number | undefined;
  /** Items that children have; all of them once they are read. */
  readonly totalItems: number;
  /** Items of children that did not succeed. */
  readonly failedItems: number;
  readonly resultsWritten: number;
  /** The request without its items as JSON text, until they all have been read. */
  readonly request: string | undefined;
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
    running: { group: (run) => (run.status === "RUNNING" ? "" : undefined), order: (run) => run.serial },
  },
});

/** The items of a run that has no reader, as JSON text, until they all have been read. */
export interface MapItemsRow {
  readonly mapRun: string;
  readonly account: string;
  readonly text: string;
}

export const mapItemsTable = defineTable<MapItemsRow>()({
  name: "states.mapItems",
  key: (row) => row.mapRun,
  account: (row) => row.account,
  indexes: {},
});

/** PENDING: has never begun. PENDING_REDRIVE: did not succeed and is to run again. */
export type MapChildStatus = "PENDING" | "PENDING_REDRIVE" | ExecutionStatus;

/** One child of a map run: what it is to get, and what came of it. */
export interface MapChildRow {
  readonly mapRun: string;
  readonly index: number;
  readonly account: string;
  readonly status: MapChildStatus;
  readonly itemCount: number;
  /** Serial of its text. */
  readonly input: number;
  readonly name: string;
  readonly execution: string;
  readonly startedMs: number | undefined;
  readonly stoppedMs: number | undefined;
  /** Serial of its text. */
  readonly output: number | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
}

export const mapChildTable = defineTable<MapChildRow>()({
  name: "states.mapChildren",
  key: (child) => `${child.mapRun} ${child.index}`,
  account: (child) => child.account,
  indexes: {
    run: { group: (child) => child.mapRun, order: (child) => child.index },
    status: { group: (child) => `${child.mapRun} ${child.status}`, order: (child) => child.index },
    execution: { group: (child) => child.execution, order: (child) => child.index },
  },
});

/** What a child is given or gave, as JSON text. */
export interface MapTextRow {
  readonly serial: number;
  readonly account: string;
  readonly text: string;
}

export const mapTextTable = definePackedTable<MapTextRow>({
  name: "states.mapTexts",
  serial: (row) => row.serial,
  account: (row) => row.account,
  head: ({ serial, account }) => `${serial}\n${account}`,
  text: (row) => row.text,
  row: (head, text) => {
    const [serial, account] = head.split("\n") as [string, string];
    return { serial: Number(serial), account, text };
  },
});
