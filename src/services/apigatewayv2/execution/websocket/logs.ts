/** Logs of WebSocket APIs: a line of the stage's format for each event, and what is told of executions in between. */
import { ExecutionLog } from "../../../../apis/execution-log.ts";
import { sendLogLines } from "../../../../apis/log-lines.ts";
import { methodArn } from "../../../../apis/request-context.ts";
import { formatArn } from "../../../../calls/arn.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import type { ApiRow, StageRow } from "../../tables.ts";
import { writeAccessLog } from "../access-log.ts";
import type { Happening } from "./events.ts";
import { sourcesOf } from "./sources.ts";

/** What came of an event. */
export interface Told {
  readonly status: number;
  /** Of the gateway's own answer, where it had to give one. */
  readonly error?: string | undefined;
  /** Bytes of what the client got. */
  readonly length: number;
}

/** The settings of a route on a stage: the stage's, with its own over them. */
function routeSettings({ value }: StageRow, routeKey: string) {
  return { ...value.DefaultRouteSettings, ...value.RouteSettings?.[routeKey] };
}

/** Undefined where the stage logs nothing of the route. */
export function executionLog(
  service: ApiGatewayV2,
  stage: StageRow,
  routeKey: string,
  requestId: string,
): ExecutionLog | undefined {
  const { LoggingLevel: level = "OFF", DataTraceEnabled: full = false } = routeSettings(stage, routeKey);
  return level === "OFF" ? undefined : new ExecutionLog(requestId, () => service.now, { full, tested: false });
}

/** How the log of an event begins. */
export function logBegin({ connection, type, routeKey, requestId, log, body }: Happening): void {
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
export function writeLogs(service: ApiGatewayV2, api: ApiRow, stage: StageRow, what: Happening, told: Told): void {
  writeAccessLog(service.deps, api, stage, (name) => accessValue(service, what, told, name));
  const { log, connection, type } = what;
  if (log === undefined) return;
  if (told.error !== undefined) log.line(`Execution failed: ${told.error}`);
  else if (type === "CONNECT") {
    log.line(`Client [Connection Id: ${connection.id}] connected to API [${api.id}] successfully.`);
  } else log.line("Successfully completed execution");
  log.line(`Method completed with status: ${told.status}`);
  if (routeSettings(stage, what.routeKey).LoggingLevel === "ERROR" && told.error === undefined) return;
  const { account, region, id } = api;
  sendLogLines(service.deps, {
    account,
    region,
    service: "apigatewayv2",
    source: methodArn(api, id, stage.name, what.routeKey),
    destination: formatArn("logs", region, account, `log-group:/aws/apigateway/${id}/${stage.name}`),
    stream: connection.id,
    lines: log.lines.map(({ timeMs, text }) => ({ timeMs, text: `(${what.requestId}) ${text}` })),
  });
}

function accessValue(service: ApiGatewayV2, what: Happening, told: Told, name: string): string | undefined {
  const { integrated } = what;
  const text = (value: number | undefined) => (value === undefined ? undefined : String(value));
  switch (name) {
    case "status":
      return String(told.status);
    case "responseLength":
      return String(told.length);
    case "responseLatency":
      return String(service.now - what.nowMs);
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
      return told.error;
    case "error.messageString":
      return told.error === undefined ? undefined : JSON.stringify(told.error);
    default:
      return sourcesOf(what).context(name);
  }
}
