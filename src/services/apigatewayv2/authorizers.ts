/** Authorizers. */
import {
  CreateAuthorizer$,
  type CreateAuthorizerCommand,
  DeleteAuthorizer$,
  type DeleteAuthorizerCommand,
  GetAuthorizer$,
  type GetAuthorizerCommand,
  GetAuthorizers$,
  type GetAuthorizersCommand,
  UpdateAuthorizer$,
  type UpdateAuthorizerCommand,
} from "@aws-sdk/client-apigatewayv2";
import { functionOf } from "../../apis/function-uri.ts";
import { isLoopback } from "../../outside/http-client.ts";
import { type ApiGatewayV2, type Context, given, operation, patched } from "./apigatewayv2.ts";
import { badRequest, conflict } from "./errors.ts";
import { page } from "./pages.ts";
import { type ApiRow, type AuthorizerValue, partKey } from "./tables.ts";

const settings = [
  "AuthorizerCredentialsArn",
  "AuthorizerPayloadFormatVersion",
  "AuthorizerResultTtlInSeconds",
  "AuthorizerType",
  "AuthorizerUri",
  "EnableSimpleResponses",
  "IdentitySource",
  "IdentityValidationExpression",
  "JwtConfiguration",
  "Name",
] as const;

type GivenMembers = Partial<AuthorizerValue>;

export const createAuthorizer = operation<CreateAuthorizerCommand>(CreateAuthorizer$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.ApiId as string);
  if (input.AuthorizerCredentialsArn === "") throw badRequest("Invalid role ARN");
  return addAuthorizer(service, api, given<AuthorizerValue>(input, settings));
});

/** Checks and stores a new authorizer. Inside a transaction. @throws AwsError */
export function addAuthorizer(service: ApiGatewayV2, api: ApiRow, members: GivenMembers): AuthorizerValue {
  const AuthorizerId = service.newId(7);
  const value = { ...members, AuthorizerId } as AuthorizerValue;
  checkAuthorizer(service, api, value, members);
  service.authorizers.put(service.newPart(api, withoutEmpty(value), AuthorizerId));
  service.changed(api);
  return withoutEmpty(value);
}

/** An empty list of identity sources is not stored. */
function withoutEmpty(value: AuthorizerValue): AuthorizerValue {
  const { IdentitySource, ...rest } = value;
  return IdentitySource === undefined || IdentitySource.length === 0 ? rest : value;
}

/** @param members the members in the request, some of which must be absent. @throws AwsError */
function checkAuthorizer(service: ApiGatewayV2, api: ApiRow, value: AuthorizerValue, members: GivenMembers): void {
  for (const other of service.authorizers.by.parent.range(partKey(api.id, ""))) {
    if (other.id !== value.AuthorizerId && other.value.Name === value.Name) {
      throw conflict(`Authorizer with name ${value.Name} already exists for this API`);
    }
  }
  const { AuthorizerCredentialsArn: role } = value;
  if (role !== undefined && !role.startsWith("arn:")) throw badRequest("Invalid role ARN");
  if (api.value.ProtocolType === "WEBSOCKET") checkWebSocket(value, members);
  else if (value.AuthorizerType === "JWT") checkJwt(value);
  else checkRequest(value);
}

const webSocketSource =
  /^(?:route\.request\.(?:querystring|header)\.[a-zA-Z0-9._-]+|(?:stageVariables|context)\.[a-zA-Z0-9._-]+)$/;

function checkWebSocket(value: AuthorizerValue, members: GivenMembers): void {
  if (value.AuthorizerType !== "REQUEST") {
    const only = "Only REQUEST authorizer type is supported on WEBSOCKET protocol Apis.";
    throw badRequest(`Invalid authorizer type. ${only}`);
  }
  for (const member of [
    "AuthorizerResultTtlInSeconds",
    "AuthorizerPayloadFormatVersion",
    "EnableSimpleResponses",
  ] as const) {
    if (members[member] !== undefined) throw badRequest(`${member} cannot be set for WEBSOCKET protocol Apis.`);
  }
  checkUri(value);
  const bad = value.IdentitySource?.find((source) => !webSocketSource.test(source));
  if (bad === undefined) return;
  throw badRequest(
    `Invalid request identity source expression: ${bad}. The sources must be separated by comma, and each source must be either a request parameter, matching 'route.request.querystring|header.[a-zA-Z0-9._-]+', or a stage variable, matching 'stageVariables.[a-zA-Z0-9._-]+', or a context parameter, matching 'context.[a-zA-Z0-9._-]+'`,
  );
}

function checkUri({ AuthorizerUri: uri }: AuthorizerValue): void {
  if (uri === undefined || functionOf(uri) === undefined) throw badRequest(`Invalid Authorizer URI: ${uri ?? ""}`);
}

const maxAudiences = 50;
const httpSource = /^\$(?:request\.(?:header|querystring)\.\S+|context\.\S+|stageVariables\.\S+)$/;

function checkRequest(value: AuthorizerValue): void {
  const { AuthorizerPayloadFormatVersion: version, AuthorizerResultTtlInSeconds: ttl = 0 } = value;
  checkUri(value);
  if (!Number.isInteger(ttl) || ttl < 0 || ttl > 3600) {
    throw badRequest("AuthorizerResultTtlInSeconds must be between 0 and 3600");
  }
  if (version !== "1.0" && version !== "2.0") {
    throw badRequest("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer");
  }
  if (value.EnableSimpleResponses === true && version !== "2.0") {
    throw badRequest("EnableSimpleResponses is only supported with AuthorizerPayloadFormatVersion 2.0");
  }
  if (ttl > 0 && (value.IdentitySource ?? []).length === 0) {
    throw badRequest("IdentitySource is required when authorizer result caching is enabled");
  }
  const bad = value.IdentitySource?.find((source) => !httpSource.test(source));
  if (bad !== undefined) throw badRequest(`Invalid identity source expression: ${bad}`);
}

function checkJwt({ IdentitySource: sources = [], JwtConfiguration: jwt }: AuthorizerValue): void {
  const [source = ""] = sources;
  if (sources.length !== 1 || !/^\$request\.(?:header|querystring)\.\S+$/.test(source)) {
    throw badRequest("JWT authorizers require exactly one identity source of the request's headers or query strings");
  }
  if (!jwt?.Issuer) throw badRequest("Issuer is required for JWT authorizers");
  if ((jwt.Audience?.length ?? 0) > maxAudiences) {
    throw badRequest(`An authorizer may have at most ${maxAudiences} audiences`);
  }
  if (!isIssuer(jwt.Issuer)) {
    const must = "Issuer must have a valid discovery endpoint ended with '/.well-known/openid-configuration'";
    throw badRequest(`Invalid issuer: ${jwt.Issuer}. ${must}`);
  }
}

/** Issuers use https; one on this machine or network need not. */
function isIssuer(issuer: string): boolean {
  if (!URL.canParse(issuer)) return false;
  const { protocol, hostname } = new URL(issuer);
  return protocol === "https:" || (protocol === "http:" && (isLoopback(hostname) || !hostname.includes(".")));
}

function authorizerOf(context: Context, apiId: string, id: string) {
  const { service } = context;
  const api = service.api(context, apiId);
  return { api, authorizer: service.part(service.authorizers, "Authorizer", apiId, id) };
}

export const getAuthorizer = operation<GetAuthorizerCommand>(
  GetAuthorizer$,
  (input, context) => authorizerOf(context, input.ApiId as string, input.AuthorizerId as string).authorizer.value,
);

export const getAuthorizers = operation<GetAuthorizersCommand>(GetAuthorizers$, (input, context) => {
  const { service } = context;
  const { id } = service.api(context, input.ApiId as string);
  return page(
    service.authorizers.by.parent,
    partKey(id, ""),
    input,
    (row) => row.serial,
    (row) => row.value,
  );
});

export const updateAuthorizer = operation<UpdateAuthorizerCommand>(UpdateAuthorizer$, (input, context) => {
  const { service } = context;
  const { api, authorizer } = authorizerOf(context, input.ApiId as string, input.AuthorizerId as string);
  const members = given<AuthorizerValue>(input, settings);
  const value = patched<AuthorizerValue>(authorizer.value, input, settings);
  checkAuthorizer(service, api, value, members);
  service.authorizers.put({ ...authorizer, value: withoutEmpty(value) });
  service.changed(api);
  return withoutEmpty(value);
});

export const deleteAuthorizer = operation<DeleteAuthorizerCommand>(DeleteAuthorizer$, (input, context) => {
  const { service } = context;
  const { api, authorizer } = authorizerOf(context, input.ApiId as string, input.AuthorizerId as string);
  const user = service.routes.by.authorizer.first(partKey(api.id, authorizer.id));
  if (user !== undefined) {
    const { Name: name } = authorizer.value;
    throw conflict(`Cannot delete authorizer '${name}', is referenced in route: ${user.value.RouteKey}`);
  }
  service.authorizers.delete(partKey(api.id, authorizer.id));
  service.changed(api);
  return {};
});
