import { dayMs } from "../../../engine/duration.ts";
import { maxHistoryEvents } from "../asl/history.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow } from "../tables.ts";
import { maxOpenMs } from "./time-limit.ts";

const redrivableMs = 14 * dayMs;
/** With this many events, an execution has no room for a redrive. */
const fullHistory = maxHistoryEvents - 1;

export interface RedriveState {
  readonly status: "REDRIVABLE" | "NOT_REDRIVABLE" | "REDRIVABLE_BY_MAP_RUN";
  readonly reason?: string;
}

/** Whether a standard execution can be redriven at this time, and if not, why (DescribeExecution, redriveStatus). */
export function redriveState(service: StepFunctions, row: ExecutionRow): RedriveState {
  const no = (reason: string): RedriveState => ({ status: "NOT_REDRIVABLE", reason });
  const { status, startedMs } = row;
  if (status === "RUNNING" || status === "SUCCEEDED" || status === "PENDING_REDRIVE") {
    return no(`Execution is ${status} and cannot be redriven`);
  }
  const { now } = service;
  if (now - (row.stoppedMs ?? now) > redrivableMs) return no("Execution redrivable period exceeded");
  if (now - startedMs >= maxOpenMs) return no("Execution has exceeded the max execution time");
  const head = service.runner.frames.heads.get(row.arn)?.head;
  if (head !== undefined && head.lastEventId >= fullHistory) return no("Execution history event limit exceeded");
  return { status: row.mapRun === undefined ? "REDRIVABLE" : "REDRIVABLE_BY_MAP_RUN" };
}
