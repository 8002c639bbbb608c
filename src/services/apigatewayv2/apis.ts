/** CreateApi, GetApi, GetApis, UpdateApi, DeleteApi and DeleteCorsConfiguration. */
import {
  CreateApi$,
  type CreateApiCommand,
  type CreateApiCommandInput,
  DeleteApi$,
  type DeleteApiCommand,
  DeleteCorsConfiguration$,
  type DeleteCorsConfigurationCommand,
  GetApi$,
  type GetApiCommand,
  GetApis$,
  type GetApisCommand,
  UpdateApi$,
  type UpdateApiCommand,
} from "@aws-sdk/client-apigatewayv2";
import type { FromWire } from "../../../protocols/blob.ts";
import { getOwn } from "../../../protocols/unknown-json.ts";
import { pathPrefix } from "../../apis/door.ts";
import { isHeaderName } from "../../apis/request-headers.ts";
import { placeKey } from "../../calls/place.ts";
import { type ApiGatewayV2, type Context, given, operation, patched } from "./apigatewayv2.ts";
import { badRequest, conflict } from "./errors.ts";
import { page } from "./pages.ts";
import { quickCreate, updateQuickCreated } from "./quick-create.ts";
import { type ApiRow, type ApiValue, partKey } from "./tables.ts";
import { checkedTags } from "./tags.ts";

const settings = [
  "ApiKeySelectionExpression",
  "CorsConfiguration",
  "Description",
  "DisableSchemaValidation",
  "DisableExecuteApiEndpoint",
  "IpAddressType",
  "Name",
  "RouteSelectionExpression",
  "Version",
] as const;

const usualKeySelection = "$request.header.x-api-key";
const httpSelection = "$request.method $request.path";
const httpSelections = [httpSelection, ["$", "{request.method} $", "{request.path}"].join("")];

export const createApi = operation<CreateApiCommand>(CreateApi$, (input, context) => {
  const { service } = context;
  const row = newApi(context, input, {});
  quickCreate(service, row, input);
  return shownApi(row, context);
});

/**
 * Puts a new API. Inside a transaction.
 * @param extra further members that an import has.
 */
export function newApi(
  context: Context,
  input: Omit<FromWire<CreateApiCommandInput>, "Target" | "RouteKey" | "CredentialsArn">,
  extra: Partial<ApiValue>,
): ApiRow {
  const { service, account, region } = context;
  const { ProtocolType, RouteSelectionExpression: selection } = input;
  if (ProtocolType !== "HTTP" && ProtocolType !== "WEBSOCKET") {
    throw badRequest("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]");
  }
  checkSelection(ProtocolType, selection);
  if (ProtocolType === "WEBSOCKET") {
    if (input.CorsConfiguration) throw badRequest("CORS configuration is not supported for protocolType WEBSOCKET");
    if ("Target" in input && input.Target !== undefined) {
      throw badRequest("Quick create is not supported for protocolType WEBSOCKET");
    }
  }
  checkCors(input.CorsConfiguration);
  const tags = checkedTags(input.Tags ?? {});
  const value: ApiValue = {
    ApiKeySelectionExpression: usualKeySelection,
    DisableExecuteApiEndpoint: false,
    IpAddressType: "ipv4",
    RouteSelectionExpression: httpSelection,
    ...(given<ApiValue>(input, settings) as Pick<ApiValue, "Name">),
    ...extra,
    ProtocolType,
    Tags: tags,
  } as ApiValue;
  const id = idFor(service, tags);
  const { store } = service.deps;
  const row = { id, account, region, serial: store.nextSerial(), createdMs: service.now, changes: 0, value };
  service.apis.put(row);
  return row;
}

/** @throws AwsError BadRequestException for what is no route selection expression of the protocol. */
function checkSelection(protocol: string | undefined, selection: string | undefined): void {
  if (protocol === "HTTP" && selection !== undefined && !httpSelections.includes(selection)) {
    throw badRequest(`RouteSelectionExpression must be ${httpSelection} for protocolType HTTP`);
  }
  if (protocol === "WEBSOCKET" && !selection) {
    throw badRequest("RouteSelectionExpression is required for protocolType WEBSOCKET");
  }
}

/** The id requested by the tag `_custom_id_`, a convention of local tools; otherwise a random one. */
function idFor(service: ApiGatewayV2, tags: Readonly<Record<string, string>>): string {
  const wanted = getOwn(tags, "_custom_id_");
  if (wanted === undefined) return service.newId(10);
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(wanted)) throw badRequest(`Invalid API identifier specified ${wanted}`);
  const id = wanted.toLowerCase();
  if (service.deps.apis.of(id) !== undefined) throw conflict(`API with id ${id} already exists`);
  return id;
}

export const getApi = operation<GetApiCommand>(GetApi$, (input, context) =>
  shownApi(context.service.api(context, input.ApiId as string), context),
);

export const getApis = operation<GetApisCommand>(GetApis$, (input, context) => {
  const { by } = context.service.apis;
  return page(
    by.serial,
    placeKey(context),
    input,
    (row) => row.serial,
    (row) => shownApi(row, context),
  );
});

export const updateApi = operation<UpdateApiCommand>(UpdateApi$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.ApiId as string);
  checkCors(input.CorsConfiguration);
  const { ProtocolType } = api.value;
  checkSelection(ProtocolType, input.RouteSelectionExpression ?? api.value.RouteSelectionExpression);
  if (ProtocolType === "WEBSOCKET" && input.CorsConfiguration) {
    throw badRequest("CORS configuration is not supported for protocolType WEBSOCKET");
  }
  const value = { ApiKeySelectionExpression: usualKeySelection, ...patched(api.value, input, settings) };
  const row = { ...api, changes: api.changes + 1, value };
  service.apis.put(row);
  updateQuickCreated(service, row, input);
  return shownApi(row, context);
});

export const deleteApi = operation<DeleteApiCommand>(DeleteApi$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.ApiId as string);
  if (service.deps.apis.domains.mappings.by.api.size(api.id) > 0) {
    throw badRequest("Please remove all API mappings related to the API before deleting it.");
  }
  deleteApiParts(service, api.id);
  for (const { name } of service.stages.by.parent.range(partKey(api.id, "")))
    service.stages.delete(partKey(api.id, name));
  service.deleteParts(service.deployments, api.id);
  service.apis.delete(api.id);
  return {};
});

/** What an import replaces: routes, integrations, authorizers, models. Stages and deployments stay. */
export function deleteApiParts(service: ApiGatewayV2, apiId: string): void {
  for (const { id } of service.routes.by.parent.range(partKey(apiId, ""))) {
    service.deleteParts(service.routeResponses, apiId, id);
  }
  for (const { id } of service.integrations.by.parent.range(partKey(apiId, ""))) {
    service.deleteParts(service.integrationResponses, apiId, id);
  }
  for (const table of [service.routes, service.integrations, service.authorizers, service.models]) {
    service.deleteParts(table, apiId);
  }
}

export const deleteCorsConfiguration = operation<DeleteCorsConfigurationCommand>(
  DeleteCorsConfiguration$,
  (input, context) => {
    const { service } = context;
    const api = service.api(context, input.ApiId as string);
    const { CorsConfiguration: _gone, ...value } = api.value;
    service.apis.put({ ...api, changes: api.changes + 1, value });
    return {};
  },
);

/** @throws AwsError BadRequestException */
export function checkCors(cors: ApiValue["CorsConfiguration"]): void {
  if (cors === undefined || cors === null) return;
  if (cors.AllowCredentials === true && cors.AllowOrigins?.includes("*")) {
    throw badRequest("AllowCredentials cannot be true when AllowOrigins contains '*'");
  }
  const { MaxAge: maxAge = 0 } = cors;
  if (!Number.isInteger(maxAge) || maxAge < -1 || maxAge > 86_400)
    throw badRequest("MaxAge must be between -1 and 86400");
  // These are written into a header.
  for (const name of [...(cors.AllowHeaders ?? []), ...(cors.ExposeHeaders ?? [])]) {
    if (!isHeaderName(name)) throw badRequest(`Invalid header name ${name}`);
  }
  for (const origin of cors.AllowOrigins ?? []) {
    if (origin !== "*" && !/^[a-z][a-z0-9+.-]*:\/\/[!-.0-~]+$/i.test(origin)) {
      throw badRequest(`Invalid format for origin ${origin}. Format should be *, or a scheme and a host.`);
    }
  }
  for (const method of cors.AllowMethods ?? []) {
    if (!["*", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"].includes(method)) {
      throw badRequest(`Invalid HTTP method ${method} in AllowMethods`);
    }
  }
}

/** The API as operations return it, with an address that the client can reach. */
export function shownApi(row: ApiRow, { origin }: Pick<Context, "origin">) {
  const { id, createdMs, value } = row;
  const base = value.ProtocolType === "WEBSOCKET" ? origin.replace(/^http/, "ws") : origin;
  return { ...value, ApiId: id, ApiEndpoint: `${base}${pathPrefix}${id}`, CreatedDate: new Date(createdMs) };
}
