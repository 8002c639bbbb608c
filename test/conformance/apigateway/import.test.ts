/** OpenAPI documents in and out. */
import type { APIGateway } from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { ApiGatewayEnvironment, account, functionUri, shown } from "../../support/apigateway.ts";
import { refused } from "../../support/refusal.ts";

let env: ApiGatewayEnvironment;
let client: APIGateway;
beforeAll(async () => {
  env = await ApiGatewayEnvironment.start();
  client = env.client;
});
afterAll(() => env.stop());

const mock = {
  type: "mock",
  passthroughBehavior: "when_no_templates",
  requestTemplates: { "application/json": '{"statusCode": 200}' },
  responses: { default: { statusCode: "200" }, "4\\d{2}": { statusCode: "400" } },
};
const responses = { "200": { description: "ok" }, "400": { description: "bad" }, default: { description: "any" } };

/** A document of version 3 with all kinds of things in it. */
const petStore = {
  openapi: "3.0.1",
  info: { title: "pets", description: "A store", version: "1.0" },
  servers: [{ url: "https://example.com/{basePath}", variables: { basePath: { default: "/v1/store" } } }],
  tags: [{ name: "team", "x-amazon-apigateway-tag-value": "blue" }],
  security: [{ token: [] }],
  paths: {
    "/pets/{petId}": {
      parameters: [{ name: "petId", in: "path", required: true, schema: { type: "string" } }],
      get: {
        operationId: "getPet",
        parameters: [
          { name: "verbose", in: "query", schema: { type: "boolean" } },
          { name: "X-Tenant", in: "header", required: true, schema: { type: "string" } },
        ],
        security: [{ api_key: [] }],
        responses: {
          ...responses,
          "200": {
            description: "ok",
            headers: { "X-Rate": { schema: { type: "integer" } } },
            content: { "application/json": { schema: { $ref: "#/components/schemas/House" } } },
          },
        },
        "x-amazon-apigateway-integration": mock,
      },
      "x-amazon-apigateway-any-method": {
        responses,
        "x-amazon-apigateway-integration": {
          type: "aws_proxy",
          httpMethod: "POST",
          uri: "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:f/invocations",
        },
      },
    },
    "/houses": {
      post: {
        security: [{ pool: ["write"] }],
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/House" } } } },
        responses,
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-integration": { $ref: "#/components/x-amazon-apigateway-integrations/shared" },
      },
      put: {
        requestBody: { content: { "application/json": { schema: { type: "object", required: ["a"] } } } },
        security: [{ sigv4: [] }],
        responses,
        "x-amazon-apigateway-integration": mock,
      },
    },
  },
  components: {
    schemas: {
      House: {
        description: "A house",
        type: "object",
        properties: { owner: { $ref: "#/components/schemas/Person" } },
        required: ["owner"],
        example: {},
      },
      Person: {
        type: "object",
        properties: { houses: { type: "array", items: { $ref: "#/components/schemas/House" } } },
      },
    },
    securitySchemes: {
      token: {
        type: "apiKey",
        name: "Auth",
        in: "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": { type: "token", authorizerUri: functionUri("auth") },
      },
      pool: {
        type: "apiKey",
        name: "Authorization",
        in: "header",
        "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {
          type: "cognito_user_pools",
          providerARNs: [`arn:aws:cognito-idp:us-east-1:${account}:userpool/us-east-1_x`],
        },
      },
      api_key: { type: "apiKey", name: "x-api-key", in: "header" },
      sigv4: { type: "apiKey", name: "Authorization", in: "header", "x-amazon-apigateway-authtype": "awsSigv4" },
    },
    "x-amazon-apigateway-integrations": { shared: mock },
  },
  "x-amazon-apigateway-request-validators": { all: { validateRequestBody: true, validateRequestParameters: true } },
  "x-amazon-apigateway-gateway-responses": {
    DEFAULT_4XX: { responseParameters: { "gatewayresponse.header.a": "'b'" } },
  },
  "x-amazon-apigateway-binary-media-types": ["image/png"],
  "x-amazon-apigateway-minimum-compression-size": 512,
  "x-amazon-apigateway-api-key-source": "HEADER",
  "x-amazon-apigateway-documentation": {
    version: "1",
    documentationParts: [{ location: { type: "API" }, properties: { description: "all" } }],
  },
};

const bytes = (document: unknown) => Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
const imported = async (document: unknown, parameters: Record<string, string> = {}) => {
  const answer = await client.importRestApi({ body: bytes(document), parameters });
  return { answer, restApiId: answer.id as string };
};
/** All methods by path and verb. */
async function methodsOf(restApiId: string) {
  const { items = [] } = await client.getResources({ restApiId, embed: ["methods"], limit: 500 });
  return Object.fromEntries(items.map(({ path, resourceMethods }) => [path as string, resourceMethods ?? {}]));
}

describe.each([
  ["JSON", (document: unknown) => JSON.stringify(document)],
  ["YAML", (document: unknown) => stringify(document)],
])("a document of version 3 in %s", (_format, written) => {
  it("becomes an API with everything in it", async () => {
    const { answer, restApiId } = await imported(written(petStore), { endpointConfigurationTypes: "REGIONAL" });
    expect(answer.$metadata.httpStatusCode).toBe(201);
    expect(shown(answer)).toMatchObject({
      name: "pets",
      description: "A store",
      version: "1.0",
      binaryMediaTypes: ["image/png"],
      minimumCompressionSize: 512,
      endpointConfiguration: { types: ["REGIONAL"] },
      tags: { team: "blue" },
    });
    const methods = await methodsOf(restApiId);
    expect(Object.keys(methods).sort()).toEqual(["/", "/houses", "/pets", "/pets/{petId}"]);
    const authorizers = (await client.getAuthorizers({ restApiId })).items ?? [];
    expect(authorizers.map(({ name, identitySource, authType }) => [name, identitySource, authType])).toEqual([
      ["token", "method.request.header.Auth", "custom"],
      ["pool", "method.request.header.Authorization", "cognito_user_pools"],
    ]);
    expect(shown({ $metadata: {}, ...methods["/pets/{petId}"]?.["GET"] })).toEqual({
      httpMethod: "GET",
      operationName: "getPet",
      authorizationType: "NONE",
      apiKeyRequired: true,
      requestParameters: {
        "method.request.path.petId": true,
        "method.request.querystring.verbose": false,
        "method.request.header.X-Tenant": true,
      },
      methodResponses: {
        "200": {
          statusCode: "200",
          responseModels: { "application/json": "House" },
          responseParameters: { "method.response.header.X-Rate": false },
        },
        "400": { statusCode: "400" },
      },
      methodIntegration: {
        type: "MOCK",
        passthroughBehavior: "WHEN_NO_TEMPLATES",
        requestTemplates: { "application/json": '{"statusCode": 200}' },
        cacheNamespace: expect.stringMatching(/^[a-z0-9]{6}$/),
        cacheKeyParameters: [],
        timeoutInMillis: 29000,
        integrationResponses: {
          "200": { statusCode: "200" },
          "400": { statusCode: "400", selectionPattern: "4\\d{2}" },
        },
      },
    });
    const any = methods["/pets/{petId}"]?.["ANY"];
    expect(any).toMatchObject({ authorizationType: "CUSTOM", authorizerId: authorizers[0]?.id });
    expect(any?.methodIntegration?.uri).toBe(functionUri("f"));
    const post = methods["/houses"]?.["POST"];
    expect(post).toMatchObject({
      authorizationType: "COGNITO_USER_POOLS",
      authorizationScopes: ["write"],
      requestModels: { "application/json": "House" },
      methodIntegration: { type: "MOCK" },
    });
    const validators = (await client.getRequestValidators({ restApiId })).items;
    expect(post?.requestValidatorId).toBe(validators?.[0]?.id);
    const put = methods["/houses"]?.["PUT"];
    expect(put?.authorizationType).toBe("AWS_IAM");
    expect(put?.requestModels?.["application/json"]).toMatch(/^MODEL[a-z0-9]{6}$/);
    const { items: models = [] } = await client.getModels({ restApiId });
    expect(models.map(({ name }) => name)).not.toContain("Empty");
    expect(models.find(({ name }) => name === "House")).toMatchObject({
      description: "A house",
      contentType: "application/json",
      schema: `{"required":["owner"],"type":"object","properties":{"owner":{"$ref":"https://apigateway.amazonaws.com/restapis/${restApiId}/models/Person"}},"description":"A house"}`,
    });
    const { items: parts } = await client.getDocumentationParts({ restApiId });
    expect(parts?.map(({ properties }) => properties)).toEqual(['{"description":"all"}']);
    expect((await client.getGatewayResponse({ restApiId, responseType: "THROTTLED" })).responseParameters).toEqual({
      "gatewayresponse.header.a": "'b'",
    });
    await client.createDeployment({ restApiId, stageName: "dev" });
  });
});

describe("a document of version 2", () => {
  const swagger = {
    swagger: 2.0,
    info: { title: "old", version: "2" },
    basePath: "/base/url/part",
    consumes: ["application/xml"],
    definitions: { Pet: { type: "object" } },
    paths: {
      "/test": {
        post: {
          parameters: [{ in: "body", name: "pet", schema: { $ref: "#/definitions/Pet" } }],
          responses: { 200: { description: "ok", schema: { $ref: "#/definitions/Pet" } } },
          "x-amazon-apigateway-integration": {
            type: "http",
            httpMethod: "GET",
            uri: "http://example.com",
            requestParameters: { "integration.request.header.nothing": true },
          },
        },
      },
    },
  };

  it.each([
    ["ignore", "/test"],
    ["prepend", "/base/url/part/test"],
    ["split", "/url/part/test"],
  ])("has its base path by the mode %s", async (basepath, path) => {
    const { answer, restApiId } = await imported(stringify(swagger), { basepath });
    const method = (await methodsOf(restApiId))[path]?.["POST"];
    expect(method?.requestModels).toEqual({ "application/xml": "Pet" });
    expect(method?.methodResponses?.["200"]?.responseModels).toEqual({ "application/json": "Pet" });
    expect(answer.warnings).toEqual([
      `Invalid format for 'requestParameters'. Expected type string for property 'integration.request.header.nothing' of resource '${path}' and method 'POST' but got 'true'`,
    ]);
  });

  it("is refused for its warnings on request", async () => {
    const call = client.importRestApi({ body: bytes(swagger), failOnWarnings: true });
    expect((await refused(call)).message).toMatch(/^Warnings found during import:\n\tInvalid format for/);
  });
});

describe("PutRestApi", () => {
  const small = (paths: object, more: object = {}) => ({
    openapi: "3.0.0",
    info: { title: "small", version: "1" },
    paths,
    ...more,
  });
  const get = (text: string) => ({
    get: { operationId: text, responses, "x-amazon-apigateway-integration": mock },
  });

  it("merges the document into the API", async () => {
    const { restApiId } = await imported(small({ "/a": get("a"), "/b": get("b") }));
    const before = await client.getResources({ restApiId });
    const answer = await client.putRestApi({
      restApiId,
      body: bytes(small({ "/b": get("b2"), "/c": get("c") })),
      mode: "merge",
    });
    expect(answer.$metadata.httpStatusCode).toBe(200);
    const methods = await methodsOf(restApiId);
    expect(Object.keys(methods).sort()).toEqual(["/", "/a", "/b", "/c"]);
    expect(methods["/b"]?.["GET"]?.operationName).toBe("b2");
    const after = await client.getResources({ restApiId });
    for (const { id, path } of before.items ?? []) {
      expect(after.items?.find((item) => item.path === path)?.id).toBe(id);
    }
  });

  it("overwrites everything but ids, stages and deployments", async () => {
    const { restApiId } = await imported(
      small({ "/a": get("a"), "/b": get("b") }, { components: { schemas: { M: {} } } }),
    );
    await client.createDeployment({ restApiId, stageName: "dev" });
    const before = (await client.getResources({ restApiId })).items ?? [];
    const answer = await client.putRestApi({ restApiId, body: bytes(small({ "/b": get("new") })), mode: "overwrite" });
    expect(answer.tags).toEqual({});
    const after = (await client.getResources({ restApiId })).items ?? [];
    expect(after.map(({ path }) => path).sort()).toEqual(["/", "/b"]);
    for (const { id, path } of after) expect(before.find((item) => item.path === path)?.id).toBe(id);
    expect((await client.getModels({ restApiId })).items).toEqual([]);
    expect((await client.getStages({ restApiId })).item).toHaveLength(1);
  });

  it("changes nothing when something is wrong", async () => {
    const { restApiId } = await imported(small({ "/a": get("a") }));
    const wrong = {
      get: { responses, "x-amazon-apigateway-integration": { type: "http", httpMethod: "GET", uri: "x" } },
    };
    const call = client.putRestApi({ restApiId, body: bytes(small({ "/": wrong })), mode: "overwrite" });
    expect((await refused(call)).message).toBe(
      "Errors found during import:\n\tUnable to put integration on 'GET' for resource at path '/': Invalid HTTP endpoint specified for URI",
    );
    expect(Object.keys(await methodsOf(restApiId)).sort()).toEqual(["/", "/a"]);
  });
});

describe("invalid documents", () => {
  it.each<[string, string]>([
    ["", "Invalid OpenAPI input."],
    ["[]", "Invalid OpenAPI input."],
    ["a: [", "Invalid OpenAPI input."],
    ['{"openapi":"4.0"}', "Invalid specification version number"],
    ["{}", "Invalid specification version number"],
    ['{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{}}}}', "Invalid OpenAPI input."],
    ['openapi: 3.1.0\ninfo: {title: t, version: "1"}\npaths: {/a: {get: {}}}', "Invalid OpenAPI input."],
    ['{"openapi":"3.0.1","paths":{}}', "Errors found during import:\n\tAPI Name cannot be blank"],
  ])("are refused: %s", async (text, message) => {
    expect(await refused(client.importRestApi({ body: bytes(text) }))).toMatchObject({
      name: "BadRequestException",
      message,
    });
  });

  it("do not multiply by many references to the same thing", async () => {
    const headers = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`h${at}`, { description: "x" }]));
    const paths = Object.fromEntries(
      Array.from({ length: 1_500 }, (_, at) => [`/p${at}`, { get: { responses: { 200: { $ref: "#/r" } } } }]),
    );
    const document = { swagger: "2.0", info: { title: "x" }, paths, r: { description: "x", headers } };
    expect((await refused(client.importRestApi({ body: bytes(document) }))).message).toContain("too large");
    const deep = `{"openapi":"3.0.0","x":${"[".repeat(5_000)}${"]".repeat(5_000)}}`;
    expect((await refused(client.importRestApi({ body: bytes(deep) }))).message).toContain("nested too deeply");
    const bomb = `openapi: 3.0.0\na: &a [x,x,x,x,x,x,x,x]\n${Array.from(
      { length: 12 },
      (_, at) =>
        `b${at}: &b${at} [${Array(8)
          .fill(at === 0 ? "*a" : `*b${at - 1}`)
          .join()}]`,
    ).join("\n")}\n`;
    expect((await refused(client.importRestApi({ body: bytes(bomb) }))).message).toContain("Invalid OpenAPI input.");
    expect(
      (await refused(client.importRestApi({ body: bytes(`openapi: 3.0.0\nx: ${"[".repeat(100_000)}`) }))).status,
    ).toBe(400);
    expect(
      (await refused(client.importRestApi({ body: bytes(`openapi: 3.0.0\nx:\n ${"- ".repeat(100_000)}`) }))).status,
    ).toBe(400);
  });
});

describe("GetExport", () => {
  const exported = async (restApiId: string, exportType: string, accepts: string, extensions?: string) => {
    const answer = await client.getExport({
      restApiId,
      stageName: "dev",
      exportType,
      accepts,
      ...(extensions === undefined ? {} : { parameters: { extensions } }),
    });
    return { answer, text: Buffer.from(answer.body as Uint8Array).toString() };
  };

  it.each(["oas30", "swagger"])("writes what was deployed as %s, which imports again as the same", async (type) => {
    const { restApiId } = await imported(petStore);
    await client.createDeployment({ restApiId, stageName: "dev" });
    await env.method(restApiId, "GET", "/later");
    const { answer, text } = await exported(restApiId, type, "application/json", "apigateway");
    expect(answer).toMatchObject({
      contentType: "application/octet-stream",
      contentDisposition: `attachment; filename="${type}_1.0.json"`,
    });
    const again = await imported(text);
    const [first, second] = [await methodsOf(restApiId), await methodsOf(again.restApiId)];
    delete first["/later"];
    const ids = new Set(["cacheNamespace", "authorizerId", "requestValidatorId"]);
    // Ids and names that were made up are others each time.
    const comparable = (methods: typeof first) =>
      JSON.stringify(methods, (name, value: unknown) => (ids.has(name) ? "id" : value)).replace(
        /MODEL[a-z0-9]{6}/g,
        "MODEL",
      );
    const sorted = (text: string) => JSON.parse(text) as object;
    expect(sorted(comparable(second))).toEqual(sorted(comparable(first)));
    const yaml = await exported(restApiId, type, "application/yaml", "apigateway");
    expect(yaml.answer.contentDisposition).toContain(".yaml");
    expect(parse(yaml.text)).toEqual(JSON.parse(text));
  });

  it("has the form AWS gives it", async () => {
    const { restApiId } = await imported(petStore);
    await client.createDeployment({ restApiId, stageName: "dev" });
    const { text } = await exported(restApiId, "oas30", "application/json");
    expect(JSON.parse(text)).toMatchObject({
      openapi: "3.0.1",
      info: { title: "pets", description: "A store", version: "1.0" },
      servers: [
        {
          url: `https://${restApiId}.execute-api.us-east-1.amazonaws.com/{basePath}`,
          variables: { basePath: { default: "dev" } },
        },
      ],
      paths: {
        "/pets/{petId}": {
          get: {
            operationId: "getPet",
            parameters: [
              { name: "petId", in: "path", required: true, schema: { type: "string" } },
              { name: "verbose", in: "query", schema: { type: "string" } },
              { name: "X-Tenant", in: "header", required: true, schema: { type: "string" } },
            ],
            responses: { "400": { description: "400 response", content: {} } },
            security: [{ api_key: [] }],
          },
        },
      },
      components: { schemas: { House: { properties: { owner: { $ref: "#/components/schemas/Person" } } } } },
    });
    expect(text).not.toContain("x-amazon-apigateway-integration");
    expect((await refused(exported(restApiId, "raml", "application/json"))).status).toBe(400);
  });
});

describe("ImportDocumentationParts", () => {
  it("adds parts or replaces all", async () => {
    const { restApiId } = await env.api();
    const parts = (description: string, ...types: string[]) =>
      bytes({
        "x-amazon-apigateway-documentation": {
          documentationParts: types.map((type) => ({
            location: { type, name: type === "API" ? undefined : "n" },
            properties: { description },
          })),
        },
      });
    const first = await client.importDocumentationParts({ restApiId, body: parts("1", "API", "MODEL") });
    expect(first.ids).toHaveLength(2);
    await client.importDocumentationParts({ restApiId, body: parts("2", "API"), mode: "merge" });
    const list = async () =>
      (await client.getDocumentationParts({ restApiId })).items?.map(({ location, properties }) => [
        location?.type,
        properties,
      ]);
    expect(await list()).toEqual([
      ["API", '{"description":"2"}'],
      ["MODEL", '{"description":"1"}'],
    ]);
    await client.importDocumentationParts({ restApiId, body: parts("3", "MODEL"), mode: "overwrite" });
    expect(await list()).toEqual([["MODEL", '{"description":"3"}']]);
  });
});
