/** WebSocket APIs: events, limits on the clock, and the management API through its client. */
import { ApiGatewayManagementApi } from "@aws-sdk/client-apigatewaymanagementapi";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { ask, GatewayEnvironment, roleArn } from "../../support/apigatewayv2.ts";
import { refused } from "../../support/refusal.ts";
import { until } from "../../support/until.ts";
import { handshake, openSocket } from "../../support/web-sockets.ts";

interface Seen {
  readonly requestContext: Record<string, unknown> & { readonly connectionId: string; readonly domainName: string };
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

describe.each(["memory", "disk"] as const)("WebSocket APIs, %s", (storage) => {
  let env: GatewayEnvironment;
  let ApiId: string;

  beforeAll(async () => {
    env = await GatewayEnvironment.start(storage);
    const RouteSelectionExpression = "$request.body.action";
    const created = await env.gateway.createApi({ Name: "chat", ProtocolType: "WEBSOCKET", RouteSelectionExpression });
    ApiId = created.ApiId as string;
    const IntegrationUri = env.handler("chat", (event) => {
      const { body } = event as Seen;
      return { statusCode: 200, body: `echo ${body}` };
    });
    const { IntegrationId } = await env.gateway.createIntegration({
      ApiId,
      IntegrationType: "AWS_PROXY",
      IntegrationUri,
    });
    const Target = `integrations/${IntegrationId}`;
    for (const RouteKey of ["$connect", "$disconnect", "$default"])
      await env.gateway.createRoute({ ApiId, RouteKey, Target });
    const echo = { ApiId, RouteKey: "echo", Target, RouteResponseSelectionExpression: "$default" };
    const { RouteId } = await env.gateway.createRoute(echo);
    await env.gateway.createRouteResponse({ ApiId, RouteId, RouteResponseKey: "$default" });
    await env.gateway.createStage({ ApiId, StageName: "dev", AutoDeploy: true, StageVariables: { v: "1" } });
  });
  afterAll(() => env.stop());

  async function open(
    query = "",
  ): Promise<{ socket: WebSocket; messages: string[]; closed: [number, string][]; id: string }> {
    env.eventsOf("chat");
    const socket = new WebSocket(`${env.bus.endpoint.replace("http", "ws")}/_aws/execute-api/${ApiId}/dev${query}`);
    const messages: string[] = [];
    const closed: [number, string][] = [];
    socket.on("message", (data) => messages.push(String(data)));
    socket.on("close", (code, reason) => closed.push([code, String(reason)]));
    socket.on("error", () => {});
    await until(() => socket.readyState === WebSocket.OPEN);
    const [connect] = env.events.get("chat") as Seen[];
    return { socket, messages, closed, id: connect?.requestContext.connectionId ?? "" };
  }

  function events(): Seen[] {
    return env.eventsOf("chat") as unknown as Seen[];
  }

  /** The client of the management API at the address that an event tells. */
  function management(domainName: string): ApiGatewayManagementApi {
    return new ApiGatewayManagementApi({
      ...env.bus.clientConfig(),
      endpoint: `http://${domainName}/dev`,
      maxAttempts: 1,
    });
  }

  it("pass handshakes, messages and ends to functions", async () => {
    const { socket, messages } = await open("?a=1&a=2");
    const [connect] = events();
    expect(Object.keys(connect?.requestContext ?? {})).toEqual([
      ...["routeKey", "eventType", "extendedRequestId", "requestTime", "messageDirection", "stage", "connectedAt"],
      ...["requestTimeEpoch", "identity", "requestId", "domainName", "connectionId", "apiId"],
    ]);
    expect(connect).toMatchObject({
      headers: { "Sec-WebSocket-Version": "13", "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https" },
      queryStringParameters: { a: "2" },
      multiValueQueryStringParameters: { a: ["1", "2"] },
      stageVariables: { v: "1" },
      requestContext: { connectionId: expect.stringMatching(/^[A-Za-z0-9_-]{18}==$/) },
    });
    expect(connect?.headers).not.toHaveProperty("Upgrade");
    socket.send('{"action":"echo"}');
    await until(() => messages.length === 1);
    expect(messages).toEqual(['echo {"action":"echo"}']);
    const [message] = events();
    expect(message).toMatchObject({
      requestContext: { eventType: "MESSAGE", routeKey: "echo", messageId: expect.any(String) },
    });
    expect(message).not.toHaveProperty("headers");
    socket.close(3001, "enough");
    await until(() => env.events.get("chat")?.length === 1);
    expect(events()).toMatchObject([
      {
        headers: { "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" },
        requestContext: { eventType: "DISCONNECT", disconnectStatusCode: 3001, disconnectReason: "enough" },
      },
    ]);
  });

  it("are managed through the client at the address in events", async () => {
    const { messages, closed, id } = await open();
    const [connect] = events();
    const client = management(connect?.requestContext.domainName ?? "");
    await client.postToConnection({ ConnectionId: id, Data: "hello" });
    await until(() => messages.length === 1);
    expect(messages).toEqual(["hello"]);
    const { $metadata: _sent, ...seen } = await client.getConnection({ ConnectionId: id });
    expect(seen).toMatchObject({ ConnectedAt: new Date(env.bus.clock.now()), Identity: { SourceIp: "127.0.0.1" } });
    expect(await refused(client.postToConnection({ ConnectionId: id, Data: "a".repeat(131_073) }))).toMatchObject({
      status: 413,
    });
    const here = new ApiGatewayManagementApi({ ...env.bus.clientConfig(), maxAttempts: 1 });
    await here.postToConnection({ ConnectionId: id, Data: "from here" });
    await until(() => messages.length === 2);
    await client.deleteConnection({ ConnectionId: id });
    await until(() => closed.length === 1);
    expect(closed).toEqual([[1000, "Connection Closed Normally"]]);
    await until(() => env.events.get("chat")?.length === 1);
    expect(events()).toMatchObject([
      { requestContext: { disconnectStatusCode: 1000, disconnectReason: "Connection Closed Normally" } },
    ]);
    for (const each of [client, here]) {
      expect(await refused(each.getConnection({ ConnectionId: id }))).toMatchObject({
        name: "GoneException",
        status: 410,
      });
      expect(await refused(each.deleteConnection({ ConnectionId: "x" }))).toMatchObject({ status: 400 });
      each.destroy();
    }
  });

  it("are reached by every address, and so are their connections", async () => {
    const { endpoint } = env.bus;
    const { host, port } = new URL(endpoint);
    const DomainName = `chat-${storage}.example.com`;
    const DomainNameConfigurations = [{ CertificateArn: "arn:aws:acm:us-east-1:000000000000:certificate/c" }];
    await env.gateway.createDomainName({ DomainName, DomainNameConfigurations });
    await env.gateway.createApiMapping({ DomainName, ApiId, Stage: "dev", ApiMappingKey: "talk" });
    const addresses = [
      [`${ApiId}.execute-api.us-east-1.amazonaws.com`, "/dev", ""],
      [`${ApiId}.execute-api.localhost.localstack.cloud:${port}`, "/dev", ""],
      [`${ApiId}.execute-api.localhost:${port}`, "/dev", ""],
      [host, `/_aws/execute-api/${ApiId}/dev`, `/_aws/execute-api/${ApiId}`],
      [DomainName, "/talk", ""],
    ] as const;
    for (const [Host, path, place] of addresses) {
      events();
      const client = await openSocket(`${endpoint.replace("http", "ws")}${path}`, { Host });
      const [connect] = events();
      const { domainName, stage, connectionId } = (connect as Seen).requestContext;
      expect([domainName, stage]).toEqual([`${Host}${place}`, "dev"]);
      const connection = `${path}/%40connections/${encodeURIComponent(connectionId)}`;
      const seen = await ask(endpoint, connection, { headers: { Host } });
      expect([seen.status, JSON.parse(seen.text)]).toMatchObject([200, { identity: { sourceIp: "127.0.0.1" } }]);
      expect((await ask(endpoint, connection, { method: "POST", headers: { Host }, body: "hello" })).status).toBe(200);
      expect(await client.next()).toBe("hello");
      expect((await ask(endpoint, connection, { method: "DELETE", headers: { Host } })).status).toBe(204);
      await until(() => client.closed.length === 1);
      expect(client.closed).toEqual([{ code: 1000, reason: "Connection Closed Normally" }]);
      const gone = await ask(endpoint, connection, { method: "POST", headers: { Host }, body: "late" });
      expect([gone.status, gone.headers["x-amzn-errortype"], gone.text]).toEqual([410, "GoneException", ""]);
      await until(() => env.events.get("chat")?.length === 1);
    }
    const unmapped = await handshake(`${endpoint.replace("http", "ws")}/elsewhere`, { Host: DomainName });
    expect(unmapped).toEqual({ status: 403, body: '{"message":"Forbidden"}' });
  });

  it("get what a schedule sends them, without an endpoint", async () => {
    const { messages, id, socket } = await open();
    const scheduler = new Scheduler(env.bus.clientConfig());
    const at = new Date(env.bus.clock.now() + 60_000).toISOString().slice(0, 19);
    await scheduler.createSchedule({
      ...{ Name: "hello", ScheduleExpression: `at(${at})`, FlexibleTimeWindow: { Mode: "OFF" } },
      Target: {
        Arn: "arn:aws:scheduler:::aws-sdk:apigatewaymanagementapi:postToConnection",
        RoleArn: roleArn,
        Input: JSON.stringify({ ConnectionId: id, Data: "hello" }),
      },
    });
    await env.bus.clock.advance("1m");
    await until(() => messages.length === 1);
    expect(messages).toEqual(["hello"]);
    scheduler.destroy();
    socket.terminate();
    await until(() => env.events.get("chat")?.length === 2);
  });

  it("show who the client is, its address first", async () => {
    const url = `${env.bus.endpoint.replace("http", "ws")}/_aws/execute-api/${ApiId}/dev`;
    events();
    const socket = new WebSocket(url, { headers: { "User-Agent": "mine" } });
    await until(() => socket.readyState === WebSocket.OPEN);
    const [connect] = events();
    expect(JSON.stringify(connect?.requestContext["identity"])).toBe('{"sourceIp":"127.0.0.1","userAgent":"mine"}');
    socket.terminate();
    await until(() => env.events.get("chat")?.length === 1);
  });

  it("show a connection in AWS's own layout", async () => {
    const { socket, id } = await open();
    const answer = await env.call(ApiId, `/dev/@connections/${encodeURIComponent(id)}`);
    const time = new Date(env.bus.clock.now()).toISOString();
    expect(answer.text).toBe(
      `{\n  "identity" : {\n    "sourceIp" : "127.0.0.1"\n  },\n  "connectedAt" : "${time}",\n  "lastActiveAt" : "${time}"\n}`,
    );
    const other = await env.call(ApiId, `/prod/@connections/${encodeURIComponent(id)}`);
    expect([other.status, other.text]).toEqual([403, '{"message":"Forbidden"}']);
    socket.terminate();
  });

  it("end after ten idle minutes, and after two hours", async () => {
    const idle = await open();
    await env.bus.clock.advance("9m");
    expect(idle.closed).toEqual([]);
    await env.bus.clock.advance("61s");
    await until(() => idle.closed.length === 1);
    expect(idle.closed).toEqual([[1001, "Going away"]]);
    const busy = await open();
    for (let minutes = 0; minutes < 117; minutes += 9) {
      await env.bus.clock.advance("9m");
      expect(busy.closed).toEqual([]);
      busy.socket.send(`at ${minutes}`);
      await until(() => events().some(({ body }) => body === `at ${minutes}`));
    }
    await env.bus.clock.advance("4m");
    await until(() => busy.closed.length === 1);
    expect(busy.closed).toEqual([[1001, "Going away"]]);
  });

  it("refuse unknown stages, and frames that are too long", async () => {
    const url = `${env.bus.endpoint.replace("http", "ws")}/_aws/execute-api/${ApiId}/no`;
    const answer = await new Promise((resolve) => {
      const socket = new WebSocket(url);
      socket.on("error", () => {});
      socket.on("unexpected-response", (_request, response) =>
        response.on("data", (body: Buffer) => resolve([response.statusCode, body.toString()])),
      );
    });
    expect(answer).toEqual([403, '{"message":"Forbidden"}']);
    const { socket, closed } = await open();
    for (let part = 0; part < 4; part += 1) socket.send("a".repeat(32_000), { fin: part === 3 });
    await until(() => events().some(({ body }) => body?.length === 128_000));
    socket.send("a".repeat(32_769));
    await until(() => closed.length === 1);
    expect(closed[0]?.[0]).toBe(1009);
  });

  it("serve others while one client sends nonsense or does not read", async () => {
    const quiet = await open();
    const flooded = await open();
    const client = management(
      flooded.id === "" ? "" : new URL(env.bus.endpoint).host.concat(`/_aws/execute-api/${ApiId}`),
    );
    // Not reading: what waits is bounded, then the connection is given up.
    (flooded.socket as unknown as { _socket: { pause(): void } })._socket.pause();
    const Data = "x".repeat(130_000);
    let gone = false;
    for (let count = 0; count < 400 && !gone; count += 1) {
      gone = await client.postToConnection({ ConnectionId: flooded.id, Data }).then(
        () => false,
        (error: Error) => error.name === "GoneException",
      );
    }
    expect(gone).toBe(true);
    flooded.socket.terminate();
    quiet.socket.send('{"action":"echo"}');
    await until(() => quiet.messages.length === 1);
    quiet.socket.terminate();
    client.destroy();
  });

  it("take their turns with what else is asked, however many came at once", async () => {
    const { socket } = await open();
    // Text frames of one letter, with a mask of zeros (RFC 6455 section 5.2).
    const flood = Buffer.alloc(7 * 3_000, Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x61]));
    (socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(flood);
    const taken = () => (env.events.get("chat") as Seen[]).filter(({ body }) => body === "a").length;
    await until(() => taken() > 0);
    expect((await fetch(`${env.bus.endpoint}/_busbar/health`)).status).toBe(200);
    expect(taken()).toBeLessThan(1_500);
    await until(() => taken() >= 3_000);
    expect(taken()).toBe(3_000);
    socket.terminate();
  });
});
