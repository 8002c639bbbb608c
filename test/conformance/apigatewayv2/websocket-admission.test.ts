/** WebSocket APIs: who is let in with what, what stands behind routes, how connections end, and what is logged of it. */
import { APIGateway } from "@aws-sdk/client-api-gateway";
import { ApiGatewayManagementApi } from "@aws-sdk/client-apigatewaymanagementapi";
import type { CreateIntegrationCommandInput, CreateRouteCommandInput } from "@aws-sdk/client-apigatewayv2";
import { SQS } from "@aws-sdk/client-sqs";
import { STS } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, GatewayEnvironment, roleArn } from "../../support/apigatewayv2.ts";
import { refused } from "../../support/refusal.ts";
import { until } from "../../support/until.ts";
import { webServer } from "../../support/web-server.ts";
import { handshake, openSocket } from "../../support/web-sockets.ts";

let env: GatewayEnvironment;
let keys: APIGateway;
let sqs: SQS;

beforeAll(async () => {
  env = await GatewayEnvironment.start();
  keys = new APIGateway({ ...env.bus.clientConfig(), maxAttempts: 1 });
  sqs = new SQS(env.bus.clientConfig());
});

afterAll(async () => {
  keys.destroy();
  sqs.destroy();
  await env.stop();
});

type RouteOf = Partial<Omit<CreateRouteCommandInput, "ApiId" | "RouteKey" | "Target">> & {
  readonly integration?: Omit<CreateIntegrationCommandInput, "ApiId">;
  /** By their keys. */
  readonly responses?: Readonly<Record<string, string>>;
};

/** A WebSocket API whose stage `live` deploys by itself; routes answer what their integration does. */
async function webSocketApi(name: string, routes: Readonly<Record<string, RouteOf>>, more: object = {}) {
  const { gateway } = env;
  const { ApiId = "" } = await gateway.createApi({
    Name: name,
    ProtocolType: "WEBSOCKET",
    RouteSelectionExpression: "$request.body.do",
    ...more,
  });
  for (const [RouteKey, { integration, responses = {}, ...route }] of Object.entries(routes)) {
    let Target: string | undefined;
    if (integration !== undefined) {
      const { IntegrationId } = await gateway.createIntegration({ ApiId, ...integration });
      Target = `integrations/${IntegrationId}`;
      for (const [IntegrationResponseKey, template] of Object.entries(responses)) {
        const ResponseTemplates = { $default: template };
        const response = { IntegrationResponseKey, ResponseTemplates, TemplateSelectionExpression: "\\$default" };
        await gateway.createIntegrationResponse({ ApiId, IntegrationId, ...response });
      }
    }
    const answers = RouteKey.startsWith("$") ? {} : { RouteResponseSelectionExpression: "$default" };
    const { RouteId } = await gateway.createRoute({
      ApiId,
      RouteKey,
      ...(Target ? { Target } : {}),
      ...answers,
      ...route,
    });
    if (!RouteKey.startsWith("$")) {
      await gateway.createRouteResponse({ ApiId, RouteId, RouteResponseKey: "$default" });
    }
  }
  await gateway.createStage({ ApiId, StageName: "live", AutoDeploy: true });
  const url = `${env.bus.endpoint.replace("http", "ws")}/_aws/execute-api/${ApiId}/live`;
  return { ApiId, url };
}

function lambda(name: string, answer: (event: unknown) => unknown): Omit<CreateIntegrationCommandInput, "ApiId"> {
  return { IntegrationType: "AWS_PROXY", IntegrationUri: env.handler(name, answer) };
}

function echo(name: string) {
  return lambda(name, (event) => ({ statusCode: 200, body: `${(event as { body?: string }).body}` }));
}

const serviceUri = (rest: string) => `arn:aws:apigateway:us-east-1:${rest}`;

describe("API keys of WebSocket APIs", () => {
  async function keyed(name: string, limits: object, more: object = {}, route: RouteOf = {}) {
    const $connect = { ApiKeyRequired: true, integration: echo(name), ...route };
    const api = await webSocketApi(name, { $connect, ping: { integration: echo(`${name}-ping`) } }, more);
    const plan = await keys.createUsagePlan({ name, apiStages: [{ apiId: api.ApiId, stage: "live" }], ...limits });
    const key = await keys.createApiKey({ name, enabled: true, value: `${name}-key-of-twenty-characters` });
    await keys.createUsagePlanKey({ usagePlanId: plan.id, keyId: key.id, keyType: "API_KEY" });
    return { ...api, key: key.value as string, keyId: key.id as string };
  }

  it("admit clients with a key in a plan of the stage", async () => {
    const { url, key, keyId } = await keyed("keyed", {});
    for (const headers of [{}, { "x-api-key": "" }, { "x-api-key": "somebody else's" }] as Record<string, string>[]) {
      const { status, body } = await handshake(url, headers);
      expect([status, JSON.parse(body)]).toMatchObject([403, { message: "Forbidden" }]);
    }
    expect(env.eventsOf("keyed")).toEqual([]);
    expect(await handshake(url, { "X-Api-Key": key })).toMatchObject({ status: 101 });
    expect(env.eventsOf("keyed")).toMatchObject([
      { requestContext: { identity: { apiKey: key, apiKeyId: keyId } }, headers: { "X-Api-Key": key } },
    ]);
    await keys.updateApiKey({
      apiKey: keyId,
      patchOperations: [{ op: "replace", path: "/enabled", value: "false" }],
    });
    expect(await handshake(url, { "x-api-key": key })).toMatchObject({ status: 403 });
  });

  it("count against their plan's throttle and quota", async () => {
    const slow = await keyed("slow", { throttle: { rateLimit: 1, burstLimit: 2 } });
    const ask1 = () => handshake(slow.url, { "x-api-key": slow.key }).then(({ status }) => status);
    expect([await ask1(), await ask1(), await ask1()]).toEqual([101, 101, 429]);
    await env.bus.clock.advance("1s");
    expect([await ask1(), await ask1()]).toEqual([101, 429]);
    const few = await keyed("few", { quota: { limit: 1, period: "DAY" } });
    expect(await handshake(few.url, { "x-api-key": few.key })).toMatchObject({ status: 101 });
    const over = await handshake(few.url, { "x-api-key": few.key });
    expect([over.status, JSON.parse(over.body)]).toMatchObject([429, { message: "Limit Exceeded" }]);
    await env.bus.clock.advance("24h");
    expect(await handshake(few.url, { "x-api-key": few.key })).toMatchObject({ status: 101 });
  });

  it("come from the authorizer if the API says so", async () => {
    let identifier: string | undefined;
    const AuthorizerUri = env.handler("who", () => ({
      principalId: "p",
      policyDocument: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] },
      usageIdentifierKey: identifier,
      context: null,
    }));
    const more = { ApiKeySelectionExpression: "$context.authorizer.usageIdentifierKey" };
    const { ApiId, url, key } = await keyed("said", {}, more);
    const given = { Name: "who", AuthorizerType: "REQUEST" as const, AuthorizerUri, IdentitySource: [] };
    const { AuthorizerId } = await env.gateway.createAuthorizer({ ApiId, ...given });
    const { Items = [] } = await env.gateway.getRoutes({ ApiId });
    const RouteId = Items.find(({ RouteKey }) => RouteKey === "$connect")?.RouteId as string;
    await env.gateway.updateRoute({ ApiId, RouteId, AuthorizationType: "CUSTOM", AuthorizerId });
    expect(await handshake(url, { "x-api-key": key })).toMatchObject({ status: 403 });
    identifier = key;
    expect(await handshake(url, { "x-api-key": "not this" })).toMatchObject({ status: 101 });
  });

  it("belong to plans of WebSocket stages, not of HTTP ones", async () => {
    const { ApiId } = await env.gateway.createApi({ Name: "http", ProtocolType: "HTTP" });
    await env.gateway.createStage({ ApiId: ApiId as string, StageName: "live" });
    const web = await webSocketApi("plain", {});
    for (const stage of [`${ApiId}:live`, `${web.ApiId}:gone`]) {
      const [apiId = "", name = ""] = stage.split(":");
      const asked = keys.createUsagePlan({ name: "no", apiStages: [{ apiId, stage: name }] });
      expect(await refused(asked)).toMatchObject({ message: `API Stage not found: ${stage}` });
    }
  });
});

describe("messages of WebSocket APIs", () => {
  it("are validated against the model chosen for them", async () => {
    const model = (schema: object) => JSON.stringify({ $schema: "http://json-schema.org/draft-04/schema#", ...schema });
    const { ApiId, url } = await webSocketApi("modelled", {});
    const Names = { Price: { type: "number", minimum: 0 }, Short: { type: "object", maxProperties: 2 } };
    for (const [Name, schema] of Object.entries(Names)) {
      await env.gateway.createModel({ ApiId, Name, Schema: model(schema) });
    }
    const price = { $ref: `https://apigateway.amazonaws.com/restapis/${ApiId}/models/Price` };
    const Schema = model({ type: "object", required: ["item", "price"], properties: { price } });
    await env.gateway.createModel({ ApiId, Name: "Order", Schema });
    const { IntegrationId } = await env.gateway.createIntegration({ ApiId, ...echo("modelled") });
    const { RouteId } = await env.gateway.createRoute({
      ApiId,
      RouteKey: "put",
      Target: `integrations/${IntegrationId}`,
      ModelSelectionExpression: "$request.body.kind",
      RequestModels: { order: "Order", $default: "Short" },
      RouteResponseSelectionExpression: "$default",
    });
    await env.gateway.createRouteResponse({ ApiId, RouteId, RouteResponseKey: "$default" });
    const client = await openSocket(url);
    const say = async (message: object) => {
      client.socket.send(JSON.stringify({ do: "put", ...message }));
      return client.next();
    };
    const order = { kind: "order", item: "pen", price: 3 };
    expect(await say(order)).toEqual({ do: "put", ...order });
    for (const bad of [
      { kind: "order", item: "pen" },
      { ...order, price: -1 },
      { ...order, price: "3" },
      { a: 1, b: 2 },
    ]) {
      const answer = (await say(bad)) as Record<string, string>;
      expect(Object.keys(answer)).toEqual(["message", "connectionId", "messageId"]);
      expect(answer["message"]).toBe("Bad request body");
    }
    expect(await say({ a: 1 })).toEqual({ do: "put", a: 1 });
    expect(env.eventsOf("modelled")).toHaveLength(2);
    client.socket.terminate();
  });

  it("require parameters of a handshake that its route declares", async () => {
    const RequestParameters = {
      "route.request.querystring.room": { Required: true },
      "route.request.header.X-Who": { Required: false },
    };
    const { url } = await webSocketApi("declared", { $connect: { RequestParameters, integration: echo("declared") } });
    const { status, body } = await handshake(url);
    expect([status, JSON.parse(body)]).toMatchObject([400, { message: "Missing required request parameters: [room]" }]);
    expect(await handshake(`${url}?room=a`)).toMatchObject({ status: 101 });
  });

  it("reach services in both forms of their URIs", async () => {
    const { QueueUrl = "" } = await sqs.createQueue({ QueueName: "said" });
    const form = { "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'" };
    const aws = { IntegrationType: "AWS" as const, IntegrationMethod: "POST", CredentialsArn: roleArn };
    const templated = (text: string) => ({
      RequestTemplates: { $default: text },
      TemplateSelectionExpression: "\\$default",
    });
    const { url } = await webSocketApi("services", {
      path: {
        integration: {
          ...aws,
          IntegrationUri: serviceUri("sqs:path/000000000000/said"),
          RequestParameters: form,
          ...templated("Action=SendMessage&MessageBody=$util.urlEncode($input.path('$.text'))"),
        },
        responses: { $default: "$input.path('$.SendMessageResponse.SendMessageResult.MD5OfMessageBody')" },
      },
      placed: {
        integration: {
          ...aws,
          IntegrationUri: serviceUri("sqs:path/000000000000/{queue}"),
          RequestParameters: { ...form, "integration.request.path.queue": "route.request.body.queue" },
          ...templated("Action=SendMessage&MessageBody=placed"),
        },
        responses: { "/4\\d{2}/": "refused", $default: "sent" },
      },
      action: {
        integration: {
          ...aws,
          IntegrationUri: serviceUri("sqs:action/SendMessage"),
          ...templated(`{"QueueUrl":"${QueueUrl}","MessageBody":"$input.path('$.text')"}`),
        },
      },
      put: {
        integration: {
          ...aws,
          IntegrationUri: serviceUri("events:action/PutEvents"),
          ...templated('{"Entries":[{"Source":"chat","DetailType":"said","Detail":"{\\"a\\":1}"}]}'),
        },
        responses: { $default: "$input.path('$.FailedEntryCount')" },
      },
      nowhere: {
        integration: { ...aws, IntegrationUri: serviceUri("dynamodb:action/PutItem"), ...templated("{}") },
      },
    });
    const client = await openSocket(url);
    const say = async (message: object) => {
      client.socket.send(JSON.stringify(message));
      return client.next();
    };
    expect(await say({ do: "path", text: "a&b=ü" })).toMatch(/^[0-9a-f]{32}$/);
    expect(await say({ do: "placed", queue: "said" })).toBe("sent");
    expect(await say({ do: "placed", queue: "no-such-queue" })).toBe("refused");
    expect(await say({ do: "action", text: "json" })).toMatchObject({ MessageId: expect.any(String) });
    expect(await say({ do: "put" })).toBe(0);
    expect(await say({ do: "nowhere" })).toMatchObject({ message: "Internal server error" });
    const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
    expect(Messages.map(({ Body }) => Body).sort()).toEqual(["a&b=ü", "json", "placed"]);
    client.socket.terminate();
  });

  it("reach HTTP backends with mapped parameters, and are answered by integration responses", async () => {
    const server = await webServer(({ url }) => {
      if (url.includes("missing")) return { status: 404, body: '{"why":"no such thing"}' };
      return { status: 201, headers: { "content-type": "application/json" }, body: '{"made":{"id":7}}' };
    });
    const { url } = await webSocketApi("http-backed", {
      make: {
        integration: {
          IntegrationType: "HTTP",
          IntegrationMethod: "PUT",
          IntegrationUri: `${server.url}/things/{id}`,
          RequestParameters: {
            "integration.request.path.id": "route.request.body.id",
            "integration.request.header.X-Connection": "context.connectionId",
            "integration.request.header.X-Fixed": "'fixed'",
            "integration.request.querystring.stage": "context.stage",
          },
          RequestTemplates: { big: '{"big":$input.json("$.size")}', $default: '{"small":true}' },
          TemplateSelectionExpression: "$request.body.template",
        },
        responses: { "/404/": "none: $input.path('$.why')", $default: "made $input.path('$.made.id')" },
      },
      pass: { integration: { IntegrationType: "HTTP_PROXY", IntegrationMethod: "POST", IntegrationUri: server.url } },
    });
    const client = await openSocket(url);
    client.socket.send('{"do":"make","id":"a b","size":[1],"template":"big"}');
    expect(await client.next()).toBe("made 7");
    client.socket.send('{"do":"make","id":"missing"}');
    expect(await client.next()).toBe("none: no such thing");
    client.socket.send('{"do":"pass","x":1}');
    expect(await client.next()).toEqual({ made: { id: 7 } });
    expect(server.heard).toMatchObject([
      {
        method: "PUT",
        url: "/things/a%20b?stage=live",
        headers: {
          "x-fixed": "fixed",
          "x-connection": expect.stringMatching(/==$/),
          "content-type": "application/json",
        },
        body: '{"big":[1]}',
      },
      { url: "/things/missing?stage=live", body: '{"small":true}' },
      { method: "POST", url: "/", body: '{"do":"pass","x":1}' },
    ]);
    client.socket.terminate();
    await server.close();
  });

  it("reach another API of the account by its name", async () => {
    const { ApiId } = await env.quick("inner", (event) => ({ got: (event as { body: string }).body }));
    const { url } = await webSocketApi("outer", {
      ask: {
        integration: {
          IntegrationType: "AWS",
          IntegrationMethod: "POST",
          IntegrationUri: serviceUri(`${ApiId}.execute-api:path/some/where`),
          RequestTemplates: { $default: "for $input.path('$.whom')" },
        },
      },
    });
    const client = await openSocket(url);
    client.socket.send('{"do":"ask","whom":"you"}');
    expect(await client.next()).toEqual({ got: "for you" });
    expect(env.eventsOf("inner")).toMatchObject([{ rawPath: "/some/where", headers: {} }]);
    client.socket.terminate();
  });
});

describe("connections", () => {
  it.each([
    [1000, "", 1000, "Connection Closed Normally"],
    [1000, "done", 1000, "done"],
    [1001, "", 1001, ""],
    [4999, "mine", 4999, "mine"],
    [undefined, "", 1005, "Client-side close frame status not set"],
  ])("closed with %s %s report %s %s to their function", async (code, reason, toldCode, toldReason) => {
    const name = `closing-${code}-${reason}`;
    const { url } = await webSocketApi(name, { $disconnect: { integration: echo(name) } });
    const { socket } = await openSocket(url);
    socket.close(code, reason);
    await until(() => env.events.get(name)?.length === 1);
    expect(env.eventsOf(name)).toMatchObject([
      { requestContext: { disconnectStatusCode: toldCode, disconnectReason: toldReason, eventType: "DISCONNECT" } },
    ]);
  });

  it("that break off, send bytes or send too much end as AWS ends them", async () => {
    const { url } = await webSocketApi("ends", { $disconnect: { integration: echo("ends") } });
    const ends: [(client: Awaited<ReturnType<typeof openSocket>>) => void, number, number][] = [
      [({ socket }) => socket.terminate(), 1006, 1006],
      [({ socket }) => socket.send(Buffer.from([1, 2])), 1003, 1003],
      [({ socket }) => socket.send("x".repeat(32_769)), 1009, 1009],
    ];
    for (const [end, told, seen] of ends) {
      const client = await openSocket(url);
      end(client);
      await until(() => env.events.get("ends")?.length === 1 && client.closed.length === 1);
      expect(env.eventsOf("ends")).toMatchObject([{ requestContext: { disconnectStatusCode: told } }]);
      expect(client.closed[0]?.code).toBe(seen);
    }
  });

  it("are only managed by their own account", async () => {
    const { ApiId, url } = await webSocketApi("managed", { $connect: { integration: echo("managed") } });
    const client = await openSocket(url);
    const [event] = env.eventsOf("managed") as { requestContext: { connectionId: string } }[];
    const ConnectionId = event?.requestContext.connectionId as string;
    const endpoint = `${env.bus.endpoint}/_aws/execute-api/${ApiId}/live`;
    const as = (accessKeyId: string, at = endpoint) =>
      new ApiGatewayManagementApi({
        ...env.bus.clientConfig(),
        endpoint: at,
        maxAttempts: 1,
        credentials: { accessKeyId, secretAccessKey: "x" },
      });
    const Data = "hello";
    await as("test").postToConnection({ ConnectionId, Data });
    expect(await client.next()).toBe(Data);
    // At the address of the API, and at Busbar's own.
    for (const at of [endpoint, env.bus.endpoint]) {
      const stranger = as("111122223333", at);
      const calls = {
        POST: () => stranger.postToConnection({ ConnectionId, Data }),
        GET: () => stranger.getConnection({ ConnectionId }),
        DELETE: () => stranger.deleteConnection({ ConnectionId }),
      };
      for (const [method, call] of Object.entries(calls)) {
        expect(await refused(call())).toEqual({
          name: "AccessDeniedException",
          status: 403,
          message: `User: arn:aws:iam::111122223333:user/busbar is not authorized to perform: execute-api:ManageConnections on resource: arn:aws:execute-api:us-east-1:********0000:${ApiId}/live/${method}/@connections/{connectionId} because no session policy allows the execute-api:ManageConnections action`,
        });
      }
      stranger.destroy();
    }
    const elsewhere = as("test", endpoint.replace("/live", "/other"));
    expect(await refused(elsewhere.getConnection({ ConnectionId }))).toMatchObject({
      name: "ForbiddenException",
      status: 403,
    });
    const posted = (body: string) =>
      ask(endpoint, `/_aws/execute-api/${ApiId}/live/@connections/${encodeURIComponent(ConnectionId)}`, {
        method: "POST",
        body,
      });
    const most = await posted("x".repeat(131_072));
    expect([most.status, most.headers["x-amzn-trace-id"]]).toEqual([200, expect.stringContaining("Root=1-")]);
    await until(() => client.messages.length === 1);
    const more = await posted("x".repeat(131_073));
    expect([more.status, more.text, more.rawHeaders.filter((name) => /^x-amz/i.test(name))]).toEqual([413, "", []]);
    expect(client.closed).toEqual([]);
    client.socket.terminate();
    await until(() => client.closed.length === 1);
    await env.bus.settled();
    expect(await refused(as("test").postToConnection({ ConnectionId, Data }))).toMatchObject({
      name: "GoneException",
      status: 410,
    });
  });
});

describe("an expired session", () => {
  it("manages no connections, at the API's address and at Busbar's own", async () => {
    const { ApiId } = await webSocketApi("sessions", {});
    const sts = new STS(env.bus.clientConfig());
    const { Credentials } = await sts.assumeRole({ RoleArn: roleArn, RoleSessionName: "short", DurationSeconds: 900 });
    sts.destroy();
    const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = Credentials ?? {};
    const credentials = {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
    };
    const endpoint = `${env.bus.endpoint}/_aws/execute-api/${ApiId}/live`;
    const expired = [403, "ExpiredTokenException", "The security token included in the request is expired"];
    for (const [seconds, seen] of [
      [0, [400, "BadRequestException", "Invalid connectionId: none"]],
      [901, expired],
    ] as const) {
      await env.bus.clock.advance(`${seconds}s`);
      for (const at of [endpoint, env.bus.endpoint]) {
        const client = new ApiGatewayManagementApi({
          ...env.bus.clientConfig(),
          endpoint: at,
          maxAttempts: 1,
          credentials,
        });
        const { status, name, message } = await refused(client.getConnection({ ConnectionId: "none" }));
        expect([status, name, message]).toEqual(seen);
        client.destroy();
      }
    }
  });
});

describe("logs of WebSocket APIs", () => {
  it("need the account's role, and have a line for each event", async () => {
    const { ApiId, url } = await webSocketApi("logged", {
      $connect: { integration: echo("logged") },
      say: { integration: echo("logged") },
      fail: { integration: lambda("failing", () => Promise.reject(new Error("no"))) },
    });
    const fields = [
      "eventType",
      "routeKey",
      "status",
      "connectionId",
      "integration.status",
      "error.message",
      "requestId",
    ];
    const AccessLogSettings = {
      DestinationArn: "arn:aws:logs:us-east-1:000000000000:log-group:access",
      Format: fields.map((field) => `$context.${field}`).join(" "),
    };
    const DefaultRouteSettings = { LoggingLevel: "INFO" as const, DataTraceEnabled: true };
    const message = "CloudWatch Logs role ARN must be set in account settings to enable logging";
    const errors = "The following errors are found in Access Log Format: Access Log format must";
    for (const [Format, words] of [
      ["$context.stage", "include either $context.requestId or $context.extendedRequestId :"],
      ["$context.requestId\n", "be single line:"],
    ] as const) {
      const asked = env.gateway.updateStage({
        ApiId,
        StageName: "live",
        AccessLogSettings: { ...AccessLogSettings, Format },
      });
      expect((await refused(asked)).message).toBe(`${errors} ${words} '${Format}'`);
    }
    for (const settings of [{ AccessLogSettings }, { DefaultRouteSettings }]) {
      const asked = env.gateway.updateStage({ ApiId, StageName: "live", ...settings });
      expect(await refused(asked)).toEqual({ name: "BadRequestException", status: 400, message });
    }
    await keys.updateAccount({
      patchOperations: [{ op: "replace", path: "/cloudwatchRoleArn", value: "arn:aws:iam::000000000000:role/logs" }],
    });
    await env.gateway.updateStage({ ApiId, StageName: "live", AccessLogSettings, DefaultRouteSettings });
    const client = await openSocket(url);
    client.socket.send('{"do":"say"}');
    expect(await client.next()).toEqual({ do: "say" });
    client.socket.send('{"do":"fail"}');
    expect(await client.next()).toMatchObject({ message: "Internal server error" });
    client.socket.send("nothing");
    expect(await client.next()).toMatchObject({ message: "Forbidden" });
    client.socket.close(1000);
    await until(() => env.bus.logs({ group: "access" }).length === 5);
    const id = (env.eventsOf("logged")[0] as { requestContext: { connectionId: string } }).requestContext.connectionId;
    const lines = env.bus
      .logs({ group: "access" })
      .reverse()
      .map(({ message: line }) => line.split(" ").slice(0, -1).join(" "));
    expect(lines).toEqual([
      `CONNECT $connect 200 ${id} 200 -`,
      `MESSAGE say 200 ${id} 200 -`,
      `MESSAGE fail 500 ${id} - Internal server error`,
      `MESSAGE $default 403 ${id} - Forbidden`,
      `DISCONNECT $disconnect 200 ${id} - -`,
    ]);
    const told = env.bus.logs({ group: `/aws/apigateway/${ApiId}/live` }).map((line) => line.message);
    for (const text of ["is connecting to WebSocket API", "connected to API", 'Request body: {"do":"say"}']) {
      expect(told.some((line) => line.includes(text))).toBe(true);
    }
  });
});
