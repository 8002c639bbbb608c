/** Messages of a connection: their route, who may send them, and what the client hears. */
import { ModelUnusable } from "../../../../apis/request-models/models.ts";
import type { Throttle } from "../../../../apis/throttle.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import type { ApiRow, StageRow } from "../../tables.ts";
import { expression, expressionText } from "../expressions.ts";
import type { CompiledRoute } from "../snapshot.ts";
import { isThrottled, type Refused, refusalOfKey, violation } from "./admission.ts";
import type { Connection } from "./connection.ts";
import { type Deployed, deployedOf, happeningOf } from "./deployed.ts";
import type { Happening } from "./events.ts";
import { runIntegration } from "./integration.ts";
import { executionLog, logBegin, writeLogs } from "./logs.ts";
import { sourcesOf } from "./sources.ts";

const internalError: Refused = { status: 500, message: "Internal server error" };

/** Takes a message to its route, and the answer back. */
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
  const first = { ...happeningOf(service, connection, stage, "MESSAGE", "$default"), body };
  const key = expressionText(expression(snapshot.routeSelectionExpression)(sourcesOf(first)));
  const route = (key.startsWith("$") ? undefined : snapshot.byKey.get(key)) ?? snapshot.byKey.get("$default");
  if (route === undefined) return refuse(service, api, stage, first, { status: 403, message: "Forbidden" });
  const { connections } = service.deps.apis;
  const messageId = connections.newId(api.id, service.deps.random.fork("messages"));
  const log = executionLog(service, stage, route.key, first.requestId);
  const what: Happening = { ...first, routeKey: route.key, messageId, log };
  logBegin(what);
  const refused = await refusalOfMessage(service, throttle, api, deployed, route, what);
  if (refused !== undefined) return refuse(service, api, stage, what, refused);
  const outcome = await runIntegration(service, api, route, what);
  if (outcome.failed) return refuse(service, api, stage, what, internalError);
  const answers = route.response !== undefined && route.value.RouteResponseSelectionExpression !== undefined;
  const answer = answers ? outcome.body : "";
  if (answer !== "") connection.send(answer);
  writeLogs(service, api, stage, what, { status: outcome.status, length: answer.length });
}

async function refusalOfMessage(
  service: ApiGatewayV2,
  throttle: Throttle,
  api: ApiRow,
  { stage, snapshot }: Deployed,
  route: CompiledRoute,
  what: Happening,
): Promise<Refused | undefined> {
  const byKey = refusalOfKey(service, api, snapshot, route, what);
  if (byKey !== undefined) return byKey;
  if (isThrottled(throttle, stage, route, what.nowMs)) return { status: 429, message: "Too Many Requests" };
  try {
    const wrong = await violation(snapshot, route, what);
    if (wrong === undefined) return undefined;
    what.log?.line(`Message does not match the route's model: ${wrong}`);
    return { status: 400, message: "Bad request body" };
  } catch (error) {
    if (!(error instanceof ModelUnusable)) throw error;
    what.log?.line(`Invalid model: ${error.message}`);
    return internalError;
  }
}

/** Tells the client that nothing came of its message. */
function refuse(
  service: ApiGatewayV2,
  api: ApiRow,
  stage: StageRow,
  what: Happening,
  { status, message }: Refused,
): void {
  const { connection, requestId, messageId = requestId } = what;
  const id = status === 400 ? `"messageId":"${messageId}"` : `"requestId":"${requestId}"`;
  connection.send(`{"message": "${message}", "connectionId":"${connection.id}", ${id}}`);
  writeLogs(service, api, stage, what, { status, error: message, length: 0 });
}
