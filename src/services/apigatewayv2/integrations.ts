/** Integrations and the responses of WebSocket integrations. */
import {
  CreateIntegration$,
  type CreateIntegrationCommand,
  CreateIntegrationResponse$,
  type CreateIntegrationResponseCommand,
  DeleteIntegration$,
  type DeleteIntegrationCommand,
  DeleteIntegrationResponse$,
  type DeleteIntegrationResponseCommand,
  GetIntegration$,
  type GetIntegrationCommand,
  GetIntegrationResponse$,
  type GetIntegrationResponseCommand,
  GetIntegrationResponses$,
  type GetIntegrationResponsesCommand,
  GetIntegrations$,
  type GetIntegrationsCommand,
  UpdateIntegration$,
  type UpdateIntegrationCommand,
  UpdateIntegrationResponse$,
  type UpdateIntegrationResponseCommand,
} from "@aws-sdk/client-apigatewayv2";
import { type ApiGatewayV2, type Context, given, mergedMap, operation, patched } from "./apigatewayv2.ts";
import { badRequest, conflict } from "./errors.ts";
import { checkIntegration } from "./integration-checks.ts";
import { page } from "./pages.ts";
import { type ApiRow, type IntegrationResponseValue, type IntegrationValue, type PartRow, partKey } from "./tables.ts";

const settings = [
  "ConnectionId",
  "ConnectionType",
  "ContentHandlingStrategy",
  "CredentialsArn",
  "Description",
  "IntegrationMethod",
  "IntegrationSubtype",
  "IntegrationType",
  "IntegrationUri",
  "PassthroughBehavior",
  "PayloadFormatVersion",
  "RequestParameters",
  "RequestTemplates",
  "ResponseParameters",
  "TemplateSelectionExpression",
  "TimeoutInMillis",
  "TlsConfig",
] as const;

const responseSettings = [
  "ContentHandlingStrategy",
  "IntegrationResponseKey",
  "ResponseParameters",
  "ResponseTemplates",
  "TemplateSelectionExpression",
] as const;

export const createIntegration = operation<CreateIntegrationCommand>(CreateIntegration$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.ApiId as string);
  return addIntegration(service, api, given<IntegrationValue>(input, settings));
});

/** Checks and stores a new integration. Inside a transaction. @throws AwsError */
export function addIntegration(
  service: ApiGatewayV2,
  api: ApiRow,
  members: Partial<IntegrationValue>,
): IntegrationValue {
  const IntegrationId = service.newId(7);
  const value = withDefaults(api, { ...members, IntegrationId } as IntegrationValue);
  checkIntegration(api.value.ProtocolType, value);
  service.integrations.put(service.newPart(api, value, IntegrationId));
  service.changed(api);
  return value;
}

function withDefaults(api: ApiRow, value: IntegrationValue): IntegrationValue {
  const isHttp = api.value.ProtocolType === "HTTP";
  const isFunction = value.IntegrationType === "AWS_PROXY" && value.IntegrationSubtype === undefined;
  const isProxy = value.IntegrationType?.endsWith("_PROXY") === true;
  return {
    ConnectionType: "INTERNET",
    ...(isFunction ? { IntegrationMethod: "POST" } : {}),
    PayloadFormatVersion: "1.0",
    TimeoutInMillis: isHttp ? 30_000 : 29_000,
    ...(isHttp ? {} : { PassthroughBehavior: "WHEN_NO_MATCH" as const }),
    ...(isHttp || isProxy ? {} : { IntegrationResponseSelectionExpression: "${response.statuscode}" }),
    ...value,
  };
}

function integrationOf(context: Context, apiId: string, id: string) {
  const { service } = context;
  const api = service.api(context, apiId);
  return { api, integration: service.part(service.integrations, "Integration", apiId, id) };
}

export const getIntegration = operation<GetIntegrationCommand>(
  GetIntegration$,
  (input, context) => integrationOf(context, input.ApiId as string, input.IntegrationId as string).integration.value,
);

export const getIntegrations = operation<GetIntegrationsCommand>(GetIntegrations$, (input, context) => {
  const { service } = context;
  const { id } = service.api(context, input.ApiId as string);
  return page(
    service.integrations.by.parent,
    partKey(id, ""),
    input,
    (row) => row.serial,
    (row) => row.value,
  );
});

export const updateIntegration = operation<UpdateIntegrationCommand>(UpdateIntegration$, (input, context) => {
  const { service } = context;
  const { api, integration } = integrationOf(context, input.ApiId as string, input.IntegrationId as string);
  const before = integration.value;
  const value = withDefaults(api, patched<IntegrationValue>(before, input, settings));
  if (input.RequestParameters) value.RequestParameters = mergedMap(before.RequestParameters, input.RequestParameters);
  if (input.RequestTemplates) value.RequestTemplates = mergedMap(before.RequestTemplates, input.RequestTemplates);
  if (input.ResponseParameters) {
    const isRemoval = (map: Record<string, string>) => Object.keys(map).length === 0;
    value.ResponseParameters = mergedMap(before.ResponseParameters, input.ResponseParameters, isRemoval);
  }
  checkIntegration(api.value.ProtocolType, value);
  service.integrations.put({ ...integration, value });
  service.changed(api);
  return value;
});

export const deleteIntegration = operation<DeleteIntegrationCommand>(DeleteIntegration$, (input, context) => {
  const { service } = context;
  const { api, integration } = integrationOf(context, input.ApiId as string, input.IntegrationId as string);
  const user = service.routes.by.target.first(partKey(api.id, `integrations/${integration.id}`));
  if (user !== undefined) {
    throw conflict(`Cannot delete Integration '${integration.id}'. Route '${user.id}' is using this integration.`);
  }
  if (integration.value.ApiGatewayManaged === true) throw badRequest("Cannot delete a managed integration.");
  service.deleteParts(service.integrationResponses, api.id, integration.id);
  service.integrations.delete(partKey(api.id, integration.id));
  service.changed(api);
  return {};
});

interface ResponseInput {
  readonly ApiId?: string | undefined;
  readonly IntegrationId?: string | undefined;
  readonly IntegrationResponseId?: string | undefined;
}

function responseOf(context: Context, input: ResponseInput) {
  const { service } = context;
  const { api, integration } = integrationOf(context, input.ApiId as string, input.IntegrationId as string);
  const id = input.IntegrationResponseId as string;
  const { integrationResponses } = service;
  const response = service.part(integrationResponses, "IntegrationResponse", api.id, id, integration.id);
  return { api, integration, response };
}

/** @throws AwsError */
function putResponse(
  service: ApiGatewayV2,
  api: ApiRow,
  row: PartRow<IntegrationResponseValue>,
): IntegrationResponseValue {
  const key = row.value.IntegrationResponseKey ?? "";
  if (key !== "$default" && !/^\/.*\/$/.test(key)) {
    throw badRequest(`Invalid integration response key specified: ${key}. It must be $default or /expression/`);
  }
  for (const other of service.integrationResponses.by.parent.range(partKey(api.id, row.parent))) {
    if (other.id !== row.id && other.value.IntegrationResponseKey === key) {
      throw conflict(`Integration response with key ${key} already exists for this integration`);
    }
  }
  service.integrationResponses.put(row);
  service.changed(api);
  return row.value;
}

export const createIntegrationResponse = operation<CreateIntegrationResponseCommand>(
  CreateIntegrationResponse$,
  (input, context) => {
    const { service } = context;
    const { api, integration } = integrationOf(context, input.ApiId as string, input.IntegrationId as string);
    if (api.value.ProtocolType !== "WEBSOCKET") {
      throw badRequest("Integration responses are not supported on protocolType HTTP");
    }
    const IntegrationResponseId = service.newId(7);
    const value = { ...given<IntegrationResponseValue>(input, responseSettings), IntegrationResponseId };
    const row = service.newPart(api, value as IntegrationResponseValue, IntegrationResponseId, integration.id);
    return putResponse(service, api, row);
  },
);

export const getIntegrationResponse = operation<GetIntegrationResponseCommand>(
  GetIntegrationResponse$,
  (input, context) => responseOf(context, input).response.value,
);

export const getIntegrationResponses = operation<GetIntegrationResponsesCommand>(
  GetIntegrationResponses$,
  (input, context) => {
    const { integration } = integrationOf(context, input.ApiId as string, input.IntegrationId as string);
    const { by } = context.service.integrationResponses;
    const group = partKey(integration.apiId, integration.id);
    return page(
      by.parent,
      group,
      input,
      (row) => row.serial,
      (row) => row.value,
    );
  },
);

export const updateIntegrationResponse = operation<UpdateIntegrationResponseCommand>(
  UpdateIntegrationResponse$,
  (input, context) => {
    const { service } = context;
    const { api, response } = responseOf(context, input);
    const value = patched<IntegrationResponseValue>(response.value, input, responseSettings);
    if (input.ResponseTemplates) {
      value.ResponseTemplates = mergedMap(response.value.ResponseTemplates, input.ResponseTemplates);
    }
    if (input.ResponseParameters) {
      value.ResponseParameters = mergedMap(response.value.ResponseParameters, input.ResponseParameters);
    }
    return putResponse(service, api, { ...response, value });
  },
);

export const deleteIntegrationResponse = operation<DeleteIntegrationResponseCommand>(
  DeleteIntegrationResponse$,
  (input, context) => {
    const { service } = context;
    const { api, response } = responseOf(context, input);
    service.integrationResponses.delete(partKey(api.id, response.id));
    service.changed(api);
    return {};
  },
);
