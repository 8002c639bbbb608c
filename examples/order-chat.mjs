/**
 * Orders over a WebSocket: a client places one and hears at once what becomes of it, since whoever packs it posts to the
 * connection it came from:
 *
 *     node examples/order-chat.mjs
 */
import assert from "node:assert/strict";
import { ApiGatewayManagementApi } from "@aws-sdk/client-apigatewaymanagementapi";
import { ApiGatewayV2 } from "@aws-sdk/client-apigatewayv2";
import { createBusbar } from "busbar";
import { WebSocket } from "ws";

const bus = await createBusbar({ clock: "virtual" });
const gateway = new ApiGatewayV2(bus.clientConfig());
const { ApiId } = await gateway.createApi({
  Name: "orders",
  ProtocolType: "WEBSOCKET",
  RouteSelectionExpression: "$request.body.action",
});

/** Who is connected, as a table would keep it. */
const connected = new Set();
bus.registerFunction("orders", async ({ requestContext, body }) => {
  const { routeKey, connectionId, domainName, stage } = requestContext;
  if (routeKey === "$connect") connected.add(connectionId);
  if (routeKey === "$disconnect") connected.delete(connectionId);
  if (routeKey === "order") {
    const { item } = JSON.parse(body);
    // The address of an event's connection, as on AWS: https there, http here.
    const connections = new ApiGatewayManagementApi({
      ...bus.clientConfig(),
      endpoint: `http://${domainName}/${stage}`,
    });
    await connections.postToConnection({
      ConnectionId: connectionId,
      Data: JSON.stringify({ item, status: "packed" }),
    });
    connections.destroy();
    return { statusCode: 200, body: JSON.stringify({ item, status: "taken" }) };
  }
  return { statusCode: 200 };
});

const { IntegrationId } = await gateway.createIntegration({
  ApiId,
  IntegrationType: "AWS_PROXY",
  IntegrationUri: "arn:aws:lambda:us-east-1:000000000000:function:orders",
});
const Target = `integrations/${IntegrationId}`;
for (const RouteKey of ["$connect", "$disconnect"]) await gateway.createRoute({ ApiId, RouteKey, Target });
const order = { ApiId, RouteKey: "order", Target, RouteResponseSelectionExpression: "$default" };
const { RouteId } = await gateway.createRoute(order);
await gateway.createRouteResponse({ ApiId, RouteId, RouteResponseKey: "$default" });
await gateway.createStage({ ApiId, StageName: "prod", AutoDeploy: true });

const socket = new WebSocket(`${bus.endpoint.replace("http", "ws")}/_aws/execute-api/${ApiId}/prod`);
const heard = [];
await new Promise((resolve, reject) => {
  socket.on("error", reject);
  socket.on("open", () => socket.send(JSON.stringify({ action: "order", item: "tea" })));
  socket.on("message", (text) => {
    heard.push(JSON.parse(text).status);
    if (heard.length === 2) resolve();
  });
});
assert.equal(connected.size, 1);
const closed = new Promise((resolve) => socket.once("close", resolve));
socket.close();
await closed;
console.log(heard.join(", then ")); // packed, then taken

gateway.destroy();
await bus.close();
