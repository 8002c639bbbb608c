/** What belongs to an API besides resources: models, validators, authorizers, gateway responses, documentation. */
import type { APIGateway, GatewayResponseType } from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, account, functionUri, shown } from "../../support/apigateway.ts";
import { refusal, refused } from "../../support/refusal.ts";

const bad = (message: string) => refusal("BadRequestException", message);
const missing = (message: string) => refusal("NotFoundException", message, 404);
const conflicting = (message: string) => refusal("ConflictException", message, 409);

let env: ApiGatewayEnvironment;
let client: APIGateway;
beforeAll(async () => {
  env = await ApiGatewayEnvironment.start();
  client = env.client;
});
afterAll(() => env.stop());

describe("models", () => {
  it("begin with Empty and Error", async () => {
    const { restApiId } = await env.api();
    const { items } = await client.getModels({ restApiId });
    expect(items?.map(({ name, description }) => [name, description])).toEqual([
      ["Empty", "This is a default empty schema model"],
      ["Error", "This is a default error schema model"],
    ]);
    expect(items?.[0]?.schema).toBe(
      '{\n  "$schema": "http://json-schema.org/draft-04/schema#",\n  "title": "Empty Schema",\n  "type": "object"\n}',
    );
  });

  it("are created, updated and deleted, with AWS's errors", async () => {
    const { restApiId } = await env.api();
    const contentType = "application/json";
    const create = (name: string, schema?: string) => client.createModel({ restApiId, name, contentType, schema });
    expect(
      shown(await client.createModel({ restApiId, name: "Pet", contentType, schema: "{}", description: "" })),
    ).toEqual({ contentType, id: expect.stringMatching(/^[a-z0-9]{6}$/), name: "Pet", schema: "{}" });
    expect(await refused(create("Pet", "{}"))).toEqual(conflicting("Model name already exists for this REST API"));
    expect(await refused(create("", "{}"))).toEqual(bad("Model name must be non-empty"));
    const empty = bad("Model schema must have at least 1 property or array items defined");
    expect(await refused(create("X"))).toEqual(empty);
    expect(await refused(create("X", ""))).toEqual(empty);
    const invalid = bad(
      "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]",
    );
    for (const schema of [
      "{",
      "[]",
      '{"type":"text"}',
      '{"type":["string",5]}',
      '{"required":true}',
      '{"properties":{"a":{"items":5}}}',
      '{"anyOf":[]}',
      '{"definitions":{"a":{"not":{"enum":[]}}}}',
    ]) {
      expect(await refused(create("X", schema)), schema).toEqual(invalid);
    }
    expect(await refused(client.getModel({ restApiId, modelName: "MySchema" }))).toEqual(
      missing("Invalid model name specified: MySchema"),
    );
    const patch = (path: string) =>
      client.updateModel({ restApiId, modelName: "Pet", patchOperations: [{ op: "replace", path, value: '{"a":1}' }] });
    expect((await patch("/schema")).schema).toBe('{"a":1}');
    const pattern = { op: "replace" as const, path: "/schema", value: '{"pattern":5}' };
    expect(await refused(client.updateModel({ restApiId, modelName: "Pet", patchOperations: [pattern] }))).toEqual(
      invalid,
    );
    expect((await refused(patch("/name"))).message).toContain("Must be one of: [/description, /schema]");
    const address = await env.method(restApiId, "POST", "/pets");
    const patchOperations = [{ op: "add" as const, path: "/requestModels/application~1json", value: "Pet" }];
    await client.updateMethod({ ...address, patchOperations });
    expect(await refused(client.deleteModel({ restApiId, modelName: "Pet" }))).toEqual(
      conflicting("Cannot delete model 'Pet', is referenced in method request: /pets/POST"),
    );
    await client.deleteMethod(address);
    await client.deleteModel({ restApiId, modelName: "Pet" });
  });

  it("are flattened, and make templates, even with circular references", async () => {
    const { restApiId } = await env.api();
    const url = (name: string) => `https://apigateway.amazonaws.com/restapis/${restApiId}/models/${name}`;
    const contentType = "application/json";
    const house = { type: "object", properties: { owner: { $ref: url("Person") }, name: { type: "string" } } };
    const person = { type: "object", properties: { houses: { type: "array", items: { $ref: url("House") } } } };
    await client.createModel({ restApiId, name: "House", contentType, schema: JSON.stringify(house) });
    await client.createModel({ restApiId, name: "Person", contentType, schema: JSON.stringify(person) });
    const { schema } = await client.getModel({ restApiId, modelName: "House", flatten: true });
    expect(JSON.parse(schema as string)).toMatchObject({
      properties: { owner: { $ref: "#/definitions/Person" } },
      definitions: { Person: { properties: { houses: { items: { $ref: "#/definitions/House" } } } } },
    });
    const { value } = await client.getModelTemplate({ restApiId, modelName: "House" });
    expect(value).toContain("#set($inputRoot = $input.path('$'))");
    expect(value).toContain('"name" : "$inputRoot.name"');
  });
});

describe("request validators", () => {
  it("are stored, with AWS's errors", async () => {
    const { restApiId } = await env.api();
    const created = await client.createRequestValidator({ restApiId, name: "v", validateRequestBody: true });
    expect(shown(created)).toEqual({
      id: expect.stringMatching(/^[a-z0-9]{6}$/),
      name: "v",
      validateRequestBody: true,
      validateRequestParameters: false,
    });
    const requestValidatorId = created.id as string;
    const update = (path: string, value?: string) =>
      client.updateRequestValidator({
        restApiId,
        requestValidatorId,
        patchOperations: [{ op: "replace", path, value }],
      });
    expect((await update("/validateRequestBody")).validateRequestBody).toBe(false);
    expect(await refused(update("/name", ""))).toEqual(bad("Request Validator name cannot be blank"));
    expect((await refused(update("/x"))).message).toContain(
      "Must be one of: [/name, /validateRequestParameters, /validateRequestBody]",
    );
    expect(await refused(client.createRequestValidator({ restApiId: "x" }))).toEqual(
      bad("Invalid REST API identifier specified"),
    );
    expect(await refused(client.getRequestValidators({ restApiId: "x" }))).toEqual(
      missing(`Invalid API identifier specified ${account}:x`),
    );
    await client.deleteRequestValidator({ restApiId, requestValidatorId });
    expect(await refused(client.getRequestValidator({ restApiId, requestValidatorId }))).toEqual(
      missing("Invalid Request Validator identifier specified"),
    );
  });
});

describe("authorizers", () => {
  it("are stored, with AWS's errors", async () => {
    const { restApiId } = await env.api();
    const token = { name: "a", type: "TOKEN" as const, identitySource: "method.request.header.Auth" };
    const wrong = client.createAuthorizer({ restApiId: "nobody", ...token, authorizerUri: "x" });
    expect((await refused(wrong)).message).toMatch(/^Invalid Authorizer URI: x\. Authorizer URI should be a valid/);
    const lost = client.createAuthorizer({ restApiId: "nobody", ...token, authorizerUri: functionUri("f") });
    expect(await refused(lost)).toEqual(
      conflicting("Unable to complete operation due to concurrent modification. Please try again later."),
    );
    const created = await client.createAuthorizer({ restApiId, ...token, authorizerUri: functionUri("f") });
    expect(shown(created)).toEqual({
      authType: "custom",
      authorizerUri: functionUri("f"),
      id: expect.stringMatching(/^[a-z0-9]{6}$/),
      identitySource: "method.request.header.Auth",
      name: "a",
      type: "TOKEN",
    });
    const pool = `arn:aws:cognito-idp:us-east-1:${account}:userpool/us-east-1_abc`;
    const cognito = { restApiId, name: "c", type: "COGNITO_USER_POOLS" as const, providerARNs: [pool] };
    expect(shown(await client.createAuthorizer(cognito))).toMatchObject({
      authType: "cognito_user_pools",
      providerARNs: [pool],
    });
    const authorizerId = created.id as string;
    const patchOperations = [{ op: "replace" as const, path: "/authorizerResultTtlInSeconds", value: "60" }];
    expect(await client.updateAuthorizer({ restApiId, authorizerId, patchOperations })).toMatchObject({
      authorizerResultTtlInSeconds: 60,
    });
    const address = await env.method(restApiId, "GET", "/test");
    await client.updateMethod({
      ...address,
      patchOperations: [
        { op: "replace", path: "/authorizerId", value: authorizerId },
        { op: "replace", path: "/authorizationType", value: "CUSTOM" },
      ],
    });
    expect(await refused(client.deleteAuthorizer({ restApiId, authorizerId }))).toEqual(
      conflicting("Cannot delete authorizer 'a', is referenced in method: GET//test"),
    );
    await client.deleteMethod(address);
    await client.deleteAuthorizer({ restApiId, authorizerId });
    expect((await client.getAuthorizers({ restApiId })).items).toHaveLength(1);
    expect(await refused(client.getAuthorizer({ restApiId, authorizerId }))).toEqual(
      missing("Invalid Authorizer identifier specified"),
    );
  });
});

describe("gateway responses", () => {
  const usual = { "application/json": '{"message":$context.error.messageString}' };

  it("are 21, customized or not", async () => {
    const { restApiId } = await env.api();
    const { items = [] } = await client.getGatewayResponses({ restApiId });
    expect(items).toHaveLength(21);
    expect(items.map(({ responseType }) => responseType)).toEqual(items.map(({ responseType }) => responseType).sort());
    expect(items.find(({ responseType }) => responseType === "ACCESS_DENIED")).toEqual({
      defaultResponse: true,
      responseParameters: {},
      responseTemplates: usual,
      responseType: "ACCESS_DENIED",
      statusCode: "403",
    });
    expect(items.find(({ responseType }) => responseType === "DEFAULT_4XX")?.statusCode).toBeUndefined();
  });

  it("inherit from their default until customized", async () => {
    const { restApiId } = await env.api();
    const headers = { "gatewayresponse.header.x": "'1'" };
    const put = (responseType: GatewayResponseType, more: object) =>
      client.putGatewayResponse({ restApiId, responseType, ...more });
    expect(shown(await put("DEFAULT_5XX", { statusCode: "599", responseParameters: headers }))).toEqual({
      defaultResponse: false,
      responseParameters: headers,
      responseTemplates: usual,
      responseType: "DEFAULT_5XX",
      statusCode: "599",
    });
    const get = (responseType: GatewayResponseType) => client.getGatewayResponse({ restApiId, responseType });
    expect(await get("INTEGRATION_TIMEOUT")).toMatchObject({ defaultResponse: true, statusCode: "599" });
    await put("INTEGRATION_TIMEOUT", { responseTemplates: { "text/plain": "late" } });
    expect(await get("INTEGRATION_TIMEOUT")).toMatchObject({
      defaultResponse: false,
      statusCode: "504",
      responseParameters: {},
      responseTemplates: { "text/plain": "late" },
    });
    const patchOperations = [{ op: "replace" as const, path: "/statusCode", value: "418" }];
    expect(
      await client.updateGatewayResponse({ restApiId, responseType: "UNAUTHORIZED", patchOperations }),
    ).toMatchObject({ statusCode: "418", defaultResponse: false });
    await client.deleteGatewayResponse({ restApiId, responseType: "UNAUTHORIZED" });
    expect(await refused(client.deleteGatewayResponse({ restApiId, responseType: "UNAUTHORIZED" }))).toEqual(
      missing("Gateway response type not defined on api"),
    );
    expect((await refused(put("NOTHING" as "UNAUTHORIZED", {}))).message).toContain("at 'responseType' failed");
  });
});

describe("documentation", () => {
  it("has parts and versions", async () => {
    const { restApiId } = await env.deployed();
    const location = { type: "METHOD" as const, path: "/pets", method: "GET" };
    const properties = '{"description":"lists pets"}';
    const part = await client.createDocumentationPart({ restApiId, location, properties });
    expect(shown(part)).toEqual({ id: expect.stringMatching(/^[a-z0-9]{6}$/), location, properties });
    const documentationPartId = part.id as string;
    const again = client.createDocumentationPart({ restApiId, location, properties });
    expect((await refused(again)).status).toBe(409);
    const wrong = client.createDocumentationPart({ restApiId, location: { type: "API", path: "/" }, properties });
    expect((await refused(wrong)).status).toBe(400);
    const patch = (path: string) =>
      client.updateDocumentationPart({
        restApiId,
        documentationPartId,
        patchOperations: [{ op: "replace", path, value: "{}" }],
      });
    expect((await patch("/properties")).properties).toBe("{}");
    expect((await refused(patch("/x"))).message).toContain("Must be one of: [/properties]");
    expect((await client.getDocumentationParts({ restApiId, type: "MODEL" })).items).toEqual([]);
    expect((await client.getDocumentationParts({ restApiId, path: "/pets" })).items).toHaveLength(1);
    expect((await client.getDocumentationPart({ restApiId, documentationPartId })).location).toEqual(location);

    const documentationVersion = "1.0";
    const version = await client.createDocumentationVersion({ restApiId, documentationVersion, stageName: "dev" });
    expect(version.version).toBe("1.0");
    expect((await client.getStage({ restApiId, stageName: "dev" })).documentationVersion).toBe("1.0");
    const described = [{ op: "replace" as const, path: "/description", value: "first" }];
    await client.updateDocumentationVersion({ restApiId, documentationVersion, patchOperations: described });
    expect((await client.getDocumentationVersion({ restApiId, documentationVersion })).description).toBe("first");
    expect((await client.getDocumentationVersions({ restApiId })).items).toHaveLength(1);
    expect((await refused(client.deleteDocumentationVersion({ restApiId, documentationVersion }))).status).toBe(400);
    await client.deleteStage({ restApiId, stageName: "dev" });
    await client.deleteDocumentationVersion({ restApiId, documentationVersion });
    await client.deleteDocumentationPart({ restApiId, documentationPartId });
    expect(await refused(client.getDocumentationPart({ restApiId, documentationPartId }))).toEqual(
      missing("Invalid Documentation part identifier specified"),
    );
  });
});
