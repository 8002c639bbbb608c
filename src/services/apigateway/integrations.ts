/** PutIntegration, GetIntegration and DeleteIntegration. */
import {
  DeleteIntegration$,
  type DeleteIntegrationCommand,
  GetIntegration$,
  type GetIntegrationCommand,
  PutIntegration$,
  type PutIntegrationCommand,
} from "@aws-sdk/client-api-gateway";
import { operation } from "./apigateway.ts";
import type {
  ContentHandling,
  IntegrationDefinition,
  IntegrationType,
  MethodDefinition,
  PassthroughBehavior,
} from "./definitions.ts";
import { notFound } from "./errors.ts";
import { checkIntegration } from "./integration-checks.ts";
import { describedIntegrationResponse } from "./integration-responses.ts";
import { unlessEmpty } from "./methods.ts";
import { given } from "./rest-apis.ts";
import type { MethodRow } from "./tables.ts";

export const defaultTimeoutMs = 29_000;

export const putIntegration = operation<PutIntegrationCommand>(PutIntegration$, (input, context) => {
  const { service } = context;
  const method = service.method(context, input);
  const integration = newIntegration(input.type as IntegrationType, method, {
    ...input,
    httpMethod: input.integrationHttpMethod,
  } as GivenIntegration);
  checkIntegration(service, method, integration, context);
  service.methods.put({ ...method, integration });
  return describedIntegration(integration);
});

export const getIntegration = operation<GetIntegrationCommand>(GetIntegration$, (input, context) =>
  describedIntegration(integrationOf(context.service.method(context, input))),
);

export const deleteIntegration = operation<DeleteIntegrationCommand>(DeleteIntegration$, (input, context) => {
  const { service } = context;
  const method = service.method(context, input);
  integrationOf(method);
  service.methods.put({ ...method, integration: undefined });
});

/** What can be said of an integration besides its type. */
export type GivenIntegration = Partial<Omit<IntegrationDefinition, "type" | "responses">>;

/** An integration with AWS's values for what was not given, and without what its type does not have. */
export function newIntegration(
  type: IntegrationType,
  { resourceId }: Pick<MethodRow, "resourceId">,
  asked: GivenIntegration,
): IntegrationDefinition {
  const isMock = type === "MOCK";
  const isHttp = type === "HTTP" || type === "HTTP_PROXY";
  return {
    type,
    ...given({
      httpMethod: isMock ? undefined : asked.httpMethod || undefined,
      uri: isMock ? undefined : asked.uri || undefined,
      connectionType: asked.connectionType ?? (isHttp ? ("INTERNET" as const) : undefined),
      connectionId: asked.connectionId || undefined,
      credentials: asked.credentials || undefined,
      requestParameters: unlessEmpty(asked.requestParameters),
      requestTemplates: unlessEmpty(asked.requestTemplates),
      contentHandling: asked.contentHandling as ContentHandling | undefined,
      tlsConfig: asked.tlsConfig && { insecureSkipVerification: asked.tlsConfig.insecureSkipVerification ?? false },
      responseTransferMode: asked.responseTransferMode,
      integrationTarget: asked.integrationTarget || undefined,
    }),
    passthroughBehavior: (asked.passthroughBehavior || "WHEN_NO_MATCH") as PassthroughBehavior,
    cacheNamespace: asked.cacheNamespace || resourceId,
    cacheKeyParameters: asked.cacheKeyParameters ?? [],
    timeoutInMillis: asked.timeoutInMillis ?? defaultTimeoutMs,
    responses: {},
  };
}

/** @throws AwsError NotFoundException */
export function integrationOf({ integration }: MethodDefinition): IntegrationDefinition {
  if (integration === undefined) throw notFound("Invalid Integration identifier specified");
  return integration;
}

export function describedIntegration({ responses, ...integration }: IntegrationDefinition) {
  const all = Object.values(responses);
  return {
    ...integration,
    integrationResponses:
      all.length === 0
        ? undefined
        : Object.fromEntries(all.map((response) => [response.statusCode, describedIntegrationResponse(response)])),
  };
}
