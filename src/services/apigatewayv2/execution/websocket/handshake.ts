/** Who may connect: the `$connect` route's authorizer, its integration, and the answer to a handshake that is refused. */
import type { Duplex } from "node:stream";
import { AwsError } from "../../../../../protocols/error.ts";
import { jsonObject } from "../../../../../protocols/unknown-json.ts";
import { authorizerArn, authorizerPolicy, decideInvoke } from "../../../../apis/authorizer-results.ts";
import { callerOf } from "../../../../apis/caller.ts";
import { functionOf, withStageVariables } from "../../../../apis/function-uri.ts";
import { inTime, timedOut } from "../../../../apis/in-time.ts";
import { methodArn } from "../../../../apis/request-context.ts";
import { Cause } from "../../../../calls/cause.ts";
import type { DoorRequest } from "../../../../calls/door.ts";
import { Invocation } from "../../../../calls/invocation.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import type { ApiRow, AuthorizerValue } from "../../tables.ts";
import { expressionText } from "../expressions.ts";
import type { CompiledRoute } from "../snapshot.ts";
import { authorizerEvent, type ConnectionEvent } from "./events.ts";
import { routeSource, sourcesOf } from "./sources.ts";

/** How long an authorizer's function may take, on the clock. */
const functionLimitMs = 10_000;

/** The status with which a handshake is refused; undefined if it is authorized, which the connection then remembers. */
export async function refusalOf(
  service: ApiGatewayV2,
  api: ApiRow,
  route: CompiledRoute,
  event: ConnectionEvent,
  request: DoorRequest,
): Promise<number | undefined> {
  const { AuthorizationType: type } = route.value;
  if (type === "AWS_IAM") {
    const caller = callerOf(request, service.deps.apis.identities);
    // WebSocket APIs have no policy that could let another account in.
    return caller === undefined || caller.expired === true || caller.account !== api.account ? 403 : undefined;
  }
  if (type !== "CUSTOM") return undefined;
  const { authorizer } = route;
  if (authorizer === undefined) return 500;
  const sources = sourcesOf(event);
  for (const source of authorizer.IdentitySource ?? []) {
    if (expressionText(routeSource(source)(sources)) === "") return 401;
  }
  return ask(service, api, event, authorizer);
}

async function ask(
  service: ApiGatewayV2,
  api: ApiRow,
  event: ConnectionEvent,
  authorizer: AuthorizerValue,
): Promise<number | undefined> {
  const { deps } = service;
  const arn = functionOf(withStageVariables(authorizer.AuthorizerUri ?? "", event.stageVariables));
  if (arn === undefined) return 500;
  const { handshake } = event.connection;
  const arnOfRoute = methodArn(api, api.id, handshake.stage, "$connect");
  const cause = Cause.ofRequest(event.requestId, event.nowMs, handshake.origin, undefined);
  const acting = { account: api.account, region: api.region, roleArn: authorizer.AuthorizerCredentialsArn };
  let payload: string;
  try {
    const answer = await inTime(deps, functionLimitMs, (limit) =>
      deps.functions.invoke(
        arn,
        JSON.stringify(authorizerEvent(event, arnOfRoute)),
        Invocation.ofService(
          "apigateway",
          authorizerArn(arnOfRoute, authorizer.AuthorizerId ?? ""),
          acting,
          cause,
          limit,
        ),
      ),
    );
    if (answer === timedOut) return 500;
    payload = answer.payload;
    // A function that throws exactly this means 401.
    if (answer.functionError !== undefined) return /"errorMessage":"Unauthorized"/.test(payload) ? 401 : 500;
  } catch (error) {
    if (error instanceof AwsError) return 500;
    throw error;
  }
  const { principalId, policyDocument, context, usageIdentifierKey } = jsonObject(payload) ?? {};
  const policy = authorizerPolicy(policyDocument);
  const values = context ?? {};
  if (policy === undefined || typeof principalId !== "string" || typeof values !== "object") return 500;
  const keys = new Map([["aws:sourceip", handshake.identity.sourceIp]]);
  if (decideInvoke(policy, arnOfRoute, api.account, keys) !== "allowed") return 403;
  const texts = Object.entries(values).map(([name, one]) => [name, expressionText(one)] as const);
  if (typeof usageIdentifierKey === "string") event.connection.usageIdentifierKey = usageIdentifierKey;
  event.connection.authorizer = { principalId, integrationLatency: 0, ...Object.fromEntries(texts) };
  return undefined;
}

const texts: Readonly<Record<number, readonly [string, string]>> = {
  400: ["Bad Request", "Bad Request"],
  401: ["Unauthorized", "Unauthorized"],
  403: ["Forbidden", "Forbidden"],
  429: ["Too Many Requests", "Too Many Requests"],
  500: ["Internal Server Error", "Internal server error"],
  502: ["Bad Gateway", "Internal server error"],
};

/**
 * Answers a handshake that does not become a connection.
 * @param message instead of the status's own.
 * @param body instead of a message.
 */
export function refuseHandshake(
  socket: Duplex,
  status: number,
  ids: Readonly<Record<string, string>>,
  message?: string,
  body?: string,
): void {
  const [phrase, defaultMessage] = texts[status] ?? ["Refused", "Forbidden"];
  const text = body || JSON.stringify({ message: message ?? defaultMessage, ...ids });
  const head = [
    `HTTP/1.1 ${status} ${phrase}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(text)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`);
}
