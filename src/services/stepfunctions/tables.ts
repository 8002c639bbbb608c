/** The rows Step Functions keeps, and their indexes. */

import { sha256Hex } from "../../engine/digest.ts";
import { defineTextTable } from "../../engine/packed-table.ts";
import { defineTable } from "../../engine/table.ts";
import type { ExecutionHead, ExecutionStatus } from "./asl/execution.ts";
import type { KeptText } from "./texts.ts";

/** Keys have a maximum length, but ids of deeply nested frames do not. */
const maxIdLength = 400;

/** An id within an execution in the form for keys; shortening it twice changes nothing. */
export function shortId(id: string): string {
  return id.length <= maxIdLength ? id : sha256Hex(id);
}

export type MachineType = "STANDARD" | "EXPRESS";

export interface LoggingConfiguration {
  readonly level: "ALL" | "ERROR" | "FATAL" | "OFF";
  readonly includeExecutionData: boolean;
  /** ARN of the log group, when a destination is set. */
  readonly logGroupArn?: string | undefined;
}

export interface EncryptionConfiguration {
  readonly type: "AWS_OWNED_KEY" | "CUSTOMER_MANAGED_KMS_KEY";
  readonly kmsKeyId?: string | undefined;
  readonly kmsDataKeyReusePeriodSeconds?: number | undefined;
}

export type Tags = readonly { readonly key: string; readonly value: string }[];

export interface MachineRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly type: MachineType;
  readonly createdMs: number;
  /** Key of its current revision. */
  readonly revision: string;
  /** Number of the latest published version. */
  readonly lastVersion: number;
  readonly tags: Tags;
}

export const machineTable = defineTable<MachineRow>()({
  name: "states.machines",
  key: (machine) => machine.arn,
  account: (machine) => machine.account,
  indexes: { name: { group: (machine) => `${machine.account} ${machine.region}`, order: (machine) => machine.name } },
});

/** A machine's state between two updates; executions and versions keep the one they started with. */
export interface RevisionRow {
  readonly key: string;
  readonly account: string;
  readonly machine: string;
  /** Absent for the revision with which a machine was created. */
  readonly revisionId: string | undefined;
  readonly definition: string;
  readonly type: MachineType;
  readonly roleArn: string;
  readonly logging: LoggingConfiguration;
  readonly tracing: boolean;
  readonly encryption: EncryptionConfiguration;
  readonly updatedMs: number;
}

export const revisionTable = defineTable<RevisionRow>()({
  name: "states.revisions",
  key: (revision) => revision.key,
  account: (revision) => revision.account,
  indexes: { machine: { group: (revision) => revision.machine, order: (revision) => revision.updatedMs } },
});

export interface VersionRow {
  readonly arn: string;
  readonly account: string;
  readonly machine: string;
  readonly number: number;
  readonly revision: string;
  readonly description: string | undefined;
  readonly createdMs: number;
}

export const versionTable = defineTable<VersionRow>()({
  name: "states.versions",
  key: (version) => version.arn,
  account: (version) => version.account,
  indexes: {
    machine: { group: (version) => version.machine, order: (version) => version.number },
    revision: { group: (version) => version.revision, order: (version) => version.number },
  },
});

export interface Route {
  readonly stateMachineVersionArn: string;
  readonly weight: number;
}

export interface AliasRow {
  readonly arn: string;
  readonly account: string;
  readonly machine: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly routes: readonly Route[];
  readonly createdMs: number;
  readonly updatedMs: number | undefined;
  readonly serial: number;
}

export const aliasTable = defineTable<AliasRow>()({
  name: "states.aliases",
  key: (alias) => alias.arn,
  account: (alias) => alias.account,
  indexes: { machine: { group: (alias) => alias.machine, order: (alias) => alias.serial } },
});

export interface ActivityRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly createdMs: number;
  readonly encryption: EncryptionConfiguration;
  readonly tags: Tags;
}

export const activityTable = defineTable<ActivityRow>()({
  name: "states.activities",
  key: (activity) => activity.arn,
  account: (activity) => activity.account,
  indexes: {
    name: { group: (activity) => `${activity.account} ${activity.region}`, order: (activity) => activity.name },
  },
});

/** An execution as DescribeExecution shows it; what its steps often change is in rows of its own. */
export interface ExecutionRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** Unqualified ARN; for a child of a map run, of the labelled machine. */
  readonly machine: string;
  readonly revision: string;
  readonly roleArn: string;
  readonly versionArn: string | undefined;
  readonly aliasArn: string | undefined;
  readonly startedMs: number;
  readonly input: KeptText;
  readonly traceHeader: string | undefined;
  /** The text of its cause. */
  readonly causedBy: string;
  /** PENDING_REDRIVE: a failed child of a map run that is being redriven, waiting for capacity. */
  readonly status: ExecutionStatus | "PENDING_REDRIVE";
  readonly stoppedMs: number | undefined;
  readonly output: KeptText | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  readonly redriveCount: number;
  readonly redrivenMs: number | undefined;
  /** Client tokens of redrives. */
  readonly redriveTokens: readonly { readonly token: string; readonly atMs: number }[];
  readonly serial: number;
  /** For a child: its map run, the Map state and how many items it got. */
  readonly mapRun: string | undefined;
  readonly mapState: string | undefined;
  readonly itemCount: number | undefined;
  /** Serial of its row among the run's children. */
  readonly mapChild: number | undefined;
  /** Test case of the mock configuration. */
  readonly testCase: string | undefined;
}

/** An execution with its texts, as at its start; express executions stay in this form, outside any table. */
export type WholeExecution = ExecutionRow & { readonly input: string; readonly output: string | undefined };

export const executionTable = defineTable<ExecutionRow>()({
  name: "states.executions",
  key: (execution) => execution.arn,
  account: (execution) => execution.account,
  indexes: {
    machine: { group: (one) => (one.mapRun === undefined ? one.machine : undefined), order: (one) => one.serial },
    machineStatus: {
      group: (one) => (one.mapRun === undefined ? `${one.machine} ${one.status}` : undefined),
      order: (one) => one.serial,
    },
    mapRun: { group: (one) => one.mapRun, order: (one) => one.serial },
    mapRunStatus: {
      group: (one) => (one.mapRun === undefined ? undefined : `${one.mapRun} ${one.status}`),
      order: (one) => one.serial,
    },
    version: { group: (one) => one.versionArn, order: (one) => one.serial },
    alias: { group: (one) => one.aliasArn, order: (one) => one.serial },
    revision: { group: (one) => one.revision, order: (one) => one.serial },
    /** Open ones by age, since they end after a year. */
    open: { group: (one) => (one.status === "RUNNING" ? one.account : undefined), order: (one) => one.startedMs },
    /** Closed ones by age, since they are deleted after 90 days. */
    closed: { group: (one) => (one.stoppedMs === undefined ? undefined : ""), order: (one) => one.stoppedMs ?? 0 },
  },
});

/** Long inputs and outputs of executions and their frames. */
export const executionTextTable = defineTextTable("states.executionTexts");

/** What nearly every step of an execution changes. */
export interface HeadRow {
  readonly execution: string;
  readonly account: string;
  readonly head: ExecutionHead;
  /** How often each mocked state was invoked. */
  readonly mockCalls: Readonly<Record<string, number>>;
}

export const headTable = defineTable<HeadRow>()({
  name: "states.heads",
  key: (row) => row.execution,
  account: (row) => row.account,
  indexes: {
    /** Interrupted in the middle so that others get a turn. */
    ready: {
      group: ({ head }) => (head.status === "RUNNING" && head.ready.length > 0 ? "" : undefined),
      order: (row) => row.execution,
    },
  },
});

/** A frame of a running execution as JSON text, without its input, which changes less often and may be large. */
export interface FrameRow {
  readonly id: string;
  readonly account: string;
  readonly execution: string;
  readonly text: KeptText;
}

/** The key of a frame's row. */
export function frameKey(execution: string, id: string): string {
  return `${execution} ${shortId(id)}`;
}

export const frameTable = defineTable<FrameRow>()({
  name: "states.frames",
  key: (row) => frameKey(row.execution, row.id),
  account: (row) => row.account,
  indexes: { execution: { group: (row) => row.execution, order: (row) => row.id } },
});

/** The input of a thread, as JSON text. */
export const inputTable = defineTable<FrameRow>()({
  name: "states.inputs",
  key: (row) => frameKey(row.execution, row.id),
  account: (row) => row.account,
  indexes: { execution: { group: (row) => row.execution, order: (row) => row.id } },
});

/** An open task of a standard execution. */
export interface TaskRow {
  readonly execution: string;
  readonly taskId: string;
  readonly account: string;
  readonly serial: number;
  /** The request as JSON text. */
  readonly request: string;
  readonly token: string | undefined;
  /** To be carried out; waiting for a worker of this activity; or waiting for a callback or a job. */
  readonly stage: "call" | "activity" | "wait";
  readonly activity: string | undefined;
  /** The execution that a `.sync` task waits for. */
  readonly child: string | undefined;
  /** The call that describes the job of a `.sync` task, as JSON text. */
  readonly job: string | undefined;
  /** The index of this invocation of a mocked state, counted from 0. */
  readonly mockCall: number;
}

/** The key of an open task's row; the id may be shortened already. */
export function taskKey(execution: string, taskId: string): string {
  return `${execution} ${shortId(taskId)}`;
}

export const taskTable = defineTable<TaskRow>()({
  name: "states.tasks",
  key: (row) => taskKey(row.execution, row.taskId),
  account: (row) => row.account,
  indexes: {
    execution: { group: (row) => row.execution, order: (row) => row.serial },
    waiting: { group: (row) => (row.stage === "activity" ? row.activity : undefined), order: (row) => row.serial },
    child: { group: (row) => row.child, order: (row) => row.serial },
    toCall: { group: (row) => (row.stage === "call" ? "" : undefined), order: (row) => row.serial },
  },
});
