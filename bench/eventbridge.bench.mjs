/**
 * EventBridge: PutEvents against a bare server with 10, 1,000 and 10,000 rules of which one matches; the matcher alone;
 * and events that end in an SQS queue.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { awsJson, drive } from "./lib/load.mjs";
import { startBare, startBusbar } from "./lib/servers.mjs";

const rounds = 5;
const ruleCounts = [10, 1000, 10_000];
const root = join(import.meta.dirname, "..");
const eventsCall = (operation, input) =>
  awsJson(`AWSEvents.${operation}`, input, { version: "1.1", service: "events" });
const rate = (perSecond) => `${Math.round(perSecond).toLocaleString("en-US")}/s`;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Rules of four kinds, as they are found side by side on a bus. */
const patternOf = (i) =>
  [
    { source: ["shop.orders"], "detail-type": [`Order ${i}`] },
    { source: ["shop.orders"], detail: { customer: [{ prefix: `c-${i}-` }] } },
    { source: [{ "anything-but": "aws.health" }], detail: { total: [{ numeric: [">=", i, "<", i + 1] }] } },
    { detail: { file: [{ suffix: `-${i}.png` }], gone: [{ exists: false }] } },
  ][i % 4];
const entryOf = (bus) => ({
  Source: "shop.orders",
  DetailType: "Order 4",
  Detail: JSON.stringify({ customer: "c-x", total: -1, file: "img.jpg", items: [{ sku: "a" }, { sku: "b" }] }),
  EventBusName: bus,
});
const putOf = (bus) => eventsCall("PutEvents", { Entries: [entryOf(bus)] });

async function putRate(server, request, count) {
  const answers = (body) => {
    if (!body.includes('"FailedEntryCount":0')) throw new Error(body.toString());
  };
  return (await drive({ port: server.port, count, request: () => request, onAnswer: answers })).perSecond;
}

const call = (server, request) => drive({ port: server.port, count: 1, connections: 1, request: () => request });

async function matcherRates() {
  const outfile = join(root, "node_modules", ".busbar-bench-event-pattern.mjs");
  const entry = join(root, "src/events/pattern/index.ts");
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  const { parseEvent, parsePattern, PatternIndex } = await import(pathToFileURL(outfile).href);
  const { Source, DetailType, Detail } = entryOf("default");
  const event = JSON.stringify({
    version: "0",
    id: "5d0f7c1e-3b7a-4a55-9c1b-0f6c2f1d9e10",
    "detail-type": DetailType,
    source: Source,
    account: "000000000000",
    time: "2026-03-09T16:05:42Z",
    region: "us-east-1",
    resources: [],
    detail: JSON.parse(Detail),
  });
  return ruleCounts.map((count) => {
    const index = new PatternIndex();
    for (let i = 0; i < count; i++) index.add(i, parsePattern(JSON.stringify(patternOf(i))));
    const runs = 100_000;
    const perSecond = [];
    for (let round = 0; round < rounds; round++) {
      const startedAt = performance.now();
      for (let i = 0; i < runs; i++) if (index.match(parseEvent(event)).length !== 1) throw new Error("not one match");
      perSecond.push((runs / (performance.now() - startedAt)) * 1000);
    }
    return median(perSecond);
  });
}

export async function bench() {
  const rows = [];
  const bare = await startBare();
  const server = await startBusbar();
  for (const count of ruleCounts) {
    const bus = `rules-${count}`;
    await call(server, eventsCall("CreateEventBus", { Name: bus }));
    const put = (i) =>
      eventsCall("PutRule", { Name: `r${i}`, EventBusName: bus, EventPattern: JSON.stringify(patternOf(i)) });
    await drive({ port: server.port, count, connections: 8, request: put });
  }
  await call(server, awsJson("AmazonSQS.CreateQueue", { QueueName: "sink" }));
  await call(server, eventsCall("CreateEventBus", { Name: "to-queue" }));
  const rule = { Name: "r", EventBusName: "to-queue", EventPattern: JSON.stringify(patternOf(4)) };
  await call(server, eventsCall("PutRule", rule));
  const Targets = [{ Id: "q", Arn: "arn:aws:sqs:us-east-1:000000000000:sink" }];
  await call(server, eventsCall("PutTargets", { Rule: "r", EventBusName: "to-queue", Targets }));

  const buses = [...ruleCounts.map((count) => `rules-${count}`), "to-queue"];
  const requests = Object.fromEntries(buses.map((bus) => [bus, putOf(bus)]));
  const purge = awsJson("AmazonSQS.PurgeQueue", { QueueUrl: "http://localhost:4566/000000000000/sink" });
  const bareRate = (count) => putRateOfBare(bare, requests["to-queue"], count);
  // One unmeasured round lets both processes compile their hot paths.
  await bareRate(20_000);
  for (const bus of buses) await putRate(server, requests[bus], 5000);
  const measured = { bare: [] };
  for (const bus of buses) measured[bus] = [];
  for (let round = 0; round < rounds; round++) {
    measured.bare.push(await bareRate(20_000));
    for (const bus of buses) measured[bus].push(await putRate(server, requests[bus], 10_000));
    await call(server, purge);
  }
  const bareMedian = median(measured.bare);
  rows.push(["bare node:http, 64 connections", rate(bareMedian), "1.00"]);
  const few = median(measured["rules-10"]);
  for (const count of ruleCounts) {
    const perSecond = median(measured[`rules-${count}`]);
    const ratios = [`${(perSecond / bareMedian).toFixed(2)} of bare`];
    if (count !== 10) ratios.push(`${(few / perSecond).toFixed(2)} times the cost of 10`);
    rows.push([`PutEvents, ${count.toLocaleString("en-US")} rules, one matches`, rate(perSecond), ratios.join(", ")]);
  }
  const delivered = median(measured["to-queue"]);
  rows.push([
    "PutEvents, delivered to an SQS queue",
    rate(delivered),
    `${(delivered / bareMedian).toFixed(2)} of bare`,
  ]);
  for (const one of [bare, server]) await one.stop();

  const alone = await matcherRates();
  for (const [i, count] of ruleCounts.entries()) {
    const cost = i === 0 ? "" : `${(alone[0] / alone[i]).toFixed(2)} times the cost of 10`;
    rows.push([`matcher alone, ${count.toLocaleString("en-US")} rules`, `${rate(alone[i])} events`, cost]);
  }
  return rows;
}

async function putRateOfBare(server, request, count) {
  return (await drive({ port: server.port, count, request: () => request })).perSecond;
}
