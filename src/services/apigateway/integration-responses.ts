/** PutIntegrationResponse, GetIntegrationResponse and DeleteIntegrationResponse. */

import {
  DeleteIntegrationResponse$,
  type DeleteIntegrationResponseCommand,
  GetIntegrationResponse$,
  type GetIntegrationResponseCommand,
  PutIntegrationResponse$,
  type PutIntegrationResponseCommand,
} from "@aws-sdk/client-api-gateway";
import { getOwn } from "../../../protocols/unknown-json.ts";
import { defined, unlessEmpty } from "../../apis/members.ts";
import { operation } from "./apigateway.ts";
import type {
  ContentHandling,
  IntegrationDefinition,
  IntegrationResponseDefinition,
  MethodDefinition,
} from "./definitions.ts";
import { badRequest, invalidMapping, notFound } from "./errors.ts";
import { checkTemplates } from "./integration-checks.ts";
import { integrationOf } from "./integrations.ts";

export const putIntegrationResponse = operation<PutIntegrationResponseCommand>(
  PutIntegrationResponse$,
  (input, context) => {
    const { service } = context;
    const method = service.method(context, input);
    const integration = integrationOf(method);
    const statusCode = input.statusCode as string;
    const response: IntegrationResponseDefinition = {
      statusCode,
      ...defined({
        selectionPattern: input.selectionPattern || undefined,
        responseParameters: unlessEmpty(input.responseParameters),
        responseTemplates: unlessEmpty(input.responseTemplates),
        contentHandling: input.contentHandling as ContentHandling | undefined,
      }),
    };
    checkIntegrationResponse(method, response);
    const responses = { ...integration.responses, [statusCode]: response };
    service.methods.put({ ...method, integration: { ...integration, responses } });
    return describedIntegrationResponse(response);
  },
);

export const getIntegrationResponse = operation<GetIntegrationResponseCommand>(
  GetIntegrationResponse$,
  (input, context) => {
    const integration = integrationOf(context.service.method(context, input));
    return describedIntegrationResponse(integrationResponse(integration, input.statusCode as string));
  },
);

export const deleteIntegrationResponse = operation<DeleteIntegrationResponseCommand>(
  DeleteIntegrationResponse$,
  (input, context) => {
    const { service } = context;
    const method = service.method(context, input);
    const integration = integrationOf(method);
    const gone = integrationResponse(integration, input.statusCode as string);
    const entries = Object.entries(integration.responses).filter(([code]) => code !== gone.statusCode);
    service.methods.put({ ...method, integration: { ...integration, responses: Object.fromEntries(entries) } });
  },
);

/** @throws AwsError NotFoundException */
export function integrationResponse(
  { responses }: IntegrationDefinition,
  statusCode: string,
): IntegrationResponseDefinition {
  const response = getOwn(responses, statusCode);
  if (response === undefined) throw notFound("Invalid Response status code specified");
  return response;
}

const sources =
  /^(?:integration\.response\.(?:header|multivalueheader)\.[^\s]+|integration\.response\.body(?:[.[].*)?|context\.[^\s]+|stageVariables\.[^\s]+|'.*')$/s;

/** @throws AwsError BadRequestException, NotFoundException */
export function checkIntegrationResponse(
  { responses }: MethodDefinition,
  { statusCode, selectionPattern, responseParameters, responseTemplates }: IntegrationResponseDefinition,
): void {
  const declared = getOwn(responses, statusCode);
  if (declared === undefined) throw notFound("Invalid Response status code specified");
  for (const [key, value] of Object.entries(responseParameters ?? {})) {
    if (!Object.hasOwn(declared.responseParameters ?? {}, key)) throw invalidMapping(`parameter specified: ${key}`);
    if (!sources.test(value)) throw invalidMapping(`specified: ${value}`);
  }
  checkTemplates(responseTemplates);
  if (selectionPattern !== undefined && selectionPattern.length > maxPatternLength) {
    throw badRequest(`Selection patterns may have at most ${maxPatternLength} characters`);
  }
}

const maxPatternLength = 4096;

export function describedIntegrationResponse(response: IntegrationResponseDefinition) {
  return { ...response };
}
