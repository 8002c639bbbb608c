/** The data plane of REST APIs: every way to call one, what time does to it, what a restart leaves, what it logs. */
import { createConnection } from "node:net";
import { gunzipSync, gzipSync } from "node:zlib";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiGatewayEnvironment, account, functionUri } from "../../support/apigateway.ts";
import { type RawCall, rawHttp } from "../../support/raw-http.ts";

const ok = { requestTemplates: { "application/json": '{"statusCode": 200}' } };

describe.each(["memory", "disk"] as const)("a deployed API, kept in %s", (storage) => {
  let env: ApiGatewayEnvironment;
  beforeAll(async () => {
    env = await ApiGatewayEnvironment.start(storage);
  });
  afterAll(() => env.stop());

  /** A MOCK method that answers this text, and what a deployment to `dev` makes of it. */
  async function mock(restApiId: string, verb: string, path: string, template = '{"ok":true}') {
    const address = await env.method(restApiId, verb, path, ok);
    await env.client.putMethodResponse({ ...address, statusCode: "200" });
    const responseTemplates = { "application/json": template };
    await env.client.putIntegrationResponse({ ...address, statusCode: "200", responseTemplates });
    return address;
  }

  async function lambda(restApiId: string, verb: string, path: string, name: string) {
    const uri = functionUri(name);
    return env.method(restApiId, verb, path, { type: "AWS_PROXY", integrationHttpMethod: "POST", uri });
  }

  const deploy = (restApiId: string) => env.client.createDeployment({ restApiId, stageName: "dev" });

  const patch = (restApiId: string, values: Record<string, string>) =>
    env.client.updateStage({
      restApiId,
      stageName: "dev",
      patchOperations: Object.entries(values).map(([path, value]) => ({ op: "replace", path, value })),
    });

  const call = (restApiId: string, path: string, { headers, ...rest }: RawCall = {}) =>
    rawHttp(env.bus.endpoint, `/dev${path}`, {
      ...rest,
      headers: { Host: `${restApiId}.execute-api.us-east-1.amazonaws.com`, ...headers },
    });

  it("is reached by host, by path and by a domain of its own", async () => {
    const { restApiId } = await env.api();
    await mock(restApiId, "GET", "/pets/{id}", '{"id":"$input.params(\'id\')","path":"$context.path"}');
    await deploy(restApiId);
    const { endpoint } = env.bus;
    const forms = [
      [`/dev/pets/7`, `${restApiId}.execute-api.localhost.localstack.cloud:4566`],
      [`/dev/pets/7`, `${restApiId}.execute-api.localhost:4566`],
      [`/_aws/execute-api/${restApiId}/dev/pets/7`, "localhost:4566"],
      [`/restapis/${restApiId}/dev/_user_request_/pets/7`, "localhost:4566"],
    ] as const;
    for (const [path, host] of forms) {
      const { status, text } = await rawHttp(endpoint, path, { headers: { Host: host } });
      expect([host, status, JSON.parse(text)]).toEqual([host, 200, { id: "7", path: "/dev/pets/7" }]);
    }
    const fetched = await fetch(`${endpoint}/_aws/execute-api/${restApiId}/dev/pets/7`, {
      headers: { connection: "close" },
    });
    expect([fetched.status, await fetched.json()]).toEqual([200, { id: "7", path: "/dev/pets/7" }]);
    const domainName = `${restApiId}.example.com`;
    const regionalCertificateArn = `arn:aws:acm:us-east-1:${account}:certificate/c`;
    await env.client.createDomainName({ domainName, regionalCertificateArn });
    await env.client.createBasePathMapping({ domainName, basePath: "v1", restApiId, stage: "dev" });
    const own = await rawHttp(endpoint, "/v1/pets/7", { headers: { Host: domainName } });
    expect([own.status, JSON.parse(own.text)]).toEqual([200, { id: "7", path: "/v1/pets/7" }]);
    const unmapped = await rawHttp(endpoint, "/v2/pets/7", { headers: { Host: domainName } });
    expect([unmapped.status, unmapped.header("x-amzn-errortype")]).toEqual([403, "ForbiddenException"]);
  });

  it("counts a key's requests until its quota's day is over, through a restart too", async () => {
    const { restApiId } = await env.api();
    const address = await mock(restApiId, "GET", "/x");
    await env.client.updateMethod({
      ...address,
      patchOperations: [{ op: "replace", path: "/apiKeyRequired", value: "true" }],
    });
    await deploy(restApiId);
    const key = await env.client.createApiKey({ name: restApiId, enabled: true });
    const { id: usagePlanId } = await env.client.createUsagePlan({
      name: "plan",
      apiStages: [{ apiId: restApiId, stage: "dev" }],
      quota: { limit: 2, period: "DAY" },
    });
    await env.client.createUsagePlanKey({ usagePlanId, keyId: key.id, keyType: "API_KEY" });
    const headers = { "x-api-key": key.value as string };
    const status = async () => (await call(restApiId, "/x", { headers })).status;
    expect((await call(restApiId, "/x")).status).toBe(403);
    expect([await status(), await status(), await status()]).toEqual([200, 200, 429]);
    if (storage === "disk") {
      await env.restart();
      expect(await status()).toBe(429);
    }
    const day = new Date(env.bus.clock.now()).toISOString().slice(0, 10);
    const usage = await env.client.getUsage({ usagePlanId, startDate: day, endDate: day });
    expect(usage.items).toEqual({ [key.id as string]: [[2, 0]] });
    await env.bus.clock.advance("1d");
    expect(await status()).toBe(200);
  });

  it("lets no more through than a throttle does, second by second", async () => {
    const { restApiId } = await env.api();
    await mock(restApiId, "GET", "/x");
    await deploy(restApiId);
    await patch(restApiId, { "/*/*/throttling/rateLimit": "1", "/*/*/throttling/burstLimit": "2" });
    const status = async () => (await call(restApiId, "/x")).status;
    expect([await status(), await status(), await status()]).toEqual([200, 200, 429]);
    await env.bus.clock.advance("1s");
    expect([await status(), await status()]).toEqual([200, 429]);
  });

  it("asks an authorizer again when its result has expired or was flushed", async () => {
    const { restApiId } = await env.api();
    let calls = 0;
    env.bus.registerFunction("asked", () => {
      calls += 1;
      const Statement = [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: "*" }];
      return { principalId: "me", policyDocument: { Version: "2012-10-17", Statement }, context: { n: calls } };
    });
    const { id: authorizerId } = await env.client.createAuthorizer({
      restApiId,
      name: "asked",
      type: "REQUEST",
      authorizerUri: functionUri("asked"),
      identitySource: "method.request.header.X-Who,method.request.querystring.q",
      authorizerResultTtlInSeconds: 60,
    });
    const address = await mock(restApiId, "GET", "/x", "$context.authorizer.n");
    await env.client.updateMethod({
      ...address,
      patchOperations: [
        { op: "replace", path: "/authorizationType", value: "CUSTOM" },
        { op: "replace", path: "/authorizerId", value: authorizerId },
      ],
    });
    await deploy(restApiId);
    const answer = async (who: string, q = "1") =>
      (await call(restApiId, `/x?q=${q}`, { headers: { "X-Who": who } })).text;
    expect([await answer("a"), await answer("a"), await answer("b"), await answer("a", "2")]).toEqual([
      "1",
      "1",
      "2",
      "3",
    ]);
    expect((await call(restApiId, "/x?q=1")).status).toBe(401);
    await env.bus.clock.advance("61s");
    expect(await answer("a")).toBe("4");
    await env.client.flushStageAuthorizersCache({ restApiId, stageName: "dev" });
    expect(await answer("a")).toBe("5");
  });

  it("caches answers for their time to live, by the key's parameters", async () => {
    const { restApiId } = await env.api();
    let calls = 0;
    env.bus.registerFunction("counted", () => ({ statusCode: 200, body: String((calls += 1)) }));
    const address = await lambda(restApiId, "GET", "/x", "counted");
    await env.client.updateMethod({
      ...address,
      patchOperations: [{ op: "add", path: "/requestParameters/method.request.querystring.page", value: "false" }],
    });
    await env.client.updateIntegration({
      ...address,
      patchOperations: [{ op: "add", path: "/cacheKeyParameters/method.request.querystring.page" }],
    });
    await deploy(restApiId);
    await patch(restApiId, {
      "/cacheClusterEnabled": "true",
      "/cacheClusterSize": "0.5",
      "/*/*/caching/enabled": "true",
      "/*/*/caching/ttlInSeconds": "60",
    });
    const answer = async (path: string, headers = {}) => call(restApiId, path, { headers });
    const texts = async (...paths: string[]) => {
      const found: string[] = [];
      for (const path of paths) found.push((await answer(path)).text);
      return found;
    };
    expect(await texts("/x?page=1", "/x?page=1&other=2", "/x?page=2")).toEqual(["1", "1", "2"]);
    const warned = await answer("/x?page=1", { "Cache-Control": "max-age=0" });
    expect([warned.text, warned.header("warning")]).toEqual(["1", expect.stringContaining("199")]);
    await patch(restApiId, { "/*/*/caching/requireAuthorizationForCacheControl": "false" });
    expect((await answer("/x?page=1", { "Cache-Control": "max-age=0" })).text).toBe("3");
    expect(await texts("/x?page=1")).toEqual(["3"]);
    await env.bus.clock.advance("61s");
    expect(await texts("/x?page=1")).toEqual(["4"]);
    await env.client.flushStageCache({ restApiId, stageName: "dev" });
    expect(await texts("/x?page=1")).toEqual(["5"]);
  });

  it("waits 29 seconds of the clock for a function", async () => {
    const { restApiId } = await env.api();
    env.bus.registerFunction("hanging", () => new Promise(() => {}));
    await lambda(restApiId, "GET", "/x", "hanging");
    await deploy(restApiId);
    const answer = call(restApiId, "/x");
    await new Promise((resolve) => setTimeout(resolve, 200));
    await env.bus.clock.advance("30s");
    const { status, text } = await answer;
    expect([status, text]).toEqual([504, '{"message":"Endpoint request timed out"}']);
  });

  it("writes access logs and execution logs", async () => {
    const { restApiId } = await env.api();
    await mock(restApiId, "GET", "/x");
    await deploy(restApiId);
    const role = `arn:aws:iam::${account}:role/logs`;
    await env.client.updateAccount({ patchOperations: [{ op: "replace", path: "/cloudwatchRoleArn", value: role }] });
    await patch(restApiId, {
      "/accessLogSettings/destinationArn": `arn:aws:logs:us-east-1:${account}:log-group:access-${restApiId}`,
      "/accessLogSettings/format":
        "$context.requestId $context.httpMethod $context.resourcePath $context.status $context.nothing",
      "/*/*/logging/loglevel": "INFO",
      "/*/*/logging/dataTrace": "true",
    });
    const answer = await call(restApiId, "/x?a=1");
    await env.bus.settled();
    const id = answer.header("x-amzn-requestid");
    const [line] = env.bus.logs({ group: `access-${restApiId}` });
    expect(line?.message).toBe(`${id} GET /x 200 -`);
    const lines = env.bus.logs({ group: `API-Gateway-Execution-Logs_${restApiId}/dev` }).map(({ message }) => message);
    expect(lines).toContain(`(${id}) Method request query string: {a=1}`);
    expect(lines[0]).toBe(`(${id}) Method completed with status: 200`);
  });

  it("compresses long answers and reads compressed requests", async () => {
    const { restApiId } = await env.api();
    const text = "a".repeat(1000);
    env.bus.registerFunction("echo", (event) => ({ statusCode: 200, body: (event as { body: string }).body }));
    await lambda(restApiId, "POST", "/x", "echo");
    await env.client.updateRestApi({
      restApiId,
      patchOperations: [{ op: "replace", path: "/minimumCompressionSize", value: "100" }],
    });
    await deploy(restApiId);
    const answer = await call(restApiId, "/x", {
      method: "POST",
      headers: { "Accept-Encoding": "gzip", "Content-Encoding": "gzip" },
      body: gzipSync(text),
    });
    expect(answer.header("content-encoding")).toBe("gzip");
    expect(gunzipSync(answer.body).toString()).toBe(text);
    const odd = await call(restApiId, "/x", { method: "POST", headers: { "Content-Encoding": "br" }, body: "a" });
    expect(odd.status).toBe(415);
  });

  it("refuses requests that are too large, in AWS's words", async () => {
    const { restApiId } = await env.api();
    await mock(restApiId, "ANY", "/x");
    await deploy(restApiId);
    const large = await call(restApiId, "/x", { method: "POST", body: Buffer.alloc(10 * 1024 * 1024 + 1, 97) });
    expect([large.status, large.text]).toEqual([413, '{"message":"Request Too Long"}']);
    expect((await call(restApiId, `/x?q=${"a".repeat(11_000)}`)).status).toBe(414);
    expect((await call(restApiId, "/x", { headers: { "X-A": "a".repeat(21_000) } })).status).toBe(431);
    expect((await call(restApiId, "/x?a={b}")).status).toBe(400);
    const unknown = await rawHttp(env.bus.endpoint, "/none/x", {
      headers: { Host: `${restApiId}.execute-api.us-east-1.amazonaws.com` },
    });
    expect([unknown.status, unknown.text]).toEqual([403, '{"message":"Forbidden"}']);
  });

  it("does not take unsigned callers for members of the account", async () => {
    const { restApiId } = await env.api();
    await mock(restApiId, "GET", "/x");
    const cases: [principal: unknown, condition: object | undefined, path: string, status: number][] = [
      [{ AWS: account }, undefined, "*", 403],
      [{ AWS: `arn:aws:iam::${account}:root` }, undefined, "*", 403],
      ["*", undefined, "dev/GET/x", 200],
      ["*", undefined, "dev/POST/x", 403],
      ["*", { StringEquals: { "aws:SourceVpce": "vpce-1" } }, "*", 403],
      ["*", { StringNotEquals: { "aws:SourceVpce": "vpce-1" } }, "*", 200],
    ];
    for (const [Principal, Condition, path, status] of cases) {
      const Resource = `execute-api:/${path}`;
      const Statement = [{ Effect: "Allow", Principal, Action: "execute-api:Invoke", Resource, Condition }];
      const value = JSON.stringify({ Version: "2012-10-17", Statement });
      await env.client.updateRestApi({ restApiId, patchOperations: [{ op: "replace", path: "/policy", value }] });
      await deploy(restApiId);
      expect([value, (await call(restApiId, "/x")).status]).toEqual([value, status]);
    }
  });

  it("sends half of the requests to a canary with 50 percent", async () => {
    const { restApiId } = await env.api();
    await mock(restApiId, "GET", "/x", "$stageVariables.colour $context.isCanaryRequest");
    await deploy(restApiId);
    await patch(restApiId, { "/variables/colour": "blue" });
    const canarySettings = { percentTraffic: 50, stageVariableOverrides: { colour: "green" } };
    await env.client.createDeployment({ restApiId, stageName: "dev", canarySettings });
    const counts: Record<string, number> = {};
    for (let count = 0; count < 60; count += 1) {
      const { text } = await call(restApiId, "/x");
      counts[text] = (counts[text] ?? 0) + 1;
    }
    expect(Object.keys(counts).sort()).toEqual(["blue false", "green true"]);
    // By the seed; the odds of fewer than 15 of 60 are below 1 in 20,000 by any.
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(14);
  });

  it("knows who signed a request, and admits other accounts only by policy", async () => {
    const { restApiId } = await env.api();
    const address = await mock(restApiId, "GET", "/x", "$context.identity.userArn");
    await env.client.updateMethod({
      ...address,
      patchOperations: [{ op: "replace", path: "/authorizationType", value: "AWS_IAM" }],
    });
    await deploy(restApiId);
    const signed = (as: string) => ({
      Authorization: `AWS4-HMAC-SHA256 Credential=${as}/20260301/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=0`,
    });
    const own = await call(restApiId, "/x", { headers: signed(account) });
    expect([own.status, own.text]).toEqual([200, `arn:aws:iam::${account}:user/busbar`]);
    const other = await call(restApiId, "/x", { headers: signed("111122223333") });
    expect([other.status, other.header("x-amzn-errortype")]).toEqual([403, "AccessDeniedException"]);
    expect(JSON.parse(other.text).Message).toContain(`********${account.slice(-4)}:${restApiId}/dev/GET/x`);
    const odd = await call(restApiId, "/x", { headers: { Authorization: "Bearer abc" } });
    expect([odd.status, odd.header("x-amzn-errortype")]).toEqual([403, "IncompleteSignatureException"]);
  });

  it("sends a queue what a template makes, and passes on its errors", async () => {
    const sqs = new SQS({ ...env.bus.clientConfig(), maxAttempts: 1 });
    const { QueueUrl } = await sqs.createQueue({ QueueName: "orders" });
    const { restApiId } = await env.api();
    const send = (queue: string) => ({
      type: "AWS" as const,
      integrationHttpMethod: "POST",
      uri: `arn:aws:apigateway:us-east-1:sqs:path/${account}/${queue}`,
      requestParameters: { "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'" },
      requestTemplates: { "application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)" },
    });
    for (const queue of ["orders", "none"]) {
      const address = await env.method(restApiId, "POST", `/${queue}`, send(queue));
      for (const [statusCode, selectionPattern] of [
        ["200", undefined],
        ["400", "4\\d\\d"],
      ] as const) {
        await env.client.putMethodResponse({ ...address, statusCode });
        await env.client.putIntegrationResponse({ ...address, statusCode, selectionPattern });
      }
    }
    await deploy(restApiId);
    const sent = await call(restApiId, "/orders", { method: "POST", body: '{"n":1}' });
    expect([sent.status, JSON.parse(sent.text)]).toMatchObject([
      200,
      { SendMessageResponse: { SendMessageResult: { MessageId: expect.any(String) } } },
    ]);
    const failed = await call(restApiId, "/none", { method: "POST", body: '{"n":1}' });
    expect([failed.status, JSON.parse(failed.text)]).toMatchObject([400, { Error: { Type: "Sender" } }]);
    const { Messages } = await sqs.receiveMessage({ QueueUrl });
    expect(Messages?.map(({ Body }) => Body)).toEqual(['{"n":1}']);
    sqs.destroy();
  });

  it("answers requests of one connection in their order, header names as the function wrote them", async () => {
    const { restApiId } = await env.api();
    env.bus.registerFunction("named", (event) => ({
      statusCode: 200,
      multiValueHeaders: { "X-MiXed": ["1", "2"] },
      body: (event as { path: string }).path,
    }));
    await lambda(restApiId, "GET", "/{proxy+}", "named");
    await deploy(restApiId);
    const { port, hostname } = new URL(env.bus.endpoint);
    const socket = createConnection(Number(port), hostname);
    const head = (path: string, more = "") =>
      `GET /dev${path} HTTP/1.1\r\nHost: ${restApiId}.execute-api.localhost\r\n${more}\r\n`;
    socket.write(head("/a//b/") + head("/%7Bx%7D?y=%zz") + head("/c", "Connection: close\r\n"));
    let text = "";
    for await (const chunk of socket) text += chunk;
    expect(text.match(/\r\n\r\n\/[^H]*/g)?.map((body) => body.trim())).toEqual(["/a//b/", "/%7Bx%7D", "/c"]);
    expect(text.match(/X-MiXed: \d/g)).toEqual(Array(3).fill(["X-MiXed: 1", "X-MiXed: 2"]).flat());
  });

  it("is tested as it is, with its log", async () => {
    const { restApiId } = await env.api();
    const address = await mock(restApiId, "GET", "/pets/{id}", '{"id":"$input.params(\'id\')","s":"$context.stage"}');
    const { status, body, log, headers } = await env.client.testInvokeMethod({
      ...address,
      pathWithQueryString: "/pets/7?a=b",
    });
    expect([status, JSON.parse(body as string)]).toEqual([200, { id: "7", s: "test-invoke-stage" }]);
    expect(Object.keys(headers ?? {}).sort()).toEqual(["Content-Type", "X-Amzn-Trace-Id"]);
    const lines = (log as string).split("\n");
    expect(lines[0]).toMatch(/^Execution log for request [0-9a-f-]{36}$/);
    expect(lines.slice(1, -1).map((line) => line.replace(/^\w{3} \w{3} \d\d [\d:]{8} UTC \d{4} : /, ""))).toEqual(
      expect.arrayContaining([
        "HTTP Method: GET, Resource Path: /pets/7",
        "Method request path: {id=7}",
        "Method request query string: {a=b}",
        "Successfully completed execution",
        "Method completed with status: 200",
      ]),
    );
  });

  if (storage === "disk") {
    it("is served after a restart as it was deployed", async () => {
      const { restApiId } = await env.api();
      const address = await mock(restApiId, "GET", "/x", '{"v":1}');
      await deploy(restApiId);
      await env.client.updateIntegrationResponse({
        ...address,
        statusCode: "200",
        patchOperations: [{ op: "replace", path: "/responseTemplates/application~1json", value: '{"v":2}' }],
      });
      await env.restart();
      expect((await call(restApiId, "/x")).text).toBe('{"v":1}');
      await deploy(restApiId);
      expect((await call(restApiId, "/x")).text).toBe('{"v":2}');
    });
  }
});
