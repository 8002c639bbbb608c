/** What clients of a WebSocket API are admitted by: API keys, throttles and the models of messages. */
import { isValidatorLoaded, loadValidator } from "../../../../apis/request-models/models.ts";
import type { Throttle } from "../../../../apis/throttle.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import type { ApiRow, StageRow } from "../../tables.ts";
import { expression, expressionText } from "../expressions.ts";
import { routeThrottle } from "../route-settings.ts";
import type { CompiledRoute, Snapshot } from "../snapshot.ts";
import type { ConnectionEvent } from "./events.ts";
import { sourcesOf } from "./sources.ts";

/** The answer with which a handshake or a message is refused. */
export interface Refusal {
  readonly status: number;
  /** Instead of the status's own. */
  readonly message?: string | undefined;
  readonly body?: string | undefined;
}

/**
 * Checks and counts the API key, if the route requires one. The selection expression reads it from the handshake or the
 * authorizer's context; messages use the key their connection was opened with.
 */
export function refusalOfKey(
  service: ApiGatewayV2,
  api: ApiRow,
  { apiKeySelectionExpression }: Snapshot,
  route: CompiledRoute,
  event: ConnectionEvent,
): Refusal | undefined {
  if (route.value.ApiKeyRequired !== true) return undefined;
  const { connection } = event;
  const value =
    event.type === "CONNECT"
      ? expressionText(expression(apiKeySelectionExpression)(sourcesOf(event)))
      : (connection.apiKey?.value ?? "");
  const { account, region, id: apiId } = api;
  const { stage } = connection.handshake;
  const used = service.deps.apis.account?.useKey({ account, region, apiId, stage, methods: [route.key], value });
  if (used === undefined) return { status: 403, message: "Forbidden" };
  connection.apiKey = { id: used.id, value: used.value };
  if (used.refusal === undefined) return undefined;
  return { status: 429, message: used.refusal === "throttled" ? "Too Many Requests" : "Limit Exceeded" };
}

/** Whether a handshake or message is over the limit; if not, it is counted. */
export function isThrottled(throttle: Throttle, stage: StageRow, { key }: CompiledRoute, nowMs: number): boolean {
  const limit = routeThrottle(stage, key);
  return limit !== undefined && !throttle.admits(limit.key, limit, nowMs);
}

/**
 * What the route's model has against a message, in words for logs; undefined if it is valid or no model applies.
 * @throws ModelUnusable
 */
export function violation(
  { models }: Snapshot,
  { value }: CompiledRoute,
  event: ConnectionEvent,
): Promise<string | undefined> | string | undefined {
  const { RequestModels: names, ModelSelectionExpression: selection } = value;
  if (names === undefined || selection === undefined) return undefined;
  const key = expressionText(expression(selection)(sourcesOf(event)));
  const name = Object.hasOwn(names, key)
    ? names[key]
    : Object.hasOwn(names, "$default")
      ? names["$default"]
      : undefined;
  if (name === undefined) return undefined;
  const look = () => models.violation(name, event.body ?? "");
  return isValidatorLoaded() ? look() : loadValidator().then(look);
}
