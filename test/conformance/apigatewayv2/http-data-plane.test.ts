/** HTTP APIs when they are called: addresses, events, limits, authorizers, caches and throttles. */
import { connect } from "node:net";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Pipes } from "@aws-sdk/client-pipes";
import { SFN } from "@aws-sdk/client-sfn";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, functionArn, GatewayEnvironment, roleArn } from "../../support/apigatewayv2.ts";
import { webServer } from "../../support/web-server.ts";

describe.each(["memory", "disk"] as const)("HTTP APIs, %s", (storage) => {
  let env: GatewayEnvironment;
  let ApiId: string;

  beforeAll(async () => {
    env = await GatewayEnvironment.start(storage);
    ({ ApiId = "" } = await env.quick("echo", (event) => event));
  });
  afterAll(() => env.stop());

  /** What the function of `$default` got. */
  async function event(path: string, given: Parameters<typeof ask>[2] = {}): Promise<Record<string, unknown>> {
    const { text } = await env.call(ApiId, path, given);
    return JSON.parse(text) as Record<string, unknown>;
  }

  it("are reached by every address", async () => {
    const { endpoint } = env.bus;
    const { port } = new URL(endpoint);
    const hosts = [
      `${ApiId}.execute-api.us-east-1.amazonaws.com`,
      `${ApiId}.execute-api.localhost.localstack.cloud:${port}`,
      `${ApiId}.execute-api.localhost:${port}`,
    ];
    for (const Host of hosts) {
      const { text } = await ask(endpoint, "/a/b?c=1", { headers: { Host } });
      expect(JSON.parse(text)).toMatchObject({
        rawPath: "/a/b",
        rawQueryString: "c=1",
        requestContext: { domainName: Host, domainPrefix: ApiId, stage: "$default" },
      });
    }
    const { ApiEndpoint = "" } = await env.gateway.getApi({ ApiId });
    const answer = await fetch(`${ApiEndpoint}/a/b?c=1`);
    const seen = (await answer.json()) as { rawPath: string; requestContext: { domainName: string } };
    expect(seen.rawPath).toBe("/a/b");
    const again = await fetch(`http://${seen.requestContext.domainName}/x`);
    expect(await again.json()).toMatchObject({ rawPath: "/x" });
    expect((await ask(endpoint, `/restapis/${ApiId}/x/_user_request_/y`)).status).toBe(200);
  });

  it("are reached by custom domains while they are mapped", async () => {
    const DomainName = `${storage}.example.com`;
    const Host = DomainName;
    expect((await ask(env.bus.endpoint, "/v1/a", { headers: { Host } })).status).toBe(403);
    const DomainNameConfigurations = [{ CertificateArn: "arn:aws:acm:us-east-1:000000000000:certificate/c" }];
    await env.gateway.createDomainName({ DomainName, DomainNameConfigurations });
    expect((await ask(env.bus.endpoint, "/v1/a", { headers: { Host } })).text).toBe('{"message":"Forbidden"}');
    await env.gateway.createApiMapping({ DomainName, ApiId, Stage: "$default", ApiMappingKey: "v1" });
    const { text } = await ask(env.bus.endpoint, "/v1/a", { headers: { Host } });
    expect(JSON.parse(text)).toMatchObject({ rawPath: "/v1/a", requestContext: { domainName: DomainName } });
    await env.gateway.updateApi({ ApiId, DisableExecuteApiEndpoint: true });
    expect((await ask(env.bus.endpoint, "/v1/a", { headers: { Host } })).status).toBe(200);
    expect((await env.call(ApiId, "/a")).status).toBe(404);
    await env.gateway.updateApi({ ApiId, DisableExecuteApiEndpoint: false });
    const AnyOf = [{ Header: "X-Version", ValueGlob: "beta*" }];
    const Conditions = [{ MatchHeaders: { AnyOf } }, { MatchBasePaths: { AnyOf: ["v8", "v9"] } }];
    const Actions = [{ InvokeApi: { ApiId, Stage: "$default", StripBasePath: true } }];
    await env.gateway.createRoutingRule({ DomainName, Priority: 1, Conditions, Actions });
    await env.gateway.updateDomainName({ DomainName, RoutingMode: "ROUTING_RULE_THEN_API_MAPPING" });
    const ruled = await ask(env.bus.endpoint, "/v9/a", { headers: { Host, "x-version": "beta-2" } });
    expect(JSON.parse(ruled.text)).toMatchObject({ rawPath: "/v9/a", requestContext: { domainName: DomainName } });
    expect((await ask(env.bus.endpoint, "/v9/a", { headers: { Host } })).status).toBe(403);
    expect((await ask(env.bus.endpoint, "/v1/a", { headers: { Host } })).status).toBe(200);
  });

  it("pass requests to functions as they came", async () => {
    const headers = { "X-Two": ["1", "2"], Cookie: "a=1; b=2", "Content-Type": "application/octet-stream" };
    const body = Buffer.from([0xff, 0x00]);
    const seen = await event("/a%20b?k=a%2Bb&k=&e=", { method: "POST", headers, body });
    expect(seen).toMatchObject({
      version: "2.0",
      rawPath: "/a b",
      rawQueryString: "k=a%2Bb&k=&e=",
      queryStringParameters: { k: "a+b,", e: "" },
      cookies: ["a=1", "b=2"],
      headers: { "x-two": "1,2", "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http" },
      body: body.toString("base64"),
      isBase64Encoded: true,
      requestContext: { accountId: "000000000000", apiId: ApiId, timeEpoch: Date.parse("2026-03-01T12:00:00Z") },
    });
    expect(seen["headers"]).not.toHaveProperty("cookie");
    const { time, requestId } = seen["requestContext"] as { time: string; requestId: string };
    expect(time).toBe("01/Mar/2026:12:00:00 +0000");
    expect(requestId).toMatch(/^[A-Za-z0-9_-]{15}=$/);
    const bare = await event("/x");
    expect(bare["headers"]).toMatchObject({ "content-length": "0" });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect(await event("/x", { method: "POST", headers: form, body: "a=1" })).toMatchObject({ isBase64Encoded: true });
  });

  it("answer bad requests as AWS does, and go on", async () => {
    const long = await env.call(ApiId, "/x", { headers: { "X-Long": "a".repeat(11_000) } });
    expect(long.status).toBe(431);
    const large = await env.call(ApiId, "/x", { method: "POST", body: Buffer.alloc(10 * 1024 * 1024 + 1) });
    expect([large.status, large.text]).toEqual([413, '{"message":"Request Entity Too Large"}']);
    expect((await env.call("nosuchapi", "/x")).text).toBe(
      `{"message":"The API id 'nosuchapi' does not correspond to a deployed API Gateway API"}`,
    );
    for (const path of [
      "/%",
      "/%ff%fe",
      "//",
      "/../..",
      "/__proto__/constructor?__proto__=1&constructor=2",
      "/?&&=&=a",
    ]) {
      expect((await env.call(ApiId, path)).status).toBe(200);
    }
    const broken = await new Promise<string>((resolve) => {
      const { port } = new URL(env.bus.endpoint);
      const socket = connect(Number(port), "127.0.0.1", () => {
        socket.write(`POST /_aws/execute-api/${ApiId}/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc`);
        socket.end();
      });
      let text = "";
      socket.on("data", (chunk) => {
        text += String(chunk);
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(text));
    });
    expect(broken).not.toMatch(/^HTTP\/1\.1 5/);
    expect((await env.call(ApiId, "/x")).status).toBe(200);
  });

  it.each([
    ["a status that is none", { statusCode: "abc" }, 500],
    ["a body that is an object", { statusCode: 200, body: {} }, 500],
    ["a header with a line break", { statusCode: 200, headers: { "x-a": "b\r\nc: d" } }, 200],
    ["headers that are none", { statusCode: 200, headers: [] }, 500],
    ["a number", 7, 200],
    ["a list", [1], 200],
    ["nothing", null, 200],
  ])("accept from a function %s", async (_name, result, status) => {
    const { ApiId: id = "" } = await env.quick("odd", () => result);
    const reply = await env.call(id, "/");
    expect(reply.status).toBe(status);
    if (status === 500) expect(reply.text).toBe('{"message":"Internal Server Error"}');
    expect(reply.headers["apigw-requestid"]).toMatch(/=$/);
    await env.gateway.deleteApi({ ApiId: id });
  });

  it("follow changes of an API without a deployment if the stage deploys automatically", async () => {
    const { ApiId: id = "" } = await env.gateway.createApi({ Name: "auto", ProtocolType: "HTTP" });
    await env.gateway.createStage({ ApiId: id, StageName: "live", AutoDeploy: true });
    await env.gateway.createStage({ ApiId: id, StageName: "held" });
    expect((await env.call(id, "/live/a")).status).toBe(404);
    const given = { IntegrationType: "AWS_PROXY", PayloadFormatVersion: "2.0" } as const;
    const IntegrationUri = env.handler("auto", () => "x");
    const { IntegrationId } = await env.gateway.createIntegration({ ApiId: id, ...given, IntegrationUri });
    await env.gateway.createRoute({ ApiId: id, RouteKey: "GET /a", Target: `integrations/${IntegrationId}` });
    expect((await env.call(id, "/live/a")).status).toBe(200);
    expect((await env.call(id, "/held/a")).status).toBe(404);
    await env.gateway.createDeployment({ ApiId: id, StageName: "held" });
    await env.gateway.createRoute({ ApiId: id, RouteKey: "GET /b", Target: `integrations/${IntegrationId}` });
    expect([(await env.call(id, "/live/b")).status, (await env.call(id, "/held/b")).status]).toEqual([200, 404]);
    expect((await env.call(id, "/held/a")).status).toBe(200);
  });

  it("call the function that each stage's variables name", async () => {
    for (const name of ["blue", "green"]) env.handler(name, () => ({ statusCode: 200, body: name }));
    const { ApiId: id = "" } = await env.gateway.createApi({ Name: "colours", ProtocolType: "HTTP" });
    const { IntegrationId } = await env.gateway.createIntegration({
      ApiId: id,
      IntegrationType: "AWS_PROXY",
      IntegrationUri: functionArn("${stageVariables.colour}"),
      PayloadFormatVersion: "2.0",
    });
    await env.gateway.createRoute({ ApiId: id, RouteKey: "$default", Target: `integrations/${IntegrationId}` });
    for (const colour of ["blue", "green"]) {
      const StageVariables = { colour };
      await env.gateway.createStage({ ApiId: id, StageName: colour, AutoDeploy: true, StageVariables });
    }
    const answers = await Promise.all(["/blue/", "/green/"].map((path) => env.call(id, path)));
    expect(answers.map(({ text }) => text)).toEqual(["blue", "green"]);
  });

  it("answer preflights with the allowed headers, and other requests with the exposed ones", async () => {
    const api = await env.quick("cors", () => ({
      statusCode: 200,
      headers: { "Access-Control-Allow-Origin": "mine" },
    }));
    const ApiId = api.ApiId as string;
    const CorsConfiguration = {
      ...{
        AllowOrigins: ["https://a.example", "http://*"],
        AllowMethods: ["GET", "PUT"],
        AllowHeaders: ["x-a", "x-b"],
      },
      ...{ ExposeHeaders: ["x-e"], MaxAge: 60, AllowCredentials: true },
    };
    await env.gateway.updateApi({ ApiId, CorsConfiguration });
    const asked = { "Access-Control-Request-Method": "PUT" };
    const cors = async (method: string, Origin: string) => {
      const { status, headers } = await env.call(ApiId, "/x", { method, headers: { Origin, ...asked } });
      return [status, Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("access-")))];
    };
    for (const origin of ["https://a.example", "http://any.example"]) {
      const allowed = { "access-control-allow-origin": origin, "access-control-allow-credentials": "true" };
      expect(await cors("OPTIONS", origin)).toEqual([
        204,
        {
          ...allowed,
          "access-control-allow-methods": "GET,PUT",
          "access-control-allow-headers": "x-a,x-b",
          "access-control-max-age": "60",
        },
      ]);
      expect(await cors("GET", origin)).toEqual([200, { ...allowed, "access-control-expose-headers": "x-e" }]);
    }
    expect(await cors("OPTIONS", "https://b.example")).toEqual([204, {}]);
    expect(await cors("GET", "https://b.example")).toEqual([200, {}]);
  });

  it("enforce throttles by the clock", async () => {
    const { ApiId: id = "" } = await env.quick("throttled", () => "x");
    const DefaultRouteSettings = { ThrottlingBurstLimit: 2, ThrottlingRateLimit: 1 };
    await env.gateway.updateStage({ ApiId: id, StageName: "$default", DefaultRouteSettings });
    const statuses = async () => [(await env.call(id, "/")).status, (await env.call(id, "/")).status];
    expect(await statuses()).toEqual([200, 200]);
    expect((await env.call(id, "/")).text).toBe('{"message":"Too Many Requests"}');
    await env.bus.clock.advance("1s");
    expect(await statuses()).toEqual([200, 429]);
  });

  it("ask a Lambda authorizer once within its time to live", async () => {
    const { ApiId: id = "" } = await env.gateway.createApi({ Name: "guarded", ProtocolType: "HTTP" });
    const Statement = [
      { Action: "execute-api:Invoke", Effect: "Allow", Resource: `arn:aws:execute-api:*:*:${id}/*/GET/a` },
    ];
    const answer = { principalId: "u", policyDocument: { Version: "2012-10-17", Statement }, context: { n: 7 } };
    const authorizer = await env.gateway.createAuthorizer({
      ApiId: id,
      Name: "a",
      AuthorizerType: "REQUEST",
      AuthorizerUri: env.handler("guard", () => answer),
      AuthorizerPayloadFormatVersion: "1.0",
      AuthorizerResultTtlInSeconds: 60,
      IdentitySource: ["$request.header.Authorization"],
    });
    const { AuthorizerId } = authorizer;
    const integration = { IntegrationType: "AWS_PROXY", PayloadFormatVersion: "2.0" } as const;
    const IntegrationUri = env.handler("guarded", (seen) => seen);
    const { IntegrationId } = await env.gateway.createIntegration({ ApiId: id, ...integration, IntegrationUri });
    for (const RouteKey of ["GET /a", "GET /b"]) {
      const Target = `integrations/${IntegrationId}`;
      await env.gateway.createRoute({ ApiId: id, RouteKey, Target, AuthorizationType: "CUSTOM", AuthorizerId });
    }
    await env.gateway.createStage({ ApiId: id, StageName: "$default", AutoDeploy: true });
    const as = (Authorization: string) => ({ headers: { Authorization } });
    expect((await env.call(id, "/a")).text).toBe('{"message":"Unauthorized"}');
    const { text } = await env.call(id, "/a", as("one"));
    expect(JSON.parse(text)).toMatchObject({ requestContext: { authorizer: { lambda: { n: "7" } } } });
    // The policy that was kept is looked at for each route.
    expect((await env.call(id, "/b", as("one"))).status).toBe(403);
    expect(env.eventsOf("guard")).toHaveLength(1);
    await env.call(id, "/a", as("two"));
    await env.bus.clock.advance("61s");
    await env.call(id, "/a", as("one"));
    expect(env.eventsOf("guard")).toHaveLength(2);
    await env.gateway.resetAuthorizersCache({ ApiId: id, StageName: "$default" });
    await env.call(id, "/a", as("one"));
    expect(env.eventsOf("guard")).toMatchObject([{ version: "1.0", type: "REQUEST", authorizationToken: "one" }]);
  });

  it("time out integrations by the clock, and fail without a backend", async () => {
    const silent = await webServer(() => ({ silent: true }));
    const routes = { "/silent": silent.url, "/gone": "http://127.0.0.1:1" };
    const { ApiId: id = "" } = await env.gateway.createApi({ Name: "slow", ProtocolType: "HTTP" });
    for (const [path, IntegrationUri] of Object.entries(routes)) {
      const given = { IntegrationType: "HTTP_PROXY", IntegrationMethod: "GET", TimeoutInMillis: 20_000 } as const;
      const { IntegrationId } = await env.gateway.createIntegration({ ApiId: id, ...given, IntegrationUri });
      await env.gateway.createRoute({ ApiId: id, RouteKey: `GET ${path}`, Target: `integrations/${IntegrationId}` });
    }
    await env.gateway.createStage({ ApiId: id, StageName: "$default", AutoDeploy: true });
    const gone = await env.call(id, "/gone");
    expect([gone.status, gone.text]).toEqual([503, '{"message":"Service Unavailable"}']);
    const waiting = env.call(id, "/silent");
    while (silent.heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await env.bus.clock.advance("21s");
    expect((await waiting).status).toBe(503);
    await silent.close();
  });

  it("write access logs", async () => {
    const { ApiId: id = "" } = await env.quick("logged", () => "x");
    const Format =
      "$context.requestId $context.routeKey $context.status $context.resourcePath $context.requestTimeEpoch";
    const DestinationArn = "arn:aws:logs:us-east-1:000000000000:log-group:access";
    await env.gateway.updateStage({ ApiId: id, StageName: "$default", AccessLogSettings: { DestinationArn, Format } });
    const { headers } = await env.call(id, "/");
    await env.bus.settled();
    const [line] = env.bus.logs({ group: "access" });
    const seconds = Math.floor(env.bus.clock.now() / 1000);
    expect(line?.message).toBe(`${headers["apigw-requestid"]} $default 200 - ${seconds}`);
  });

  it("are called by rules and state machines without an endpoint", async () => {
    const { ApiId: id = "" } = await env.quick("inner", () => ({ ok: true }));
    const config = { ...env.bus.clientConfig() };
    const events = new EventBridge(config);
    await events.putRule({ Name: "inner", EventPattern: '{"source":["shop"]}' });
    const Arn = `arn:aws:execute-api:us-east-1:000000000000:${id}/$default/POST/orders/*`;
    const HttpParameters = { PathParameterValues: ["7"], QueryStringParameters: { dry: "1" } };
    await events.putTargets({ Rule: "inner", Targets: [{ Id: "a", Arn, RoleArn: roleArn, HttpParameters }] });
    await events.putEvents({ Entries: [{ Source: "shop", DetailType: "t", Detail: "{}" }] });
    await env.bus.settled();
    expect(env.eventsOf("inner")).toMatchObject([
      { rawPath: "/orders/7", rawQueryString: "dry=1", requestContext: { http: { method: "POST" } } },
    ]);
    const sfn = new SFN(config);
    const Arguments = { ApiEndpoint: `${id}.execute-api.us-east-1.amazonaws.com`, Method: "GET", Path: "/state" };
    const task = { Type: "Task", Resource: "arn:aws:states:::apigateway:invoke", Parameters: Arguments, End: true };
    const definition = JSON.stringify({ StartAt: "A", States: { A: task } });
    const { stateMachineArn } = await sfn.createStateMachine({ name: "inner", definition, roleArn });
    const { executionArn } = await sfn.startExecution({ stateMachineArn });
    await env.bus.settled();
    const { status, output } = await sfn.describeExecution({ executionArn });
    expect(status).toBe("SUCCEEDED");
    expect(JSON.parse(output ?? "")).toMatchObject({ ResponseBody: { ok: true }, StatusCode: 200 });
    events.destroy();
    sfn.destroy();
  });

  it("serve pipes as enrichment and target, without an endpoint", async () => {
    const enriching = await env.quick("enriching", (event) => ({ told: (event as { body: string }).body }));
    const taking = await env.quick("taking", () => ({ ok: true }));
    const arnOf = ({ ApiId: id }: { ApiId?: string | undefined }, path: string) =>
      `arn:aws:execute-api:us-east-1:000000000000:${id}/$default/POST/${path}`;
    const config = env.bus.clientConfig();
    const [sqs, pipes] = [new SQS(config), new Pipes(config)];
    const { QueueUrl } = await sqs.createQueue({ QueueName: `piped-${storage}` });
    await pipes.createPipe({
      ...{ Name: "piped", RoleArn: roleArn, Source: `arn:aws:sqs:us-east-1:000000000000:piped-${storage}` },
      ...{ Enrichment: arnOf(enriching, "enrich"), Target: arnOf(taking, "orders/*") },
      TargetParameters: { HttpParameters: { PathParameterValues: ["7"] } },
    });
    await env.bus.settled();
    await sqs.sendMessage({ QueueUrl, MessageBody: "tea" });
    await env.bus.settled();
    expect(env.eventsOf("enriching")).toMatchObject([
      { rawPath: "/enrich", requestContext: { http: { method: "POST" } } },
    ]);
    const [taken] = env.eventsOf("taking");
    expect(taken).toMatchObject({ rawPath: "/orders/7" });
    expect(JSON.stringify(taken?.["body"])).toContain("tea");
    for (const client of [sqs, pipes]) client.destroy();
  });
});
