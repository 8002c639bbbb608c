/** Executions in a form for people: input, current state and result. */
import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow } from "../tables.ts";
import { payloadsOf } from "./execution-row.ts";

export interface ShownExecution {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly stoppedAt: string | undefined;
  /** JSON text. */
  readonly input: string;
  readonly output: string | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
}

export interface ExecutionFilter {
  /** ARN of one execution. */
  readonly execution?: string | undefined;
  /** ARN of a state machine. */
  readonly machine?: string | undefined;
  readonly status?: string | undefined;
  /** Default: 100. */
  readonly limit?: number | undefined;
}

/**
 * Newest first; undefined when there is no such machine or execution. Without express ones, which AWS does not store.
 */
export function shownExecutions(service: StepFunctions, filter: ExecutionFilter): ShownExecution[] | undefined {
  const { execution, machine = "", status, limit = 100 } = filter;
  if (execution !== undefined) {
    const row = service.runner.executions.get(execution);
    return row && [shown(service, row)];
  }
  if (!service.machines.has(machine)) return undefined;
  const { by } = service.runner.executions;
  const rows = status === undefined ? by.machine : by.machineStatus;
  const found: ShownExecution[] = [];
  for (const row of rows.range(status === undefined ? machine : `${machine} ${status}`, { reverse: true })) {
    found.push(shown(service, row));
    if (found.length === limit) break;
  }
  return found;
}

function shown(service: StepFunctions, row: ExecutionRow): ShownExecution {
  return {
    executionArn: row.arn,
    stateMachineArn: row.machine,
    name: row.name,
    status: row.status,
    startedAt: new Date(row.startedMs).toISOString(),
    stoppedAt: row.stoppedMs === undefined ? undefined : new Date(row.stoppedMs).toISOString(),
    ...payloadsOf(service, row),
    error: row.error,
    cause: row.cause,
  };
}
