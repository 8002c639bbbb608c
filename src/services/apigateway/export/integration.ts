/** An integration as `x-amazon-apigateway-integration`. */
import { defined } from "../../../apis/members.ts";
import type { IntegrationDefinition } from "../definitions.ts";
import { defaultTimeoutMs } from "../integrations.ts";

export function exportedIntegration(integration: IntegrationDefinition, resourceId: string): object {
  const { type, responses, passthroughBehavior, cacheNamespace, cacheKeyParameters, timeoutInMillis, ...rest } =
    integration;
  return defined({
    type: type.toLowerCase(),
    ...rest,
    responses: exportedResponses(responses),
    passthroughBehavior: passthroughBehavior.toLowerCase(),
    cacheNamespace: cacheNamespace === resourceId ? undefined : cacheNamespace,
    cacheKeyParameters: cacheKeyParameters.length > 0 ? cacheKeyParameters : undefined,
    timeoutInMillis: timeoutInMillis === defaultTimeoutMs ? undefined : timeoutInMillis,
  });
}

function exportedResponses(responses: IntegrationDefinition["responses"]): object | undefined {
  const all = Object.values(responses);
  if (all.length === 0) return undefined;
  return Object.fromEntries(
    all.map(({ selectionPattern, ...response }) => [selectionPattern ?? "default", defined(response)]),
  );
}
