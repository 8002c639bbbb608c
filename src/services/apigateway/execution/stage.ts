/** A stage as calls use it: its method settings, variables, canary and logs. */

import { getOwn } from "../../../../protocols/unknown-json.ts";
import type { MethodSettingDefinition, Texts } from "../definitions.ts";
import type { StageRow } from "../tables.ts";
import { AccessLog } from "./access-log.ts";
import type { DeployedApi, DeployedMethod } from "./deployed-api.ts";
import { type CacheKey, cacheKeyOf } from "./response-cache.ts";

export class Stage {
  readonly row: StageRow;
  readonly api: DeployedApi;
  readonly variables: Texts;
  readonly canary: { readonly api: DeployedApi; readonly variables: Texts; readonly percent: number } | undefined;
  readonly accessLog: AccessLog | undefined;
  readonly #settings = new Map<string, MethodSettingDefinition | undefined>();
  readonly #cacheKeys = new WeakMap<DeployedMethod, CacheKey>();

  /** @param canaryApi the API the stage's canary serves. */
  constructor(row: StageRow, api: DeployedApi, canaryApi: DeployedApi | undefined) {
    this.row = row;
    this.api = api;
    this.variables = row.variables ?? {};
    const { canarySettings, accessLogSettings } = row;
    if (canarySettings !== undefined && canaryApi !== undefined) {
      const variables = { ...this.variables, ...canarySettings.stageVariableOverrides };
      this.canary = { api: canaryApi, variables, percent: canarySettings.percentTraffic };
    }
    const { destinationArn, format } = accessLogSettings ?? {};
    if (destinationArn !== undefined && format !== undefined) this.accessLog = new AccessLog(destinationArn, format);
  }

  /** The settings of a method, or those for all methods; undefined if the stage has neither. */
  setting(method: DeployedMethod, verb: string): MethodSettingDefinition | undefined {
    const { methodSettings } = this.row;
    const key = method.settingsKey(verb);
    if (!this.#settings.has(key)) {
      const own = (name: string) => getOwn(methodSettings, name);
      this.#settings.set(key, own(key) ?? own(method.settingsKey("ANY")) ?? own("*/*"));
    }
    return this.#settings.get(key);
  }

  /**
   * How long a method's answers are cached, in milliseconds; 0 for not at all. Settings for all methods enable caching
   * for GET only.
   */
  cacheTtlMs(method: DeployedMethod, verb: string): number {
    if (!this.row.cacheClusterEnabled) return 0;
    const setting = this.setting(method, verb);
    if (setting === undefined || !setting.cachingEnabled) return 0;
    const isOwn = Object.hasOwn(this.row.methodSettings, method.settingsKey(verb));
    return verb === "GET" || isOwn ? setting.cacheTtlInSeconds * 1000 : 0;
  }

  cacheKey(method: DeployedMethod): CacheKey {
    let key = this.#cacheKeys.get(method);
    if (key === undefined) this.#cacheKeys.set(method, (key = cacheKeyOf(method)));
    return key;
  }
}
