/** API keys as they are used: which plan admits them, and how often (developer guide, usage plans). */
import type { AccountSettings, KeyUse, UsedKey } from "../../apis/account-settings.ts";
import { Throttle } from "../../apis/throttle.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import type { ApiKeyRow, UsagePlanRow } from "./account-tables.ts";
import type { ApiGateway } from "./apigateway.ts";
import type { PlanStageDefinition, ThrottleDefinition } from "./definitions.ts";

interface KeyInPlan {
  readonly key: ApiKeyRow;
  readonly plan: UsagePlanRow;
  readonly stage: PlanStageDefinition;
}

export class KeySettings implements AccountSettings {
  readonly #service: ApiGateway;
  readonly #throttle = new Throttle();

  constructor(service: ApiGateway) {
    this.#service = service;
  }

  useKey(use: KeyUse): UsedKey | undefined {
    const found = use.value === "" ? undefined : this.#keyInPlan(use);
    if (found === undefined) return undefined;
    const { id, value } = found.key;
    return { id, value, refusal: this.#refusal(use, found) };
  }

  logsRole(place: Place): string | undefined {
    return this.#service.accounts.get(placeKey(place))?.cloudwatchRoleArn;
  }

  /** Forgets recent requests counted against throttles. */
  reset(): void {
    this.#throttle.clear();
  }

  #keyInPlan(use: KeyUse): KeyInPlan | undefined {
    const { apiKeys, usagePlanKeys, usagePlans } = this.#service;
    for (const key of apiKeys.by.value.range(`${placeKey(use)} ${use.value}`)) {
      if (!key.enabled) continue;
      for (const { planId } of usagePlanKeys.by.key.range(key.id)) {
        const plan = usagePlans.get(planId);
        const stage = plan?.apiStages.find((one) => one.apiId === use.apiId && one.stage === use.stage);
        if (plan !== undefined && stage !== undefined) return { key, plan, stage };
      }
    }
    return undefined;
  }

  #refusal({ methods }: KeyUse, { key, plan, stage }: KeyInPlan): UsedKey["refusal"] {
    const method = methods.find((one) => stage.throttle?.[one] !== undefined);
    if (method !== undefined) {
      const throttleKey = `plan ${plan.id} ${key.id} ${stage.apiId} ${stage.stage} ${methods[0]}`;
      if (!this.#admits(throttleKey, stage.throttle?.[method])) return "throttled";
    }
    if (!this.#admits(`plan ${plan.id} ${key.id}`, plan.throttle)) return "throttled";
    if (plan.quota === undefined) return undefined;
    const { store } = this.#service.deps;
    return store.transaction(() => this.#service.quotas.take(plan, key.id)) ? undefined : "quota exceeded";
  }

  #admits(key: string, limits: ThrottleDefinition | undefined): boolean {
    if (limits === undefined || (limits.rateLimit === undefined && limits.burstLimit === undefined)) return true;
    const { rateLimit: rate = 0, burstLimit: burst = 0 } = limits;
    return this.#throttle.admits(key, { rate, burst }, this.#service.now);
  }
}
