/** REST APIs: MOCK, a function in the process, VTL to a queue, against a bare server; and what many resources cost. */

import { drive } from "./lib/load.mjs";
import { startBare, startEmbedded } from "./lib/servers.mjs";

const rounds = 5;
const account = "000000000000";
const rate = (perSecond) => `${Math.round(perSecond).toLocaleString("en-US")}/s`;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const ratios = (values, against) => median(values.map((value, at) => value / against[at]));

/** A call of the control plane. */
async function control(server, method, path, body) {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${account}/20260101/us-east-1/apigateway/aws4_request, SignedHeaders=host, Signature=0`,
      "content-type": "application/json",
      accept: "application/json",
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

/** Makes an API of these routes (`GET /path` and what stands behind it), deploys it and answers its id. */
async function deployed(server, routes) {
  const api = await control(server, "POST", "/restapis", { name: "bench" });
  const ids = new Map([["", api.rootResourceId]]);
  const resource = async (path) => {
    if (ids.has(path)) return ids.get(path);
    const cut = path.lastIndexOf("/");
    const parent = await resource(path.slice(0, cut));
    const { id } = await control(server, "POST", `/restapis/${api.id}/resources/${parent}`, {
      pathPart: path.slice(cut + 1),
    });
    ids.set(path, id);
    return id;
  };
  for (const [route, { response, ...integration }] of Object.entries(routes)) {
    const [verb, path] = route.split(" ");
    const at = `/restapis/${api.id}/resources/${await resource(path)}/methods/${verb}`;
    await control(server, "PUT", at, { authorizationType: "NONE" });
    await control(server, "PUT", `${at}/integration`, integration);
    if (response === undefined) continue;
    await control(server, "PUT", `${at}/responses/200`, {});
    await control(server, "PUT", `${at}/integration/responses/200`, response);
  }
  await control(server, "POST", `/restapis/${api.id}/deployments`, { stageName: "dev" });
  return api.id;
}

const mock = {
  type: "MOCK",
  requestTemplates: { "application/json": '{"statusCode": 200}' },
  response: { responseTemplates: { "application/json": '{"ok":true}' } },
};
const proxy = {
  type: "AWS_PROXY",
  httpMethod: "POST",
  uri: `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:${account}:function:bench/invocations`,
};
const queue = {
  type: "AWS",
  httpMethod: "POST",
  uri: `arn:aws:apigateway:us-east-1:sqs:path/${account}/bench`,
  requestParameters: { "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'" },
  requestTemplates: { "application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)" },
  response: {},
};

function request(api, verb, path, body = "") {
  const length = body === "" ? "" : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  return Buffer.from(
    `${verb} /dev${path} HTTP/1.1\r\nHost: ${api}.execute-api.localhost:4566\r\nUser-Agent: bench\r\nAccept: */*\r\n${length}\r\n${body}`,
  );
}

async function queueCall(server, action, parameters) {
  const response = await fetch(`http://127.0.0.1:${server.port}/`, {
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${action}` },
    body: JSON.stringify(parameters),
  });
  await response.text();
}

export async function bench() {
  const bare = await startBare();
  const server = await startEmbedded();
  await queueCall(server, "CreateQueue", { QueueName: "bench" });
  const many = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`GET /r${i}/{id}/items`, mock]));
  const main = await deployed(server, { "GET /mock": mock, "POST /proxy": proxy, "POST /queue": queue });
  const [few, lots] = [await deployed(server, many(4)), await deployed(server, many(334))];
  const body = JSON.stringify({ text: "x".repeat(200) });
  const bareRequest = request("none", "POST", "/x", body);
  const run = async (port, bytes, count = 20_000) => (await drive({ port, count, request: () => bytes })).perSecond;
  const requests = {
    mock: request(main, "GET", "/mock"),
    proxy: request(main, "POST", "/proxy", body),
    queue: request(main, "POST", "/queue", body),
    few: request(few, "GET", "/r3/7/items"),
    lots: request(lots, "GET", "/r333/7/items"),
  };
  await run(bare.port, bareRequest);
  for (const bytes of Object.values(requests)) await run(server.port, bytes);
  const measured = { bare: [], mock: [], proxy: [], queue: [], few: [], lots: [] };
  for (let round = 0; round < rounds; round++) {
    measured.bare.push(await run(bare.port, bareRequest));
    for (const [name, bytes] of Object.entries(requests)) measured[name].push(await run(server.port, bytes));
    await queueCall(server, "PurgeQueue", { QueueUrl: `http://localhost:4566/${account}/bench` });
  }
  const row = (what, name) => [
    what,
    rate(median(measured[name])),
    `${ratios(measured[name], measured.bare).toFixed(2)} of bare`,
  ];
  const rows = [
    ["bare node:http, 64 connections", rate(median(measured.bare)), "1.00"],
    row("MOCK", "mock"),
    row("proxy to a function in the process", "proxy"),
    row("template to SQS SendMessage", "queue"),
    [
      "MOCK among 1,000 resources and among 12",
      `${rate(median(measured.lots))} and ${rate(median(measured.few))}`,
      ratios(measured.lots, measured.few).toFixed(2),
    ],
  ];
  await Promise.all([bare.stop(), server.stop()]);
  return rows;
}
