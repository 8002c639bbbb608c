import type { ExecutionRow } from "./tables.ts";

const redrivableMs = 14 * 86_400_000;
const longestMs = 365 * 86_400_000;

export interface RedriveState {
  readonly status: "REDRIVABLE" | "NOT_REDRIVABLE" | "REDRIVABLE_BY_MAP_RUN";
  readonly reason?: string;
}

/** Whether a standard execution can be redriven, and if not, why. */
export function redriveState(row: ExecutionRow, nowMs: number): RedriveState {
  if (row.status === "RUNNING") {
    return { status: "NOT_REDRIVABLE", reason: "Execution is RUNNING and cannot be redriven" };
  }
  if (row.status === "SUCCEEDED") {
    return { status: "NOT_REDRIVABLE", reason: "Execution is SUCCEEDED and cannot be redriven" };
  }
  if (nowMs - (row.stoppedMs ?? nowMs) > redrivableMs) {
    const reason = "Execution was completed more than 14 days ago and cannot be redriven";
    return { status: "NOT_REDRIVABLE", reason };
  }
  if (nowMs - row.startedMs > longestMs) {
    return { status: "NOT_REDRIVABLE", reason: "Execution has been open for more than 1 year and cannot be redriven" };
  }
  if (row.mapRun !== undefined) return { status: "REDRIVABLE_BY_MAP_RUN" };
  return { status: "REDRIVABLE" };
}
