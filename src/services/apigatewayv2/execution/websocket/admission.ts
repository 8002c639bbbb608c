/** How often, and with what, clients of a WebSocket API are let in: API keys, throttles, models of messages. */
import { isValidatorLoaded, loadValidator } from "../../../../apis/request-models/models.ts";
import type { Throttle } from "../../../../apis/throttle.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import type { ApiRow, StageRow } from "../../tables.ts";
import { expression, expressionText } from "../expressions.ts";
import type { CompiledRoute, Snapshot } from "../snapshot.ts";
import type { Happening } from "./events.ts";
import { sourcesOf } from "./sources.ts";

/** What a handshake or a message is refused with. */
export interface Refused {
  readonly status: number;
  /** In place of the status's own. */
  readonly message?: string | undefined;
  readonly body?: string | undefined;
}

/**
 * Looks at the key of a route that requires one, and counts it. The expression reads the handshake or what the authorizer
 * said; a message comes with the key that its connection was made with.
 */
export function refusalOfKey(
  service: ApiGatewayV2,
  api: ApiRow,
  { apiKeySelectionExpression }: Snapshot,
  route: CompiledRoute,
  what: Happening,
): Refused | undefined {
  if (route.value.ApiKeyRequired !== true) return undefined;
  const { connection } = what;
  const value =
    what.type === "CONNECT"
      ? expressionText(expression(apiKeySelectionExpression)(sourcesOf(what)))
      : (connection.apiKey?.value ?? "");
  const { account, region, id: apiId } = api;
  const { stage } = connection.handshake;
  const used = service.deps.apis.account?.useKey({ account, region, apiId, stage, methods: [route.key], value });
  if (used === undefined) return { status: 403, message: "Forbidden" };
  connection.apiKey = { id: used.id, value: used.value };
  if (used.refusal === undefined) return undefined;
  return { status: 429, message: used.refusal === "throttled" ? "Too Many Requests" : "Limit Exceeded" };
}

/** Whether too many came; one that comes in time is counted. */
export function isThrottled(
  throttle: Throttle,
  { apiId, name, value }: StageRow,
  { key: routeKey }: CompiledRoute,
  nowMs: number,
): boolean {
  const own = value.RouteSettings?.[routeKey];
  const { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst } = { ...value.DefaultRouteSettings, ...own };
  if (rate === undefined && burst === undefined) return false;
  const key = `${apiId} ${name} ${own === undefined ? "" : routeKey}`;
  const limits = { rate: rate ?? Number.POSITIVE_INFINITY, burst: burst ?? Math.max(1, rate ?? 0) };
  return !throttle.admits(key, limits, nowMs);
}

/**
 * What the route's model has against a message, in words for logs; undefined for one that is good, and where no model is
 * chosen for it.
 * @throws ModelUnusable
 */
export function violation(
  { models }: Snapshot,
  { value }: CompiledRoute,
  what: Happening,
): Promise<string | undefined> | string | undefined {
  const { RequestModels: names, ModelSelectionExpression: selection } = value;
  if (names === undefined || selection === undefined) return undefined;
  const key = expressionText(expression(selection)(sourcesOf(what)));
  const name = Object.hasOwn(names, key)
    ? names[key]
    : Object.hasOwn(names, "$default")
      ? names["$default"]
      : undefined;
  if (name === undefined) return undefined;
  const look = () => models.violation(name, what.body ?? "");
  return isValidatorLoaded() ? look() : loadValidator().then(look);
}
