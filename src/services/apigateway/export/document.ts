/** What was deployed to a stage, as an OpenAPI document of version 2 or 3. */
import { defined, unlessEmpty } from "../../../apis/members.ts";
import type { AuthorizerDefinition, MethodDefinition, MethodResponseDefinition } from "../definitions.ts";
import type { ApiSnapshot, SnapshotResource } from "../snapshot.ts";
import { exportedIntegration } from "./integration.ts";

export type ExportType = "oas30" | "swagger";

export interface ExportOptions {
  readonly type: ExportType;
  readonly stageName: string;
  /** The API's version, or its creation time. */
  readonly version: string;
  readonly extensions: ReadonlySet<string>;
}

type Members = Record<string, unknown>;

const anyVerb = "x-amazon-apigateway-any-method";
const keyScheme = { type: "apiKey", name: "x-api-key", in: "header" };
const signatureScheme = {
  type: "apiKey",
  name: "Authorization",
  in: "header",
  "x-amazon-apigateway-authtype": "awsSigv4",
};

/** Builds the document for one snapshot. */
export class ExportedDocument {
  readonly #snapshot: ApiSnapshot;
  readonly #options: ExportOptions;
  readonly #isVersion3: boolean;
  readonly #securitySchemes: Members = {};

  constructor(snapshot: ApiSnapshot, options: ExportOptions) {
    this.#snapshot = snapshot;
    this.#options = options;
    this.#isVersion3 = options.type === "oas30";
  }

  get value(): object {
    const { apiId, region, settings } = this.#snapshot;
    const { stageName, version } = this.#options;
    const info = defined({ title: settings.name, description: settings.description, version });
    const host = `${apiId}.execute-api.${region}.amazonaws.com`;
    const paths = this.#paths();
    const schemas = this.#schemas();
    if (this.#isVersion3) {
      const server = { url: `https://${host}/{basePath}`, variables: { basePath: { default: stageName } } };
      const components = defined({
        schemas: unlessEmpty(schemas),
        securitySchemes: unlessEmpty(this.#securitySchemes),
      });
      return { openapi: "3.0.1", info, servers: [server], paths, components, ...this.#extensions() };
    }
    return {
      swagger: "2.0",
      info,
      host,
      basePath: `/${stageName}`,
      schemes: ["https"],
      paths,
      ...defined({ securityDefinitions: unlessEmpty(this.#securitySchemes), definitions: unlessEmpty(schemas) }),
      ...this.#extensions(),
    };
  }

  #has(extension: string): boolean {
    const { extensions } = this.#options;
    return extensions.has(extension) || extensions.has("apigateway");
  }

  #paths(): Members {
    const entries = this.#snapshot.resources
      .filter(({ methods }) => Object.keys(methods).length > 0)
      .map((resource) => [resource.path, this.#pathItem(resource)] as const);
    return Object.fromEntries(entries);
  }

  #pathItem(resource: SnapshotResource): Members {
    const entries = Object.values(resource.methods).map((method) => {
      const verb = method.httpMethod === "ANY" ? anyVerb : method.httpMethod.toLowerCase();
      return [verb, this.#operation(resource, method)] as const;
    });
    return Object.fromEntries(entries);
  }

  #operation(resource: SnapshotResource, method: MethodDefinition): object {
    const { operationName, requestModels = {}, integration, requestValidatorId } = method;
    const parameters = this.#parameters(resource, method);
    const types = Object.keys(requestModels);
    const validator = requestValidatorId && this.#snapshot.validators[requestValidatorId]?.name;
    const produced = Object.values(method.responses).flatMap(({ responseModels = {} }) => Object.keys(responseModels));
    const body = !this.#isVersion3 && types.length > 0 ? [this.#bodyParameter(requestModels)] : [];
    const all = [...parameters, ...body];
    return defined({
      operationId: operationName,
      consumes: this.#isVersion3 || types.length === 0 ? undefined : types,
      produces: this.#isVersion3 ? undefined : produced.length > 0 ? [...new Set(produced)] : ["application/json"],
      parameters: all.length > 0 ? all : undefined,
      requestBody:
        this.#isVersion3 && types.length > 0 ? { content: this.#content(requestModels), required: true } : undefined,
      responses: Object.fromEntries(
        Object.values(method.responses).map((response) => [response.statusCode, this.#response(response)]),
      ),
      security: this.#security(method),
      "x-amazon-apigateway-request-validator": this.#has("validators") ? validator : undefined,
      "x-amazon-apigateway-integration":
        integration !== undefined && this.#has("integrations")
          ? exportedIntegration(integration, resource.id)
          : undefined,
    });
  }

  #parameters({ path }: SnapshotResource, { requestParameters = {} }: MethodDefinition): object[] {
    const places: Readonly<Record<string, string>> = { querystring: "query", header: "header", path: "path" };
    const declared = Object.entries(requestParameters).flatMap(([key, required]) => {
      const [, source = "", name = ""] = /^method\.request\.(?:multivalue)?([a-z]+)\.(.*)$/s.exec(key) ?? [];
      const where = places[source];
      return where === undefined ? [] : [{ name, where, required: required || where === "path" }];
    });
    // A document has to declare the variables of its paths, whether the method does or not.
    for (const [, name = ""] of path.matchAll(/\{([^}+]+)\+?\}/g)) {
      if (!declared.some((each) => each.where === "path" && each.name === name)) {
        declared.push({ name, where: "path", required: true });
      }
    }
    const type = { type: "string" };
    return declared.map(({ name, where, required }) =>
      defined({ name, in: where, required: required || undefined, ...(this.#isVersion3 ? { schema: type } : type) }),
    );
  }

  #bodyParameter(models: Readonly<Record<string, string>>): object {
    const [name = ""] = Object.values(models);
    return { in: "body", name, required: true, schema: this.#reference(name) };
  }

  #reference(model: string): object {
    return { $ref: `#/${this.#isVersion3 ? "components/schemas" : "definitions"}/${model}` };
  }

  #content(models: Readonly<Record<string, string>>): object {
    return Object.fromEntries(
      Object.entries(models).map(([type, model]) => [type, { schema: this.#reference(model) }]),
    );
  }

  #response({ statusCode, responseParameters = {}, responseModels = {} }: MethodResponseDefinition): object {
    const type = { type: "string" };
    const headers = Object.keys(responseParameters).map(
      (key) => [key.replace(/^method\.response\.header\./, ""), this.#isVersion3 ? { schema: type } : type] as const,
    );
    const [model] = Object.values(responseModels);
    return defined({
      description: `${statusCode} response`,
      headers: headers.length > 0 ? Object.fromEntries(headers) : undefined,
      content: this.#isVersion3 ? this.#content(responseModels) : undefined,
      schema: this.#isVersion3 || model === undefined ? undefined : this.#reference(model),
    });
  }

  #security({ authorizationType, authorizerId, authorizationScopes = [], apiKeyRequired }: MethodDefinition) {
    const security: Members[] = [];
    if (apiKeyRequired) security.push(this.#uses("api_key", keyScheme, []));
    if (authorizationType === "AWS_IAM") security.push(this.#uses("sigv4", signatureScheme, []));
    const authorizer = authorizerId === undefined ? undefined : this.#snapshot.authorizers[authorizerId];
    if (authorizer !== undefined && authorizationType !== "NONE" && this.#has("authorizers")) {
      security.push(this.#uses(authorizer.name, exportedAuthorizer(authorizer), authorizationScopes));
    }
    return security.length > 0 ? security : undefined;
  }

  #uses(name: string, scheme: object, scopes: readonly string[]): Members {
    Object.defineProperty(this.#securitySchemes, name, { value: scheme, enumerable: true, configurable: true });
    return Object.fromEntries([[name, scopes]]);
  }

  #schemas(): Members {
    const target = this.#isVersion3 ? "#/components/schemas/" : "#/definitions/";
    const entries = Object.values(this.#snapshot.models).flatMap(({ name, schema }) => {
      try {
        const local = schema.replace(/https:\/\/apigateway\.amazonaws\.com\/restapis\/[^/"]+\/models\//g, target);
        const value: unknown = JSON.parse(local);
        return [[name, value] as const];
      } catch {
        // A model that is not JSON cannot be part of a document.
        return [];
      }
    });
    return Object.fromEntries(entries);
  }

  #extensions(): object {
    if (!this.#options.extensions.has("apigateway")) return {};
    const { settings, gatewayResponses, validators } = this.#snapshot;
    const responses = Object.values(gatewayResponses).map(({ responseType, ...response }) => [responseType, response]);
    const named = Object.values(validators).map(({ id: _id, name = "", ...validator }) => [name, validator]);
    const policy: unknown = settings.policy === undefined ? undefined : JSON.parse(settings.policy);
    return defined({
      "x-amazon-apigateway-request-validators": unlessEmpty(Object.fromEntries(named) as object),
      "x-amazon-apigateway-gateway-responses": unlessEmpty(Object.fromEntries(responses) as object),
      "x-amazon-apigateway-api-key-source": settings.apiKeySource === "HEADER" ? undefined : settings.apiKeySource,
      "x-amazon-apigateway-binary-media-types": settings.binaryMediaTypes,
      "x-amazon-apigateway-minimum-compression-size": settings.minimumCompressionSize,
      "x-amazon-apigateway-policy": policy,
    });
  }
}

function exportedAuthorizer({
  id: _id,
  name: _name,
  type,
  authType,
  identitySource = "",
  ...rest
}: AuthorizerDefinition) {
  const header = /^method\.request\.header\.([^,]+)$/.exec(identitySource)?.[1];
  return defined({
    type: "apiKey",
    name: header ?? "Unused",
    in: "header",
    "x-amazon-apigateway-authtype": authType,
    "x-amazon-apigateway-authorizer": defined({
      ...rest,
      identitySource: type === "REQUEST" ? identitySource || undefined : undefined,
      type: type.toLowerCase(),
    }),
  });
}
