/** Authorizers and TestInvokeAuthorizer. */

import {
  CreateAuthorizer$,
  type CreateAuthorizerCommand,
  DeleteAuthorizer$,
  type DeleteAuthorizerCommand,
  GetAuthorizer$,
  type GetAuthorizerCommand,
  GetAuthorizers$,
  type GetAuthorizersCommand,
  TestInvokeAuthorizer$,
  type TestInvokeAuthorizerCommand,
  UpdateAuthorizer$,
  type UpdateAuthorizerCommand,
} from "@aws-sdk/client-api-gateway";
import { defined } from "../../apis/members.ts";
import type { Place } from "../../calls/place.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import { checkAuthorizer, checkAuthorizerUri } from "./authorizer-checks.ts";
import type { AuthorizerDefinition } from "./definitions.ts";
import { conflict, limitExceeded, notFound } from "./errors.ts";
import { pageOf } from "./pages.ts";
import { listedErrors, PatchTable, rulesFor } from "./patch.ts";
import { type AuthorizerRow, childKey } from "./tables.ts";

const maxAuthorizers = 10;

export const createAuthorizer = operation<CreateAuthorizerCommand>(CreateAuthorizer$, (input, context) => {
  const { service } = context;
  checkAuthorizerUri(input.type as AuthorizerDefinition["type"], input.authorizerUri);
  if (!service.hasApi(context, input.restApiId)) {
    throw conflict("Unable to complete operation due to concurrent modification. Please try again later.");
  }
  const { restApiId: _restApiId, ...settings } = input;
  const authorizer = newAuthorizer(
    service,
    { apiId: input.restApiId as string, account: context.account },
    settings as AuthorizerSettings,
  );
  return described(authorizer);
});

export const getAuthorizer = operation<GetAuthorizerCommand>(GetAuthorizer$, (input, context) =>
  described(authorizerOf(context.service, context, input)),
);

export const getAuthorizers = operation<GetAuthorizersCommand>(GetAuthorizers$, (input, context) => {
  const { service } = context;
  const api = service.api(context, input.restApiId);
  const { rows, position } = pageOf(service.authorizers.by.api, api.id, input);
  return { items: rows.map(described), position };
});

export const updateAuthorizer = operation<UpdateAuthorizerCommand>(UpdateAuthorizer$, (input, context) => {
  const { service } = context;
  const updated = patches.apply(authorizerOf(service, context, input), input.patchOperations);
  checkAuthorizerUri(updated.type, updated.authorizerUri);
  checkAuthorizer(updated);
  checkName(service, updated);
  service.authorizers.put(updated);
  return described(updated);
});

export const deleteAuthorizer = operation<DeleteAuthorizerCommand>(DeleteAuthorizer$, (input, context) => {
  const { service } = context;
  const { apiId, id, name } = authorizerOf(service, context, input);
  for (const method of service.methods.by.api.range(apiId)) {
    if (method.authorizerId === id && method.authorizationType !== "NONE") {
      throw conflict(`Cannot delete authorizer '${name}', is referenced in method: ${service.methodName(method)}`);
    }
  }
  service.authorizers.delete(childKey(apiId, id));
});

export const testInvokeAuthorizer = operation<TestInvokeAuthorizerCommand>(
  TestInvokeAuthorizer$,
  async (input, context) => {
    const { service } = context;
    const { apiId, id } = authorizerOf(service, context, input);
    const snapshot = service.currentSnapshot(service.api(context, apiId));
    const { restApiId: _restApiId, authorizerId: _authorizerId, ...settings } = input;
    const result = await service.executor.testInvokeAuthorizer(
      { ...settings, snapshot, authorizerId: id },
      context.invocation,
    );
    const { authorization } = result;
    const lists = authorization && Object.entries(authorization).map(([name, values]) => [name, [...values]]);
    return { ...result, authorization: lists && (Object.fromEntries(lists) as Record<string, string[]>) };
  },
);

export type AuthorizerSettings = Omit<AuthorizerDefinition, "id">;

/**
 * Creates an authorizer. Inside a transaction.
 * @throws AwsError BadRequestException, ConflictException, LimitExceededException
 */
export function newAuthorizer(
  service: ApiGateway,
  api: { readonly apiId: string; readonly account: string },
  settings: AuthorizerSettings,
): AuthorizerRow {
  const authorizer: AuthorizerRow = {
    ...api,
    id: service.newId("authorizers", 6),
    serial: service.nextSerial(),
    name: settings.name,
    type: settings.type,
    ...defined({
      authType: settings.authType || (settings.type === "COGNITO_USER_POOLS" ? "cognito_user_pools" : "custom"),
      authorizerUri: settings.authorizerUri || undefined,
      authorizerCredentials: settings.authorizerCredentials || undefined,
      identitySource: settings.identitySource || undefined,
      identityValidationExpression: settings.identityValidationExpression || undefined,
      authorizerResultTtlInSeconds: settings.authorizerResultTtlInSeconds,
      providerARNs: settings.providerARNs?.length ? settings.providerARNs : undefined,
    }),
  };
  checkAuthorizer(authorizer);
  checkName(service, authorizer);
  if (service.authorizers.by.api.size(api.apiId) >= maxAuthorizers) throw limitExceeded("authorizers for this API");
  service.authorizers.put(authorizer);
  return authorizer;
}

function checkName(service: ApiGateway, { apiId, id, name }: AuthorizerRow): void {
  for (const other of service.authorizers.by.api.range(apiId)) {
    if (other.id !== id && other.name === name)
      throw conflict(`Authorizer name must be unique. Authorizer ${name} already exists in this RestApi.`);
  }
}

const rules = rulesFor<AuthorizerRow>();

const patches = new PatchTable<AuthorizerRow>(
  [
    rules.text("name"),
    rules.choice("type", ["TOKEN", "REQUEST", "COGNITO_USER_POOLS"]),
    rules.text("authType"),
    rules.text("authorizerUri"),
    rules.text("authorizerCredentials"),
    rules.text("identityValidationExpression"),
    rules.integer("authorizerResultTtlInSeconds"),
    rules.text("identitySource", ["add", "replace", "remove"]),
    rules.items("providerARNs"),
  ],
  listedErrors(
    ...["/authorizerUri", "/authorizerCredentials", "/authorizerResultTtlInSeconds", "/authType"],
    ...["/identitySource", "/identityValidationExpression", "/name", "/providerARNs", "/type"],
  ),
);

/** @throws AwsError NotFoundException */
function authorizerOf(
  service: ApiGateway,
  place: Place,
  { restApiId, authorizerId }: { readonly restApiId?: string | undefined; readonly authorizerId?: string | undefined },
): AuthorizerRow {
  const api = service.api(place, restApiId);
  const authorizer = service.authorizers.get(childKey(api.id, authorizerId as string));
  if (authorizer === undefined) throw notFound("Invalid Authorizer identifier specified");
  return authorizer;
}

function described({ apiId: _apiId, account: _account, serial: _serial, providerARNs, ...shown }: AuthorizerRow) {
  return { ...shown, providerARNs: providerARNs && [...providerARNs] };
}
