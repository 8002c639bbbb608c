/** Nonsensical OpenAPI documents and patch operations: applied or refused, never broken. */
import { APIGateway, type PatchOperation } from "@aws-sdk/client-api-gateway";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { type Busbar, createBusbar } from "../../src/index.ts";

let bus: Busbar;
let client: APIGateway;
beforeAll(async () => {
  bus = await createBusbar({ port: false });
  client = new APIGateway({ ...bus.clientConfig(), maxAttempts: 1 });
});
afterAll(() => bus.close());

const integration = {
  type: "mock",
  requestTemplates: { "application/json": '{"statusCode": 200}' },
  responses: { default: { statusCode: "200", responseParameters: { "method.response.header.A": "'1'" } } },
};
const document = {
  openapi: "3.0.1",
  info: { title: "t", version: "1" },
  servers: [{ url: "https://example.com/{basePath}", variables: { basePath: { default: "v1" } } }],
  paths: {
    "/a/{id}": {
      parameters: [{ name: "id", in: "path", required: true }],
      get: {
        parameters: [{ $ref: "#/components/parameters/p" }],
        security: [{ auth: ["s"] }, { api_key: [] }],
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/A" } } } },
        responses: { "200": { description: "x", headers: { A: { schema: { type: "string" } } } } },
        "x-amazon-apigateway-integration": integration,
        "x-amazon-apigateway-request-validator": "v",
      },
    },
    "/{proxy+}": {
      "x-amazon-apigateway-any-method": {
        responses: { 200: { description: "x", headers: { A: {} } } },
        "x-amazon-apigateway-integration": integration,
      },
    },
  },
  components: {
    parameters: { p: { name: "q", in: "query" } },
    schemas: { A: { type: "object", properties: { b: { $ref: "#/components/schemas/A" } } } },
    securitySchemes: {
      auth: {
        type: "apiKey",
        name: "Auth",
        in: "header",
        "x-amazon-apigateway-authorizer": {
          type: "token",
          authorizerUri:
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations",
        },
      },
      api_key: { type: "apiKey", name: "x-api-key", in: "header" },
    },
  },
  "x-amazon-apigateway-request-validators": { v: { validateRequestBody: true } },
  "x-amazon-apigateway-gateway-responses": { DEFAULT_4XX: { statusCode: 400 } },
  "x-amazon-apigateway-policy": {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*" }],
  },
  "x-amazon-apigateway-documentation": { documentationParts: [{ location: { type: "API" }, properties: {} }] },
};

const names = ["$ref", "__proto__", "constructor", "toString", "type", "get", "responses", "items", "x", "200", ""];
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, -1, 1e300, "", "#/", "#/paths/~1a~1{id}", "#/components/schemas/A", "__proto__", "3.0", "\u0000"],
    ...[[], {}, [[]], { $ref: "#/x" }, { $ref: "#/components/parameters/p" }, { type: "mock" }, { toString: null }],
  ),
  fc.string({ maxLength: 20 }),
  fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
);
/** Where to change something, as the numbers of members, and the new value. */
const mutation = fc.record({
  steps: fc.array(fc.nat(30), { minLength: 1, maxLength: 9 }),
  value: junk,
  how: fc.constantFrom("replace", "rename", "delete"),
  name: fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 8 })),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never;

function mutate(root: unknown, { steps, value, how, name }: Mutation): void {
  let at = root as Record<string, unknown>;
  for (const [index, step] of steps.entries()) {
    const keys = Object.keys(at);
    const key = keys[step % Math.max(1, keys.length)];
    if (key === undefined) return;
    const inner = at[key];
    if (index < steps.length - 1 && typeof inner === "object" && inner !== null) {
      at = inner as Record<string, unknown>;
      continue;
    }
    if (how !== "replace") delete at[key];
    if (how === "replace") at[key] = value;
    else if (how === "rename")
      Object.defineProperty(at, name, { value: inner, enumerable: true, configurable: true, writable: true });
    return;
  }
}

/** The result of a call that may be refused, but only as a client error. */
async function answered<Answer>(call: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call;
  } catch (error) {
    const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
    expect($metadata?.httpStatusCode, String(error)).toBeGreaterThanOrEqual(400);
    expect($metadata?.httpStatusCode, String(error)).toBeLessThan(500);
    return undefined;
  }
}

async function useAndDelete(restApiId: string): Promise<void> {
  const list = await client.getResources({ restApiId, embed: ["methods"], limit: 500 });
  expect(list.items?.some(({ path }) => path === "/")).toBe(true);
  const deployed = await answered(client.createDeployment({ restApiId, stageName: "s" }));
  if (deployed !== undefined) {
    for (const exportType of ["oas30", "swagger"]) {
      const parameters = { extensions: "apigateway" };
      await client.getExport({ restApiId, stageName: "s", exportType, accepts: "application/yaml", parameters });
    }
  }
  await client.deleteRestApi({ restApiId });
}

it("documents that are changed anywhere are APIs or refused", async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.constantFrom("ignore", "prepend", "split", "x"),
      async (mutations, asYaml, basepath) => {
        const changed = structuredClone(document) as unknown;
        for (const one of mutations) mutate(changed, one);
        const body = Buffer.from(asYaml ? stringify(changed) : JSON.stringify(changed));
        const api = await answered(client.importRestApi({ body, parameters: { basepath } }));
        if (api === undefined) return;
        taken += 1;
        await answered(client.putRestApi({ restApiId: api.id as string, body, mode: "overwrite" }));
        await useAndDelete(api.id as string);
      },
    ),
    { numRuns: 200 },
  );
  expect(taken).toBeGreaterThan(0);
  expect(bus.requests().filter(({ status }) => status >= 500)).toEqual([]);
}, 120_000);

it("texts that are truncated, duplicated and mixed are APIs or refused", async () => {
  const texts = [JSON.stringify(document), stringify(document)];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...texts),
      fc.array(
        fc.tuple(
          fc.nat(5_000),
          fc.nat(60),
          fc.constantFrom("", "&a ", "*a", "<<: ", "- ", "{", "[", "|", "\t", "\n", "'", "!!x ", "? ", "%"),
        ),
        {
          maxLength: 4,
        },
      ),
      async (text, edits) => {
        let changed = text;
        for (const [at, length, put] of edits) {
          const place = at % changed.length;
          changed = changed.slice(0, place) + put + changed.slice(place + length);
        }
        const api = await answered(client.importRestApi({ body: Buffer.from(changed) }));
        if (api !== undefined) await useAndDelete(api.id as string);
      },
    ),
    // A merge of something other than a map.
    { examples: [[stringify(document), [[0, 0, "<<: "]]]], numRuns: 200 },
  );
  expect(bus.requests().filter(({ status }) => status >= 500)).toEqual([]);
}, 120_000);

it("patch operations are applied or refused", async () => {
  const { id, rootResourceId } = await client.createRestApi({ name: "patched" });
  const [restApiId, resourceId] = [id as string, rootResourceId as string];
  const method = { restApiId, resourceId, httpMethod: "GET" };
  await client.putMethod({ ...method, authorizationType: "NONE" });
  await client.putMethodResponse({ ...method, statusCode: "200" });
  await client.putIntegration({ ...method, type: "MOCK" });
  await client.putIntegrationResponse({ ...method, statusCode: "200" });
  await client.createDeployment({ restApiId, stageName: "s" });
  const plan = await client.createUsagePlan({ name: "p", apiStages: [{ apiId: restApiId, stage: "s" }] });
  const key = await client.createApiKey({});
  await client.createDomainName({ domainName: "fuzz.example.com" });
  const updates: ((patchOperations: PatchOperation[]) => Promise<unknown>)[] = [
    (patchOperations) => client.updateRestApi({ restApiId, patchOperations }),
    (patchOperations) => client.updateResource({ restApiId, resourceId, patchOperations }),
    (patchOperations) => client.updateMethod({ ...method, patchOperations }),
    (patchOperations) => client.updateMethodResponse({ ...method, statusCode: "200", patchOperations }),
    (patchOperations) => client.updateIntegration({ ...method, patchOperations }),
    (patchOperations) => client.updateIntegrationResponse({ ...method, statusCode: "200", patchOperations }),
    (patchOperations) => client.updateStage({ restApiId, stageName: "s", patchOperations }),
    (patchOperations) => client.updateGatewayResponse({ restApiId, responseType: "THROTTLED", patchOperations }),
    (patchOperations) => client.updateModel({ restApiId, modelName: "Empty", patchOperations }),
    (patchOperations) => client.updateUsagePlan({ usagePlanId: plan.id as string, patchOperations }),
    (patchOperations) => client.updateApiKey({ apiKey: key.id as string, patchOperations }),
    (patchOperations) => client.updateDomainName({ domainName: "fuzz.example.com", patchOperations }),
    (patchOperations) => client.updateAccount({ patchOperations }),
  ];
  const paths = [
    ...["/name", "/description", "/binaryMediaTypes/a~1b", "/endpointConfiguration/types/0", "/policy", "/schema"],
    ...["/requestParameters/method.request.header.__proto__", "/responseParameters/method.response.header.A", "/uri"],
    ...[
      "/requestTemplates/application~1json",
      "/responseTemplates/__proto__",
      "/timeoutInMillis",
      "/cacheKeyParameters/x",
    ],
    ...["/variables/__proto__", "/canarySettings/percentTraffic", "/canarySettings/stageVariableOverrides/constructor"],
    ...[
      "/*/*/throttling/rateLimit",
      "/__proto__/GET/caching/enabled",
      "/accessLogSettings/format",
      "/accessLogSettings",
    ],
    ...["/quota/limit", "/quota/period", "/throttle/burstLimit", `/apiStages/${restApiId}:s/throttle`, "/apiStages"],
    ...[
      `/apiStages/${restApiId}:s/throttle/__proto__/GET/rateLimit`,
      "/mutualTlsAuthentication/truststoreUri",
      "/stages",
    ],
    ...["/parentId", "/pathPart", "/minimumCompressionSize", "/statusCode", "/features", "", "/", "//", "/~", "/~2/a"],
  ];
  const operation = fc.record({
    op: fc.constantFrom(
      "add" as const,
      "remove" as const,
      "replace" as const,
      "copy" as const,
      "move" as const,
      "test" as const,
    ),
    path: fc.oneof(fc.constantFrom(...paths), fc.string({ maxLength: 30 })),
    value: fc.oneof(
      fc.constantFrom(
        "",
        "true",
        "0",
        "-1",
        "1e9",
        "99999999999999999999",
        "null",
        "{}",
        "[]",
        '{"a":null}',
        '{"__proto__":{}}',
      ),
      fc.constantFrom("WEEK", "EDGE", "arn:aws:iam::000000000000:role/r", "'x'", "\u0000", "a/b", `${restApiId}:s`),
      fc.string({ maxLength: 12 }),
    ),
    from: fc.constantFrom(undefined, "/canarySettings/deploymentId", "/canarySettings/stageVariableOverrides", "x"),
  });
  await fc.assert(
    fc.asyncProperty(fc.nat(updates.length - 1), fc.array(operation, { maxLength: 4 }), async (index, operations) => {
      await answered(updates[index]?.(operations) ?? Promise.resolve());
    }),
    { numRuns: 800 },
  );
  expect(bus.requests().filter(({ status }) => status >= 500)).toEqual([]);
  // Whatever was accepted can be described.
  await client.getResources({ restApiId, embed: ["methods"] });
  await client.getStage({ restApiId, stageName: "s" });
  await client.getUsagePlan({ usagePlanId: plan.id as string });
}, 120_000);
