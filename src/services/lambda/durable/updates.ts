/**
 * The effect of checkpoints on an execution's operations (Lambda API reference, CheckpointDurableExecution and
 * OperationUpdate). Pure: payloads are still texts here.
 */
import type { ErrorObject, OperationAction, OperationType, OperationUpdate } from "@aws-sdk/client-lambda";
import type { FromWire } from "../../../../protocols/blob.ts";
import { invalidParameter } from "../errors.ts";
import type { OperationRow } from "./tables.ts";

export type Update = FromWire<OperationUpdate>;

/** The operation after an update, with the texts that come with it. */
export interface Updated {
  readonly row: Omit<OperationRow, "key" | "account" | "execution" | "place">;
  readonly input?: string | undefined;
  readonly result?: string | undefined;
  readonly error?: ErrorObject | undefined;
  /** Seconds until the next attempt of a step that is retried. */
  readonly delaySeconds?: number | undefined;
}

/** The actions possible for each type of operation. EXECUTION exists from the start. */
const actions: Readonly<Record<OperationType, readonly OperationAction[]>> = {
  EXECUTION: ["SUCCEED", "FAIL"],
  CONTEXT: ["START", "SUCCEED", "FAIL"],
  STEP: ["START", "SUCCEED", "FAIL", "RETRY"],
  WAIT: ["START", "CANCEL"],
  CALLBACK: ["START"],
  CHAINED_INVOKE: ["START"],
};

export function isOpen({ status }: Pick<OperationRow, "status">): boolean {
  return status === "STARTED" || status === "PENDING" || status === "READY";
}

/**
 * @param before the current operation; undefined for a new one.
 * @param newCallback creates the id of a callback.
 * @throws AwsError InvalidParameterValueException
 */
export function updated(
  update: Update,
  before: OperationRow | undefined,
  nowMs: number,
  newCallback: () => string,
): Updated {
  const type = update.Type as OperationType;
  const action = update.Action as OperationAction;
  if (!actions[type].includes(action))
    throw invalidParameter(`Invalid action ${action} for an operation of type ${type}.`);
  if (before !== undefined) {
    if (before.type !== type) throw invalidParameter(`Operation ${before.id} is of type ${before.type}, not ${type}.`);
    if (!isOpen(before)) throw invalidParameter(`Operation ${before.id} has ended already: it is ${before.status}.`);
    // Only a step can start again, when it is retried.
    if (action === "START" && !(type === "STEP" && before.status === "READY")) {
      throw invalidParameter(`Operation ${before.id} has started already.`);
    }
  } else if (action === "CANCEL" || type === "EXECUTION") {
    throw invalidParameter(`There is no operation ${update.Id}.`);
  }
  if (action === "FAIL" && update.Error === undefined && type !== "EXECUTION") {
    throw invalidParameter(`An operation that fails needs an Error: ${update.Id}.`);
  }
  const row = {
    ...before,
    id: update.Id as string,
    type,
    parentId: before?.parentId ?? update.ParentId,
    name: before?.name ?? update.Name,
    subType: before?.subType ?? update.SubType,
    startedMs: before?.startedMs ?? nowMs,
    status: "STARTED" as OperationRow["status"],
  };
  switch (action) {
    case "START":
      return started(update, row, nowMs, newCallback);
    case "SUCCEED":
      return ended(row, "SUCCEEDED", nowMs, { result: update.Payload, replays: update.ContextOptions?.ReplayChildren });
    case "FAIL":
      return ended(row, "FAILED", nowMs, { error: update.Error ?? {}, replays: update.ContextOptions?.ReplayChildren });
    case "CANCEL":
      return ended(row, "CANCELLED", nowMs, { error: update.Error });
    case "RETRY":
      return retried(update, row, nowMs);
  }
}

type Begun = Updated["row"];

function started(update: Update, row: Begun, nowMs: number, newCallback: () => string): Updated {
  switch (row.type) {
    case "STEP":
      return { row: { ...row, attempt: row.attempt ?? 0, nextAttemptMs: undefined } };
    case "WAIT": {
      const seconds = update.WaitOptions?.WaitSeconds;
      if (seconds === undefined) throw invalidParameter(`A wait needs WaitOptions with WaitSeconds: ${row.id}.`);
      return { row: { ...row, waitSeconds: seconds, dueMs: nowMs + seconds * 1000 } };
    }
    case "CALLBACK": {
      const { TimeoutSeconds = 0, HeartbeatTimeoutSeconds = 0 } = update.CallbackOptions ?? {};
      const dueMs = TimeoutSeconds > 0 ? nowMs + TimeoutSeconds * 1000 : undefined;
      const heartbeatSeconds = HeartbeatTimeoutSeconds > 0 ? HeartbeatTimeoutSeconds : undefined;
      return { row: { ...row, callbackId: newCallback(), dueMs, heartbeatSeconds } };
    }
    case "CHAINED_INVOKE": {
      const functionName = update.ChainedInvokeOptions?.FunctionName;
      if (functionName === undefined) {
        throw invalidParameter(`A chained invocation needs ChainedInvokeOptions with FunctionName: ${row.id}.`);
      }
      return { row: { ...row, functionName }, input: update.Payload ?? "" };
    }
    default:
      return { row };
  }
}

function ended(
  row: Begun,
  status: OperationRow["status"],
  nowMs: number,
  { result, error, replays }: { result?: string; error?: ErrorObject | undefined; replays?: boolean | undefined },
): Updated {
  const attempt = row.type === "STEP" ? (row.attempt ?? 0) + 1 : undefined;
  return { row: { ...row, status, endedMs: nowMs, attempt, replaysChildren: replays }, result, error };
}

function retried(update: Update, row: Begun, nowMs: number): Updated {
  const delaySeconds = update.StepOptions?.NextAttemptDelaySeconds;
  if (delaySeconds === undefined) {
    throw invalidParameter(`A step that is tried again needs StepOptions with NextAttemptDelaySeconds: ${row.id}.`);
  }
  const attempt = (row.attempt ?? 0) + 1;
  return {
    row: { ...row, status: "PENDING", attempt, nextAttemptMs: nowMs + delaySeconds * 1000 },
    // A step that waits for a condition has its state in the payload.
    result: update.Payload,
    error: update.Error,
    delaySeconds,
  };
}
