/** Logs of WebSocket APIs: an access log line for each event, and execution logs. */
import { ExecutionLog } from "../../../../apis/execution-log.ts";
import { sendLogLines } from "../../../../apis/log-lines.ts";
import { methodArn } from "../../../../apis/request-context.ts";
import { formatArn } from "../../../../calls/arn.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import type { ApiRow, StageRow } from "../../tables.ts";
import { writeAccessLog } from "../access-log.ts";
import { routeSettings } from "../route-settings.ts";
import type { ConnectionEvent } from "./events.ts";
import { sourcesOf } from "./sources.ts";

/** What became of an event. */
export interface EventResult {
  readonly status: number;
  /** The gateway's own message, if it had to answer itself. */
  readonly error?: string | undefined;
  /** Bytes sent to the client. */
  readonly length: number;
}

/** Undefined if the stage does not log the route. */
export function executionLog(
  service: ApiGatewayV2,
  stage: StageRow,
  routeKey: string,
  requestId: string,
): ExecutionLog | undefined {
  const { LoggingLevel: level = "OFF", DataTraceEnabled: full = false } = routeSettings(stage, routeKey);
  return level === "OFF" ? undefined : new ExecutionLog(requestId, () => service.now, { full, tested: false });
}

/** Writes the first lines of an event's log. */
export function logBegin({ connection, type, routeKey, requestId, log, body }: ConnectionEvent): void {
  if (log === undefined) return;
  const { apiId, identity, id } = connection.handshake;
  log.line(`Extended Request Id: ${requestId}`);
  if (type === "CONNECT") {
    const { userAgent = "null", sourceIp } = identity;
    log.line(`Client [UserAgent: ${userAgent}, SourceIp: ${sourceIp}] is connecting to WebSocket API [${apiId}].`);
  } else if (type === "MESSAGE") log.line(`Client [Connection Id: ${id}] sent a message to WebSocket API [${apiId}].`);
  else log.line(`Client [Connection Id: ${id}] disconnected from WebSocket API [${apiId}].`);
  log.line(`WebSocket Request Route: [${routeKey}]`);
  if (body !== undefined) log.detail(`Request body: ${body}`);
}

/** Writes the logs of an event that is over. */
export function writeLogs(
  service: ApiGatewayV2,
  api: ApiRow,
  stage: StageRow,
  event: ConnectionEvent,
  result: EventResult,
): void {
  writeAccessLog(service.deps, api, stage, (name) => accessValue(service, event, result, name));
  const { log, connection, type } = event;
  if (log === undefined) return;
  if (result.error !== undefined) log.line(`Execution failed: ${result.error}`);
  else if (type === "CONNECT") {
    log.line(`Client [Connection Id: ${connection.id}] connected to API [${api.id}] successfully.`);
  } else log.line("Successfully completed execution");
  log.line(`Method completed with status: ${result.status}`);
  if (routeSettings(stage, event.routeKey).LoggingLevel === "ERROR" && result.error === undefined) return;
  const { account, region, id } = api;
  sendLogLines(service.deps, {
    account,
    region,
    service: "apigatewayv2",
    source: methodArn(api, id, stage.name, event.routeKey),
    destination: formatArn("logs", region, account, `log-group:/aws/apigateway/${id}/${stage.name}`),
    stream: connection.id,
    lines: log.lines.map(({ timeMs, text }) => ({ timeMs, text: `(${event.requestId}) ${text}` })),
  });
}

function accessValue(
  service: ApiGatewayV2,
  event: ConnectionEvent,
  result: EventResult,
  name: string,
): string | undefined {
  const { integrated } = event;
  const text = (value: number | undefined) => (value === undefined ? undefined : String(value));
  switch (name) {
    case "status":
      return String(result.status);
    case "responseLength":
      return String(result.length);
    case "responseLatency":
      return String(service.now - event.nowMs);
    case "integrationLatency":
    case "integration.latency":
      return text(integrated.latencyMs);
    case "integrationStatus":
    case "integration.status":
      return text(integrated.status);
    case "integration.requestId":
    case "awsEndpointRequestId":
      return integrated.requestId;
    case "integration.error":
    case "integrationErrorMessage":
      return integrated.error;
    case "error.message":
      return result.error;
    case "error.messageString":
      return result.error === undefined ? undefined : JSON.stringify(result.error);
    default:
      return sourcesOf(event).context(name);
  }
}
