/** ExportApi: an API, or the deployment of one of its stages, as an OpenAPI 3.0 document. */
import { ExportApi$, type ExportApiCommand } from "@aws-sdk/client-apigatewayv2";
import { Blob64 } from "../../../protocols/blob.ts";
import { operation } from "./apigatewayv2.ts";
import { badRequest, notFound } from "./errors.ts";
import {
  type ApiRow,
  type AuthorizerValue,
  type Definition,
  type IntegrationValue,
  partKey,
  type RouteValue,
} from "./tables.ts";

export const exportApi = operation<ExportApiCommand>(ExportApi$, async (input, context) => {
  const { service } = context;
  const api = service.api(context, input.ApiId as string);
  if (input.Specification !== "OAS30") throw badRequest("Invalid specification specified. Must be OAS30");
  if (input.OutputType !== "YAML" && input.OutputType !== "JSON") {
    throw badRequest("Invalid output type specified. Must be one of [YAML, JSON]");
  }
  if (api.value.ProtocolType !== "HTTP") throw badRequest("Export is only supported for protocolType HTTP");
  let definition = service.definition(api);
  if (input.StageName) {
    const stage = service.current(api, service.stage(api.id, input.StageName));
    const deployment = service.deployments.get(partKey(api.id, stage.value.DeploymentId ?? ""));
    if (deployment === undefined) throw notFound("Invalid stage identifier specified");
    definition = deployment.definition;
  }
  const document = exported(api, definition, context.origin, input.IncludeExtensions !== false);
  const text =
    input.OutputType === "JSON" ? JSON.stringify(document, undefined, 2) : (await import("yaml")).stringify(document);
  return { body: Blob64.fromBytes(Buffer.from(text)) as unknown as Uint8Array };
});

function exported(
  { id, value, createdMs }: ApiRow,
  definition: Definition,
  origin: string,
  extensions: boolean,
): object {
  const paths: Record<string, Record<string, object>> = {};
  const integrations = new Map(definition.integrations.map((one) => [`integrations/${one.IntegrationId}`, one]));
  const authorizers = new Map(definition.authorizers.map((one) => [one.AuthorizerId as string, one]));
  for (const route of definition.routes) {
    const key = route.RouteKey as string;
    const [verb = "", path = ""] = key === "$default" ? ["ANY", "/$default"] : key.split(" ");
    paths[path] ??= {};
    const method = verb === "ANY" ? "x-amazon-apigateway-any-method" : verb.toLowerCase();
    const integration = integrations.get(route.Target ?? "");
    (paths[path] as Record<string, object>)[method] = operationOf(route, path, integration, authorizers, extensions);
  }
  const schemes = Object.fromEntries(
    definition.authorizers.map((one) => [one.Name as string, schemeOf(one, extensions)]),
  );
  const cors = value.CorsConfiguration;
  return {
    openapi: "3.0.1",
    info: {
      title: value.Name,
      ...(value.Description === undefined ? {} : { description: value.Description }),
      version:
        value.Version ??
        new Date(createdMs)
          .toISOString()
          .replace(/\.\d+Z$/, "Z")
          .replaceAll(":", "-"),
    },
    servers: [{ url: `${origin}/_aws/execute-api/${id}` }],
    tags: Object.entries(value.Tags ?? {}).map(([name, text]) => ({
      name,
      ...(extensions ? { "x-amazon-apigateway-tag-value": text } : {}),
    })),
    paths,
    ...(Object.keys(schemes).length === 0 ? {} : { components: { securitySchemes: schemes } }),
    ...(extensions && cors ? { "x-amazon-apigateway-cors": lowerKeys(cors) } : {}),
    ...(extensions ? { "x-amazon-apigateway-importexport-version": "1.0" } : {}),
  };
}

function operationOf(
  route: RouteValue,
  path: string,
  integration: IntegrationValue | undefined,
  authorizers: ReadonlyMap<string, AuthorizerValue>,
  extensions: boolean,
): object {
  const names = [...path.matchAll(/\{([^}+]+)\+?\}/g)].map(([, name]) => name);
  const authorizer = authorizers.get(route.AuthorizerId ?? "");
  return {
    ...(route.OperationName === undefined ? {} : { operationId: route.OperationName }),
    ...(names.length === 0
      ? {}
      : { parameters: names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })) }),
    responses: { default: { description: `Default response for ${route.RouteKey}` } },
    ...(authorizer === undefined
      ? {}
      : { security: [{ [authorizer.Name as string]: route.AuthorizationScopes ?? [] }] }),
    ...(extensions && integration ? { "x-amazon-apigateway-integration": integrationOf(integration) } : {}),
  };
}

function integrationOf(value: IntegrationValue): object {
  const all = {
    payloadFormatVersion: value.PayloadFormatVersion,
    type: value.IntegrationType?.toLowerCase(),
    integrationSubtype: value.IntegrationSubtype,
    httpMethod: value.IntegrationMethod,
    uri: value.IntegrationUri,
    connectionType: value.ConnectionType,
    connectionId: value.ConnectionId,
    credentials: value.CredentialsArn,
    requestParameters: value.RequestParameters,
    responseParameters: value.ResponseParameters,
    timeoutInMillis: value.TimeoutInMillis,
    tlsConfig: value.TlsConfig && lowerKeys(value.TlsConfig),
  };
  return Object.fromEntries(Object.entries(all).filter(([, one]) => one !== undefined));
}

function schemeOf(value: AuthorizerValue, extensions: boolean): object {
  const isJwt = value.AuthorizerType === "JWT";
  const all = {
    identitySource: isJwt ? value.IdentitySource?.[0] : value.IdentitySource?.join(","),
    jwtConfiguration: isJwt
      ? { audience: value.JwtConfiguration?.Audience, issuer: value.JwtConfiguration?.Issuer }
      : undefined,
    authorizerUri: value.AuthorizerUri,
    authorizerPayloadFormatVersion: value.AuthorizerPayloadFormatVersion,
    authorizerResultTtlInSeconds: value.AuthorizerResultTtlInSeconds,
    authorizerCredentials: value.AuthorizerCredentialsArn,
    enableSimpleResponses: value.EnableSimpleResponses,
    type: isJwt ? "jwt" : "request",
  };
  const extension = Object.fromEntries(Object.entries(all).filter(([, one]) => one !== undefined));
  const scheme = isJwt ? { type: "oauth2", flows: {} } : { type: "apiKey", name: "Authorization", in: "header" };
  return extensions ? { ...scheme, "x-amazon-apigateway-authorizer": extension } : scheme;
}

function lowerKeys(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key[0]?.toLowerCase() + key.slice(1), one]));
}
