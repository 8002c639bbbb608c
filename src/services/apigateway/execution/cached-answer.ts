/** A method's answer from the stage's cache, or one that goes into it. */
import { decide } from "../../../access/evaluate.ts";
import type { MethodSettingDefinition } from "../definitions.ts";
import { resultsGroup } from "./authorizers.ts";
import type { RestCall } from "./call.ts";
import type { DeployedMethod } from "./deployed-api.ts";
import { GatewayError } from "./gateway-error.ts";
import { conditionKeys } from "./method-access.ts";
import type { Outcome } from "./outcome.ts";
import type { ResponseCache } from "./response-cache.ts";
import type { Stage } from "./stage.ts";

interface Caching {
  readonly cache: ResponseCache;
  readonly stage: Stage;
  readonly method: DeployedMethod;
  readonly setting: MethodSettingDefinition;
  readonly ttlMs: number;
  readonly nowMs: number;
}

const ignored = '199 - "Cache-control headers were ignored because the caller was unauthorized."';

/**
 * @throws GatewayError as the integration throws; 403 for an unauthorized invalidation, if the stage is set to refuse
 * it.
 */
export async function cached(call: RestCall, caching: Caching): Promise<Outcome> {
  const { cache, stage, method, setting, ttlMs, nowMs } = caching;
  const { snapshot } = call.place.api;
  const isOwn = call.place.isCanary === true && stage.row.canarySettings?.useStageCache !== true;
  const group = `${resultsGroup(snapshot.apiId, call.place.stageName)}${isOwn ? " canary" : ""}`;
  const key = stage.cacheKey(method)(call);
  let warning = false;
  let refreshes = wantsFreshAnswer(call);
  if (refreshes && setting.requireAuthorizationForCacheControl && !mayInvalidate(call, nowMs)) {
    const { unauthorizedCacheControlHeaderStrategy: strategy } = setting;
    if (strategy === "FAIL_WITH_403") {
      throw new GatewayError("ACCESS_DENIED", "Unauthorized cache invalidation", { log: "Cache invalidation denied" });
    }
    warning = strategy === "SUCCEED_WITH_RESPONSE_HEADER";
    refreshes = false;
  }
  const known = refreshes ? undefined : cache.get(group, key, nowMs);
  const outcome = known ?? (await method.integration.run(call));
  // Headers are added to an answer on its way out, which must not change the cached copy.
  const copy = { ...outcome, headers: [...outcome.headers] };
  const isKept = outcome.status >= 200 && outcome.status < 300 && outcome.stream === undefined;
  if (known === undefined && isKept) cache.put(group, key, copy, nowMs, ttlMs);
  return { ...outcome, headers: warning ? [...outcome.headers, "Warning", ignored] : [...outcome.headers] };
}

function wantsFreshAnswer({ request }: RestCall): boolean {
  const control = request.header("cache-control");
  return control !== undefined && /(?:^|[\s,])max-age=0(?:$|[\s,])/i.test(control);
}

/**
 * Callers of the API's account may invalidate unless its policy denies it, callers of other accounts only if it allows
 * it.
 */
function mayInvalidate(call: RestCall, nowMs: number): boolean {
  const { accountId, userArn, user } = call.identity;
  if (accountId === null || userArn === null) return false;
  const { policy, snapshot } = call.place.api;
  if (policy === undefined) return true;
  const decision = decide(policy, {
    account: accountId,
    principal: { arn: userArn, userId: user ?? "" },
    action: "execute-api:InvalidateCache",
    resource: call.methodArn,
    keys: conditionKeys(call, nowMs),
  });
  return accountId === snapshot.account ? decision !== "denied" : decision === "allowed";
}
