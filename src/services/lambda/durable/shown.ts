/** The form of durable executions and their operations for clients and for the functions that run them. */
import type { ErrorObject, Execution, GetDurableExecutionResponse, Operation } from "@aws-sdk/client-lambda";
import type { ExecutionRow, OperationRow, TextSerial } from "./tables.ts";

/** Reads a stored text. */
export type TextOf = (serial: TextSerial | undefined) => string | undefined;

export function errorIn(text: string | undefined): ErrorObject | undefined {
  if (text === undefined) return undefined;
  const error: unknown = JSON.parse(text);
  return error as ErrorObject;
}

const time = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms));

export function shownOperation(row: OperationRow, textOf: TextOf): Operation {
  const outcome = { Result: textOf(row.result), Error: errorIn(textOf(row.error)) };
  return {
    Id: row.id,
    ParentId: row.parentId,
    Name: row.name,
    Type: row.type,
    SubType: row.subType,
    StartTimestamp: new Date(row.startedMs),
    EndTimestamp: time(row.endedMs),
    Status: row.status,
    ExecutionDetails: row.type === "EXECUTION" ? { InputPayload: textOf(row.input) } : undefined,
    ContextDetails: row.type === "CONTEXT" ? { ReplayChildren: row.replaysChildren, ...outcome } : undefined,
    StepDetails:
      row.type === "STEP"
        ? { Attempt: row.attempt, NextAttemptTimestamp: time(row.nextAttemptMs), ...outcome }
        : undefined,
    WaitDetails: row.type === "WAIT" ? { ScheduledEndTimestamp: time(row.dueMs) } : undefined,
    CallbackDetails: row.type === "CALLBACK" ? { CallbackId: row.callbackId, ...outcome } : undefined,
    ChainedInvokeDetails: row.type === "CHAINED_INVOKE" ? outcome : undefined,
  };
}

export function shownExecution(row: ExecutionRow): Execution {
  return {
    DurableExecutionArn: row.arn,
    DurableExecutionName: row.name,
    FunctionArn: row.versionArn,
    Status: row.status,
    StartTimestamp: new Date(row.startedMs),
    EndTimestamp: time(row.endedMs),
  };
}

export function describedExecution(row: ExecutionRow, textOf: TextOf, withData: boolean): GetDurableExecutionResponse {
  const data = withData
    ? { InputPayload: textOf(row.input), Result: textOf(row.result), Error: errorIn(textOf(row.error)) }
    : {};
  return {
    ...shownExecution(row),
    ...data,
    Version: row.versionArn.slice(row.versionArn.lastIndexOf(":") + 1),
    ExecutionDataIncluded: withData,
    DurableConfig: { ExecutionTimeout: row.timeoutSeconds, RetentionPeriodInDays: row.retentionDays },
  };
}
