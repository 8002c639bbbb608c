/** Whether a client may call a method at all: the API's policy and the method's authorization type, in AWS's order. */

import { misconfigured } from "./authorizers.ts";
import type { RestCall } from "./call.ts";
import type { DeployedMethod } from "./deployed-api.ts";
import { type IdentityOf, identify } from "./iam.ts";
import { conditionKeys, denied, policyDecision } from "./method-access.ts";

const noScopes: readonly string[] = [];

/** @throws GatewayError 401, 403 or 500; synchronously unless an authorizer has to be asked. */
export function authorize(
  call: RestCall,
  { api, definition }: DeployedMethod,
  identityOf: IdentityOf,
  nowMs: number,
): void | Promise<void> {
  const { authorizationType } = definition;
  if (authorizationType === "NONE" && api.policy === undefined) return;
  if (authorizationType === "AWS_IAM") identify(call, identityOf);
  const byPolicy = api.policy === undefined ? undefined : policyDecision(call, conditionKeys(call, nowMs));
  const who = call.identity.userArn ?? "anonymous";
  if (byPolicy === "denied") throw denied(call, who, byPolicy);
  switch (authorizationType) {
    case "NONE":
      if (byPolicy === "not allowed") throw denied(call, who, byPolicy);
      return;
    case "AWS_IAM": {
      // Callers of the API's own account are allowed; those of other accounts only if the API's policy allows them.
      const isOwn = call.identity.accountId === api.snapshot.account;
      if (!isOwn && byPolicy !== "allowed") throw denied(call, who, "not allowed");
      return;
    }
    default: {
      const authorizer = api.authorizer(definition.authorizerId ?? "");
      if (authorizer === undefined) throw misconfigured("The method's authorizer does not exist");
      return authorizer.authorize(call, definition.authorizationScopes ?? noScopes, byPolicy);
    }
  }
}
