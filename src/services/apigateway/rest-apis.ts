/** CreateRestApi, GetRestApi, GetRestApis and DeleteRestApi. */

import {
  CreateRestApi$,
  type CreateRestApiCommand,
  DeleteRestApi$,
  type DeleteRestApiCommand,
  GetRestApi$,
  type GetRestApiCommand,
  GetRestApis$,
  type GetRestApisCommand,
} from "@aws-sdk/client-api-gateway";
import { defined } from "../../apis/members.ts";
import { placeKey } from "../../calls/place.ts";
import { type ApiGateway, type Context, operation } from "./apigateway.ts";
import { cloneInto } from "./clone.ts";
import type { ApiSettings, EndpointKind } from "./definitions.ts";
import { badRequest, conflict, limitExceeded } from "./errors.ts";
import { pageOf } from "./pages.ts";
import { storedPolicy } from "./policies.ts";
import { childKey, type RestApiRow } from "./tables.ts";
import { checkedTags, customIdOf } from "./tag-checks.ts";

const maxApis = 600;
const maxCompressionBytes = 10_485_760;

type Settings = Partial<ApiSettings>;

export const createRestApi = operation<CreateRestApiCommand>(CreateRestApi$, (input, context) => {
  const { service } = context;
  if (input.name === "") throw badRequest("API Name cannot be blank");
  if (input.description === "") throw badRequest("Description cannot be an empty string");
  const api = newApi(context, { ...input, name: input.name as string } as Settings & { name: string }, {
    endpoint: input.endpointConfiguration,
    tags: checkedTags({}, input.tags),
  });
  if (input.cloneFrom === undefined) addDefaultModels(service, api);
  else cloneInto(service, service.api(context, input.cloneFrom), api);
  return describedApi(service.apis.get(api.id) as RestApiRow);
});

export const getRestApi = operation<GetRestApiCommand>(GetRestApi$, (input, context) =>
  describedApi(context.service.api(context, input.restApiId)),
);

export const getRestApis = operation<GetRestApisCommand>(GetRestApis$, (input, context) => {
  const { rows, position } = pageOf(context.service.apis.by.place, placeKey(context), input);
  return { items: rows.map((row) => describedApi(row)), position };
});

export const deleteRestApi = operation<DeleteRestApiCommand>(DeleteRestApi$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  if (service.deps.apis.domains.mappings.by.api.size(api.id) > 0) {
    throw badRequest("Please remove all base path mappings related to the API before deleting it.");
  }
  service.emptyApi(api.id);
  for (const row of [...service.deployments.by.api.range(api.id)]) service.deleteDeployment(row);
  for (const row of [...service.stages.by.api.range(api.id)]) service.stages.delete(childKey(api.id, row.stageName));
  service.apis.delete(api.id);
});

interface NewApi {
  readonly endpoint?: {
    readonly types?: readonly string[] | undefined;
    readonly ipAddressType?: string | undefined;
    readonly vpcEndpointIds?: readonly string[] | undefined;
  };
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Creates an API with its root resource and nothing else. Inside a transaction.
 * @throws AwsError BadRequestException, ConflictException for an id that is in use, LimitExceededException
 */
export function newApi(
  context: Context,
  settings: Settings & { readonly name: string },
  { endpoint = {}, tags }: NewApi,
): RestApiRow {
  const { service, account, region } = context;
  const endpointType = endpointTypeOf(endpoint.types);
  const ipAddressType = endpoint.ipAddressType ?? (endpointType === "PRIVATE" ? "dualstack" : "ipv4");
  checkIpAddressType(endpointType, ipAddressType);
  checkCompressionSize(settings.minimumCompressionSize);
  if (service.apis.by.place.size(placeKey(context)) >= maxApis) throw limitExceeded("REST APIs for this account");
  const id = customIdOf(tags) ?? service.newId("apis", 10);
  if (service.apis.has(id)) throw conflict(`The API id ${id} is in use already.`);
  const api: RestApiRow = {
    id,
    account,
    region,
    serial: service.nextSerial(),
    createdMs: service.now,
    rootResourceId: service.newId("resources", 10),
    name: settings.name,
    ...defined({
      description: settings.description,
      version: settings.version,
      binaryMediaTypes: settings.binaryMediaTypes?.length ? settings.binaryMediaTypes : undefined,
      minimumCompressionSize: settings.minimumCompressionSize,
      vpcEndpointIds: endpoint.vpcEndpointIds?.length ? endpoint.vpcEndpointIds : undefined,
      policy: settings.policy ? storedPolicy(settings.policy, { id, account, region }) : undefined,
      securityPolicy: settings.securityPolicy ?? (endpointType === "REGIONAL" ? "TLS_1_0" : undefined),
      endpointAccessMode: settings.endpointAccessMode,
    }),
    apiKeySource: settings.apiKeySource ?? "HEADER",
    endpointType,
    ipAddressType: ipAddressType as ApiSettings["ipAddressType"],
    disableExecuteApiEndpoint: settings.disableExecuteApiEndpoint ?? false,
    tags,
  };
  service.apis.put(api);
  service.resources.put({ apiId: id, account, id: api.rootResourceId, serial: service.nextSerial(), path: "/" });
  return api;
}

/** @throws AwsError BadRequestException */
export function endpointTypeOf(types: readonly string[] | undefined): EndpointKind {
  if (types === undefined || types.length === 0) return "EDGE";
  if (!types.every(isEndpointType)) {
    throw badRequest("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE");
  }
  if (types.length > 1) throw badRequest("Cannot create an api with multiple Endpoint Types.");
  return types[0] as EndpointKind;
}

export function isEndpointType(type: string): type is EndpointKind {
  return type === "EDGE" || type === "REGIONAL" || type === "PRIVATE";
}

/** @throws AwsError BadRequestException */
export function checkIpAddressType(endpointType: EndpointKind, ipAddressType: string): void {
  if (endpointType === "PRIVATE" && ipAddressType === "ipv4") {
    throw badRequest("Only dualstack ipAddressType is supported for Private APIs.");
  }
}

/** @throws AwsError BadRequestException */
export function checkCompressionSize(bytes: number | undefined): void {
  if (bytes === undefined || bytes === null) return;
  if (!Number.isInteger(bytes) || bytes < 0 || bytes > maxCompressionBytes) {
    throw badRequest(`Invalid minimum compression size, must be between 0 and ${maxCompressionBytes}`);
  }
}

/** The API as operations return it. @param always shows tags even if there are none, as updates do. */
export function describedApi(api: RestApiRow, always: { readonly tags: boolean } = { tags: false }) {
  const { endpointType, ipAddressType, vpcEndpointIds } = api;
  return {
    id: api.id,
    name: api.name,
    description: api.description,
    createdDate: new Date(api.createdMs),
    version: api.version,
    binaryMediaTypes: api.binaryMediaTypes,
    minimumCompressionSize: api.minimumCompressionSize,
    apiKeySource: api.apiKeySource,
    endpointConfiguration: { types: [endpointType], ipAddressType, vpcEndpointIds },
    // AWS escapes the text's quotes once more.
    policy: api.policy?.replace(/"/g, '\\"'),
    tags: always.tags || Object.keys(api.tags).length > 0 ? api.tags : undefined,
    disableExecuteApiEndpoint: api.disableExecuteApiEndpoint,
    rootResourceId: api.rootResourceId,
    securityPolicy: api.securityPolicy,
    endpointAccessMode: api.endpointAccessMode,
    apiStatus: endpointType === "REGIONAL" ? "AVAILABLE" : undefined,
  } as const;
}

const draft4 = "http://json-schema.org/draft-04/schema#";

/** The models of every API that was not imported. */
function addDefaultModels(service: ApiGateway, { id: apiId, account }: RestApiRow): void {
  const models = {
    Empty: ["This is a default empty schema model", { $schema: draft4, title: "Empty Schema", type: "object" }],
    Error: [
      "This is a default error schema model",
      { $schema: draft4, title: "Error Schema", type: "object", properties: { message: { type: "string" } } },
    ],
  } as const;
  for (const [name, [description, schema]] of Object.entries(models)) {
    service.models.put({
      apiId,
      account,
      id: service.newId("models", 6),
      serial: service.nextSerial(),
      name,
      description,
      contentType: "application/json",
      schema: JSON.stringify(schema, undefined, 2),
    });
  }
}
