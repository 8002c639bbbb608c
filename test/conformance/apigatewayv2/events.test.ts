/** Events that functions get of REST, HTTP and WebSocket APIs: all of their members, and no others. */
import { APIGateway } from "@aws-sdk/client-api-gateway";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionUri } from "../../support/apigateway.ts";
import { ask, functionArn, GatewayEnvironment } from "../../support/apigatewayv2.ts";
import { until } from "../../support/until.ts";
import { openSocket } from "../../support/web-sockets.ts";

const Action = "execute-api:Invoke";
const allowed = {
  principalId: "me",
  policyDocument: { Version: "2012-10-17", Statement: [{ Action, Effect: "Allow", Resource: "*" }] },
  context: { n: 7, t: true, s: "x" },
};
const told = { principalId: "me", n: "7", t: "true", s: "x" };
const stageVariables = { v: "1" };
const trace = expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/) as string;
const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as string;
const requestId = expect.stringMatching(/^[\w-]{15}=$/) as string;
const connectionId = expect.stringMatching(/^[\w-]{18}==$/) as string;
const time = "01/Mar/2026:12:00:00 +0000";
const timeEpoch = Date.parse("2026-03-01T12:00:00Z");
const accountId = "000000000000";
const sourceIp = "127.0.0.1";
const arnOf = (apiId: string, rest: string) => `arn:aws:execute-api:us-east-1:${accountId}:${apiId}/${rest}`;
const lists = (headers: Record<string, string>, more: Record<string, string[]> = {}) => ({
  ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
  ...more,
});

/** A request with something of everything, and one with nothing. */
const full = "/orders/a%20b?k=1&k=2&e=";
const sent = { "X-Two": ["1", "2"], Auth: "tok", "Content-Type": "text/plain", "User-Agent": "ua", Cookie: "c=1; d=2" };
const query = { queryStringParameters: { k: "2", e: "" }, multiValueQueryStringParameters: { k: ["1", "2"], e: [""] } };

let env: GatewayEnvironment;
let rest: APIGateway;
const event = (name: string) => env.eventsOf(name)[0] as Record<string, unknown>;

beforeAll(async () => {
  env = await GatewayEnvironment.start();
  rest = new APIGateway(env.bus.clientConfig());
  for (const name of ["rest", "two", "one", "chat"]) env.handler(name, () => ({ statusCode: 200 }));
  for (const name of ["token", "request", "policy", "guard"]) env.handler(name, () => allowed);
  env.handler("simple", () => ({ isAuthorized: true, context: { n: 7, o: { a: [1] } } }));
});
afterAll(async () => {
  rest.destroy();
  await env.stop();
});

describe("a REST API's function", () => {
  let apiId = "";
  let resourceId: string | undefined;
  let deploymentId: string | undefined;
  let Host = "";

  beforeAll(async () => {
    const regional = { name: "shop", endpointConfiguration: { types: ["REGIONAL" as const] } };
    const { id: restApiId = "", rootResourceId: parentId } = await rest.createRestApi(regional);
    const { id: orders } = await rest.createResource({ restApiId, parentId, pathPart: "orders" });
    resourceId = (await rest.createResource({ restApiId, parentId: orders, pathPart: "{id}" })).id;
    const method = async (httpMethod: string, authorizer?: "TOKEN" | "REQUEST") => {
      const made =
        authorizer &&
        (await rest.createAuthorizer({
          ...{ restApiId, name: authorizer, type: authorizer, identitySource: "method.request.header.Auth" },
          authorizerUri: functionUri(authorizer.toLowerCase()),
        }));
      const authorization = made
        ? { authorizationType: "CUSTOM", authorizerId: made.id }
        : { authorizationType: "NONE" };
      await rest.putMethod({ restApiId, resourceId, httpMethod, operationName: "order", ...authorization });
      const to = { type: "AWS_PROXY", integrationHttpMethod: "POST", uri: functionUri("rest") } as const;
      await rest.putIntegration({ restApiId, resourceId, httpMethod, ...to });
    };
    await method("GET");
    await method("POST", "TOKEN");
    await method("PUT", "REQUEST");
    deploymentId = (await rest.createDeployment({ restApiId, stageName: "dev", variables: stageVariables })).id;
    apiId = restApiId;
    Host = `${apiId}.execute-api.us-east-1.amazonaws.com`;
  });

  const added = { "X-Amzn-Trace-Id": trace, "X-Forwarded-For": sourceIp, "X-Forwarded-Port": "443" };
  const headersOf = (headers: Record<string, string>) => ({ Host, ...headers, ...added, "X-Forwarded-Proto": "https" });
  const contextOf = (httpMethod: string, path: string, userAgent: string | null) => ({
    ...{ resourceId, resourcePath: "/orders/{id}", httpMethod, extendedRequestId: requestId, requestTime: time },
    ...{ path, accountId, protocol: "HTTP/1.1", stage: "dev", domainPrefix: apiId, requestTimeEpoch: timeEpoch },
    ...{ requestId: uuid, domainName: Host, apiId, operationName: "order" },
    identity: {
      ...{ cognitoIdentityPoolId: null, accountId: null, cognitoIdentityId: null, caller: null, sourceIp },
      ...{ principalOrgId: null, accessKey: null, cognitoAuthenticationType: null },
      ...{ cognitoAuthenticationProvider: null, userArn: null, userAgent, user: null },
    },
  });
  const both = () => headersOf({ ...sent, "X-Two": "2" });
  const call = (method: string, path = full, headers: object = sent, body = "hello") =>
    ask(env.bus.endpoint, `/dev${path}`, { method, headers: { Host, ...headers }, body });

  it("gets null for what is missing", async () => {
    await call("GET", "/orders/7", {}, "");
    expect(event("rest")).toEqual({
      ...{ resource: "/orders/{id}", path: "/orders/7", httpMethod: "GET" },
      ...{ headers: headersOf({}), multiValueHeaders: lists(headersOf({})) },
      ...{ queryStringParameters: null, multiValueQueryStringParameters: null, pathParameters: { id: "7" } },
      ...{ stageVariables, body: null, isBase64Encoded: false },
      requestContext: { ...contextOf("GET", "/dev/orders/7", null), deploymentId },
    });
  });

  it("gets everything in a request, with its authorizer's context; a TOKEN authorizer gets the token", async () => {
    await call("POST");
    expect(event("token")).toEqual({
      ...{ type: "TOKEN", authorizationToken: "tok", methodArn: arnOf(apiId, "dev/POST/orders/a%20b") },
    });
    expect(event("rest")).toEqual({
      ...{ resource: "/orders/{id}", path: "/orders/a%20b", httpMethod: "POST", ...query },
      ...{ headers: both(), multiValueHeaders: lists(both(), { "X-Two": ["1", "2"] }) },
      ...{ pathParameters: { id: "a b" }, stageVariables, body: "hello", isBase64Encoded: false },
      requestContext: {
        ...contextOf("POST", "/dev/orders/a%20b", "ua"),
        ...{ deploymentId, authorizer: { ...told, integrationLatency: expect.any(Number) } },
      },
    });
  });

  it("a REQUEST authorizer gets the request without its body, and empty maps", async () => {
    await call("PUT");
    const request = { type: "REQUEST", resource: "/orders/{id}", httpMethod: "PUT", stageVariables };
    expect(event("request")).toEqual({
      ...{ ...request, methodArn: arnOf(apiId, "dev/PUT/orders/a%20b"), path: "/orders/a%20b", ...query },
      ...{ headers: both(), multiValueHeaders: lists(both(), { "X-Two": ["1", "2"] }), pathParameters: { id: "a b" } },
      requestContext: contextOf("PUT", "/dev/orders/a%20b", "ua"),
    });
    await call("PUT", "/orders/7", { Auth: "other" }, "");
    const headers = headersOf({ Auth: "other" });
    expect(event("request")).toEqual({
      ...{ ...request, methodArn: arnOf(apiId, "dev/PUT/orders/7"), path: "/orders/7", pathParameters: { id: "7" } },
      ...{ headers, multiValueHeaders: lists(headers), queryStringParameters: {}, multiValueQueryStringParameters: {} },
      requestContext: contextOf("PUT", "/dev/orders/7", null),
    });
    env.eventsOf("rest");
  });
});

describe("an HTTP API's function", () => {
  let apiId = "";
  let Host = "";

  beforeAll(async () => {
    const { gateway } = env;
    const { ApiId = "" } = await gateway.createApi({ Name: "shop", ProtocolType: "HTTP" });
    const target = async (name: string, PayloadFormatVersion: string) => {
      const to = { IntegrationType: "AWS_PROXY", IntegrationUri: functionArn(name), PayloadFormatVersion } as const;
      return `integrations/${(await gateway.createIntegration({ ApiId, ...to })).IntegrationId}`;
    };
    const guard = async (Name: string, AuthorizerPayloadFormatVersion: string, more: object) => {
      const asked = { AuthorizerType: "REQUEST", AuthorizerUri: functionUri(Name) } as const;
      const IdentitySource = ["$request.header.Auth"];
      const made = { ApiId, Name, ...asked, IdentitySource, AuthorizerPayloadFormatVersion, ...more };
      return {
        AuthorizationType: "CUSTOM",
        AuthorizerId: (await gateway.createAuthorizer(made)).AuthorizerId,
      } as const;
    };
    const [two, one] = [await target("two", "2.0"), await target("one", "1.0")];
    await gateway.createRoute({ ApiId, RouteKey: "GET /orders/{id}", Target: two });
    await gateway.createRoute({ ApiId, RouteKey: "$default", Target: one });
    const simple = await guard("simple", "2.0", { EnableSimpleResponses: true });
    await gateway.createRoute({ ApiId, RouteKey: "POST /orders/{id}", Target: two, ...simple });
    const policy = await guard("policy", "1.0", {});
    await gateway.createRoute({ ApiId, RouteKey: "PUT /orders/{id}", Target: one, ...policy });
    await gateway.createStage({ ApiId, StageName: "$default", AutoDeploy: true, StageVariables: stageVariables });
    apiId = ApiId;
    Host = `${ApiId}.execute-api.us-east-1.amazonaws.com`;
  });

  const call = (method: string, path = full, headers: object = sent, body = "hello") =>
    ask(env.bus.endpoint, path, { method, headers: { Host, ...headers }, body });
  const added = { "x-forwarded-for": sourceIp, "x-forwarded-port": "80", "x-forwarded-proto": "http" };
  const headersOf = (headers: Record<string, string>, length: string) => ({
    ...{ host: Host, ...headers, ...added, "x-amzn-trace-id": trace, "content-length": length },
  });
  const asSent = { auth: "tok", "content-type": "text/plain", "user-agent": "ua" };
  const contextOf = (routeKey: string, method: string, path: string, userAgent: string) => ({
    ...{ accountId, apiId, domainName: Host, domainPrefix: apiId, requestId, routeKey, stage: "$default" },
    ...{ http: { method, path, protocol: "HTTP/1.1", sourceIp, userAgent }, time, timeEpoch },
  });
  const identity = {
    ...{ accessKey: null, accountId: null, caller: null, cognitoAmr: null, cognitoAuthenticationProvider: null },
    ...{ cognitoAuthenticationType: null, cognitoIdentityId: null, cognitoIdentityPoolId: null },
    ...{ principalOrgId: null, sourceIp, user: null, userArn: null },
  };
  const olderContextOf = (httpMethod: string, path: string, resourcePath: string, userAgent: string) => ({
    ...{ accountId, apiId, domainName: Host, domainPrefix: apiId, extendedRequestId: requestId, httpMethod, path },
    ...{ identity: { ...identity, userAgent }, protocol: "HTTP/1.1", requestId, requestTime: time },
    ...{ requestTimeEpoch: timeEpoch, resourceId: null, resourcePath, stage: "$default" },
    authorizer: { claims: null, scopes: null },
  });

  it("gets no members for what is missing, in version 2.0", async () => {
    await call("GET", "/orders/7", {}, "");
    expect(event("two")).toEqual({
      ...{ version: "2.0", routeKey: "GET /orders/{id}", rawPath: "/orders/7", rawQueryString: "", stageVariables },
      ...{ headers: headersOf({}, "0"), pathParameters: { id: "7" }, isBase64Encoded: false },
      requestContext: contextOf("GET /orders/{id}", "GET", "/orders/7", ""),
    });
  });

  it("gets everything in a request, in version 2.0, as its authorizer does", async () => {
    await call("POST");
    const request = {
      ...{ version: "2.0", routeKey: "POST /orders/{id}", rawPath: "/orders/a b", rawQueryString: "k=1&k=2&e=" },
      ...{ cookies: ["c=1", "d=2"], headers: headersOf({ ...asSent, "x-two": "1,2" }, "5"), stageVariables },
      ...{ queryStringParameters: { k: "1,2", e: "" }, pathParameters: { id: "a b" } },
    };
    const requestContext = contextOf("POST /orders/{id}", "POST", "/orders/a b", "ua");
    const routeArn = arnOf(apiId, "$default/POST/orders/a b");
    const asked = { type: "REQUEST", routeArn, identitySource: ["tok"] };
    expect(event("simple")).toEqual({ ...request, ...asked, requestContext });
    expect(event("two")).toEqual({
      ...{ ...request, body: "hello", isBase64Encoded: false },
      requestContext: { ...requestContext, authorizer: { lambda: { n: 7, o: { a: [1] } } } },
    });
  });

  it("gets null for what is missing, in version 1.0", async () => {
    await call("GET", "/nowhere", {}, "");
    const headers = headersOf({}, "0");
    expect(event("one")).toEqual({
      ...{ version: "1.0", resource: "$default", path: "/nowhere", httpMethod: "GET", stageVariables, body: null },
      ...{ headers, multiValueHeaders: lists(headers), pathParameters: null, isBase64Encoded: false },
      ...{ queryStringParameters: null, multiValueQueryStringParameters: null },
      requestContext: olderContextOf("GET", "/nowhere", "$default", ""),
    });
  });

  it("gets everything in a request, in version 1.0, as its authorizer does", async () => {
    await call("PUT");
    const path = "/orders/a b";
    const headers = headersOf({ ...asSent, cookie: "c=1; d=2", "x-two": "2" }, "5");
    const requestContext = olderContextOf("PUT", path, "/orders/{id}", "ua");
    const request = { version: "1.0", path, httpMethod: "PUT", pathParameters: { id: "a b" }, stageVariables };
    expect(event("one")).toEqual({
      ...{ ...request, ...query, resource: "/orders/{id}", body: "hello", isBase64Encoded: false },
      ...{ headers, multiValueHeaders: lists(headers, { "x-two": ["1", "2"] }) },
      requestContext: { ...requestContext, authorizer: told },
    });
    const { "Content-Type": type, "User-Agent": agent, Cookie, Auth } = sent;
    expect(event("policy")).toEqual({
      ...{ ...request, type: "REQUEST", methodArn: arnOf(apiId, "$default/PUT/orders/a b"), resource: "" },
      ...{ identitySource: "tok", authorizationToken: "tok", queryStringParameters: { k: "2", e: "" } },
      headers: {
        ...{ Host, "X-Two": "2", Auth, "Content-Type": type, "User-Agent": agent, Cookie, "Content-Length": "5" },
        ...{ "X-Forwarded-For": sourceIp, "X-Forwarded-Port": "80", "X-Forwarded-Proto": "http" },
        "X-Amzn-Trace-Id": trace,
      },
      requestContext: { ...requestContext, resourceId: "PUT /orders/{id}" },
    });
  });
});

describe("a WebSocket API's function", () => {
  it("gets the handshake, messages and the end, with the authorizer's context from the handshake", async () => {
    const { gateway, bus } = env;
    const selection = { RouteSelectionExpression: "$request.body.action" };
    const { ApiId = "" } = await gateway.createApi({ Name: "chat", ProtocolType: "WEBSOCKET", ...selection });
    const to = { IntegrationType: "AWS_PROXY", IntegrationUri: functionArn("chat") } as const;
    const Target = `integrations/${(await gateway.createIntegration({ ApiId, ...to })).IntegrationId}`;
    const asked = { AuthorizerType: "REQUEST", AuthorizerUri: functionUri("guard") } as const;
    const IdentitySource = ["route.request.header.Auth"];
    const { AuthorizerId } = await gateway.createAuthorizer({ ApiId, Name: "guard", ...asked, IdentitySource });
    const guarded = { AuthorizationType: "CUSTOM", AuthorizerId } as const;
    await gateway.createRoute({ ApiId, RouteKey: "$connect", Target, ...guarded });
    for (const RouteKey of ["$disconnect", "$default"]) await gateway.createRoute({ ApiId, RouteKey, Target });
    await gateway.createStage({ ApiId, StageName: "dev", AutoDeploy: true, StageVariables: stageVariables });
    const host = new URL(bus.endpoint).host;
    const place = `${host}/_aws/execute-api/${ApiId}`;
    const { socket } = await openSocket(`ws://${place}/dev?k=1&k=2`, { Auth: "tok", "User-Agent": "ua" });

    const headers = {
      ...{ Auth: "tok", "User-Agent": "ua", Host: host, "X-Amzn-Trace-Id": trace, "X-Forwarded-For": sourceIp },
      ...{ "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https", "Sec-WebSocket-Version": "13" },
      "Sec-WebSocket-Extensions": expect.any(String) as string,
      "Sec-WebSocket-Key": expect.any(String) as string,
    };
    const context = {
      ...{ extendedRequestId: requestId, requestTime: time, messageDirection: "IN", stage: "dev", apiId: ApiId },
      ...{ connectedAt: timeEpoch, requestTimeEpoch: timeEpoch, identity: { sourceIp, userAgent: "ua" } },
      ...{ requestId, domainName: place, connectionId },
    };
    const authorizer = { ...told, integrationLatency: expect.any(Number) as number };
    const connecting = { routeKey: "$connect", eventType: "CONNECT", ...context };
    const k = { queryStringParameters: { k: "2" }, multiValueQueryStringParameters: { k: ["1", "2"] } };
    const handshake = { headers, multiValueHeaders: lists(headers), ...k, stageVariables };
    const methodArn = arnOf(ApiId, "dev/$connect");
    expect(event("guard")).toEqual({ type: "REQUEST", methodArn, ...handshake, requestContext: connecting });
    const [connect] = env.eventsOf("chat");
    expect(connect).toEqual({
      ...{ ...handshake, isBase64Encoded: false },
      requestContext: { ...connecting, authorizer },
    });

    socket.send("hi");
    await until(() => env.events.get("chat")?.length === 1);
    expect(event("chat")).toEqual({
      ...{ stageVariables, body: "hi", isBase64Encoded: false },
      requestContext: { routeKey: "$default", eventType: "MESSAGE", messageId: connectionId, authorizer, ...context },
    });

    socket.close(1000, "bye");
    await until(() => env.events.get("chat")?.length === 1);
    const last = { Host: host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" };
    const ended = { disconnectStatusCode: 1000, disconnectReason: "bye" };
    expect(event("chat")).toEqual({
      ...{ headers: last, multiValueHeaders: lists(last), stageVariables, isBase64Encoded: false },
      requestContext: { routeKey: "$disconnect", eventType: "DISCONNECT", ...ended, authorizer, ...context },
    });
  });
});
