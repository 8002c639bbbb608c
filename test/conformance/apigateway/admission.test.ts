/** Who is let into REST APIs, how often, and who may have answers made anew: user pools, tests of authorizers, plans, caches. */
import type { APIGateway, PatchOperation } from "@aws-sdk/client-api-gateway";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, account, functionUri } from "../../support/apigateway.ts";
import { type RawCall, rawHttp } from "../../support/raw-http.ts";
import { webServer } from "../../support/web-server.ts";

const pools = ["us-east-1_one", "us-east-1_two", "us-east-1_other"] as const;
const issuerOf = (pool: string) => `https://cognito-idp.us-east-1.amazonaws.com/${pool}`;
const arnOf = (pool: string) => `arn:aws:cognito-idp:us-east-1:${account}:userpool/${pool}`;
const keys = await generateKeyPair("RS256");
const others = await generateKeyPair("RS256");

let env: ApiGatewayEnvironment;
let client: APIGateway;
let keySet: Awaited<ReturnType<typeof webServer>>;

beforeAll(async () => {
  const body = JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: "k", alg: "RS256" }] });
  keySet = await webServer(() => ({ body }));
  const jwks = Object.fromEntries(pools.map((pool) => [issuerOf(pool), keySet.url]));
  env = await ApiGatewayEnvironment.start("memory", { jwks });
  client = env.client;
});

afterAll(async () => {
  await env.stop();
  await keySet.close();
});

const replace = (values: Record<string, string>): PatchOperation[] =>
  Object.entries(values).map(([path, value]) => ({ op: "replace", path, value }));

/** An API with a function behind `GET /a` and `GET /b` that tells how often it was called and for whom. */
async function counting(
  more: Parameters<APIGateway["putMethod"]>[0] extends infer Input ? Partial<Input> : never = {},
) {
  const { restApiId } = await env.api();
  let calls = 0;
  const name = `counting-${restApiId}`;
  env.bus.registerFunction(name, (event) => {
    const { requestContext } = event as { requestContext: { authorizer?: unknown } };
    return { statusCode: 200, body: JSON.stringify({ call: (calls += 1), as: requestContext.authorizer ?? null }) };
  });
  for (const path of ["/a", "/b"]) {
    const address = { restApiId, resourceId: await env.resource(restApiId, path), httpMethod: "GET" };
    await client.putMethod({ authorizationType: "NONE", ...more, ...address });
    await client.putIntegration({
      ...address,
      type: "AWS_PROXY",
      integrationHttpMethod: "POST",
      uri: functionUri(name),
    });
  }
  return restApiId;
}

const deploy = (restApiId: string) => client.createDeployment({ restApiId, stageName: "dev" });

const call = (restApiId: string, path: string, { headers, ...rest }: RawCall = {}) =>
  rawHttp(env.bus.endpoint, `/dev${path}`, {
    ...rest,
    headers: { Host: `${restApiId}.execute-api.us-east-1.amazonaws.com`, ...headers },
  });

const signed = (as: string) => ({
  Authorization: `AWS4-HMAC-SHA256 Credential=${as}/20260301/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=0`,
});

interface Token {
  readonly claims: JWTPayload;
  readonly pool?: string;
  readonly seconds?: number;
  readonly key?: typeof keys.privateKey;
}

function token({ claims, pool = pools[0], seconds = 3600, key = keys.privateKey }: Token): Promise<string> {
  const now = env.bus.clock.now() / 1000;
  return new SignJWT({ sub: "me", ...claims })
    .setProtectedHeader({ alg: "RS256", kid: "k" })
    .setIssuer(issuerOf(pool))
    .setIssuedAt(now - 7200)
    .setExpirationTime(now + seconds)
    .sign(key);
}

const idToken = { claims: { token_use: "id", email_verified: true, "cognito:groups": ["a", "b"] } };
const access = (scope: string) => ({ claims: { token_use: "access", scope } });

describe("a user pool's authorizer", () => {
  const unauthorized = [401, '{"message":"Unauthorized"}'];
  const expired = [401, '{"message":"The incoming token has expired"}'];
  const refused = (isIn: boolean, otherwise = unauthorized) => (isIn ? undefined : otherwise);
  let apis: { open: string; scoped: string };

  beforeAll(async () => {
    const make = async (authorizationScopes: string[]) => {
      const restApiId = await counting();
      const { id: authorizerId } = await client.createAuthorizer({
        restApiId,
        name: "pools",
        type: "COGNITO_USER_POOLS",
        providerARNs: [arnOf(pools[0]), arnOf(pools[1])],
        identitySource: "method.request.header.Authorization",
      });
      const resourceId = await env.resource(restApiId, "/a");
      await client.deleteMethod({ restApiId, resourceId, httpMethod: "GET" });
      const address = { restApiId, resourceId, httpMethod: "GET" };
      const authorized = { authorizationType: "COGNITO_USER_POOLS", authorizerId, authorizationScopes };
      await client.putMethod({ ...address, ...authorized });
      const uri = functionUri(`counting-${restApiId}`);
      await client.putIntegration({ ...address, type: "AWS_PROXY", integrationHttpMethod: "POST", uri });
      await deploy(restApiId);
      return restApiId;
    };
    apis = { open: await make([]), scoped: await make(["shop/read", "shop/write"]) };
  });

  const cases: [name: string, token: Token, without: boolean, withScopes: boolean][] = [
    ["an ID token", idToken, true, false],
    ["one of the other pool", { ...idToken, pool: pools[1] }, true, false],
    ["one of a pool that is not named", { ...idToken, pool: pools[2] }, false, false],
    ["one that another key has signed", { ...idToken, key: others.privateKey }, false, false],
    ["an access token with one of the scopes", access("openid shop/write"), false, true],
    ["an access token with the beginning of a scope", access("shop/rea shop"), false, false],
    ["an access token without scopes", access(""), false, false],
  ];

  it.each(cases)("judges %s", async (_name, given, without, withScopes) => {
    for (const [api, isIn] of [
      [apis.open, without],
      [apis.scoped, withScopes],
    ] as const) {
      for (const Authorization of [await token(given), `Bearer ${await token(given)}`]) {
        const { status, text } = await call(api, "/a", { headers: { Authorization } });
        const wanted = refused(isIn);
        if (wanted !== undefined) expect([status, text]).toEqual(wanted);
        else expect([status, JSON.parse(text)]).toMatchObject([200, { as: { claims: { sub: "me" } } }]);
      }
    }
  });

  it("passes claims as texts, and refuses expired and invalid tokens", async () => {
    const headers = { Authorization: await token(idToken) };
    const { as } = JSON.parse((await call(apis.open, "/a", { headers })).text) as { as: { claims: object } };
    expect(as.claims).toMatchObject({
      "cognito:groups": "a,b",
      email_verified: "true",
      iat: "Sun Mar 01 10:00:00 UTC 2026",
      exp: "Sun Mar 01 13:00:00 UTC 2026",
    });
    const over = await call(apis.open, "/a", { headers: { Authorization: await token({ ...idToken, seconds: -1 }) } });
    expect([over.status, over.text]).toEqual(expired);
    const [head, body] = headers.Authorization.split(".");
    for (const Authorization of ["", "abc", "Bearer", `${head}.${body}.`, `${btoa('{"alg":"none"}')}.${body}.`]) {
      const { status, text } = await call(apis.open, "/a", { headers: { Authorization } });
      expect([status, text]).toEqual(unauthorized);
    }
  });

  it("is tested with a token", async () => {
    const { items } = await client.getAuthorizers({ restApiId: apis.open });
    const address = { restApiId: apis.open, authorizerId: items?.[0]?.id as string };
    const good = await client.testInvokeAuthorizer({ ...address, headers: { Authorization: await token(idToken) } });
    expect(good).toMatchObject({ clientStatus: 0, claims: { sub: "me", token_use: "id" } });
    const over = await client.testInvokeAuthorizer({
      ...address,
      headers: { Authorization: await token({ ...idToken, seconds: -1 }) },
    });
    expect([over.clientStatus, over.claims]).toEqual([401, undefined]);
    expect((await client.testInvokeAuthorizer(address)).clientStatus).toBe(401);
  });
});

describe("a test of a Lambda authorizer", () => {
  const Statement = [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: "*" }];
  const policyDocument = { Version: "2012-10-17", Statement };
  const uri = (name: string) =>
    `https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:us-east-1:${account}:function:${name}/invocations`;
  const told = (log = "") =>
    log
      .trim()
      .split("\n")
      .map((line) => line.replace(/^\w{3} \w{3} \d\d [\d:]{8} UTC \d{4} : /, ""));

  async function authorizer(name: string, type: "TOKEN" | "REQUEST", answer: (event: unknown) => unknown) {
    const { restApiId } = await env.api();
    env.bus.registerFunction(name, answer);
    const identitySource = `method.request.header.X-Who${type === "TOKEN" ? "" : ",stageVariables.colour"}`;
    const more = type === "TOKEN" ? { identityValidationExpression: "tok-\\d+" } : {};
    const given = { restApiId, name, type, authorizerUri: functionUri(name), identitySource, ...more };
    return { restApiId, authorizerId: (await client.createAuthorizer(given)).id as string };
  }

  it("calls the function with the given input, and returns its result", async () => {
    const seen: unknown[] = [];
    const address = await authorizer("ask-token", "TOKEN", (event) => {
      seen.push(event);
      return { principalId: "p", policyDocument, context: { n: 1, yes: true } };
    });
    const result = await client.testInvokeAuthorizer({ ...address, headers: { "X-Who": "tok-123456" } });
    expect(result).toMatchObject({
      clientStatus: 0,
      principalId: "p",
      policy: JSON.stringify(policyDocument),
      authorization: { n: ["1"], yes: ["true"] },
      latency: 0,
    });
    const methodArn = `arn:aws:execute-api:us-east-1:${account}:${address.restApiId}/test-invoke-stage/GET/`;
    expect(seen).toEqual([{ type: "TOKEN", methodArn, authorizationToken: "tok-123456" }]);
    const lines = told(result.log);
    expect(lines[0]).toMatch(/^Execution log for request [0-9a-f-]{36}$/);
    expect(lines.slice(1)).toEqual([
      `Starting authorizer: ${address.authorizerId}`,
      "Incoming identity: ******3456",
      `Endpoint request URI: ${uri("ask-token")}`,
      `Authorizer result body before parsing: {"principalId":"p","policyDocument":${JSON.stringify(policyDocument)},"context":{"n":1,"yes":true}}`,
      "Using valid authorizer policy for principal: ******",
      "Successfully completed authorizer execution",
    ]);
  });

  it("passes stage variables, a path and several values of a header", async () => {
    const seen: Record<string, unknown>[] = [];
    const address = await authorizer("ask-request", "REQUEST", (event) => {
      seen.push(event as Record<string, unknown>);
      return { principalId: "p", policyDocument };
    });
    const result = await client.testInvokeAuthorizer({
      ...address,
      multiValueHeaders: { "X-Who": ["a", "b"] },
      pathWithQueryString: "/pets/7?q=1&q=2",
      stageVariables: { colour: "blue" },
    });
    expect(result.clientStatus).toBe(0);
    expect(seen).toMatchObject([
      {
        type: "REQUEST",
        path: "/pets/7",
        headers: { "X-Who": "b" },
        multiValueHeaders: { "X-Who": ["a", "b"] },
        multiValueQueryStringParameters: { q: ["1", "2"] },
        stageVariables: { colour: "blue" },
      },
    ]);
    const without = await client.testInvokeAuthorizer({ ...address, headers: { "X-Who": "a" } });
    expect([without.clientStatus, seen.length]).toEqual([401, 1]);
  });

  it.each([
    ["a token that its expression does not match", () => ({}), "nonsense", 401],
    ["no token", () => ({}), undefined, 401],
    ["a function that says Unauthorized", () => Promise.reject(new Error("Unauthorized")), "tok-1", 401],
    ["a function that fails", () => Promise.reject(new Error("no")), "tok-1", 500],
    ["an answer without a principal", () => ({ policyDocument }), "tok-1", 500],
    ["an answer without a policy", () => ({ principalId: "p" }), "tok-1", 500],
    ["a context with an object", () => ({ principalId: "p", policyDocument, context: { a: {} } }), "tok-1", 500],
  ])("reports %s", async (name, answer, given, clientStatus) => {
    const address = await authorizer(name.replaceAll(" ", "-"), "TOKEN", answer);
    const headers: Record<string, string> = given === undefined ? {} : { "X-Who": given };
    const result = await client.testInvokeAuthorizer({ ...address, headers });
    expect([result.clientStatus, result.policy, result.principalId]).toEqual([clientStatus, undefined, undefined]);
  });
});

describe("a usage plan's throttle of a method", () => {
  it("counts by key and method, before the plan's own throttle, which still applies", async () => {
    const restApiId = await counting({ apiKeyRequired: true });
    await deploy(restApiId);
    const throttle = { "/a/GET": { rateLimit: 1, burstLimit: 2 }, "/b/GET": { rateLimit: 100, burstLimit: 100 } };
    const plan = await client.createUsagePlan({
      name: "slow",
      apiStages: [{ apiId: restApiId, stage: "dev", throttle }],
      throttle: { rateLimit: 1, burstLimit: 5 },
    });
    const values: string[] = [];
    for (const name of ["one", "two"]) {
      const { id: keyId, value = "" } = await client.createApiKey({ name, enabled: true });
      await client.createUsagePlanKey({ usagePlanId: plan.id, keyId, keyType: "API_KEY" });
      values.push(value);
    }
    const statuses = async (key: string | undefined, ...paths: string[]) => {
      const seen: number[] = [];
      for (const path of paths)
        seen.push((await call(restApiId, path, { headers: { "x-api-key": key ?? "" } })).status);
      return seen;
    };
    const [one, two] = values;
    expect(await statuses(one, "/a", "/a", "/a", "/a")).toEqual([200, 200, 429, 429]);
    // What the method's throttle refused took nothing of the plan's.
    expect(await statuses(one, "/b", "/b", "/b", "/b")).toEqual([200, 200, 200, 429]);
    expect(await statuses(two, "/a", "/a", "/a", "/b")).toEqual([200, 200, 429, 200]);
    const { text } = await call(restApiId, "/a", { headers: { "x-api-key": one as string } });
    expect(text).toBe('{"message":"Too Many Requests"}');
    await env.bus.clock.advance("1s");
    expect(await statuses(one, "/a", "/a")).toEqual([200, 429]);
    const path = `/apiStages/${restApiId}:dev/throttle/~1a/GET`;
    await client.updateUsagePlan({ usagePlanId: plan.id, patchOperations: [{ op: "remove", path }] });
    await env.bus.clock.advance("5s");
    expect(await statuses(one, "/a", "/a", "/a", "/a", "/a", "/a")).toEqual([200, 200, 200, 200, 200, 429]);
  });
});

describe("a usage plan's throttle", () => {
  it.each([{ rateLimit: 5 }, { burstLimit: 5 }, { rateLimit: 0, burstLimit: 5 }, { rateLimit: 5, burstLimit: 0 }])(
    "of %j admits nothing, since a missing limit is 0",
    async (throttle) => {
      const restApiId = await counting({ apiKeyRequired: true });
      await deploy(restApiId);
      const apiStages = [{ apiId: restApiId, stage: "dev" }];
      const plan = await client.createUsagePlan({ name: "half", apiStages, throttle });
      expect(plan.throttle).toEqual({ rateLimit: 0, burstLimit: 0, ...throttle });
      const { id: keyId, value = "" } = await client.createApiKey({ enabled: true });
      await client.createUsagePlanKey({ usagePlanId: plan.id, keyId, keyType: "API_KEY" });
      const { status, text } = await call(restApiId, "/a", { headers: { "x-api-key": value } });
      expect([status, text]).toEqual([429, '{"message":"Too Many Requests"}']);
    },
  );
});

describe("a stage's throttle", () => {
  it.each<[rate: string, burst: string, statuses: number[]]>([
    ["-1", "-1", [200, 200, 200]],
    ["-1", "1", [200, 200, 200]],
    ["1", "-1", [200, 200, 200]],
    ["1", "2", [200, 200, 429]],
    ["0", "5", [429, 429, 429]],
    ["5", "0", [429, 429, 429]],
  ])("of %s a second and %s at once admits as AWS does: below zero is no limit", async (rate, burst, statuses) => {
    const restApiId = await counting({});
    await deploy(restApiId);
    const patchOperations = [
      { op: "replace" as const, path: "/*/*/throttling/rateLimit", value: rate },
      { op: "replace" as const, path: "/*/*/throttling/burstLimit", value: burst },
    ];
    await client.updateStage({ restApiId, stageName: "dev", patchOperations });
    const seen: number[] = [];
    for (const _call of statuses) seen.push((await call(restApiId, "/a")).status);
    expect(seen).toEqual(statuses);
  });
});

describe("a request for a fresh answer of a cached method", () => {
  const fresh = { "Cache-Control": "no-store, max-age=0" };
  const warning = '199 - "Cache-control headers were ignored because the caller was unauthorized."';
  const other = "111122223333";
  const statement = (Effect: "Allow" | "Deny", Action: string, Principal: string) => ({
    Effect,
    Principal: { AWS: Principal },
    Action: `execute-api:${Action}`,
    Resource: "execute-api:/*",
  });
  const invoke = statement("Allow", "Invoke", other);

  async function cachedApi(authorizationType: string, settings: Record<string, string>, Statement?: object[]) {
    const restApiId = await counting({ authorizationType });
    if (Statement !== undefined) {
      const policy = JSON.stringify({ Version: "2012-10-17", Statement });
      await client.updateRestApi({ restApiId, patchOperations: replace({ "/policy": policy }) });
    }
    await deploy(restApiId);
    const on = { "/cacheClusterEnabled": "true", "/cacheClusterSize": "0.5", "/*/*/caching/enabled": "true" };
    const patchOperations = replace({ ...on, ...settings });
    await client.updateStage({ restApiId, stageName: "dev", patchOperations });
    return restApiId;
  }

  it.each([
    ["SUCCEED_WITH_RESPONSE_HEADER", 200, warning],
    ["SUCCEED_WITHOUT_RESPONSE_HEADER", 200, undefined],
    ["FAIL_WITH_403", 403, undefined],
  ])("by somebody who may not ask for it, %s", async (strategy, status, header) => {
    const path = "/*/*/caching/unauthorizedCacheControlHeaderStrategy";
    const api = await cachedApi("NONE", { [path]: strategy });
    expect(JSON.parse((await call(api, "/a")).text)).toMatchObject({ call: 1 });
    const answer = await call(api, "/a", { headers: fresh });
    expect([answer.status, answer.header("warning")]).toEqual([status, header]);
    if (status === 200) expect(JSON.parse(answer.text)).toMatchObject({ call: 1 });
    else expect(answer.header("x-amzn-errortype")).toBe("AccessDeniedException");
    // What was kept is as it was, without a warning.
    const again = await call(api, "/a");
    expect([JSON.parse(again.text), again.header("warning")]).toEqual([{ call: 1, as: null }, undefined]);
  });

  it.each([
    ["its own account", account, undefined, true],
    ["its own account that the policy denies it", account, [statement("Deny", "InvalidateCache", account)], false],
    ["another account that may invoke alone", other, [invoke], false],
    ["another account that may do so", other, [invoke, statement("Allow", "InvalidateCache", other)], true],
  ])("signed by %s", async (_name, as, policy, mayAsk) => {
    const api = await cachedApi("AWS_IAM", {}, policy);
    const answers: unknown[] = [];
    for (const headers of [{}, fresh, {}]) {
      answers.push(JSON.parse((await call(api, "/a", { headers: { ...signed(as), ...headers } })).text));
    }
    expect(answers).toMatchObject([{ call: 1 }, { call: mayAsk ? 2 : 1 }, { call: mayAsk ? 2 : 1 }]);
  });
});
