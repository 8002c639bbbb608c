/** PutIntegration, GetIntegration and DeleteIntegration. */

import {
  DeleteIntegration$,
  type DeleteIntegrationCommand,
  GetIntegration$,
  type GetIntegrationCommand,
  PutIntegration$,
  type PutIntegrationCommand,
} from "@aws-sdk/client-api-gateway";
import { defined, unlessEmpty } from "../../apis/members.ts";
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
import type { MethodRow } from "./tables.ts";

export const defaultTimeoutMs = 29_000;

export const putIntegration = operation<PutIntegrationCommand>(PutIntegration$, (input, context) => {
  const { service } = context;
  const method = service.method(context, input);
  const integration = newIntegration(input.type as IntegrationType, method, {
    ...input,
    httpMethod: input.integrationHttpMethod,
  } as IntegrationSettings);
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

/** The settings of an integration besides its type. */
export type IntegrationSettings = Partial<Omit<IntegrationDefinition, "type" | "responses">>;

/** An integration with AWS's defaults for what was not given, and without what its type does not have. */
export function newIntegration(
  type: IntegrationType,
  { resourceId }: Pick<MethodRow, "resourceId">,
  settings: IntegrationSettings,
): IntegrationDefinition {
  const isMock = type === "MOCK";
  const isHttp = type === "HTTP" || type === "HTTP_PROXY";
  return {
    type,
    ...defined({
      httpMethod: isMock ? undefined : settings.httpMethod || undefined,
      uri: isMock ? undefined : settings.uri || undefined,
      connectionType: settings.connectionType ?? (isHttp ? ("INTERNET" as const) : undefined),
      connectionId: settings.connectionId || undefined,
      credentials: settings.credentials || undefined,
      requestParameters: unlessEmpty(settings.requestParameters),
      requestTemplates: unlessEmpty(settings.requestTemplates),
      contentHandling: settings.contentHandling as ContentHandling | undefined,
      tlsConfig: settings.tlsConfig && {
        insecureSkipVerification: settings.tlsConfig.insecureSkipVerification ?? false,
      },
      responseTransferMode: settings.responseTransferMode,
      integrationTarget: settings.integrationTarget || undefined,
    }),
    passthroughBehavior: (settings.passthroughBehavior || "WHEN_NO_MATCH") as PassthroughBehavior,
    cacheNamespace: settings.cacheNamespace || resourceId,
    cacheKeyParameters: settings.cacheKeyParameters ?? [],
    timeoutInMillis: settings.timeoutInMillis ?? defaultTimeoutMs,
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
