/** A deployment as it is executed: built once from its snapshot, then looked up for each call. */

import { getOwn } from "../../../../protocols/unknown-json.ts";
import { type Policy, parsePolicy } from "../../../access/policy.ts";
import { Models } from "../../../apis/request-models/models.ts";
import type { MethodDefinition, RequestValidatorDefinition } from "../definitions.ts";
import type { ApiSnapshot, SnapshotResource } from "../snapshot.ts";
import { type Authorizer, compiledAuthorizer } from "./authorizers.ts";
import type { ExecutionDeps } from "./backend.ts";
import { GatewayResponses } from "./gateway-responses.ts";
import { Integration } from "./integration.ts";
import { BinaryTypes } from "./media-types.ts";
import { Router } from "./router.ts";

export class DeployedApi {
  readonly snapshot: ApiSnapshot;
  readonly router = new Router<DeployedMethod>();
  readonly models: Models;
  readonly binary: BinaryTypes;
  readonly gatewayResponses: GatewayResponses;
  /** Undefined if the API has none and is open. */
  readonly policy: Policy | undefined;
  readonly #deps: ExecutionDeps;
  readonly #authorizers = new Map<string, Authorizer | undefined>();

  constructor(snapshot: ApiSnapshot, deps: ExecutionDeps) {
    this.snapshot = snapshot;
    this.#deps = deps;
    const { settings, models, gatewayResponses, resources } = snapshot;
    this.models = new Models(Object.values(models));
    this.binary = new BinaryTypes(settings.binaryMediaTypes ?? []);
    this.gatewayResponses = new GatewayResponses(gatewayResponses);
    this.policy = settings.policy === undefined ? undefined : policyOf(settings.policy);
    for (const resource of resources) {
      for (const [verb, definition] of Object.entries(resource.methods)) {
        this.router.add(resource.path, verb, new DeployedMethod(this, resource, definition, deps));
      }
    }
  }

  /** Undefined if the API has no such authorizer. */
  authorizer(id: string): Authorizer | undefined {
    if (!this.#authorizers.has(id)) {
      const { authorizers } = this.snapshot;
      const definition = getOwn(authorizers, id);
      this.#authorizers.set(id, definition && compiledAuthorizer(definition, this.#deps));
    }
    return this.#authorizers.get(id);
  }
}

/** Parses a policy as the control plane keeps it, which may be escaped once too often. */
function policyOf(text: string): Policy | undefined {
  return parsePolicy(text) ?? parsePolicy(text.replaceAll('\\"', '"'));
}

export class DeployedMethod {
  readonly api: DeployedApi;
  readonly resourceId: string;
  /** `/pets/{petId}` */
  readonly resourcePath: string;
  readonly definition: MethodDefinition;
  readonly validator: RequestValidatorDefinition | undefined;
  /** Required parameters and where they are looked for. */
  readonly required: readonly { readonly place: string; readonly name: string }[];
  readonly #deps: ExecutionDeps;
  #integration: Integration | undefined;

  constructor(api: DeployedApi, resource: SnapshotResource, definition: MethodDefinition, deps: ExecutionDeps) {
    this.api = api;
    this.resourceId = resource.id;
    this.resourcePath = resource.path;
    this.definition = definition;
    this.#deps = deps;
    const { requestValidatorId, requestParameters = {} } = definition;
    const { validators } = api.snapshot;
    this.validator =
      requestValidatorId !== undefined && Object.hasOwn(validators, requestValidatorId)
        ? validators[requestValidatorId]
        : undefined;
    this.required = Object.entries(requestParameters).flatMap(([key, isRequired]) => {
      const [, place, name] = /^method\.request\.([a-z]+)\.(.+)$/s.exec(key) ?? [];
      return isRequired && place !== undefined && name !== undefined ? [{ place, name }] : [];
    });
  }

  /** Built when the method is first called: of a thousand methods most never are. */
  get integration(): Integration {
    return (this.#integration ??= new Integration(this.definition, this.api, this.#deps));
  }

  /** The key of the method's settings: `pets/GET`, `/GET` for the root. */
  settingsKey(verb: string): string {
    return `${this.resourcePath === "/" ? "/" : this.resourcePath.slice(1)}/${verb}`;
  }
}
