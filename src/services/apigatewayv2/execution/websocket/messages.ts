/** Messages of a connection: their route, whether they are admitted, and what the client gets back. */
import { ModelUnusable } from "../../../../apis/request-models/models.ts";
import type { Throttle } from "../../../../apis/throttle.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import type { ApiRow, StageRow } from "../../tables.ts";
import { expression, expressionText } from "../expressions.ts";
import type { CompiledRoute } from "../snapshot.ts";
import { isThrottled, type Refusal, refusalOfKey, violation } from "./admission.ts";
import type { Connection } from "./connection.ts";
import { type Deployed, deployedOf, newEvent } from "./deployed.ts";
import type { ConnectionEvent } from "./events.ts";
import { runIntegration } from "./integration.ts";
import { executionLog, logBegin, writeLogs } from "./logs.ts";
import { sourcesOf } from "./sources.ts";

const internalError: Refusal = { status: 500, message: "Internal server error" };

/** Takes a message to its route's integration, and the answer back. */
export async function receive(
  service: ApiGatewayV2,
  throttle: Throttle,
  connection: Connection,
  body: string,
): Promise<void> {
  const api = service.apis.get(connection.apiId);
  const deployed = api && deployedOf(service, api, connection.handshake.stage);
  if (api === undefined || deployed === undefined) return connection.close(1001, "Going away");
  const { stage, snapshot } = deployed;
  const first = { ...newEvent(service, connection, stage, "MESSAGE", "$default"), body };
  const key = expressionText(expression(snapshot.routeSelectionExpression)(sourcesOf(first)));
  const route = (key.startsWith("$") ? undefined : snapshot.byKey.get(key)) ?? snapshot.byKey.get("$default");
  if (route === undefined) return refuse(service, api, stage, first, { status: 403, message: "Forbidden" });
  const { connections } = service.deps.apis;
  const messageId = connections.newId(api.id, service.deps.random.fork("messages"));
  const log = executionLog(service, stage, route.key, first.requestId);
  const event: ConnectionEvent = { ...first, routeKey: route.key, messageId, log };
  logBegin(event);
  const refused = await refusalOfMessage(service, throttle, api, deployed, route, event);
  if (refused !== undefined) return refuse(service, api, stage, event, refused);
  const outcome = await runIntegration(service, api, route, event);
  if (outcome.failed) return refuse(service, api, stage, event, internalError);
  const answers = route.response !== undefined && route.value.RouteResponseSelectionExpression !== undefined;
  const answer = answers ? outcome.body : "";
  if (answer !== "") connection.send(answer);
  writeLogs(service, api, stage, event, { status: outcome.status, length: answer.length });
}

async function refusalOfMessage(
  service: ApiGatewayV2,
  throttle: Throttle,
  api: ApiRow,
  { stage, snapshot }: Deployed,
  route: CompiledRoute,
  event: ConnectionEvent,
): Promise<Refusal | undefined> {
  const byKey = refusalOfKey(service, api, snapshot, route, event);
  if (byKey !== undefined) return byKey;
  if (isThrottled(throttle, stage, route, event.nowMs)) return { status: 429, message: "Too Many Requests" };
  try {
    const wrong = await violation(snapshot, route, event);
    if (wrong === undefined) return undefined;
    event.log?.line(`Message does not match the route's model: ${wrong}`);
    return { status: 400, message: "Bad request body" };
  } catch (error) {
    if (!(error instanceof ModelUnusable)) throw error;
    event.log?.line(`Invalid model: ${error.message}`);
    return internalError;
  }
}

/** Tells the client that its message was refused. */
function refuse(
  service: ApiGatewayV2,
  api: ApiRow,
  stage: StageRow,
  event: ConnectionEvent,
  { status, message }: Refusal,
): void {
  const { connection, requestId, messageId = requestId } = event;
  const id = status === 400 ? `"messageId":"${messageId}"` : `"requestId":"${requestId}"`;
  connection.send(`{"message": "${message}", "connectionId":"${connection.id}", ${id}}`);
  writeLogs(service, api, stage, event, { status, error: message, length: 0 });
}
