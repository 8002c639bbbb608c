/** Operations of a document as methods. */

import { getOwn, isObject } from "../../../../protocols/unknown-json.ts";
import { defined, unlessEmpty } from "../../../apis/members.ts";
import type { IntegrationDefinition, MethodDefinition, MethodResponseDefinition } from "../definitions.ts";
import type { Members } from "./document.ts";
import { importedIntegration } from "./integrations.ts";
import { type Reader, textsIn } from "./reader.ts";
import type { Schemas } from "./schemas.ts";
import type { Security } from "./security.ts";

/** A method that names its authorizer and validator, which do not have ids yet. */
export interface ImportedMethod extends Omit<MethodDefinition, "authorizerId" | "requestValidatorId"> {
  readonly authorizerName?: string | undefined;
  readonly validatorName?: string | undefined;
  readonly integration?: IntegrationDefinition;
}

export interface ImportedPath {
  readonly path: string;
  readonly methods: readonly ImportedMethod[];
}

const verbs: Readonly<Record<string, string>> = {
  get: "GET",
  put: "PUT",
  post: "POST",
  delete: "DELETE",
  patch: "PATCH",
  options: "OPTIONS",
  head: "HEAD",
  "x-amazon-apigateway-any-method": "ANY",
};

/** Where a parameter is in a request, by the document's name for it. */
const places: Readonly<Record<string, string>> = { path: "path", query: "querystring", header: "header" };

export class Operations {
  readonly #reader: Reader;
  readonly #schemas: Schemas;
  readonly #security: Security;

  constructor(reader: Reader, schemas: Schemas, security: Security) {
    this.#reader = reader;
    this.#schemas = schemas;
    this.#security = security;
  }

  /** @param prefix goes before all paths. */
  paths(prefix: string): ImportedPath[] {
    const reader = this.#reader;
    const items = reader.entries(reader.root["paths"]).filter(([path]) => !path.startsWith("x-"));
    return items.flatMap(([path, value]) => {
      const item = reader.object(value);
      if (item === undefined || !path.startsWith("/")) {
        reader.warn(`Ignoring the path '${path}'`);
        return [];
      }
      const whole = joined(prefix, path);
      const methods = Object.entries(item).flatMap(([name, operation]) => {
        const verb = getOwn(verbs, name);
        if (verb === undefined) {
          if (name === "trace") reader.warn(`Ignoring the method 'TRACE' of the path '${path}'`);
          return [];
        }
        const members = reader.object(operation);
        return members === undefined ? [] : [this.#method(whole, verb, members, item["parameters"])];
      });
      return [{ path: whole, methods }];
    });
  }

  #method(path: string, verb: string, operation: Members, shared: unknown): ImportedMethod {
    const reader = this.#reader;
    const { authorizationType, authorizerName, authorizationScopes, apiKeyRequired } = this.#security.of(operation);
    const parameters = this.#parameters(shared, operation["parameters"]);
    const validator =
      reader.text(operation["x-amazon-apigateway-request-validator"]) ??
      reader.text(reader.root["x-amazon-apigateway-request-validator"]);
    const integration = importedIntegration(reader, { path, verb }, operation);
    const responses = this.#responses(operation);
    return {
      httpMethod: verb,
      authorizationType,
      authorizerName,
      apiKeyRequired,
      ...defined({
        operationName: reader.text(operation["operationId"]) || undefined,
        requestParameters: unlessEmpty(requestParameters(parameters)),
        requestModels: unlessEmpty(this.#requestModels(operation, parameters)),
        authorizationScopes: authorizationScopes.length > 0 ? authorizationScopes : undefined,
        integration,
      }),
      validatorName: validator || undefined,
      responses: Object.fromEntries(responses.map((response) => [response.statusCode, response])),
    };
  }

  /** The parameters of the path and of the operation, which override those with the same name and place. */
  #parameters(...lists: unknown[]): Members[] {
    const all = new Map<string, Members>();
    for (const list of lists) {
      for (const [, value] of Array.isArray(list) ? this.#reader.entries({ ...list }) : []) {
        const parameter = this.#reader.object(value);
        if (parameter === undefined) continue;
        all.set(JSON.stringify([parameter["in"], parameter["name"]]), parameter);
      }
    }
    return [...all.values()];
  }

  #requestModels(operation: Members, parameters: readonly Members[]): Record<string, string> {
    const reader = this.#reader;
    if (reader.document.version === 3) return this.#contentModels(reader.object(operation["requestBody"]));
    const body = parameters.find((parameter) => parameter["in"] === "body");
    const model = body && this.#schemas.modelOf(body["schema"]);
    if (model === undefined) return {};
    return Object.fromEntries(this.#types(operation, "consumes").map((type) => [type, model]));
  }

  /** The models of a request's body or a response, by content type. */
  #contentModels(holder: Members | undefined): Record<string, string> {
    const entries = this.#reader.entries(holder?.["content"]).flatMap(([type, value]) => {
      const model = this.#schemas.modelOf(this.#reader.object(value)?.["schema"]);
      return model === undefined ? [] : [[type, model] as const];
    });
    return Object.fromEntries(entries);
  }

  #types(operation: Members, member: "consumes" | "produces"): string[] {
    const own = textsIn(operation[member]);
    const shared = own.length > 0 ? own : textsIn(this.#reader.root[member]);
    return shared.length > 0 ? shared : ["application/json"];
  }

  #responses(operation: Members): MethodResponseDefinition[] {
    const reader = this.#reader;
    return reader.entries(operation["responses"]).flatMap(([statusCode, value]) => {
      const response = reader.object(value);
      // A method response has exactly one status, so `default` and `4XX` are skipped.
      if (response === undefined || !/^[1-5]\d\d$/.test(statusCode)) return [];
      const headers = reader
        .entries(response["headers"])
        .map(([name]) => [`method.response.header.${name}`, false] as const);
      return [
        {
          statusCode,
          ...defined({
            responseParameters: unlessEmpty(Object.fromEntries(headers)),
            responseModels: unlessEmpty(this.#responseModels(operation, response)),
          }),
        },
      ];
    });
  }

  #responseModels(operation: Members, response: Members): Record<string, string> {
    if (this.#reader.document.version === 3) return this.#contentModels(response);
    const model = isObject(response["schema"]) ? this.#schemas.modelOf(response["schema"]) : undefined;
    if (model === undefined) return {};
    return Object.fromEntries(this.#types(operation, "produces").map((type) => [type, model]));
  }
}

function requestParameters(parameters: readonly Members[]): Record<string, boolean> {
  const entries = parameters.flatMap(({ in: where, name, required }) => {
    const place = typeof where === "string" ? getOwn(places, where) : undefined;
    if (place === undefined || typeof name !== "string" || name === "" || /\s/.test(name)) return [];
    return [[`method.request.${place}.${name}`, required === true || place === "path"] as const];
  });
  return Object.fromEntries(entries);
}

/** A path after a prefix, without a trailing slash. */
function joined(prefix: string, path: string): string {
  return `${prefix}${path}`.replace(/\/+$/, "") || "/";
}
