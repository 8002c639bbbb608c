/** The settings of a stage's methods: `/pets/GET/throttling/rateLimit`, or with `*` as path and verb for all methods. */

import { getOwn } from "../../../protocols/unknown-json.ts";
import type { Place } from "../../calls/place.ts";
import { placeKey } from "../../calls/place.ts";
import type { ApiGateway } from "./apigateway.ts";
import type { CacheControlStrategy, MethodSettingDefinition } from "./definitions.ts";
import { badRequest } from "./errors.ts";
import { type Change, type Draft, decimalOf, integerOf } from "./patch.ts";
import type { StageRow } from "./tables.ts";

/** Matches every path that is not a member of the stage itself. */
export const settingPath = "/{rest+}";

const defaultSettings: MethodSettingDefinition = {
  metricsEnabled: false,
  dataTraceEnabled: false,
  throttlingBurstLimit: 5000,
  throttlingRateLimit: 10_000,
  cachingEnabled: false,
  cacheTtlInSeconds: 300,
  cacheDataEncrypted: false,
  requireAuthorizationForCacheControl: true,
  unauthorizedCacheControlHeaderStrategy: "SUCCEED_WITH_RESPONSE_HEADER",
};

const maxTtlSeconds = 3600;
const levels = ["OFF", "ERROR", "INFO"];
const strategies = ["FAIL_WITH_403", "SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER"];

type Setting = (value: string, path: string) => Partial<MethodSettingDefinition>;

const settings = new Map<string, Setting>([
  ["metrics/enabled", (value) => ({ metricsEnabled: value === "true" })],
  ["logging/dataTrace", (value) => ({ dataTraceEnabled: value === "true" })],
  [
    "logging/loglevel",
    (value) => {
      if (!levels.includes(value)) throw badRequest(`Invalid logging level specified: ${value}`);
      return { loggingLevel: value as MethodSettingDefinition["loggingLevel"] };
    },
  ],
  ["throttling/burstLimit", (value, path) => ({ throttlingBurstLimit: integerOf(value, path) })],
  ["throttling/rateLimit", (value, path) => ({ throttlingRateLimit: decimalOf(value, path) })],
  ["caching/enabled", (value) => ({ cachingEnabled: value === "true" })],
  [
    "caching/ttlInSeconds",
    (value, path) => {
      const seconds = integerOf(value, path);
      if (seconds < 0 || seconds > maxTtlSeconds) {
        throw badRequest(`Invalid cache TTL specified. Must be between 0 and ${maxTtlSeconds} seconds`);
      }
      return { cacheTtlInSeconds: seconds };
    },
  ],
  ["caching/dataEncrypted", (value) => ({ cacheDataEncrypted: value === "true" })],
  [
    "caching/requireAuthorizationForCacheControl",
    (value) => ({ requireAuthorizationForCacheControl: value === "true" }),
  ],
  [
    "caching/unauthorizedCacheControlHeaderStrategy",
    (value) => {
      if (!strategies.includes(value)) {
        throw badRequest(`Invalid cache control header strategy specified. Must be one of: [${strategies.join(", ")}]`);
      }
      return { unauthorizedCacheControlHeaderStrategy: value as CacheControlStrategy };
    },
  ],
]);

/** Methods a stage may have settings for; no deployment has room for more. */
const maxSettings = 4_000;

/** Writes one setting; false if the path does not name one. @throws AwsError BadRequestException */
export function setSetting(draft: Draft<StageRow>, { path, value }: Change): boolean {
  const [, method, name = ""] = /^\/(.*\/[^/]+)\/([a-z]+\/[A-Za-z]+)$/s.exec(path) ?? [];
  const setting = settings.get(name);
  if (method === undefined || setting === undefined) return false;
  const key = keyOf(method);
  const before = getOwn(draft.methodSettings, key);
  draft.methodSettings = { ...draft.methodSettings, [key]: { ...defaultSettings, ...before, ...setting(value, path) } };
  if (Object.keys(draft.methodSettings).length > maxSettings) {
    throw badRequest(`A stage may have settings of at most ${maxSettings} methods`);
  }
  return true;
}

/** Removes a method's settings; false if it has none. */
export function removeSettings(draft: Draft<StageRow>, path: string): boolean {
  const key = keyOf(path.slice(1));
  if (!Object.hasOwn(draft.methodSettings, key)) return false;
  draft.methodSettings = Object.fromEntries(Object.entries(draft.methodSettings).filter(([each]) => each !== key));
  return true;
}

/** `pets/GET` of `~1pets/GET`, `/pets/GET` and `pets/GET`. */
function keyOf(method: string): string {
  const slash = method.lastIndexOf("/");
  const path = method.slice(0, slash).replace(/~1/g, "/").replace(/~0/g, "~");
  return `${path.replace(/^\//, "")}${method.slice(slash)}`;
}

/** @throws AwsError BadRequestException if the account has no role to write logs with. */
export function checkLogsRole(service: ApiGateway, place: Place): void {
  if (service.accounts.get(placeKey(place))?.cloudwatchRoleArn === undefined) {
    throw badRequest("CloudWatch Logs role ARN must be set in account settings to enable logging");
  }
}
