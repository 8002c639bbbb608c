/** SQS: sends, receives and deletes against a bare server; what storing much, durability, a start and memory cost. */
import { randomBytes } from "node:crypto";
import { awsJson, drive, percentile } from "./lib/load.mjs";
import { residentMiB, startBare, startBusbar } from "./lib/servers.mjs";

const rounds = 5;
const body = "x".repeat(200);
const queueUrl = (name) => `http://localhost:4566/000000000000/${name}`;
const send = (queue, text = body) => awsJson("AmazonSQS.SendMessage", { QueueUrl: queueUrl(queue), MessageBody: text });
const rate = (perSecond) => `${Math.round(perSecond).toLocaleString("en-US")}/s`;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function call(server, operation, input) {
  let answer;
  await drive({
    port: server.port,
    count: 1,
    connections: 1,
    request: () => awsJson(`AmazonSQS.${operation}`, input),
    onAnswer: (bytes) => {
      answer = bytes.length > 0 ? JSON.parse(bytes.toString()) : {};
    },
  });
  return answer;
}

/** Sends messages of `length` characters, no two of them equal: what repeats would be kept once. */
async function fill(server, queue, count, length = body.length) {
  const noise = randomBytes(length * 12).toString("base64");
  let at = 0;
  const entry = (_, i) => {
    at = (at + 37) % (noise.length - length);
    return { Id: `e${i}`, MessageBody: noise.slice(at, at + length) };
  };
  const request = () =>
    awsJson("AmazonSQS.SendMessageBatch", {
      QueueUrl: queueUrl(queue),
      Entries: Array.from({ length: 10 }, entry),
    });
  await drive({ port: server.port, count: count / 10, connections: 8, request });
}

async function sendRate(server, queue, count) {
  const request = send(queue);
  return (await drive({ port: server.port, count, request: () => request })).perSecond;
}

const handleMark = '"ReceiptHandle":"';

/** Makes delete requests by writing the handle, whose length never changes, into the bytes of another. */
function deletesOf(queue) {
  let made;
  let at;
  return (handle) => {
    if (made === undefined) {
      made = awsJson("AmazonSQS.DeleteMessage", { QueueUrl: queueUrl(queue), ReceiptHandle: handle });
      at = made.indexOf(handle);
    }
    const request = Buffer.from(made);
    request.latin1Write(handle, at);
    return request;
  };
}

/** Receives and deletes one message after the other on each connection; answers requests a second. */
async function pairRate(server, queue, pairs) {
  const handles = [];
  const receive = awsJson("AmazonSQS.ReceiveMessage", { QueueUrl: queueUrl(queue) });
  const deleteOf = deletesOf(queue);
  const deletes = new Uint8Array(pairs * 2);
  const { perSecond } = await drive({
    port: server.port,
    count: pairs * 2,
    request: (index) => {
      const handle = handles.pop();
      if (handle === undefined) return receive;
      deletes[index] = 1;
      return deleteOf(handle);
    },
    onAnswer: (bytes, index) => {
      if (deletes[index] === 1) return;
      const at = bytes.indexOf(handleMark);
      if (at >= 0) handles.push(bytes.latin1Slice(at + handleMark.length, bytes.indexOf('"', at + handleMark.length)));
    },
  });
  return perSecond;
}

async function receiveLatencyMs(server, queue, count) {
  const receive = awsJson("AmazonSQS.ReceiveMessage", { QueueUrl: queueUrl(queue) });
  const { latenciesMs } = await drive({ port: server.port, count, connections: 1, request: () => receive });
  return percentile(latenciesMs, 0.5);
}

export async function bench() {
  const rows = [];
  const bare = await startBare();
  const memory = await startBusbar();
  const durable = await startBusbar({ durable: true });
  for (const server of [memory, durable]) await call(server, "CreateQueue", { QueueName: "bench" });
  const bareRequest = send("bench");
  const bareRate = async (count) => (await drive({ port: bare.port, count, request: () => bareRequest })).perSecond;

  // One unmeasured round lets every process compile its hot paths.
  await bareRate(30_000);
  await sendRate(memory, "bench", 30_000);
  await sendRate(durable, "bench", 10_000);
  const measured = { bare: [], send: [], pairs: [], durable: [], sendRatio: [], pairRatio: [], durableRatio: [] };
  for (let round = 0; round < rounds; round++) {
    const bareNow = await bareRate(30_000);
    const sendNow = await sendRate(memory, "bench", 30_000);
    const pairsNow = await pairRate(memory, "bench", 10_000);
    const durableNow = await sendRate(durable, "bench", 20_000);
    for (const server of [memory, durable]) await call(server, "PurgeQueue", { QueueUrl: queueUrl("bench") });
    await fill(memory, "bench", 1000);
    measured.bare.push(bareNow);
    measured.send.push(sendNow);
    measured.pairs.push(pairsNow);
    measured.durable.push(durableNow);
    measured.sendRatio.push(sendNow / bareNow);
    measured.pairRatio.push(pairsNow / bareNow);
    measured.durableRatio.push(durableNow / sendNow);
  }
  rows.push(["bare node:http, 64 connections", rate(median(measured.bare)), "1.00"]);
  rows.push(["SendMessage", rate(median(measured.send)), `${median(measured.sendRatio).toFixed(2)} of bare`]);
  rows.push([
    "ReceiveMessage and DeleteMessage, requests",
    rate(median(measured.pairs)),
    `${median(measured.pairRatio).toFixed(2)} of bare`,
  ]);
  rows.push([
    "SendMessage, durable",
    rate(median(measured.durable)),
    `${median(measured.durableRatio).toFixed(2)} of memory`,
  ]);

  for (const name of ["few", "many"]) await call(memory, "CreateQueue", { QueueName: name });
  await fill(memory, "few", 1000);
  await fill(memory, "many", 100_000);
  const receives = { few: [], many: [] };
  const sends = { few: [], many: [] };
  for (let round = 0; round < rounds; round++) {
    for (const name of ["few", "many"]) {
      receives[name].push(await receiveLatencyMs(memory, name, 150));
      sends[name].push(await sendRate(memory, name, 10_000));
    }
    await call(memory, "PurgeQueue", { QueueUrl: queueUrl("few") });
    await fill(memory, "few", 1000);
  }
  const [few, many] = [median(receives.few), median(receives.many)];
  rows.push([
    "receive latency, 1,000 and 100,000 stored",
    `${(few * 1000).toFixed(0)} and ${(many * 1000).toFixed(0)} µs`,
    `${(many / few).toFixed(2)}`,
  ]);
  rows.push([
    "SendMessage, 1,000 and 100,000 stored",
    `${rate(median(sends.few))} and ${rate(median(sends.many))}`,
    `${(median(sends.many) / median(sends.few)).toFixed(2)}`,
  ]);
  for (const server of [bare, memory, durable]) await server.stop();

  const starts = [];
  for (let i = 0; i < rounds; i++) {
    const at = performance.now();
    const server = await startBusbar();
    await call(server, "CreateQueue", { QueueName: "first" });
    starts.push(performance.now() - at);
    await server.stop();
  }
  rows.push(["start to first answered request", `${median(starts).toFixed(0)} ms`]);

  const idle = await startBusbar();
  await call(idle, "CreateQueue", { QueueName: "memory" });
  const idleMiB = await residentMiB(idle.pid);
  await fill(idle, "memory", 100_000, 1000);
  const fullMiB = await residentMiB(idle.pid);
  rows.push(["resident memory, idle", `${idleMiB.toFixed(0)} MiB`]);
  rows.push([
    "resident memory, 100,000 messages of 1 KB",
    `${fullMiB.toFixed(0)} MiB`,
    `${(((fullMiB - idleMiB) * 2 ** 20) / 100_000).toFixed(0)} bytes a message`,
  ]);
  await idle.stop();
  return rows;
}
