/** Gateway responses: an API's answers when no integration answers. */

import {
  DeleteGatewayResponse$,
  type DeleteGatewayResponseCommand,
  type GatewayResponseType,
  GetGatewayResponse$,
  type GetGatewayResponseCommand,
  GetGatewayResponses$,
  type GetGatewayResponsesCommand,
  PutGatewayResponse$,
  type PutGatewayResponseCommand,
  UpdateGatewayResponse$,
  type UpdateGatewayResponseCommand,
} from "@aws-sdk/client-api-gateway";
import { defined, unlessEmpty } from "../../apis/members.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import type { GatewayResponseDefinition, Texts } from "./definitions.ts";
import { badRequest, invalidMapping, notFound } from "./errors.ts";
import { checkTemplates } from "./integration-checks.ts";
import { asText, listedErrors, PatchTable, rulesFor } from "./patch.ts";
import { childKey, type GatewayResponseRow } from "./tables.ts";

/** All types in alphabetical order with their default status; the two default types have none. */
export const gatewayResponseStatuses: Readonly<Record<string, string | undefined>> = {
  ACCESS_DENIED: "403",
  API_CONFIGURATION_ERROR: "500",
  AUTHORIZER_CONFIGURATION_ERROR: "500",
  AUTHORIZER_FAILURE: "500",
  BAD_REQUEST_BODY: "400",
  BAD_REQUEST_PARAMETERS: "400",
  DEFAULT_4XX: undefined,
  DEFAULT_5XX: undefined,
  EXPIRED_TOKEN: "403",
  INTEGRATION_FAILURE: "504",
  INTEGRATION_TIMEOUT: "504",
  INVALID_API_KEY: "403",
  INVALID_SIGNATURE: "403",
  MISSING_AUTHENTICATION_TOKEN: "403",
  QUOTA_EXCEEDED: "429",
  REQUEST_TOO_LARGE: "413",
  RESOURCE_NOT_FOUND: "404",
  THROTTLED: "429",
  UNAUTHORIZED: "401",
  UNSUPPORTED_MEDIA_TYPE: "415",
  WAF_FILTERED: "403",
};

const defaultGatewayTemplates: Texts = { "application/json": '{"message":$context.error.messageString}' };

/** A gateway response, customized or not. */
export interface EffectiveGatewayResponse {
  readonly responseType: string;
  /** Absent for the two default types unless it was set. */
  readonly statusCode?: string;
  readonly responseParameters: Texts;
  readonly responseTemplates: Texts;
  readonly defaultResponse: boolean;
}

/** A type that was not customized inherits from the default of its class; one that was inherits nothing. */
function effectiveGatewayResponse(
  responseType: string,
  set: (type: string) => GatewayResponseDefinition | undefined,
): EffectiveGatewayResponse {
  const own = set(responseType);
  const status = gatewayResponseStatuses[responseType];
  if (own !== undefined) {
    return {
      responseType,
      ...defined({ statusCode: own.statusCode ?? status }),
      responseParameters: own.responseParameters ?? {},
      responseTemplates: own.responseTemplates ?? defaultGatewayTemplates,
      defaultResponse: false,
    };
  }
  const fallback = status === undefined ? undefined : set(status.startsWith("4") ? "DEFAULT_4XX" : "DEFAULT_5XX");
  return {
    responseType,
    ...defined({ statusCode: fallback?.statusCode ?? status }),
    responseParameters: fallback?.responseParameters ?? {},
    responseTemplates: fallback?.responseTemplates ?? defaultGatewayTemplates,
    defaultResponse: true,
  };
}

export const putGatewayResponse = operation<PutGatewayResponseCommand>(PutGatewayResponse$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  const row: GatewayResponseRow = {
    apiId: api.id,
    account: api.account,
    responseType: input.responseType as string,
    ...defined({
      statusCode: input.statusCode || undefined,
      responseParameters: unlessEmpty(input.responseParameters),
      responseTemplates: unlessEmpty(input.responseTemplates),
    }),
  };
  checkGatewayResponse(row);
  service.gatewayResponses.put(row);
  return described(service, api.id, row.responseType);
});

export const getGatewayResponse = operation<GetGatewayResponseCommand>(GetGatewayResponse$, (input, context) => {
  const api = context.service.api(context, input.restApiId);
  return described(context.service, api.id, input.responseType as string);
});

export const getGatewayResponses = operation<GetGatewayResponsesCommand>(GetGatewayResponses$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  return { items: Object.keys(gatewayResponseStatuses).map((type) => described(service, api.id, type)) };
});

export const updateGatewayResponse = operation<UpdateGatewayResponseCommand>(
  UpdateGatewayResponse$,
  (input, context) => {
    const { service } = context;
    const api = service.api(context, input.restApiId);
    const responseType = input.responseType as string;
    const row = service.gatewayResponses.get(childKey(api.id, responseType));
    const updated = patches.apply(row ?? { apiId: api.id, account: api.account, responseType }, input.patchOperations);
    checkGatewayResponse(updated);
    service.gatewayResponses.put(updated);
    return described(service, api.id, responseType);
  },
);

export const deleteGatewayResponse = operation<DeleteGatewayResponseCommand>(
  DeleteGatewayResponse$,
  (input, context) => {
    const { service } = context;
    const api = service.api(context, input.restApiId);
    if (!service.gatewayResponses.delete(childKey(api.id, input.responseType as string))) {
      throw notFound("Gateway response type not defined on api");
    }
  },
);

const sources =
  /^(?:'.*'|method\.request\.(?:header|querystring|path|multivalueheader|multivaluequerystring)\.[^\s]+|context\.[^\s]+|stageVariables\.[^\s]+)$/s;

/** @throws AwsError BadRequestException */
export function checkGatewayResponse({
  statusCode,
  responseParameters,
  responseTemplates,
}: GatewayResponseDefinition): void {
  if (statusCode !== undefined && !/^[1-5]\d\d$/.test(statusCode)) throw badRequest("Invalid status code specified");
  for (const [key, value] of Object.entries(responseParameters ?? {})) {
    if (!/^gatewayresponse\.header\.[^\s]+$/.test(key)) throw invalidMapping(`specified: ${key}`);
    if (!sources.test(value)) throw invalidMapping(`specified: ${value}`);
  }
  checkTemplates(responseTemplates);
}

const rules = rulesFor<GatewayResponseRow>();

const patches = new PatchTable<GatewayResponseRow>(
  [rules.text("statusCode"), rules.entries("responseParameters", asText), rules.entries("responseTemplates", asText)],
  listedErrors("/statusCode", "/responseParameters", "/responseTemplates"),
);

function described(service: ApiGateway, apiId: string, responseType: string) {
  const shown = effectiveGatewayResponse(responseType, (type) => service.gatewayResponses.get(childKey(apiId, type)));
  return { ...shown, responseType: responseType as GatewayResponseType };
}
