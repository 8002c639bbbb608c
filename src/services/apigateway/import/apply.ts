/** Writes an imported definition into an API's rows. Inside a transaction. */
import type { ApiGateway, Context } from "../apigateway.ts";
import { newAuthorizer } from "../authorizers.ts";
import type { MethodDefinition } from "../definitions.ts";
import { newPart, replacePart } from "../documentation-parts.ts";
import { checkGatewayResponse } from "../gateway-responses.ts";
import { checkIntegration } from "../integration-checks.ts";
import { checkIntegrationResponse } from "../integration-responses.ts";
import { checkMethod } from "../methods.ts";
import { checkSchemaText, maxModels } from "../models.ts";
import { putResource } from "../resources.ts";
import { type AuthorizerRow, childKey, type MethodRow, type ResourceRow, type RestApiRow } from "../tables.ts";
import type { ImportedDefinition } from "./definition.ts";
import type { ImportedMethod } from "./operations.ts";
import type { Reader } from "./reader.ts";

/** The ids an API has before it is emptied, so that what is imported again keeps them. */
export interface ExistingIds {
  readonly resourceIds: ReadonlyMap<string, string>;
  readonly validatorIds: ReadonlyMap<string, string>;
  readonly authorizerIds: ReadonlyMap<string, string>;
}

/** The ids an API has now, by path and name. */
export function existingIds(service: ApiGateway, apiId: string): ExistingIds {
  const named = (rows: Iterable<{ readonly id: string; readonly name?: string }>) =>
    new Map([...rows].map(({ id, name = "" }) => [name, id]));
  return {
    resourceIds: new Map([...service.resources.by.api.range(apiId)].map(({ id, path }) => [path, id])),
    validatorIds: named(service.requestValidators.by.api.range(apiId)),
    authorizerIds: named(service.authorizers.by.api.range(apiId)),
  };
}

/** Adds the document's parts to the API, replacing those with the same name or path and verb. */
export function applyDefinition(
  context: Context,
  api: RestApiRow,
  reader: Reader,
  definition: ImportedDefinition,
  before: ExistingIds,
): void {
  const { service } = context;
  const ids = { validators: new Map(before.validatorIds), authorizers: new Map(before.authorizerIds) };
  putModels(service, api, reader, definition);
  putValidators(service, api, definition, ids.validators);
  putAuthorizers(service, api, reader, definition, ids.authorizers);
  for (const response of definition.gatewayResponses) {
    reader.attempt(`Unable to put gateway response '${response.responseType}'`, () => checkGatewayResponse(response));
    service.gatewayResponses.put({ apiId: api.id, account: api.account, ...response });
  }
  const resources = new Resources(service, api, before.resourceIds);
  for (const { path, methods } of definition.paths) {
    reader.attempt(`Unable to create resource at path '${path}'`, () => {
      const resource = resources.at(path);
      for (const method of methods) putMethod(context, reader, resource, method, ids);
    });
  }
  for (const { location, properties } of definition.documentation) {
    reader.attempt("Unable to create documentation part", () => {
      const owner = { apiId: api.id, account: api.account };
      if (!replacePart(service, owner, location, properties)) newPart(service, owner, location, properties);
    });
  }
}

function putModels(service: ApiGateway, api: RestApiRow, reader: Reader, { models }: ImportedDefinition): void {
  for (const { name, description, schema } of models) {
    reader.attempt(`Unable to create model '${name}'`, () => checkSchemaText(schema, "application/json"));
    const known = service.models.get(childKey(api.id, name));
    if (known === undefined && service.models.by.api.size(api.id) >= maxModels) {
      reader.fail(`Unable to create model '${name}': an API may have at most ${maxModels} models`);
      return;
    }
    service.models.put({
      apiId: api.id,
      account: api.account,
      id: known?.id ?? service.newId("models", 6),
      serial: known?.serial ?? service.nextSerial(),
      name,
      ...(description === undefined ? {} : { description }),
      contentType: "application/json",
      schema,
    });
  }
}

function putValidators(
  service: ApiGateway,
  { id: apiId, account }: RestApiRow,
  { validators }: ImportedDefinition,
  ids: Map<string, string>,
): void {
  for (const validator of validators) {
    const id = ids.get(validator.name) ?? service.newId("validators", 6);
    ids.set(validator.name, id);
    service.requestValidators.put({ apiId, account, serial: service.nextSerial(), id, ...validator });
  }
}

function putAuthorizers(
  service: ApiGateway,
  { id: apiId, account }: RestApiRow,
  reader: Reader,
  { authorizers }: ImportedDefinition,
  ids: Map<string, string>,
): void {
  for (const authorizer of authorizers) {
    const id = ids.get(authorizer.name);
    // An authorizer of the same name is replaced; the new one gets its id.
    if (id !== undefined) service.authorizers.delete(childKey(apiId, id));
    reader.attempt(`Unable to create authorizer '${authorizer.name}'`, () => {
      let row: AuthorizerRow = newAuthorizer(service, { apiId, account }, authorizer);
      if (id !== undefined) {
        service.authorizers.delete(childKey(apiId, row.id));
        row = { ...row, id };
        service.authorizers.put(row);
      }
      ids.set(authorizer.name, row.id);
    });
  }
}

/** The resources of an API by path; missing ones are created on the way. */
class Resources {
  readonly #service: ApiGateway;
  readonly #before: ReadonlyMap<string, string>;
  readonly #byPath: Map<string, ResourceRow>;

  constructor(service: ApiGateway, api: RestApiRow, before: ReadonlyMap<string, string>) {
    this.#service = service;
    this.#before = before;
    this.#byPath = new Map([...service.resources.by.api.range(api.id)].map((row) => [row.path, row]));
  }

  at(path: string): ResourceRow {
    let parent = this.#byPath.get("/") as ResourceRow;
    let at = "";
    for (const segment of path.split("/").slice(1)) {
      if (segment === "") continue;
      at += `/${segment}`;
      let row = this.#byPath.get(at);
      if (row === undefined) {
        row = putResource(this.#service, parent, segment, this.#before.get(at));
        this.#byPath.set(at, row);
      }
      parent = row;
    }
    return parent;
  }
}

interface NamedIds {
  readonly validators: ReadonlyMap<string, string>;
  readonly authorizers: ReadonlyMap<string, string>;
}

function putMethod(
  context: Context,
  reader: Reader,
  resource: ResourceRow,
  { authorizerName, validatorName, integration, ...imported }: ImportedMethod,
  ids: NamedIds,
): void {
  const { service } = context;
  const where = (what: string) =>
    `Unable to put ${what} on '${imported.httpMethod}' for resource at path '${resource.path}'`;
  const method: MethodDefinition = {
    ...imported,
    ...(authorizerName === undefined ? {} : { authorizerId: ids.authorizers.get(authorizerName) }),
    ...(validatorName === undefined ? {} : { requestValidatorId: ids.validators.get(validatorName) ?? validatorName }),
  };
  const row: MethodRow = {
    ...method,
    apiId: resource.apiId,
    account: resource.account,
    resourceId: resource.id,
    ...(integration === undefined
      ? {}
      : { integration: { ...integration, cacheNamespace: integration.cacheNamespace || resource.id } }),
  };
  reader.attempt(where("method"), () => checkMethod(service, resource, row));
  const own = row.integration;
  if (own !== undefined) {
    reader.attempt(where("integration"), () => checkIntegration(service, row, own, context));
    for (const response of Object.values(own.responses)) {
      reader.attempt(where("integration response"), () => checkIntegrationResponse(row, response));
    }
  }
  service.methods.put(row);
}
