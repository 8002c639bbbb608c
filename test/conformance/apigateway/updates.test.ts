/** Patch operations, resource by resource, with AWS's words for what it does not take. */
import type { APIGateway, PatchOperation } from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, account, functionUri, shown } from "../../support/apigateway.ts";
import { refusal, refused } from "../../support/refusal.ts";

const bad = (message: string) => refusal("BadRequestException", message);
const missing = (message: string) => refusal("NotFoundException", message, 404);

let env: ApiGatewayEnvironment;
let client: APIGateway;
beforeAll(async () => {
  env = await ApiGatewayEnvironment.start();
  client = env.client;
});
afterAll(() => env.stop());

const replace = (path: string, value?: string): PatchOperation => ({ op: "replace", path, value });
const add = (path: string, value?: string): PatchOperation => ({ op: "add", path, value });
const remove = (path: string, value?: string): PatchOperation => ({ op: "remove", path, value });

describe("UpdateRestApi", () => {
  const update = async (...patchOperations: PatchOperation[]) => {
    const { restApiId } = await env.api();
    return client.updateRestApi({ restApiId, patchOperations });
  };

  it("changes an API, and shows tags even when there are none", async () => {
    const answer = await update(
      replace("/name", "new"),
      replace("/description", "d"),
      replace("/endpointConfiguration/types/EDGE", "REGIONAL"),
      add("/binaryMediaTypes/image~1png"),
      add("/binaryMediaTypes/image~1jpeg"),
      replace("/minimumCompressionSize", "10"),
      replace("/disableExecuteApiEndpoint", "true"),
    );
    expect(shown(answer)).toMatchObject({
      name: "new",
      description: "d",
      endpointConfiguration: { types: ["REGIONAL"], ipAddressType: "ipv4" },
      binaryMediaTypes: ["image/png", "image/jpeg"],
      minimumCompressionSize: 10,
      disableExecuteApiEndpoint: true,
      tags: {},
    });
  });

  it("replaces a binary media type at the end of the list and removes others", async () => {
    const types = [add("/binaryMediaTypes/a~1b"), add("/binaryMediaTypes/c~1d")];
    expect((await update(...types, replace("/binaryMediaTypes/a~1b", "e/f"))).binaryMediaTypes).toEqual(["c/d", "e/f"]);
    expect((await update(...types, remove("/binaryMediaTypes/a~1b"))).binaryMediaTypes).toEqual(["c/d"]);
  });

  it.each<[PatchOperation, string]>([
    [add("/minimumCompressionSize", "1"), "Invalid patch operation specified. Must be one of: [replace]"],
    [remove("/minimumCompressionSize"), "Invalid patch operation specified. Must be one of: [replace]"],
    [replace("/minimumCompressionSize", "-1"), "Invalid minimum compression size, must be between 0 and 10485760"],
    [
      replace("/endpointConfiguration/types/0", "GLOBAL"),
      "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
    ],
    [
      remove("/endpointConfiguration/types/EDGE"),
      "Invalid patch operation specified. Must be 'add'|'remove'|'replace'",
    ],
    [remove("/endpointConfiguration/types"), "Invalid patch operation specified. Must be 'add'|'remove'|'replace'"],
    [replace("/endpointConfiguration/ipAddressType", "ipv6"), "ipAddressType must be either ipv4 or dualstack."],
    [remove("/endpointConfiguration/ipAddressType"), "Invalid patch operation specified. Must be one of: [replace]"],
  ])("refuses %j", async (operation, message) => {
    expect(await refused(update(operation))).toEqual(bad(message));
  });

  it("disables compression with an empty value, and accepts 0", async () => {
    expect((await update(replace("/minimumCompressionSize", "0"))).minimumCompressionSize).toBe(0);
    expect(
      (await update(replace("/minimumCompressionSize", "5"), replace("/minimumCompressionSize", "")))
        .minimumCompressionSize,
    ).toBeUndefined();
  });

  it("changes nothing when one of several operations is refused", async () => {
    const { restApiId } = await env.api("before");
    const call = client.updateRestApi({ restApiId, patchOperations: [replace("/name", "after"), replace("/no", "x")] });
    expect((await refused(call)).message).toMatch(
      /^Invalid patch path {2}'\/no' specified for op 'replace'\. Must be one of: \[/,
    );
    expect((await client.getRestApi({ restApiId })).name).toBe("before");
  });

  it("stores policies with resources written out and lists of one item collapsed", async () => {
    const { restApiId } = await env.api();
    const policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: "*", Action: ["execute-api:Invoke"], Resource: ["execute-api:/*"] }],
    });
    const answer = await client.updateRestApi({ restApiId, patchOperations: [replace("/policy", policy)] });
    const unescaped = JSON.parse(`"${answer.policy}"`) as string;
    expect(JSON.parse(unescaped)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: "*",
          Action: "execute-api:Invoke",
          Resource: `arn:aws:execute-api:us-east-1:${account}:${restApiId}/*`,
        },
      ],
    });
    const broken = client.updateRestApi({ restApiId, patchOperations: [replace("/policy", "{}")] });
    expect(await refused(broken)).toEqual(
      bad("Invalid policy document. Please check the policy syntax and ensure that Principals are valid."),
    );
  });

  it("refuses operations AWS does not know by its model", async () => {
    const { restApiId } = await env.api();
    const patchOperations = [{ op: "delete" as "remove", path: "/name" }];
    expect((await refused(client.updateRestApi({ restApiId, patchOperations }))).message).toBe(
      "1 validation error detected: Value 'delete' at 'updateRestApiInput.patchOperations.1.member.op' failed to satisfy constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]",
    );
  });
});

describe("UpdateResource", () => {
  it("moves a resource with everything below it", async () => {
    const { restApiId } = await env.api();
    const c = await env.resource(restApiId, "/a/b/c");
    const b = await env.resource(restApiId, "/a/b");
    const d = await env.resource(restApiId, "/d");
    const update = (resourceId: string, ...patchOperations: PatchOperation[]) =>
      client.updateResource({ restApiId, resourceId, patchOperations });
    expect(await update(b, replace("/parentId", d))).toMatchObject({ path: "/d/b", parentId: d });
    expect((await client.getResource({ restApiId, resourceId: c })).path).toBe("/d/b/c");
    await update(b, replace("/pathPart", "e"));
    expect((await client.getResource({ restApiId, resourceId: c })).path).toBe("/d/e/c");
    expect(await refused(update(d, replace("/parentId", c)))).toEqual(bad("Resources cannot be cyclical."));
    expect(await refused(update(d, replace("/parentId", d)))).toEqual(bad("Resources cannot be cyclical."));
    expect(await refused(update(d, replace("/invalid", "x")))).toEqual(
      bad("Invalid patch path  '/invalid' specified for op 'replace'. Must be one of: [/parentId, /pathPart]"),
    );
    expect(await refused(update(d, remove("/pathPart", "x")))).toEqual(
      bad("Invalid patch path  '/pathPart' specified for op 'remove'. Please choose supported operations"),
    );
    expect(await refused(update(d, replace("/pathPart", "a")))).toEqual(
      refusal("ConflictException", "Another resource with the same parent already has this name: a", 409),
    );
    // What was moved away survives its former parent.
    await client.deleteResource({ restApiId, resourceId: await env.resource(restApiId, "/a") });
    expect((await client.getResource({ restApiId, resourceId: c })).path).toBe("/d/e/c");
  });

  it("checks path parts", async () => {
    const { restApiId, root } = await env.api();
    const create = (parentId: string, pathPart: string) => client.createResource({ restApiId, parentId, pathPart });
    const variable = await create(root, "{id}");
    expect(await refused(create(root, "{other}"))).toEqual(
      bad(`A sibling (${variable.id}) of this resource already has a variable path part -- only one is allowed`),
    );
    const greedy = await create(root, "{proxy+}");
    expect((await refused(create(greedy.id as string, "x"))).status).toBe(400);
    expect(await refused(create(root, ""))).toEqual(bad("Resource's path part must be specified"));
    expect((await refused(create(root, "a/b"))).status).toBe(400);
    expect(await refused(create("nobody", "x"))).toEqual(missing("Invalid Resource identifier specified"));
  });
});

describe("methods", () => {
  it("are refused in AWS's order of checks", async () => {
    const { restApiId, root: resourceId } = await env.api();
    const put = (more: object) =>
      refused(client.putMethod({ restApiId, resourceId, httpMethod: "POST", authorizationType: "NONE", ...more }));
    const all = {
      authorizationType: "CUSTOM",
      requestValidatorId: "nobody",
      requestModels: { "application/json": "petModel" },
      requestParameters: { "method.request.querystring.a": true, "method.request.header.a": true },
    };
    expect(await put({ ...all, httpMethod: "FETCH" })).toEqual(
      bad("Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"),
    );
    expect(await put(all)).toEqual(
      bad(
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
      ),
    );
    expect(await put({ ...all, authorizationType: "NONE" })).toEqual(
      bad("Invalid Request Validator identifier specified"),
    );
    const without = { ...all, authorizationType: "NONE", requestValidatorId: undefined };
    expect(await put(without)).toEqual(bad("Invalid model identifier specified: petModel"));
    expect(await put({ ...without, requestModels: undefined })).toEqual(
      bad("Parameter names must be unique across querystring, header and path"),
    );
    await client.putMethod({ restApiId, resourceId, httpMethod: "POST", authorizationType: "NONE" });
    expect(await put({})).toEqual(refusal("ConflictException", "Method already exists for this resource", 409));
    expect(await refused(client.getMethod({ restApiId, resourceId, httpMethod: "GET" }))).toEqual(
      missing("Invalid Method identifier specified"),
    );
  });

  it("are updated, parameter by parameter", async () => {
    const { restApiId } = await env.api();
    const address = await env.method(restApiId, "GET", "/x");
    const update = (...patchOperations: PatchOperation[]) => client.updateMethod({ ...address, patchOperations });
    const answer = await update(
      replace("/apiKeyRequired", "true"),
      replace("/operationName", "getX"),
      replace("/authorizerId", "ignored"),
      add("/requestParameters/method.request.querystring.q", "true"),
      add("/requestModels/application~1json", "Empty"),
    );
    expect(shown(answer)).toMatchObject({
      apiKeyRequired: true,
      operationName: "getX",
      requestParameters: { "method.request.querystring.q": true },
      requestModels: { "application/json": "Empty" },
    });
    expect(answer.authorizerId).toBeUndefined();
    const emptied = await update(remove("/requestParameters/method.request.querystring.q", "whatever"));
    expect(emptied.requestParameters).toBeUndefined();
    expect((await update(replace("/apiKeyRequired", "yes"))).apiKeyRequired).toBe(false);
    expect(await refused(update(add("/operationName", "x")))).toEqual(
      bad("Invalid patch operation specified. Must be one of: [replace]"),
    );
    expect(await refused(update(replace("/httpMethod", "PUT")))).toEqual(bad("Invalid patch path /httpMethod"));
    expect(await refused(update(add("/requestModels/application/json", "Empty")))).toEqual(
      bad("Invalid patch path /requestModels/application/json"),
    );
  });

  it("have responses that are updated with 201", async () => {
    const { restApiId } = await env.api();
    const address = { ...(await env.method(restApiId, "GET", "/x")), statusCode: "200" };
    const update = (...patchOperations: PatchOperation[]) =>
      client.updateMethodResponse({ ...address, patchOperations });
    expect(await refused(update())).toEqual(missing("Invalid Response status code specified"));
    await client.putMethodResponse({ ...address, responseModels: { "application/json": "Empty" } });
    const answer = await update(add("/responseParameters/method.response.header.A", "false"));
    expect(answer.$metadata.httpStatusCode).toBe(201);
    expect(shown(answer)).toEqual({
      statusCode: "200",
      responseModels: { "application/json": "Empty" },
      responseParameters: { "method.response.header.A": false },
    });
    expect(await refused(update(remove("/responseParameters/method.response.header.B")))).toEqual(
      missing("Invalid parameter name specified"),
    );
    expect(await refused(update(replace("/responseModels/text~1plain", "Empty")))).toEqual(
      missing("Content-Type specified was not found"),
    );
    expect(await refused(update(replace("/wrong/method.response.header.my-header", "x")))).toEqual(
      bad("Invalid patch path /wrong/method.response.header.my-header"),
    );
  });
});

describe("integrations", () => {
  const put = async (more: object) => {
    const { restApiId, root: resourceId } = await env.api();
    const address = { restApiId, resourceId, httpMethod: "GET" };
    await client.putMethod({ ...address, authorizationType: "NONE" });
    return client.putIntegration({ ...address, type: "HTTP", integrationHttpMethod: "POST", ...more });
  };
  const proxies =
    "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.";

  it.each<[string, object, string]>([
    ["no verb", { integrationHttpMethod: undefined }, "Enumeration value for HttpMethod must be non-empty"],
    ["no URI", { uri: "ftp://x" }, "Invalid HTTP endpoint specified for URI"],
    ["no ARN", { type: "AWS", uri: "bad-arn:x" }, "Invalid ARN specified in the request"],
    [
      "a function's own ARN",
      { type: "AWS_PROXY", uri: `arn:aws:lambda:us-east-1:${account}:function:f` },
      "AWS ARN for integration must contain path or action",
    ],
    [
      "a form nobody knows",
      { type: "AWS", uri: "arn:aws:apigateway:us-east-1:lambda:test/x" },
      "AWS ARN for integration must contain path or action",
    ],
    ["a proxy to S3", { type: "AWS_PROXY", uri: "arn:aws:apigateway:us-east-1:s3:path/b/k" }, proxies],
    ["a proxy to no function", { type: "AWS_PROXY", uri: "arn:aws:apigateway:us-east-1:lambda:path/a/b" }, proxies],
    [
      "a parameter nobody declared",
      {
        uri: "http://x",
        requestParameters: { "integration.request.path.p": "method.request.path.petId" },
      },
      "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: method.request.path.petId]",
    ],
    ["too short a timeout", { uri: "http://x", timeoutInMillis: 49 }, "Timeout should be between 50 ms and 29000 ms"],
  ])("refuse %s", async (_name, more, message) => {
    expect(await refused(put(more))).toEqual(bad(message));
  });

  it("answer by their type", async () => {
    expect(shown(await put({ uri: "http://example.com" }))).toMatchObject({
      connectionType: "INTERNET",
      httpMethod: "POST",
      uri: "http://example.com",
    });
    const proxy = shown(await put({ type: "AWS_PROXY", integrationHttpMethod: "GET", uri: functionUri("f") }));
    expect(proxy).not.toHaveProperty("connectionType");
    expect(shown(await put({ type: "AWS_PROXY", uri: functionUri("f"), credentials: "" }))).not.toHaveProperty(
      "credentials",
    );
    const passed = put({ type: "AWS_PROXY", uri: functionUri("f"), credentials: "arn:aws:iam::*:user/*" });
    expect((await refused(passed)).status).toBe(400);
  });

  it("are updated", async () => {
    const { restApiId } = await env.api();
    const address = await env.method(restApiId, "GET", "/x", {
      type: "HTTP",
      uri: "http://a",
      integrationHttpMethod: "GET",
    });
    const update = (...patchOperations: PatchOperation[]) => client.updateIntegration({ ...address, patchOperations });
    const answer = await update(
      replace("/uri", "http://b"),
      replace("/timeoutInMillis", "1000"),
      add("/requestTemplates/application~1json", "{}"),
      replace("/passthroughBehavior", "NEVER"),
      replace("/contentHandling", "CONVERT_TO_TEXT"),
    );
    expect(shown(answer)).toMatchObject({
      uri: "http://b",
      timeoutInMillis: 1000,
      requestTemplates: { "application/json": "{}" },
      passthroughBehavior: "NEVER",
      contentHandling: "CONVERT_TO_TEXT",
    });
    expect(await refused(update(replace("/type", "MOCK")))).toEqual(bad("Invalid patch path /type"));
    expect((await update(replace("/credentials", "arn:aws:iam::000000000000:role/r"))).credentials).toBeDefined();
    expect((await update(replace("/credentials", ""))).credentials).toBeUndefined();
    expect((await refused(update(remove("/credentials")))).message).toBe(
      "Invalid patch operation specified. Must be one of: [replace]",
    );
  });

  it("have responses that need a method response", async () => {
    const { restApiId } = await env.api();
    const address = { ...(await env.method(restApiId, "GET", "/x")), statusCode: "200" };
    const header = { "method.response.header.X": "'1'" };
    const put = () => client.putIntegrationResponse({ ...address, responseParameters: header });
    expect(await refused(put())).toEqual(missing("Invalid Response status code specified"));
    await client.putMethodResponse(address);
    expect((await refused(put())).message).toContain(
      "Invalid mapping expression parameter specified: method.response.header.X",
    );
    await client.deleteMethodResponse(address);
    await client.putMethodResponse({ ...address, responseParameters: { "method.response.header.X": false } });
    expect(shown(await put())).toEqual({ statusCode: "200", responseParameters: header });
    const patchOperations = [replace("/selectionPattern", "2\\d\\d"), add("/responseTemplates/text~1plain", "x")];
    expect(shown(await client.updateIntegrationResponse({ ...address, patchOperations }))).toMatchObject({
      selectionPattern: "2\\d\\d",
      responseTemplates: { "text/plain": "x" },
    });
    await client.deleteIntegrationResponse(address);
    expect(await refused(client.getIntegrationResponse(address))).toEqual(
      missing("Invalid Response status code specified"),
    );
    await client.deleteIntegration(address);
    expect(await refused(client.getIntegrationResponse(address))).toEqual(
      missing("Invalid Integration identifier specified"),
    );
  });
});

describe("UpdateStage", () => {
  const staged = async () => {
    const { restApiId, deploymentId } = await env.deployed();
    const update = (...patchOperations: PatchOperation[]) =>
      client.updateStage({ restApiId, stageName: "dev", patchOperations });
    return { restApiId, deploymentId, update };
  };

  it("fills in the defaults at the first setting of a method", async () => {
    const { update } = await staged();
    const { methodSettings } = await update(replace("/*/*/caching/enabled", "true"));
    expect(methodSettings).toEqual({
      "*/*": {
        cacheDataEncrypted: false,
        cacheTtlInSeconds: 300,
        cachingEnabled: true,
        dataTraceEnabled: false,
        metricsEnabled: false,
        requireAuthorizationForCacheControl: true,
        throttlingBurstLimit: 5000,
        throttlingRateLimit: 10000,
        unauthorizedCacheControlHeaderStrategy: "SUCCEED_WITH_RESPONSE_HEADER",
      },
    });
    const logged = await update(replace("/pets/GET/logging/loglevel", "OFF"));
    expect(logged.methodSettings?.["pets/GET"]).toMatchObject({ cachingEnabled: false, loggingLevel: "OFF" });
    const escaped = await update(replace("/~1pets~1{id}/GET/throttling/rateLimit", "2.5"));
    expect(escaped.methodSettings?.["pets/{id}/GET"]).toMatchObject({ throttlingRateLimit: 2.5 });
    expect(Object.keys((await update(remove("/pets/GET"))).methodSettings ?? {})).toEqual(["*/*", "pets/{id}/GET"]);
    expect(await refused(update(replace("/*/*/logging/loglevel", "VERBOSE")))).toEqual(
      bad("Invalid logging level specified: VERBOSE"),
    );
  });

  it("creates a canary at the first write to it, and promotes it", async () => {
    const { restApiId, deploymentId, update } = await staged();
    const { id } = await client.createDeployment({ restApiId });
    expect((await update(replace("/canarySettings/percentTraffic", "10"))).canarySettings).toMatchObject({
      deploymentId,
      percentTraffic: 10,
    });
    await update(remove("/canarySettings"));
    expect((await update(replace("/canarySettings/deploymentId", id))).canarySettings).toMatchObject({
      deploymentId: id,
      percentTraffic: 0,
      useStageCache: false,
    });
    await update(replace("/canarySettings/stageVariableOverrides/host", "canary.example"));
    const promoted = await update(
      replace("/canarySettings/percentTraffic", "0.0"),
      { op: "copy", from: "/canarySettings/stageVariableOverrides", path: "/variables" },
      { op: "copy", from: "/canarySettings/deploymentId", path: "/deploymentId" },
      remove("/canarySettings"),
    );
    expect(promoted).toMatchObject({ deploymentId: id, variables: { host: "canary.example" } });
    expect(promoted.canarySettings).toBeUndefined();
    expect(await refused(update(add("/canarySettings/deploymentId", id)))).toEqual(
      bad("Invalid add operation with path: /canarySettings/deploymentId"),
    );
    expect(await refused(update(replace("/canarySettings/deploymentId", "nobody")))).toEqual(
      bad("Deployment id does not exist"),
    );
    const words = "Invalid percent traffic specified. Percent traffic must be between 0.0 and 100.0";
    const over = { restApiId, stageName: "dev", canarySettings: { percentTraffic: 101 } };
    expect(await refused(client.createDeployment(over))).toEqual(bad(words));
    expect(await refused(client.createStage({ ...over, stageName: "other", deploymentId: id }))).toEqual(bad(words));
    expect(await refused(update(replace("/canarySettings/percentTraffic", "-1")))).toEqual(bad(words));
  });

  it.each(["*/*", "canarySettings/stageVariableOverrides", "canarySettings/badPath", "accessLogSettings/randomValue"])(
    "cannot remove what is not there: %s",
    async (path) => {
      const { update } = await staged();
      expect(await refused(update(remove(`/${path}`)))).toEqual(
        bad(`Cannot remove method setting ${path} because there is no method setting for this method `),
      );
    },
  );

  it.each(["/canarySettings", "/canarySettings/badPath", "/nothing", "/a/b/c"])("does not know %s", async (path) => {
    const { update } = await staged();
    const { message } = await refused(update(replace(path, "x")));
    expect(message).toMatch(
      new RegExp(`^Invalid method setting path: ${path}\\. Must be one of: \\[/deploymentId, /description, `),
    );
    expect(message).toMatch(/\/variables\/\{variable_name\}, \/tracingEnabled\]$/);
  });

  it("writes access logs once the account has a role for it", async () => {
    const { update } = await staged();
    const invalid =
      "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]";
    expect(await refused(update(replace("/accessLogSettings/*", "x")))).toEqual(bad(invalid));
    expect(await refused(update(add("/accessLogSettings", "x")))).toEqual(bad(invalid));
    expect(await refused(update(replace("/accessLogSettings/format", "")))).toEqual(
      bad("Access Log value must not be empty"),
    );
    expect(await refused(update(replace("/accessLogSettings/destinationArn", "my-logs")))).toEqual(
      bad("Invalid ARN specified in the request. ARNs must start with 'arn:': my-logs"),
    );
    const destination = `arn:aws:logs:us-east-1:${account}:log-group:g`;
    const noRole = bad("CloudWatch Logs role ARN must be set in account settings to enable logging");
    expect(await refused(update(replace("/accessLogSettings/destinationArn", destination)))).toEqual(noRole);
    expect(await refused(update(replace("/*/*/logging/loglevel", "INFO")))).toEqual(noRole);
    const role = "arn:aws:iam::000000000000:role/logs";
    expect(shown(await client.updateAccount({ patchOperations: [replace("/cloudwatchRoleArn", role)] }))).toEqual({
      apiKeyVersion: "4",
      cloudwatchRoleArn: role,
      features: ["UsagePlans"],
      throttleSettings: { burstLimit: 5000, rateLimit: 10000 },
    });
    expect((await update(replace("/accessLogSettings/destinationArn", destination))).accessLogSettings).toEqual({
      destinationArn: destination,
    });
    expect((await refused(update(remove("/accessLogSettings/destinationArn")))).message).toContain("Cannot remove");
    await update(replace("/accessLogSettings/format", "$context.requestId"), replace("/*/*/logging/loglevel", "INFO"));
    expect((await update(remove("/accessLogSettings"))).accessLogSettings).toBeUndefined();
    await client.updateAccount({ patchOperations: [replace("/cloudwatchRoleArn", "")] });
    expect((await client.getAccount({})).cloudwatchRoleArn).toBeUndefined();
  });

  it("changes variables and the cache, and flushes it", async () => {
    const { restApiId, update } = await staged();
    expect(await update(replace("/variables/a", "1"), replace("/cacheClusterEnabled", "true"))).toMatchObject({
      variables: { a: "1" },
      cacheClusterStatus: "AVAILABLE",
      cacheClusterSize: "0.5",
    });
    expect((await update(remove("/variables/a"))).variables).toBeUndefined();
    expect((await refused(update(replace("/variables/a-b", "1")))).status).toBe(400);
    await client.flushStageCache({ restApiId, stageName: "dev" });
    await client.flushStageAuthorizersCache({ restApiId, stageName: "dev" });
    await client.deleteStage({ restApiId, stageName: "dev" });
    expect(await refused(client.getStage({ restApiId, stageName: "dev" }))).toEqual(
      missing("Invalid stage identifier specified"),
    );
  });
});
