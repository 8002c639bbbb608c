/** Integrations whose request is made from the method's by parameter mapping and templates. */
import type { IntegrationDefinition, MethodDefinition } from "../definitions.ts";
import type { ExecutionDeps } from "./backend.ts";
import type { RestCall } from "./call.ts";
import type { DeployedApi } from "./deployed-api.ts";
import type { Payload } from "./payload.ts";
import { type Mapped, override, RequestMapping } from "./request-mapping.ts";
import { RequestTemplate } from "./request-template.ts";

export abstract class MappedIntegration {
  protected readonly definition: IntegrationDefinition;
  protected readonly binary: DeployedApi["binary"];
  protected readonly deps: ExecutionDeps;
  readonly #mapping: RequestMapping;
  readonly #template: RequestTemplate;

  /** @param forbiddenHeaders make every call fail if mapped; in lower case. */
  constructor(
    { integration }: MethodDefinition,
    { binary }: Pick<DeployedApi, "binary">,
    deps: ExecutionDeps,
    forbiddenHeaders: ReadonlySet<string>,
  ) {
    if (integration === undefined) throw new Error("a method without integration");
    this.definition = integration;
    this.binary = binary;
    this.deps = deps;
    this.#mapping = new RequestMapping(integration.requestParameters, forbiddenHeaders);
    this.#template = new RequestTemplate(integration);
  }

  /** The parameters and the body to send; a proxy passes the body on unchanged. @throws GatewayError */
  protected mapped(call: RestCall, isProxy = false): { parameters: Mapped; body: Payload } {
    const parameters = this.#mapping.of(call);
    const payload = call.requestPayload(this.binary).converted(this.definition.contentHandling);
    const body = isProxy ? payload : this.#template.apply(call, payload);
    override(parameters, call);
    return { parameters, body };
  }
}
