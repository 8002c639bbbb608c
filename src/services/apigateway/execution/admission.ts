/** API keys, usage plans and throttles: who is let through, and how often (developer guide, usage plans). */
import { type Rate, Throttle } from "../../../apis/throttle.ts";
import { placeKey } from "../../../calls/place.ts";
import type { ApiKeyRow, UsagePlanRow } from "../account-tables.ts";
import type { ApiGateway } from "../apigateway.ts";
import type { MethodSettingDefinition, PlanStageDefinition, ThrottleDefinition } from "../definitions.ts";
import type { RestCall } from "./call.ts";
import { GatewayError } from "./gateway-error.ts";

/** The account's own rate. Settings of a method begin with it, and it is more than a machine's own tests should meet. */
const accountRate: Rate = { rate: 10_000, burst: 5_000 };

interface Planned {
  readonly key: ApiKeyRow;
  readonly plan: UsagePlanRow;
  readonly stage: PlanStageDefinition;
}

export class Admission {
  readonly #service: ApiGateway;
  readonly #throttle = new Throttle();

  constructor(service: ApiGateway) {
    this.#service = service;
  }

  /** @throws GatewayError 403 without a key that the method requires, 429 when there were too many requests. */
  admit(call: RestCall, setting: MethodSettingDefinition | undefined): void {
    const planned = this.#plannedKey(call);
    if (planned === undefined) {
      if (call.method?.definition.apiKeyRequired === true) {
        throw new GatewayError("INVALID_API_KEY", "Forbidden", { log: "API key not authorized" });
      }
    } else {
      call.apiKey = { id: planned.key.id, value: planned.key.value };
      this.#admitPlanned(call, planned);
    }
    if (setting !== undefined) this.#admitMethod(call, setting);
  }

  /** Forgets how often anybody came. */
  reset(): void {
    this.#throttle.clear();
  }

  #plannedKey(call: RestCall): Planned | undefined {
    const { snapshot } = call.place.api;
    const byAuthorizer = snapshot.settings.apiKeySource === "AUTHORIZER";
    const value = byAuthorizer ? call.usageIdentifierKey : call.sent.header("x-api-key");
    if (value === undefined || value === "") return undefined;
    const { apiKeys, usagePlanKeys, usagePlans } = this.#service;
    for (const key of apiKeys.by.value.range(`${placeKey(snapshot)} ${value}`)) {
      if (!key.enabled) continue;
      for (const { planId } of usagePlanKeys.by.key.range(key.id)) {
        const plan = usagePlans.get(planId);
        const stage = plan?.apiStages.find((one) => one.apiId === snapshot.apiId && one.stage === call.place.stageName);
        if (plan !== undefined && stage !== undefined) return { key, plan, stage };
      }
    }
    return undefined;
  }

  #admitPlanned(call: RestCall, { key, plan, stage }: Planned): void {
    const methodKey = `${call.method?.resourcePath ?? ""}/${call.verb}`;
    const byMethod = stage.throttle?.[methodKey] ?? stage.throttle?.[`${call.method?.resourcePath ?? ""}/ANY`];
    this.#check(`plan ${plan.id} ${key.id} ${stage.apiId} ${stage.stage} ${methodKey}`, byMethod);
    this.#check(`plan ${plan.id} ${key.id}`, plan.throttle);
    if (plan.quota === undefined) return;
    const { store } = this.#service.deps;
    if (!store.transaction(() => this.#service.quotas.take(plan, key.id))) {
      throw new GatewayError("QUOTA_EXCEEDED", "Limit Exceeded", { log: "Usage plan quota exceeded" });
    }
  }

  #admitMethod(call: RestCall, setting: MethodSettingDefinition): void {
    const { throttlingBurstLimit: burst, throttlingRateLimit: rate } = setting;
    const isUsual = rate >= accountRate.rate && burst >= accountRate.burst;
    if (isUsual && !this.#service.deps.options.strict) return;
    const { apiId } = call.place.api.snapshot;
    this.#check(`method ${apiId} ${call.place.stageName} ${call.method?.resourcePath ?? ""} ${call.verb}`, {
      rateLimit: rate,
      burstLimit: burst,
    });
  }

  #check(key: string, limits: ThrottleDefinition | undefined): void {
    if (limits === undefined || (limits.rateLimit === undefined && limits.burstLimit === undefined)) return;
    const { rateLimit: rate = 0, burstLimit: burst = 0 } = limits;
    if (this.#throttle.admits(key, { rate, burst }, this.#service.now)) return;
    throw new GatewayError("THROTTLED", "Too Many Requests", { log: "Rate limit exceeded" });
  }
}
