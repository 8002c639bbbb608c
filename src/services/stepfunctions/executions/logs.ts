/** Log events of executions, as CloudWatch Logs receives them. */

import { Cause } from "../../../calls/cause.ts";
import type { ServiceDependencies } from "../../../calls/service.ts";
import { sha256Hex } from "../../../engine/digest.ts";
import type { HistoryEvent } from "../asl/history.ts";
import type { Json, JsonObject } from "../asl/json.ts";
import type { ExecutionRow, LoggingConfiguration } from "../tables.ts";

const fatal = new Set(["ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"]);
const failing = /(Failed|TimedOut|Aborted)$|^FailStateEntered$/;

function isLogged({ level }: LoggingConfiguration, { type }: HistoryEvent): boolean {
  if (level === "ALL") return true;
  return level === "FATAL" ? fatal.has(type) : failing.test(type);
}

const payloads = new Set([
  "input",
  "inputDetails",
  "output",
  "outputDetails",
  "parameters",
  "assignedVariables",
  "assignedVariablesDetails",
]);

/**
 * Sends the events that a machine's logging configuration selects to the log destination, inside the step's
 * transaction.
 */
export function logEvents(
  deps: ServiceDependencies,
  logging: LoggingConfiguration,
  row: ExecutionRow,
  events: readonly HistoryEvent[],
  { redriveCount, tracing }: { readonly redriveCount: number; readonly tracing: boolean },
): void {
  for (const event of events) {
    if (!isLogged(logging, event)) continue;
    const details: [string, Json][] = Object.entries(event.details ?? {});
    const shown = logging.includeExecutionData ? details : details.filter(([name]) => !payloads.has(name));
    const entry: JsonObject = {
      id: String(event.id),
      type: event.type,
      details: Object.fromEntries(shown),
      previous_event_id: String(event.previousEventId),
      event_timestamp: String(event.timestampMs),
      execution_arn: row.arn,
      redrive_count: String(redriveCount),
      ...(row.mapRun === undefined ? {} : { map_run_arn: row.mapRun }),
      ...(tracing ? { trace_id: traceIdOf(row) } : {}),
    };
    deps.delivery.submit({
      account: row.account,
      region: row.region,
      service: "stepfunctions",
      source: row.machine,
      target: (logging.logGroupArn as string).replace(/:\*$/, ""),
      kind: "logs",
      payload: JSON.stringify(entry),
      parameters: { timestampMs: event.timestampMs, stream: streamOf(row) },
      retry: { phases: [] },
    });
  }
}

/** The caller's X-Ray trace, or one of the execution's own: `1-{start in seconds}-{part of its id}`, in hex. */
function traceIdOf({ causedBy, startedMs, arn }: ExecutionRow): string {
  const given = /(?:^|;)\s*Root=([^;\s]+)/.exec(Cause.from(causedBy).sentTrace ?? "")?.[1];
  const seconds = Math.floor(startedMs / 1000)
    .toString(16)
    .padStart(8, "0");
  return given ?? `1-${seconds}-${sha256Hex(arn).slice(0, 24)}`;
}

/** `states/{machine}/{minute of its start}/{part of its id}`, AWS's naming of streams. */
function streamOf({ machine, startedMs, arn }: ExecutionRow): string {
  const minute = new Date(startedMs).toISOString().slice(0, 16).replace(/[T:]/g, "-");
  const name = machine.slice(machine.lastIndexOf(":") + 1);
  return `states/${name}/${minute}/${sha256Hex(arn).slice(0, 8)}`;
}
