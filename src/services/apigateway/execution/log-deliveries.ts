/** Where the logs of a REST API go. */
import { type LogLines, sendLogLines } from "../../../apis/log-lines.ts";
import { formatArn } from "../../../calls/arn.ts";
import type { ExecutionDeps } from "./backend.ts";
import type { RestCall } from "./call.ts";

export function sendLog(
  call: RestCall,
  deps: ExecutionDeps,
  log: Pick<LogLines, "destination" | "stream" | "lines">,
): void {
  const { account, region } = call.place.api.snapshot;
  sendLogLines(deps, { account, region, service: "apigateway", source: call.methodArn, ...log });
}

/** The log group for executions of a stage. */
export function executionLogGroup({ place }: RestCall): string {
  const { account, region, apiId } = place.api.snapshot;
  return formatArn("logs", region, account, `log-group:API-Gateway-Execution-Logs_${apiId}/${place.stageName}`);
}
