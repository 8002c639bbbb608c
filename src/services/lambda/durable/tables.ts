/** The rows of durable executions: the executions, their operations, their histories, and the texts of all these. */
import type { EventType, ExecutionStatus, OperationStatus, OperationType } from "@aws-sdk/client-lambda";
import { defineTextTable } from "../../../engine/packed-table.ts";
import { defineTable } from "../../../engine/table.ts";

/** Serial of a stored text. */
export type TextSerial = number;

export interface ExecutionRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  /** Unqualified. */
  readonly functionArn: string;
  /** The version that runs it from start to end. */
  readonly versionArn: string;
  readonly name: string;
  /** Orders a function's executions by their start. */
  readonly serial: number;
  readonly status: ExecutionStatus;
  readonly startedMs: number;
  readonly endedMs?: number | undefined;
  readonly timeoutSeconds: number;
  readonly retentionDays: number;
  readonly input: TextSerial;
  readonly result?: TextSerial | undefined;
  /** JSON of an ErrorObject. */
  readonly error?: TextSerial | undefined;
  /** Counts checkpoint tokens; only the last one is valid. */
  readonly token: number;
  /** The last checkpoint, which a client may repeat if it did not get the answer. */
  readonly lastCheckpoint?: { readonly clientToken: string; readonly token: number } | undefined;
  /** Operations that have changed since the function was last told. */
  readonly changed: readonly string[];
  readonly isInvoking: boolean;
  /** Consecutive invocations that ended without an answer. */
  readonly failures: number;
  readonly events: number;
  readonly operations: number;
  /** Total characters of all payloads. */
  readonly size: number;
  readonly cause?: string | undefined;
}

export interface OperationRow {
  readonly key: string;
  readonly account: string;
  /** ARN of its execution. */
  readonly execution: string;
  readonly id: string;
  /** Orders an execution's operations by their start. */
  readonly place: number;
  readonly parentId?: string | undefined;
  readonly name?: string | undefined;
  readonly type: OperationType;
  readonly subType?: string | undefined;
  readonly status: OperationStatus;
  readonly startedMs: number;
  readonly endedMs?: number | undefined;
  readonly input?: TextSerial | undefined;
  readonly result?: TextSerial | undefined;
  readonly error?: TextSerial | undefined;
  /** For a step: attempts that have ended. */
  readonly attempt?: number | undefined;
  readonly nextAttemptMs?: number | undefined;
  /** For a wait: when it ends; for a callback: when it times out. */
  readonly dueMs?: number | undefined;
  readonly waitSeconds?: number | undefined;
  readonly callbackId?: string | undefined;
  readonly heartbeatSeconds?: number | undefined;
  readonly functionName?: string | undefined;
  readonly replaysChildren?: boolean | undefined;
}

export interface HistoryRow {
  readonly key: string;
  readonly account: string;
  readonly execution: string;
  /** From 1. */
  readonly number: number;
  readonly type: EventType;
  readonly timeMs: number;
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly parentId?: string | undefined;
  readonly subType?: string | undefined;
  /** The event's members besides its payload; times in epoch ms. */
  readonly details: Readonly<Record<string, string | number | undefined>>;
  readonly payload?: TextSerial | undefined;
}

export const executionTable = defineTable<ExecutionRow>()({
  name: "lambda.durableExecutions",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: {
    function: { group: (row) => row.functionArn, order: (row) => row.serial },
    name: { group: (row) => nameKey(row.functionArn, row.name), order: (row) => row.serial },
  },
});

export const operationTable = defineTable<OperationRow>()({
  name: "lambda.durableOperations",
  key: (row) => row.key,
  account: (row) => row.account,
  indexes: {
    execution: { group: (row) => row.execution, order: (row) => row.place },
    callback: { group: (row) => row.callbackId, order: (row) => row.key },
  },
});

export const historyTable = defineTable<HistoryRow>()({
  name: "lambda.durableHistories",
  key: (row) => row.key,
  account: (row) => row.account,
  indexes: { execution: { group: (row) => row.execution, order: (row) => row.number } },
});

export const durableTextTable = defineTextTable("lambda.durableTexts");

/** Key of what belongs to an execution. */
export function partKey(execution: string, part: string | number): string {
  return `${execution}\n${part}`;
}

export function nameKey(functionArn: string, name: string): string {
  return `${functionArn}\n${name}`;
}
