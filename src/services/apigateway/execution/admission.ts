/** API keys, usage plans and throttles: who may call, and how often (developer guide, usage plans). */
import { type Rate, Throttle } from "../../../apis/throttle.ts";
import type { ApiGateway } from "../apigateway.ts";
import type { MethodSettingDefinition } from "../definitions.ts";
import type { RestCall } from "./call.ts";
import { GatewayError } from "./gateway-error.ts";

/**
 * The account's own rate, which method settings start with. It is only applied with `--strict`, since tests on one
 * machine should not run into it.
 */
const accountRate: Rate = { rate: 10_000, burst: 5_000 };

export class Admission {
  readonly #service: ApiGateway;
  readonly #throttle = new Throttle();

  constructor(service: ApiGateway) {
    this.#service = service;
  }

  /** @throws GatewayError 403 without a key that the method requires, 429 for too many requests. */
  admit(call: RestCall, setting: MethodSettingDefinition | undefined): void {
    this.#admitKey(call);
    if (setting !== undefined) this.#admitMethod(call, setting);
  }

  /** Forgets all counted requests. */
  reset(): void {
    this.#throttle.clear();
    this.#service.keySettings.reset();
  }

  #admitKey(call: RestCall): void {
    const { snapshot } = call.place.api;
    const byAuthorizer = snapshot.settings.apiKeySource === "AUTHORIZER";
    const value = byAuthorizer ? call.usageIdentifierKey : call.request.header("x-api-key");
    const path = call.method?.resourcePath ?? "";
    const used =
      value === undefined
        ? undefined
        : this.#service.keySettings.useKey({
            account: snapshot.account,
            region: snapshot.region,
            apiId: snapshot.apiId,
            stage: call.place.stageName,
            methods: [`${path}/${call.verb}`, `${path}/ANY`],
            value,
          });
    if (used === undefined) {
      if (call.method?.definition.apiKeyRequired !== true) return;
      throw new GatewayError("INVALID_API_KEY", "Forbidden", { log: "API key not authorized" });
    }
    call.apiKey = { id: used.id, value: used.value };
    if (used.refusal === "throttled") throw throttled();
    if (used.refusal === "quota exceeded") {
      throw new GatewayError("QUOTA_EXCEEDED", "Limit Exceeded", { log: "Usage plan quota exceeded" });
    }
  }

  /** A rate or a burst below zero, as Terraform writes for none, limits nothing. */
  #admitMethod(call: RestCall, setting: MethodSettingDefinition) {
    const { throttlingRateLimit: rate, throttlingBurstLimit: asked } = setting;
    const burst = asked < 0 ? accountRate.burst : asked;
    const isDefault = rate >= accountRate.rate && burst >= accountRate.burst;
    if (rate < 0 || (isDefault && !this.#service.deps.options.strict)) return;
    const { apiId } = call.place.api.snapshot;
    const key = `method ${apiId} ${call.place.stageName} ${call.method?.resourcePath ?? ""} ${call.verb}`;
    if (!this.#throttle.admits(key, { rate, burst }, this.#service.now)) throw throttled();
  }
}

function throttled(): GatewayError {
  return new GatewayError("THROTTLED", "Too Many Requests", { log: "Rate limit exceeded" });
}
