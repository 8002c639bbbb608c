/** An API built call by call, as the CLI and Terraform do it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, account, functionUri, shown, startTime } from "../../support/apigateway.ts";
import { refusal, refused } from "../../support/refusal.ts";

const second = (Date.parse(startTime) / 1000) * 1000;

describe.each(["memory", "disk"] as const)("an API built call by call, %s", (storage) => {
  let env: ApiGatewayEnvironment;
  beforeAll(async () => {
    env = await ApiGatewayEnvironment.start(storage);
  });
  afterAll(() => env.stop());

  it("gets from its creation to a stage", async () => {
    const { client } = env;
    const api = await client.createRestApi({ name: "pets", description: "A pet store" });
    expect(shown(api)).toEqual({
      apiKeySource: "HEADER",
      createdDate: new Date(second).toISOString(),
      description: "A pet store",
      disableExecuteApiEndpoint: false,
      endpointConfiguration: { ipAddressType: "ipv4", types: ["EDGE"] },
      id: expect.stringMatching(/^[a-z0-9]{10}$/),
      name: "pets",
      rootResourceId: expect.stringMatching(/^[a-z0-9]{10}$/),
    });
    const restApiId = api.id as string;
    const resource = await client.createResource({
      restApiId,
      parentId: api.rootResourceId as string,
      pathPart: "pets",
    });
    expect(shown(resource)).toEqual({
      id: expect.stringMatching(/^[a-z0-9]{6}$/),
      parentId: api.rootResourceId,
      path: "/pets",
      pathPart: "pets",
    });
    const address = { restApiId, resourceId: resource.id as string, httpMethod: "GET" };
    expect(shown(await client.putMethod({ ...address, authorizationType: "none" }))).toEqual({
      apiKeyRequired: false,
      authorizationType: "NONE",
      httpMethod: "GET",
    });
    expect(shown(await client.putMethodResponse({ ...address, statusCode: "200" }))).toEqual({ statusCode: "200" });
    const integration = await client.putIntegration({ ...address, type: "MOCK", integrationHttpMethod: "GET" });
    expect(shown(integration)).toEqual({
      cacheKeyParameters: [],
      cacheNamespace: address.resourceId,
      passthroughBehavior: "WHEN_NO_MATCH",
      timeoutInMillis: 29000,
      type: "MOCK",
    });
    const response = await client.putIntegrationResponse({ ...address, statusCode: "200", selectionPattern: "" });
    expect(shown(response)).toEqual({ statusCode: "200" });
    expect(shown(await client.getMethod(address))).toEqual({
      apiKeyRequired: false,
      authorizationType: "NONE",
      httpMethod: "GET",
      methodIntegration: { ...shown(integration), integrationResponses: { 200: { statusCode: "200" } } },
      methodResponses: { 200: { statusCode: "200" } },
    });
    const deployment = await client.createDeployment({ restApiId, description: "first" });
    expect(shown(deployment)).toEqual({
      createdDate: new Date(second).toISOString(),
      description: "first",
      id: expect.stringMatching(/^[a-z0-9]{6}$/),
    });
    const stage = await client.createStage({
      restApiId,
      stageName: "s1",
      deploymentId: deployment.id as string,
      description: "a stage",
      variables: { host: "example.com" },
    });
    expect(shown(stage)).toEqual({
      cacheClusterEnabled: false,
      cacheClusterStatus: "NOT_AVAILABLE",
      createdDate: new Date(second).toISOString(),
      deploymentId: deployment.id,
      description: "a stage",
      lastUpdatedDate: new Date(second).toISOString(),
      methodSettings: {},
      stageName: "s1",
      tracingEnabled: false,
      variables: { host: "example.com" },
    });
    expect((await client.getStages({ restApiId })).item?.map(({ stageName }) => stageName)).toEqual(["s1"]);
    const got = await client.getDeployment({
      restApiId,
      deploymentId: deployment.id as string,
      embed: ["apisummary"],
    });
    expect(got.apiSummary).toEqual({ "/pets": { GET: { authorizationType: "NONE", apiKeyRequired: false } } });
  });

  it("keeps what was deployed while the API goes on changing", async () => {
    const { restApiId, deploymentId } = await env.deployed();
    await env.method(restApiId, "POST", "/pets");
    const { apiSummary } = await env.client.getDeployment({ restApiId, deploymentId, embed: ["apisummary"] });
    expect(Object.keys(apiSummary?.["/pets"] ?? {})).toEqual(["GET"]);
  });

  it("points a stage to each deployment that names it", async () => {
    const { client } = env;
    const { restApiId } = await env.deployed("prod");
    const { id } = await client.createDeployment({ restApiId, stageName: "prod", variables: { a: "1" } });
    const again = await client.createDeployment({ restApiId, stageName: "prod" });
    expect(await client.getStage({ restApiId, stageName: "prod" })).toMatchObject({
      deploymentId: again.id,
      variables: { a: "1" },
    });
    await client.createDeployment({ restApiId, stageName: "prod", canarySettings: { percentTraffic: 10 } });
    const stage = await client.getStage({ restApiId, stageName: "prod" });
    expect(stage.deploymentId).toBe(again.id);
    expect(stage.canarySettings).toMatchObject({ percentTraffic: 10, useStageCache: false });
    const inUse = client.deleteDeployment({ restApiId, deploymentId: again.id as string });
    expect(await refused(inUse)).toEqual(
      refusal("BadRequestException", "Active stages pointing to this deployment must be moved or deleted"),
    );
    const patchOperations = [{ op: "replace" as const, path: "/description", value: "second" }];
    const address = { restApiId, deploymentId: id as string };
    expect((await client.updateDeployment({ ...address, patchOperations })).description).toBe("second");
    await client.deleteDeployment(address);
  });

  it("shows methods with their resources on request", async () => {
    const { restApiId } = await env.api();
    await env.method(restApiId, "ANY", "/{proxy+}", {
      type: "AWS_PROXY",
      integrationHttpMethod: "POST",
      uri: functionUri("f"),
    });
    const plain = await env.client.getResources({ restApiId });
    expect(plain.items?.map(({ path, resourceMethods }) => [path, resourceMethods])).toEqual([
      ["/", undefined],
      ["/{proxy+}", { ANY: {} }],
    ]);
    const whole = await env.client.getResources({ restApiId, embed: ["methods"] });
    expect(whole.items?.[1]?.resourceMethods?.["ANY"]?.methodIntegration).toMatchObject({
      type: "AWS_PROXY",
      httpMethod: "POST",
      uri: functionUri("f"),
    });
    expect(whole.items?.[1]?.resourceMethods?.["ANY"]?.methodIntegration?.connectionType).toBeUndefined();
  });

  it("pages through lists, with a position only if there is more", async () => {
    const { restApiId } = await env.api();
    for (const part of ["a", "b", "c"]) await env.resource(restApiId, `/${part}`);
    const first = await env.client.getResources({ restApiId, limit: 3 });
    expect(first.items?.map(({ path }) => path)).toEqual(["/", "/a", "/b"]);
    const second = await env.client.getResources({ restApiId, limit: 3, position: first.position });
    expect(second.items?.map(({ path }) => path)).toEqual(["/c"]);
    expect(second.position).toBeUndefined();
  });

  it("reports violations of the model with AWS's paths", async () => {
    const { restApiId, root: resourceId } = await env.api();
    await env.client.putMethod({ restApiId, resourceId, httpMethod: "GET", authorizationType: "NONE" });
    const call = env.client.putIntegration({ restApiId, resourceId, httpMethod: "GET", type: "LAMBDA" as "MOCK" });
    expect(await refused(call)).toEqual(
      refusal(
        "ValidationException",
        "1 validation error detected: Value 'LAMBDA' at 'putIntegrationInput.type' failed to satisfy constraint: Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]",
      ),
    );
    const status = env.client.putMethodResponse({ restApiId, resourceId, httpMethod: "GET", statusCode: "700" });
    expect((await refused(status)).message).toContain("at 'statusCode' failed");
  });

  it("is invisible to other accounts", async () => {
    const { restApiId } = await env.api();
    const other = { ...env.bus.clientConfig({ account: "111111111111" }), maxAttempts: 1 };
    const client = new (env.client.constructor as typeof import("@aws-sdk/client-api-gateway").APIGateway)(other);
    expect(await refused(client.getRestApi({ restApiId }))).toEqual(
      refusal("NotFoundException", `Invalid API identifier specified 111111111111:${restApiId}`, 404),
    );
    client.destroy();
    const upper = env.client.getRestApi({ restApiId: restApiId.toUpperCase() });
    expect((await refused(upper)).message).toContain(`${account}:`);
  });
});
