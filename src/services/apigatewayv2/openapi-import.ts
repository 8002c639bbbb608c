/** ImportApi and ReimportApi: create or replace an HTTP API from an OpenAPI document. */
import { ImportApi$, type ImportApiCommand, ReimportApi$, type ReimportApiCommand } from "@aws-sdk/client-apigatewayv2";
import { AwsError } from "../../../protocols/error.ts";
import { isObject, textOf } from "../../../protocols/unknown-json.ts";
import { inTransaction } from "../../calls/operation.ts";
import { type Context, operation } from "./apigatewayv2.ts";
import { checkCors, deleteApiParts, newApi, shownApi } from "./apis.ts";
import { addAuthorizer } from "./authorizers.ts";
import { badRequest } from "./errors.ts";
import { addIntegration } from "./integrations.ts";
import { readOpenApi, resolved, type Tree, textAt, textMap, textsAt, treeOf } from "./openapi.ts";
import { putRoute } from "./routes.ts";
import type { ApiRow, ApiValue, AuthorizerValue, IntegrationValue, RouteValue } from "./tables.ts";

const methods = ["get", "post", "put", "patch", "delete", "head", "options"];
const anyMethod = "x-amazon-apigateway-any-method";

interface ImportInput {
  readonly Body?: string | undefined;
  readonly Basepath?: string | undefined;
  readonly FailOnWarnings?: boolean | undefined;
}

/** One import: puts what it finds into the API, and what it skips into the warnings. */
class Import {
  readonly document: Tree;
  readonly warnings: string[] = [];
  readonly #context: Context;
  readonly #api: ApiRow;
  readonly #prefix: string;
  readonly #authorizers = new Map<string, AuthorizerValue>();
  /** Integrations that several routes refer to are created once. */
  readonly #shared = new Map<string, string>();

  constructor(context: Context, api: ApiRow, document: Tree, basepath: string) {
    this.#context = context;
    this.#api = api;
    this.document = document;
    this.#prefix = prefixOf(document, basepath);
  }

  run(): void {
    const { document } = this;
    if ("x-amazon-apigateway-request-validators" in document) {
      this.warnings.push("Ignoring request validators because they are not supported for HTTP APIs");
    }
    if (Object.keys(treeOf(treeOf(document, "components"), "schemas")).length > 0) {
      this.warnings.push("Ignoring models because they are not supported for HTTP APIs");
    }
    for (const [path, item] of Object.entries(treeOf(document, "paths"))) {
      if (!isObject(item)) continue;
      const operations = resolved(document, item);
      for (const [method, one] of Object.entries(operations)) {
        if (isObject(one) && (methods.includes(method) || method === anyMethod)) this.#route(path, method, one);
      }
    }
  }

  #route(path: string, method: string, one: Tree): void {
    const { service } = this.#context;
    const whole = `${this.#prefix}${path}`;
    const verb = method === anyMethod ? "ANY" : method.toUpperCase();
    const RouteKey = path === "/$default" && verb === "ANY" ? "$default" : `${verb} ${whole}`;
    const RouteId = service.newId(7);
    const given = textAt(one, "operationId");
    const value: RouteValue = {
      ApiKeyRequired: false,
      AuthorizationType: "NONE",
      RouteId,
      RouteKey,
      ...(given === undefined ? {} : { OperationName: given.slice(0, 64) }),
      ...this.#authorization(one, RouteKey),
    };
    const target = this.#integration(treeOf(one, "x-amazon-apigateway-integration"), RouteKey);
    if (target !== undefined) value.Target = target;
    putRoute(service, this.#api, service.newPart(this.#api, value, RouteId));
  }

  #integration(holder: Tree, routeKey: string): string | undefined {
    const ref = textAt(holder, "$ref");
    const shared = ref === undefined ? undefined : this.#shared.get(ref);
    if (shared !== undefined) return shared;
    const tree = resolved(this.document, holder);
    const value = integrationOf(tree);
    if (value === undefined) {
      this.warnings.push(`Route ${routeKey} has no integration`);
      return undefined;
    }
    const { IntegrationId } = addIntegration(this.#context.service, this.#api, value);
    const target = `integrations/${IntegrationId}`;
    if (ref !== undefined) this.#shared.set(ref, target);
    return target;
  }

  /** The route's own security, otherwise the document's. */
  #authorization(one: Tree, routeKey: string): Partial<RouteValue> {
    const security = one["security"] ?? this.document["security"];
    const first: unknown = Array.isArray(security) ? security[0] : undefined;
    if (!isObject(first)) return {};
    const [name] = Object.keys(first);
    if (name === undefined) return {};
    const scheme = treeOf(treeOf(treeOf(this.document, "components"), "securitySchemes"), name);
    if (textAt(scheme, "x-amazon-apigateway-authtype") === "awsSigv4") return { AuthorizationType: "AWS_IAM" };
    const authorizer = this.#authorizer(name, scheme);
    if (authorizer === undefined) {
      this.warnings.push(`Security scheme ${name} of route ${routeKey} has no authorizer`);
      return {};
    }
    const scopes = textsAt(first, name) ?? [];
    const isJwt = authorizer.AuthorizerType === "JWT";
    return {
      AuthorizationType: isJwt ? "JWT" : "CUSTOM",
      AuthorizerId: authorizer.AuthorizerId as string,
      ...(isJwt && scopes.length > 0 ? { AuthorizationScopes: scopes } : {}),
    };
  }

  #authorizer(name: string, scheme: Tree): AuthorizerValue | undefined {
    const known = this.#authorizers.get(name);
    if (known !== undefined) return known;
    const tree = treeOf(scheme, "x-amazon-apigateway-authorizer");
    const type = textAt(tree, "type")?.toUpperCase();
    if (type !== "JWT" && type !== "REQUEST") return undefined;
    const sources = textsAt(tree, "identitySource") ?? textAt(tree, "identitySource")?.split(/\s*,\s*/);
    const jwt = treeOf(tree, "jwtConfiguration");
    const given: Partial<AuthorizerValue> = {
      AuthorizerType: type,
      Name: name,
      ...(sources === undefined ? {} : { IdentitySource: sources }),
      ...(type === "JWT"
        ? { JwtConfiguration: { Audience: textsAt(jwt, "audience") ?? [], Issuer: textAt(jwt, "issuer") ?? "" } }
        : { AuthorizerUri: textAt(tree, "authorizerUri") ?? "" }),
    };
    const version = textAt(tree, "authorizerPayloadFormatVersion");
    if (type === "REQUEST" && version !== undefined) given.AuthorizerPayloadFormatVersion = version;
    if (tree["enableSimpleResponses"] === true) given.EnableSimpleResponses = true;
    const ttl = tree["authorizerResultTtlInSeconds"];
    if (typeof ttl === "number") given.AuthorizerResultTtlInSeconds = ttl;
    const credentials = textAt(tree, "authorizerCredentials");
    if (credentials !== undefined) given.AuthorizerCredentialsArn = credentials;
    const value = addAuthorizer(this.#context.service, this.#api, given);
    this.#authorizers.set(name, value);
    return value;
  }
}

/** The prefix of all paths, made from the server's path by `basepath`: ignore (the default), prepend or split. */
function prefixOf(document: Tree, basepath: string): string {
  const servers = document["servers"];
  const first: unknown = Array.isArray(servers) ? servers[0] : undefined;
  if (basepath === "ignore" || !isObject(first)) return "";
  const variables = treeOf(first, "variables");
  const url = (textAt(first, "url") ?? "").replace(/\{([^}]+)\}/g, (_all, name: string) => {
    return textAt(treeOf(variables, name), "default") ?? "";
  });
  const path = url.replace(/^[a-z]+:\/\/[^/]*/i, "").replace(/^\/*|\/*$/g, "");
  const segments = path.split("/").filter((segment) => segment !== "");
  const kept = basepath === "split" ? segments.slice(1) : segments;
  return kept.length === 0 ? "" : `/${kept.join("/")}`;
}

function integrationOf(tree: Tree): Partial<IntegrationValue> | undefined {
  const type = textAt(tree, "type")?.toUpperCase();
  if (type === undefined) return undefined;
  const connection = textAt(tree, "connectionType");
  const timeout = tree["timeoutInMillis"];
  const tls = textAt(treeOf(tree, "tlsConfig"), "serverNameToVerify");
  const responses = tree["responseParameters"];
  const texts = {
    ConnectionId: textAt(tree, "connectionId"),
    CredentialsArn: textAt(tree, "credentials"),
    Description: textAt(tree, "description"),
    IntegrationMethod: textAt(tree, "httpMethod")?.replace(/^x-amazon-apigateway-any-method$/, "ANY"),
    IntegrationSubtype: textAt(tree, "integrationSubtype"),
    IntegrationUri: textAt(tree, "uri"),
    PayloadFormatVersion: textAt(tree, "payloadFormatVersion"),
    RequestParameters: textMap(tree["requestParameters"]),
    ConnectionType: connection === undefined ? undefined : (connection as "INTERNET"),
    TimeoutInMillis: typeof timeout === "number" ? timeout : undefined,
    TlsConfig: tls === undefined ? undefined : { ServerNameToVerify: tls },
    ResponseParameters: isObject(responses)
      ? Object.fromEntries(Object.entries(responses).map(([status, map]) => [status, textMap(map) ?? {}]))
      : undefined,
  };
  const given = Object.entries(texts).filter(([, value]) => value !== undefined);
  return { IntegrationType: type as "AWS_PROXY", ...Object.fromEntries(given) };
}

function apiValueOf(document: Tree): Partial<ApiValue> & { readonly Name: string } {
  const info = treeOf(document, "info");
  const cors = document["x-amazon-apigateway-cors"];
  const endpoint = treeOf(document, "x-amazon-apigateway-endpoint-configuration");
  const description = textAt(info, "description");
  const version = textAt(info, "version");
  return {
    Name: (textAt(info, "title") ?? "imported").slice(0, 128),
    ...(description === undefined ? {} : { Description: description.slice(0, 1024) }),
    ...(version === undefined ? {} : { Version: version.slice(0, 64) }),
    ...(isObject(cors) ? { CorsConfiguration: corsOf(cors) } : {}),
    ...(endpoint["disableExecuteApiEndpoint"] === true ? { DisableExecuteApiEndpoint: true } : {}),
  };
}

function corsOf(cors: Tree): NonNullable<ApiValue["CorsConfiguration"]> {
  const lists = {
    AllowOrigins: textsAt(cors, "allowOrigins"),
    AllowMethods: textsAt(cors, "allowMethods"),
    AllowHeaders: textsAt(cors, "allowHeaders"),
    ExposeHeaders: textsAt(cors, "exposeHeaders"),
    MaxAge: typeof cors["maxAge"] === "number" ? cors["maxAge"] : undefined,
    AllowCredentials: typeof cors["allowCredentials"] === "boolean" ? cors["allowCredentials"] : undefined,
  };
  return Object.fromEntries(Object.entries(lists).filter(([, value]) => value !== undefined));
}

function tagsOf(document: Tree): Record<string, string> {
  const tags = document["tags"];
  const pairs = (Array.isArray(tags) ? tags : []).flatMap((tag: unknown) => {
    if (!isObject(tag)) return [];
    const name = textAt(tag, "name");
    const value = tag["x-amazon-apigateway-tag-value"];
    return name === undefined || value === undefined ? [] : [[name, textOf(value)] as const];
  });
  return Object.fromEntries(pairs);
}

/**
 * Puts the document's routes into the API.
 * @throws AwsError for what cannot be imported, or for warnings with `FailOnWarnings`.
 */
function importInto(context: Context, api: ApiRow, document: Tree, input: ImportInput): object {
  const basepath = input.Basepath ?? "ignore";
  if (!["ignore", "prepend", "split"].includes(basepath)) throw badRequest("Invalid basepath specified");
  const one = new Import(context, api, document, basepath);
  try {
    one.run();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw badRequest(`Errors found during import: ${error.message}`);
  }
  if (input.FailOnWarnings === true && one.warnings.length > 0) {
    throw badRequest(`Warnings found during import: ${one.warnings.join("\n")}`);
  }
  const row = context.service.apis.get(api.id) as ApiRow;
  const { Warnings: _before, ...value } = row.value;
  context.service.apis.put({ ...row, changes: row.changes + 1, value });
  const warnings = one.warnings.length === 0 ? {} : { Warnings: one.warnings };
  return { ...shownApi({ ...row, value }, context), ...warnings };
}

export const importApi = operation<ImportApiCommand>(ImportApi$, async (input, context) => {
  const document = await readOpenApi(input.Body as string, context.service.deps.clock.turns);
  return inTransaction(context, () => {
    const { Name, ...extra } = apiValueOf(document);
    checkCors(extra.CorsConfiguration);
    const api = newApi(context, { Name, ProtocolType: "HTTP", Tags: tagsOf(document) }, extra);
    return importInto(context, api, document, input);
  });
});

export const reimportApi = operation<ReimportApiCommand>(ReimportApi$, async (input, context) => {
  httpApi(input, context);
  const document = await readOpenApi(input.Body as string, context.service.deps.clock.turns);
  return inTransaction(context, () => reimported(context, document, input));
});

function httpApi({ ApiId }: { ApiId: string | undefined }, context: Context): ApiRow {
  const api = context.service.api(context, ApiId as string);
  if (api.value.ProtocolType !== "HTTP") throw badRequest("Reimport is only supported for protocolType HTTP");
  return api;
}

function reimported(context: Context, document: Tree, input: ImportInput & { ApiId: string | undefined }): object {
  const { service } = context;
  const api = httpApi(input, context);
  const { CorsConfiguration: _cors, Description: _description, Version: _version, ...kept } = api.value;
  const extra = apiValueOf(document);
  checkCors(extra.CorsConfiguration);
  const value = { ...kept, ...extra, Tags: { ...api.value.Tags, ...tagsOf(document) } } as ApiValue;
  deleteApiParts(service, api.id);
  const row = { ...api, value };
  service.apis.put(row);
  return importInto(context, row, document, input);
}
