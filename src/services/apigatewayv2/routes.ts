/** Routes and the responses of WebSocket routes. */
import {
  CreateRoute$,
  type CreateRouteCommand,
  CreateRouteResponse$,
  type CreateRouteResponseCommand,
  DeleteRoute$,
  type DeleteRouteCommand,
  DeleteRouteRequestParameter$,
  type DeleteRouteRequestParameterCommand,
  DeleteRouteResponse$,
  type DeleteRouteResponseCommand,
  GetRoute$,
  type GetRouteCommand,
  GetRouteResponse$,
  type GetRouteResponseCommand,
  GetRouteResponses$,
  type GetRouteResponsesCommand,
  GetRoutes$,
  type GetRoutesCommand,
  UpdateRoute$,
  type UpdateRouteCommand,
  UpdateRouteResponse$,
  type UpdateRouteResponseCommand,
} from "@aws-sdk/client-apigatewayv2";
import { type ApiGatewayV2, type Context, given, mergedMap, operation, patched } from "./apigatewayv2.ts";
import { badRequest, conflict, unknownId } from "./errors.ts";
import { page } from "./pages.ts";
import { checkedRouteKey } from "./route-keys.ts";
import { type ApiRow, keyForm, type PartRow, partKey, type RouteResponseValue, type RouteValue } from "./tables.ts";

const settings = [
  "ApiKeyRequired",
  "AuthorizationScopes",
  "AuthorizationType",
  "AuthorizerId",
  "ModelSelectionExpression",
  "OperationName",
  "RequestModels",
  "RequestParameters",
  "RouteKey",
  "RouteResponseSelectionExpression",
  "Target",
] as const;

const maxScopes = 10;
const responseSettings = [
  "ModelSelectionExpression",
  "ResponseModels",
  "ResponseParameters",
  "RouteResponseKey",
] as const;

export const createRoute = operation<CreateRouteCommand>(CreateRoute$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.ApiId as string);
  const RouteId = service.newId(7);
  const value = {
    ApiKeyRequired: false,
    AuthorizationType: "NONE",
    ...given<RouteValue>(input, settings),
    RouteId,
  } as RouteValue;
  return putRoute(service, api, service.newPart(api, value, RouteId));
});

/** Checks and stores a route. Inside a transaction. @throws AwsError */
export function putRoute(service: ApiGatewayV2, api: ApiRow, row: PartRow<RouteValue>): RouteValue {
  const { value } = row;
  const key = checkedRouteKey(value.RouteKey ?? "", api.value.ProtocolType);
  for (const other of service.routes.by.form.range(partKey(api.id, keyForm(key)))) {
    if (other.id === row.id) continue;
    if (other.value.RouteKey === key) throw conflict(`Route with key ${key} already exists for this API`);
    const both = `The provided route key "${key}" has a conflicting variable on the same hierarchical level as`;
    throw conflict(`${both} "${other.value.RouteKey}"`);
  }
  checkTarget(service, api.id, value.Target);
  checkAuthorization(service, api, value);
  if (api.value.ProtocolType === "HTTP") {
    if (value.RouteResponseSelectionExpression) {
      throw badRequest("RouteResponseSelectionExpression is not supported on protocolType HTTP");
    }
    if (value.ApiKeyRequired === true) throw badRequest("ApiKeyRequired is not currently supported for HTTP APIs");
  }
  service.routes.put(row);
  service.changed(api);
  return value;
}

function checkTarget(service: ApiGatewayV2, apiId: string, target: string | undefined): void {
  if (target === undefined) return;
  const id = /^integrations\/([A-Za-z0-9_-]+)$/.exec(target)?.[1];
  if (id === undefined) throw badRequest(`Invalid target: ${target}. It must be integrations/{integrationId}`);
  if (!service.integrations.has(partKey(apiId, id))) throw unknownId("Integration", id);
}

function checkAuthorization(service: ApiGatewayV2, api: ApiRow, value: RouteValue): void {
  const { AuthorizationType: type = "NONE", AuthorizerId: id, AuthorizationScopes: scopes } = value;
  const isHttp = api.value.ProtocolType === "HTTP";
  if (!isHttp && type !== "NONE" && value.RouteKey !== "$connect") {
    throw badRequest("Currently, authorization is restricted to the $connect route only");
  }
  if (!isHttp && type === "JWT") throw badRequest("Invalid authorization type specified: JWT");
  if (scopes !== undefined && scopes.length > 0 && type !== "JWT") {
    throw badRequest("Authorization scopes are only supported for routes with authorization type JWT.");
  }
  if (scopes !== undefined && scopes.length > maxScopes) {
    throw badRequest(`A route may have at most ${maxScopes} authorization scopes`);
  }
  if (type !== "CUSTOM" && type !== "JWT") return;
  const authorizer = id === undefined ? undefined : service.authorizers.get(partKey(api.id, id));
  const wanted = type === "JWT" ? "JWT" : "REQUEST";
  if (authorizer?.value.AuthorizerType !== wanted) {
    const types = "CUSTOM or COGNITO_USER_POOLS";
    throw badRequest(
      `Invalid authorizer ID specified. Setting the authorization type to ${types} requires a valid authorizer.`,
    );
  }
}

function routeOf(context: Context, apiId: string, id: string): { api: ApiRow; route: PartRow<RouteValue> } {
  const { service } = context;
  const api = service.api(context, apiId);
  return { api, route: service.part(service.routes, "Route", apiId, id) };
}

export const getRoute = operation<GetRouteCommand>(
  GetRoute$,
  (input, context) => routeOf(context, input.ApiId as string, input.RouteId as string).route.value,
);

export const getRoutes = operation<GetRoutesCommand>(GetRoutes$, (input, context) => {
  const { service } = context;
  const { id } = service.api(context, input.ApiId as string);
  return page(
    service.routes.by.parent,
    partKey(id, ""),
    input,
    (row) => row.serial,
    (row) => row.value,
  );
});

export const updateRoute = operation<UpdateRouteCommand>(UpdateRoute$, (input, context) => {
  const { service } = context;
  const { api, route } = routeOf(context, input.ApiId as string, input.RouteId as string);
  if (route.value.ApiGatewayManaged === true && input.RouteKey !== undefined) {
    throw badRequest("The route key of a managed route is updated with its API.");
  }
  const { AuthorizerId: _authorizer, AuthorizationScopes: _scopes, ...rest } = route.value;
  // NONE also removes the authorizer and its scopes.
  const before = input.AuthorizationType === "NONE" ? rest : route.value;
  const value = patched<RouteValue>(before as RouteValue, input, settings);
  if (input.RequestParameters !== undefined) {
    value.RequestParameters = { ...route.value.RequestParameters, ...input.RequestParameters };
  }
  return putRoute(service, api, { ...route, value });
});

export const deleteRoute = operation<DeleteRouteCommand>(DeleteRoute$, (input, context) => {
  const { service } = context;
  const { api, route } = routeOf(context, input.ApiId as string, input.RouteId as string);
  if (route.value.ApiGatewayManaged === true) throw badRequest("Cannot delete a managed route.");
  service.deleteParts(service.routeResponses, api.id, route.id);
  service.routes.delete(partKey(api.id, route.id));
  service.changed(api);
  return {};
});

export const deleteRouteRequestParameter = operation<DeleteRouteRequestParameterCommand>(
  DeleteRouteRequestParameter$,
  (input, context) => {
    const { service } = context;
    const { api, route } = routeOf(context, input.ApiId as string, input.RouteId as string);
    const key = input.RequestParameterKey as string;
    const { [key]: gone, ...rest } = route.value.RequestParameters ?? {};
    if (gone === undefined) throw unknownId("Parameter", key);
    service.routes.put({ ...route, value: { ...route.value, RequestParameters: rest } });
    service.changed(api);
    return {};
  },
);

export const createRouteResponse = operation<CreateRouteResponseCommand>(CreateRouteResponse$, (input, context) => {
  const { service } = context;
  const { api, route } = routeOf(context, input.ApiId as string, input.RouteId as string);
  if (api.value.ProtocolType !== "WEBSOCKET")
    throw badRequest("Route responses are not supported on protocolType HTTP");
  checkResponseKey(input.RouteResponseKey);
  const group = partKey(api.id, route.id);
  if (service.routeResponses.by.parent.size(group) > 0) {
    throw conflict(`Route response with key ${input.RouteResponseKey} already exists for this route`);
  }
  const RouteResponseId = service.newId(7);
  const value = { ...given<RouteResponseValue>(input, responseSettings), RouteResponseId } as RouteResponseValue;
  service.routeResponses.put(service.newPart(api, value, RouteResponseId, route.id));
  service.changed(api);
  return value;
});

/** @throws AwsError BadRequestException */
function checkResponseKey(key: string | undefined): void {
  if (key !== "$default") throw badRequest("Currently, $default is the only supported route response key");
}

interface ResponseInput {
  readonly ApiId?: string | undefined;
  readonly RouteId?: string | undefined;
  readonly RouteResponseId?: string | undefined;
}

function responseOf(context: Context, input: ResponseInput) {
  const { service } = context;
  const { api, route } = routeOf(context, input.ApiId as string, input.RouteId as string);
  const id = input.RouteResponseId as string;
  return { api, route, response: service.part(service.routeResponses, "RouteResponse", api.id, id, route.id) };
}

export const getRouteResponse = operation<GetRouteResponseCommand>(
  GetRouteResponse$,
  (input, context) => responseOf(context, input).response.value,
);

export const getRouteResponses = operation<GetRouteResponsesCommand>(GetRouteResponses$, (input, context) => {
  const { route } = routeOf(context, input.ApiId as string, input.RouteId as string);
  const { by } = context.service.routeResponses;
  return page(
    by.parent,
    partKey(route.apiId, route.id),
    input,
    (row) => row.serial,
    (row) => row.value,
  );
});

export const updateRouteResponse = operation<UpdateRouteResponseCommand>(UpdateRouteResponse$, (input, context) => {
  const { service } = context;
  const { api, response } = responseOf(context, input);
  const value = patched<RouteResponseValue>(response.value, input, responseSettings);
  checkResponseKey(value.RouteResponseKey);
  if (input.ResponseParameters !== undefined) {
    value.ResponseParameters = mergedMap(response.value.ResponseParameters, input.ResponseParameters, () => false);
  }
  service.routeResponses.put({ ...response, value });
  service.changed(api);
  return value;
});

export const deleteRouteResponse = operation<DeleteRouteResponseCommand>(DeleteRouteResponse$, (input, context) => {
  const { service } = context;
  const { api, response } = responseOf(context, input);
  service.routeResponses.delete(partKey(api.id, response.id));
  service.changed(api);
  return {};
});
