/** REST, HTTP and WebSocket APIs when the emulator ends: what is under way, and what is there again on the same directory. */
import { APIGateway } from "@aws-sdk/client-api-gateway";
import { describe, expect, it } from "vitest";
import { type Busbar, createBusbar, type FunctionHandler } from "../../../src/index.ts";
import { functionUri } from "../../support/apigateway.ts";
import { ask, functionArn, GatewayEnvironment } from "../../support/apigatewayv2.ts";
import { until } from "../../support/until.ts";
import { handshake, openSocket } from "../../support/web-sockets.ts";

interface Apis {
  readonly rest: string;
  readonly http: string;
  readonly socket: string;
}

/** One API of each kind, all of whose routes are the function `any`. */
async function apisOf({ bus, gateway }: GatewayEnvironment): Promise<Apis> {
  const client = new APIGateway(bus.clientConfig());
  const { id: restApiId = "", rootResourceId: parentId } = await client.createRestApi({ name: "rest" });
  const { id: resourceId } = await client.createResource({ restApiId, parentId, pathPart: "{proxy+}" });
  const address = { restApiId, resourceId, httpMethod: "ANY" };
  await client.putMethod({ ...address, authorizationType: "NONE" });
  const uri = functionUri("any");
  await client.putIntegration({ ...address, type: "AWS_PROXY", integrationHttpMethod: "POST", uri });
  await client.createDeployment({ restApiId, stageName: "live" });
  client.destroy();
  const quick = await gateway.createApi({ Name: "http", ProtocolType: "HTTP", Target: functionArn("any") });
  // A route without a target stands as it is, too.
  await gateway.createRoute({ ApiId: quick.ApiId, RouteKey: "GET /never" });
  const { ApiId = "" } = await gateway.createApi({
    Name: "socket",
    ProtocolType: "WEBSOCKET",
    RouteSelectionExpression: "$request.body.do",
  });
  const integration = { IntegrationType: "AWS_PROXY", IntegrationUri: functionArn("any") } as const;
  const { IntegrationId } = await gateway.createIntegration({ ApiId, ...integration });
  for (const RouteKey of ["$connect", "$default"]) {
    const route = { RouteKey, Target: `integrations/${IntegrationId}`, RouteResponseSelectionExpression: "$default" };
    const { RouteId } = await gateway.createRoute({ ApiId, ...route });
    await gateway.createRouteResponse({ ApiId, RouteId, RouteResponseKey: "$default" });
  }
  await gateway.createStage({ ApiId, StageName: "live", AutoDeploy: true });
  return { rest: restApiId, http: quick.ApiId as string, socket: ApiId };
}

const called = (bus: Busbar, { rest, http }: Apis, path: string) =>
  ({
    rest: () => ask(bus.endpoint, `/_aws/execute-api/${rest}/live${path}`),
    http: () => ask(bus.endpoint, `/_aws/execute-api/${http}${path}`),
  }) as const;

const socketUrl = (bus: Busbar, { socket }: Apis) =>
  `${bus.endpoint.replace("http", "ws")}/_aws/execute-api/${socket}/live`;

describe.each(["memory", "disk"] as const)("APIs of an emulator that ends, %s", (storage) => {
  it("answer or close what is in progress, and are served again as they were deployed", async () => {
    const env = await GatewayEnvironment.start(storage);
    const apis = await apisOf(env);
    let connectionId = "";
    let hanging = 0;
    const answers: FunctionHandler = (event) => {
      const { requestContext, body, path, rawPath, queryStringParameters } = event as {
        requestContext: { connectionId?: string; eventType?: string };
        body?: string;
        path?: string;
        rawPath?: string;
        queryStringParameters?: { hang?: string };
      };
      const isHanging = body?.includes("hang") || (path ?? rawPath) === "/hang" || queryStringParameters?.hang;
      if (isHanging) {
        hanging += 1;
        return new Promise(() => {});
      }
      if (requestContext.eventType === "CONNECT") connectionId = requestContext.connectionId as string;
      return { statusCode: 200, body: "answered" };
    };
    env.bus.registerFunction("any", answers);

    /** Each kind of API answers. */
    const looks = async (bus: Busbar) => {
      const { rest, http } = called(bus, apis, "/x");
      expect([(await rest()).text, (await http()).text]).toEqual(["answered", "answered"]);
      expect((await ask(bus.endpoint, `/_aws/execute-api/${apis.http}/never`)).status).toBe(500);
      const client = await openSocket(socketUrl(bus, apis));
      client.socket.send("{}");
      expect(await client.next()).toBe("answered");
      return client;
    };
    const client = await looks(env.bus);

    const { rest, http } = called(env.bus, apis, "/hang");
    const end = (call: Promise<{ status: number }>) =>
      call.then(
        ({ status }) => status,
        () => "closed",
      );
    const calls = [rest(), http()].map(end);
    const shaken = handshake(`${socketUrl(env.bus, apis)}?hang=1`);
    client.socket.send('{"text":"hang"}');
    await until(() => hanging === 4);
    await env.bus.close();
    for (const one of await Promise.all(calls)) expect(["closed", 500, 502, 503, 504]).toContain(one);
    await until(() => client.closed.length === 1);
    expect([0, 500, 502, 503]).toContain((await shaken).status);

    if (storage === "disk") {
      const bus = await createBusbar({ dataDir: env.directory as string });
      bus.registerFunction("any", answers);
      const gone = encodeURIComponent(connectionId);
      (await looks(bus)).socket.terminate();
      const path = `/_aws/execute-api/${apis.socket}/live/@connections/${gone}`;
      expect((await ask(bus.endpoint, path, { method: "POST", body: "x" })).status).toBe(410);
      await bus.close();
    }
    env.gateway.destroy();
    await env.stop();
  });
});
