/** PutMethod, GetMethod and DeleteMethod. */

import {
  DeleteMethod$,
  type DeleteMethodCommand,
  GetMethod$,
  type GetMethodCommand,
  PutMethod$,
  type PutMethodCommand,
} from "@aws-sdk/client-api-gateway";
import { defined, unlessEmpty } from "../../apis/members.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import { type AuthorizationType, type MethodDefinition, passThroughCredentials } from "./definitions.ts";
import { badRequest, conflict, invalidMapping } from "./errors.ts";
import { describedIntegration } from "./integrations.ts";
import { describedMethodResponse } from "./method-responses.ts";
import { childKey, type MethodRow, methodKey } from "./tables.ts";

export const verbs = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY"];

export const putMethod = operation<PutMethodCommand>(PutMethod$, (input, context) => {
  const { service } = context;
  const resource = service.resource(context, input.restApiId, input.resourceId);
  const verb = input.httpMethod as string;
  if (!verbs.includes(verb)) {
    throw badRequest(`Invalid HttpMethod specified. Valid options are ${verbs.join(",")}`);
  }
  const { id: resourceId, apiId, account } = resource;
  if (service.methods.has(methodKey(apiId, resourceId, verb))) {
    throw conflict("Method already exists for this resource");
  }
  const method: MethodRow = {
    apiId,
    account,
    resourceId,
    httpMethod: verb,
    authorizationType: authorizationTypeOf(input.authorizationType as string),
    apiKeyRequired: input.apiKeyRequired ?? false,
    ...defined({
      authorizerId: input.authorizerId || undefined,
      operationName: input.operationName || undefined,
      requestParameters: unlessEmpty(input.requestParameters),
      requestModels: unlessEmpty(input.requestModels),
      requestValidatorId: input.requestValidatorId || undefined,
      authorizationScopes: input.authorizationScopes?.length ? input.authorizationScopes : undefined,
    }),
    responses: {},
  };
  checkMethod(service, resource, method);
  service.methods.put(method);
  return describedMethod(method);
});

export const getMethod = operation<GetMethodCommand>(GetMethod$, (input, context) =>
  describedMethod(context.service.method(context, input)),
);

export const deleteMethod = operation<DeleteMethodCommand>(DeleteMethod$, (input, context) => {
  const { service } = context;
  const { apiId, resourceId, httpMethod } = service.method(context, input);
  service.methods.delete(methodKey(apiId, resourceId, httpMethod));
});

/** @throws AwsError BadRequestException */
export function authorizationTypeOf(text: string): AuthorizationType {
  const type = text.toUpperCase();
  if (type === "NONE" || type === "AWS_IAM" || type === "CUSTOM" || type === "COGNITO_USER_POOLS") return type;
  throw badRequest("Invalid authorization type specified. Valid options are NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS");
}

/**
 * Checks in AWS's order that what a method refers to exists: authorizer, validator, models, then parameter names.
 * @throws AwsError BadRequestException
 */
export function checkMethod(
  service: ApiGateway,
  { apiId }: { readonly apiId: string },
  method: MethodDefinition,
): void {
  const { authorizationType, authorizerId, requestValidatorId } = method;
  if (authorizationType === "CUSTOM" || authorizationType === "COGNITO_USER_POOLS") {
    const authorizer = service.authorizers.get(childKey(apiId, authorizerId ?? "-"));
    const isCognito = authorizer?.type === "COGNITO_USER_POOLS";
    if (authorizer === undefined || isCognito !== (authorizationType === "COGNITO_USER_POOLS")) {
      throw badRequest(
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
      );
    }
  }
  if (requestValidatorId !== undefined && !service.requestValidators.has(childKey(apiId, requestValidatorId))) {
    throw badRequest("Invalid Request Validator identifier specified");
  }
  checkModels(service, apiId, method.requestModels);
  const names = new Set<string>();
  for (const key of Object.keys(method.requestParameters ?? {})) {
    const [, place, name = ""] =
      /^method\.request\.(path|querystring|header|multivalueheader|multivaluequerystring)\.([^\s]+)$/.exec(key) ?? [];
    if (place === undefined) throw invalidMapping(`specified: ${key}`);
    if (names.has(name)) throw badRequest("Parameter names must be unique across querystring, header and path");
    names.add(name);
  }
  const credentials = method.integration?.credentials;
  if (credentials !== undefined) checkPassThrough(method, credentials);
}

/** The caller's credentials can only be passed on if the caller has some. @throws AwsError BadRequestException */
export function checkPassThrough({ authorizationType }: MethodDefinition, credentials: string): void {
  if (passThroughCredentials.test(credentials) && authorizationType !== "AWS_IAM") {
    throw badRequest(
      "Credentials of the caller can be passed to an integration only by a method with AWS_IAM authorization",
    );
  }
}

/** @throws AwsError BadRequestException for a model that does not exist. */
export function checkModels(
  service: ApiGateway,
  apiId: string,
  models: Readonly<Record<string, string>> | undefined,
): void {
  for (const name of Object.values(models ?? {})) {
    if (name === "" || !service.models.has(childKey(apiId, name))) {
      throw badRequest(`Invalid model identifier specified: ${name}`);
    }
  }
}

export function describedMethod(method: MethodRow) {
  const responses = Object.values(method.responses);
  return {
    httpMethod: method.httpMethod,
    authorizationType: method.authorizationType,
    authorizerId: method.authorizerId,
    apiKeyRequired: method.apiKeyRequired,
    requestValidatorId: method.requestValidatorId,
    operationName: method.operationName,
    requestParameters: method.requestParameters,
    requestModels: method.requestModels,
    methodResponses:
      responses.length === 0
        ? undefined
        : Object.fromEntries(responses.map((response) => [response.statusCode, describedMethodResponse(response)])),
    methodIntegration: method.integration && describedIntegration(method.integration),
    authorizationScopes: method.authorizationScopes && [...method.authorizationScopes],
  };
}
