/** The events of a durable execution's history (Lambda API reference, GetDurableExecutionHistory). */
import type { Event, EventType, OperationType } from "@aws-sdk/client-lambda";
import { errorIn } from "./shown.ts";
import type { HistoryRow, OperationRow } from "./tables.ts";
import type { Updated } from "./updates.ts";

const prefixes: Readonly<Record<OperationType, string>> = {
  EXECUTION: "Execution",
  CONTEXT: "Context",
  STEP: "Step",
  WAIT: "Wait",
  CALLBACK: "Callback",
  CHAINED_INVOKE: "ChainedInvoke",
};

const suffixes: Readonly<Partial<Record<OperationRow["status"], string>>> = {
  STARTED: "Started",
  SUCCEEDED: "Succeeded",
  FAILED: "Failed",
  // A step that waits for its next attempt has failed in the last one.
  PENDING: "Failed",
  CANCELLED: "Cancelled",
  TIMED_OUT: "TimedOut",
  STOPPED: "Stopped",
};

/** The event for an operation's new status, if there is one. */
export function operationEvent(
  row: Updated["row"],
  delaySeconds?: number,
): Pick<HistoryRow, "type" | "id" | "name" | "parentId" | "subType" | "details"> | undefined {
  const suffix = suffixes[row.status];
  if (suffix === undefined) return undefined;
  const { id, name, parentId, subType } = row;
  const type = `${prefixes[row.type]}${suffix}` as EventType;
  return { type, id, name, parentId, subType, details: detailsOf(row, suffix, delaySeconds) };
}

function detailsOf(row: Updated["row"], suffix: string, delaySeconds: number | undefined): HistoryRow["details"] {
  switch (row.type) {
    case "STEP":
      return suffix === "Started" ? {} : { CurrentAttempt: row.attempt, NextAttemptDelaySeconds: delaySeconds };
    case "WAIT":
      return suffix === "Cancelled"
        ? {}
        : { Duration: row.waitSeconds, ScheduledEndTimestamp: suffix === "Started" ? row.dueMs : undefined };
    case "CALLBACK":
      return suffix === "Started"
        ? {
            CallbackId: row.callbackId,
            HeartbeatTimeout: row.heartbeatSeconds,
            Timeout: row.dueMs === undefined ? undefined : (row.dueMs - row.startedMs) / 1000,
          }
        : {};
    case "CHAINED_INVOKE":
      return suffix === "Started" ? { FunctionName: row.functionName } : {};
    default:
      return {};
  }
}

/** @param payload its text; undefined for an event without one, or when only the outline is wanted. */
export function shownEvent(row: HistoryRow, payload: string | undefined): Event {
  const { type, details } = row;
  return {
    EventType: type,
    EventId: row.number,
    EventTimestamp: new Date(row.timeMs),
    Id: row.id,
    Name: row.name,
    ParentId: row.parentId,
    SubType: row.subType,
    [`${type}Details`]: { ...shownDetails(type, details), ...payloadMember(type, payload) },
  };
}

function shownDetails(type: EventType, details: HistoryRow["details"]): object {
  if (type === "StepSucceeded" || type === "StepFailed") return { RetryDetails: details };
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      name.endsWith("Timestamp") && typeof value === "number" ? new Date(value) : value,
    ]),
  );
}

function payloadMember(type: EventType, payload: string | undefined): object {
  if (type === "ExecutionStarted" || type === "ChainedInvokeStarted") return { Input: { Payload: payload } };
  if (/^(Execution|Context|Step|Callback|ChainedInvoke)Succeeded$/.test(type)) return { Result: { Payload: payload } };
  const canFail = /(Failed|TimedOut|Stopped|Cancelled|Completed)$/.test(type);
  if (!canFail || (payload === undefined && /(Completed|Cancelled)$/.test(type))) return {};
  return { Error: { Payload: errorIn(payload) } };
}
