import { type JsonObject, parseJson } from "../asl/json.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow } from "../tables.ts";
import { payloadsOf } from "./execution-row.ts";
import { redriveState } from "./redrive-state.ts";

/**
 * DescribeExecution's answer in the form for a `.sync` task: PascalCase, sorted keys; with `parsed` (`.sync:2`) input
 * and output are JSON values instead of texts.
 */
export function describedExecution(row: ExecutionRow, service: StepFunctions, parsed: boolean): JsonObject {
  const payload = (text: string) => (parsed ? parseJson(text) : text);
  const { status, reason } = redriveState(service, row);
  const { input, output } = payloadsOf(service, row);
  return {
    ...(row.cause === undefined ? {} : { Cause: row.cause }),
    ...(row.error === undefined ? {} : { Error: row.error }),
    ExecutionArn: row.arn,
    Input: payload(input),
    InputDetails: { Included: true },
    Name: row.name,
    ...(output === undefined ? {} : { Output: payload(output), OutputDetails: { Included: true } }),
    RedriveCount: row.redriveCount,
    RedriveStatus: status,
    ...(reason === undefined ? {} : { RedriveStatusReason: reason }),
    StartDate: row.startedMs,
    StateMachineArn: row.machine,
    ...(row.aliasArn === undefined ? {} : { StateMachineAliasArn: row.aliasArn }),
    ...(row.versionArn === undefined ? {} : { StateMachineVersionArn: row.versionArn }),
    Status: row.status,
    ...(row.stoppedMs === undefined ? {} : { StopDate: row.stoppedMs }),
  };
}
