/**
 * Lambda: how long functions take to begin and to answer, through the SDK and without it, and messages a second from a queue
 * to a function beside a consumer that does the same over the wire. Busbar runs in a process of its own.
 */
import { execFileSync } from "node:child_process";
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  DeleteEventSourceMappingCommand,
  InvokeCommand,
  LambdaClient,
} from "@aws-sdk/client-lambda";
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";
import { ZipFile } from "yazl";
import { awsJson, drive } from "./lib/load.mjs";
import { startEmbedded } from "./lib/servers.mjs";

const coldStarts = 10;
/** Before anything is measured: until V8 has compiled what an invocation runs, it takes several times as long. */
const warmUp = 1500;
const warmInvocations = 300;
const messages = 20_000;
const rounds = 3;
const role = "arn:aws:iam::000000000000:role/bench";
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const ms = (value) => `${value.toFixed(2)} ms`;
const rate = (perSecond) => `${Math.round(perSecond).toLocaleString("en-US")}/s`;
const code = `export const handler = async (event) => (event.pid ? process.pid : { hello: event.name });`;

async function zipOf(text) {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(text), "index.mjs");
  zip.end();
  const chunks = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Megabytes a process holds that it shares with nobody, or all it holds where the system does not tell. */
function megabytesOf(pid) {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)]).toString()) / 1024;
}

/** The bytes of an invocation. */
function invocation(name) {
  const scope = "Credential=000000000000/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host";
  const event = '{"name":"warm"}';
  return Buffer.from(
    `POST /2015-03-31/functions/${name}/invocations HTTP/1.1\r\nHost: localhost:4566\r\n` +
      `Content-Type: application/octet-stream\r\nAuthorization: AWS4-HMAC-SHA256 ${scope}, Signature=${"0".repeat(64)}\r\n` +
      `User-Agent: bench\r\nContent-Length: ${event.length}\r\n\r\n${event}`,
  );
}

/** Latencies without any SDK, one at a time: what Busbar, the function and the socket take. */
async function bareMs(server, name, count) {
  const request = invocation(name);
  return (await drive({ port: server.port, count, connections: 1, request: () => request })).latenciesMs;
}

async function fill(server, QueueUrl) {
  const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: `e${i}`, MessageBody: `${i} ${"x".repeat(150)}` }));
  const request = awsJson("AmazonSQS.SendMessageBatch", { QueueUrl, Entries });
  await drive({ port: server.port, count: messages / 10, connections: 8, request: () => request });
}

/** Messages a second until a queue that was full is empty. @param drain begins to empty it, and answers how to end that. */
async function drainRate(server, sqs, QueueUrl, drain) {
  await fill(server, QueueUrl);
  const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
  const startedAt = performance.now();
  const end = await drain();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
    if (Object.values(Attributes).every((count) => count === "0")) break;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await end();
  return messages / seconds;
}

async function queueRows(server, lambda, sqs) {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "work" }));
  const EventSourceArn = "arn:aws:sqs:us-east-1:000000000000:work";
  const mapping = async () => {
    const { UUID } = await lambda.send(
      new CreateEventSourceMappingCommand({ FunctionName: "bench", EventSourceArn, BatchSize: 10 }),
    );
    return () => lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
  };
  const consumer = async () => {
    const app = Consumer.create({ sqs, queueUrl: QueueUrl, batchSize: 10, handleMessageBatch: async (batch) => batch });
    // What is under way when it stops is aborted, and told as an error.
    app.on("error", () => {});
    app.start();
    return () => app.stop({ abort: true });
  };
  const rates = { mapping: [], consumer: [] };
  for (let round = 0; round < rounds; round++) {
    rates.mapping.push(await drainRate(server, sqs, QueueUrl, mapping));
    rates.consumer.push(await drainRate(server, sqs, QueueUrl, consumer));
  }
  const [mapped, consumed] = [median(rates.mapping), median(rates.consumer)];
  return [
    ["queue to a handler in process, batches of 10, messages", rate(mapped), `${(mapped / consumed).toFixed(2)} of it`],
    ["sqs-consumer, the same over the wire", rate(consumed), "1.00"],
  ];
}

export async function bench() {
  const server = await startEmbedded();
  const settings = {
    endpoint: `http://127.0.0.1:${server.port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "busbar" },
    maxAttempts: 1,
  };
  const client = new LambdaClient(settings);
  const sqs = new SQSClient(settings);
  const invoke = async (FunctionName, event) => {
    const began = performance.now();
    const { Payload } = await client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }));
    return { took: performance.now() - began, value: JSON.parse(Payload.transformToString()) };
  };
  const sdkMs = async (name, count) => {
    const took = [];
    for (let i = 0; i < count; i++) took.push((await invoke(name, { name: "warm" })).took);
    return took;
  };
  try {
    const ZipFileBytes = await zipOf(code);
    const cold = [];
    for (let i = 0; i < coldStarts; i++) {
      const base = { Runtime: "nodejs20.x", Handler: "index.handler", Role: role };
      await client.send(
        new CreateFunctionCommand({ ...base, FunctionName: `f-${i}`, Code: { ZipFile: ZipFileBytes } }),
      );
      cold.push((await invoke(`f-${i}`, { name: "cold" })).took);
    }
    const measured = { warm: [], inProcess: [], warmBare: [], inProcessBare: [] };
    const runs = {
      warm: (count) => sdkMs("f-0", count),
      inProcess: (count) => sdkMs("bench", count),
      warmBare: (count) => bareMs(server, "f-0", count),
      inProcessBare: (count) => bareMs(server, "bench", count),
    };
    for (const run of Object.values(runs)) await run(warmUp);
    for (let round = 0; round < rounds; round++) {
      for (const [name, run] of Object.entries(runs)) measured[name].push(...(await run(warmInvocations)));
    }
    const { value: pid } = await invoke("f-0", { pid: true });
    return [
      ["cold start of a Node function, median", ms(median(cold))],
      ["warm invocation through the SDK, median", ms(median(measured.warm))],
      ["… over a bare socket", ms(median(measured.warmBare))],
      ["the same of a handler in process, through the SDK", ms(median(measured.inProcess))],
      ["… over a bare socket", ms(median(measured.inProcessBare))],
      ["memory of an idle process", `${Math.round(megabytesOf(pid))} MB`],
      ...(await queueRows(server, client, sqs)),
    ];
  } finally {
    client.destroy();
    sqs.destroy();
    await server.stop();
  }
}
