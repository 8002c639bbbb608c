/** API Gateway: HTTP APIs with a function in the process, of ten routes and of a thousand; WebSocket echoes and idle connections. */
import { WebSocket } from "ws";
import { drive } from "./lib/load.mjs";
import { residentMiB, startBare, startNode } from "./lib/servers.mjs";

const rounds = 5;
const calls = 20_000;
const idleConnections = 10_000;
const echoes = 20_000;
const echoClients = 50;
const rate = (perSecond) => `${Math.round(perSecond).toLocaleString("en-US")}/s`;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const functionArn = (name) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

async function control(server, path, body) {
  const answer = await fetch(`http://127.0.0.1:${server.port}/v2${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  return answer.json();
}

/** An HTTP API of so many routes, each with the function. */
async function httpApi(server, routes) {
  const { apiId } = await control(server, "/apis", { name: `r${routes}`, protocolType: "HTTP" });
  const integration = {
    integrationType: "AWS_PROXY",
    integrationUri: functionArn("hello"),
    payloadFormatVersion: "2.0",
  };
  const { integrationId } = await control(server, `/apis/${apiId}/integrations`, integration);
  for (let i = 0; i < routes; i += 1) {
    const route = { routeKey: `POST /a${i}/{id}/b`, target: `integrations/${integrationId}` };
    await control(server, `/apis/${apiId}/routes`, route);
  }
  await control(server, `/apis/${apiId}/stages`, { stageName: "$default", autoDeploy: true });
  return apiId;
}

async function webSocketApi(server) {
  const selection = { protocolType: "WEBSOCKET", routeSelectionExpression: "$request.body.action" };
  const { apiId } = await control(server, "/apis", { name: "echo", ...selection });
  const integration = { integrationType: "AWS_PROXY", integrationUri: functionArn("echo") };
  const { integrationId } = await control(server, `/apis/${apiId}/integrations`, integration);
  const route = {
    routeKey: "$default",
    target: `integrations/${integrationId}`,
    routeResponseSelectionExpression: "$default",
  };
  const { routeId } = await control(server, `/apis/${apiId}/routes`, route);
  await control(server, `/apis/${apiId}/routes/${routeId}/routeresponses`, { routeResponseKey: "$default" });
  await control(server, `/apis/${apiId}/stages`, { stageName: "dev", autoDeploy: true });
  return apiId;
}

const request = (apiId, path) =>
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: ${apiId}.execute-api.us-east-1.amazonaws.com\r\nUser-Agent: bench\r\n` +
      "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
  );
const perSecond = async (server, bytes) =>
  (await drive({ port: server.port, count: calls, request: () => bytes })).perSecond;

function open(server, apiId) {
  return new Promise((resolve, reject) => {
    const url = `ws://127.0.0.1:${server.port}/_aws/execute-api/${apiId}/dev`;
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Echoes a second over so many connections, one message under way on each. */
async function echoRate(server, apiId) {
  const sockets = await Promise.all(Array.from({ length: echoClients }, () => open(server, apiId)));
  const startedAt = performance.now();
  let left = echoes;
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve) => {
          const next = () => {
            left -= 1;
            if (left < 0) resolve();
            else socket.send('{"action":"echo"}');
          };
          socket.on("message", next);
          next();
        }),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  for (const socket of sockets) socket.terminate();
  return echoes / seconds;
}

export async function bench() {
  const rows = [];
  const bare = await startBare();
  const server = await startNode(["--max-semi-space-size=8", "bench/lib/api-server.mjs"]);
  const few = await httpApi(server, 10);
  const many = await httpApi(server, 1000);
  const rates = { bare: [], few: [], many: [] };
  for (let round = 0; round < rounds; round += 1) {
    rates.bare.push(await perSecond(bare, request("x", "/")));
    rates.few.push(await perSecond(server, request(few, "/a9/7/b")));
    rates.many.push(await perSecond(server, request(many, "/a999/7/b")));
  }
  const [plain, ten, thousand] = [rates.bare, rates.few, rates.many].map(median);
  rows.push(["HTTP API, function in the process", rate(ten), `${(ten / plain).toFixed(2)} of bare`]);
  rows.push(["… of 1,000 routes", rate(thousand), `${(thousand / ten).toFixed(2)} of 10 routes`]);
  const chat = await webSocketApi(server);
  rows.push(["WebSocket echo, 50 connections", rate(await echoRate(server, chat)), ""]);
  const before = await residentMiB(server.pid);
  const sockets = [];
  while (sockets.length < idleConnections) {
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => open(server, chat)))));
  }
  const kib = ((await residentMiB(server.pid)) - before) * 1024;
  const each = `${(kib / idleConnections).toFixed(1)} KiB each`;
  rows.push([`${idleConnections.toLocaleString("en-US")} idle connections`, each, ""]);
  for (const socket of sockets) socket.terminate();
  await server.stop();
  await bare.stop();
  return rows;
}
