/**
 * Runs real handlers, unmodified libraries in their zips, as functions of Busbar: Powertools (logger, metrics, tracer, parser,
 * batch behind queues and streams), middy, handlers in the shape of SAM's and the Serverless Framework's first samples, Python
 * with boto3, and durable functions with AWS's own SDK. They are installed into a scratch directory, without install scripts;
 * needs a registry and the built package.
 *
 *     npm run build && node scripts/try-lambda.mjs
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { Lambda } from "@aws-sdk/client-lambda";
import { SQS } from "@aws-sdk/client-sqs";
import { ZipFile } from "yazl";
import { createBusbar } from "../dist/index.js";

const powertools = ["logger", "metrics", "tracer", "parser", "batch"].map((name) => `@aws-lambda-powertools/${name}`);
const packages = [...powertools, "@middy/core", "zod", "@aws/durable-execution-sdk-js@latest"];
const scratch = mkdtempSync(join(tmpdir(), "busbar-lambda-"));
let failures = 0;

async function check(what, run) {
  try {
    await run();
    console.log(`ok   ${what}`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL ${what}`, error);
  }
}

function equal(actual, expected) {
  const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${a} is not ${b}`);
}

function* filesOf(directory, below = "") {
  for (const entry of readdirSync(join(directory, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== ".bin") yield* filesOf(directory, path);
    } else if (entry.isFile() && !/\.(map|d\.[cm]?ts)$/.test(entry.name)) yield path;
  }
}

async function zipOf(files, withModules) {
  const zip = new ZipFile();
  for (const [path, text] of Object.entries(files)) zip.addBuffer(Buffer.from(text), path);
  if (withModules) {
    for (const path of filesOf(scratch, "node_modules")) {
      zip.addBuffer(readFileSync(join(scratch, path)), path, { mtime: statSync(join(scratch, path)).mtime });
    }
  }
  zip.end();
  const chunks = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const handlers = {
  "web.mjs": `
import middy from "@middy/core";
import { Logger } from "@aws-lambda-powertools/logger";
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { logMetrics } from "@aws-lambda-powertools/metrics/middleware";
import { Tracer } from "@aws-lambda-powertools/tracer";
import { captureLambdaHandler } from "@aws-lambda-powertools/tracer/middleware";
const [logger, metrics, tracer] = [new Logger(), new Metrics({ namespace: "shop" }), new Tracer()];
export const handler = middy(async (event) => {
  logger.info("seen", { path: event.path });
  metrics.addMetric("orders", "Count", 1);
  return { statusCode: 200, body: JSON.stringify({ path: event.path }) };
}).use(injectLambdaContext(logger)).use(logMetrics(metrics, { captureColdStartMetric: true })).use(captureLambdaHandler(tracer));`,
  "batch.mjs": `
import { appendFileSync } from "node:fs";
import { BatchProcessor, EventType, processPartialResponse, processPartialResponseSync, SqsFifoPartialProcessor } from "@aws-lambda-powertools/batch";
const note = (text) => appendFileSync(process.env.LEDGER, text + "\\n");
const queue = new BatchProcessor(EventType.SQS);
const stream = new BatchProcessor(EventType.KinesisDataStreams);
const ofQueue = async ({ body, attributes }) => {
  note(body);
  if (body === "bad" && attributes.ApproximateReceiveCount === "1") throw new Error("the first time");
};
const seen = new Set();
const ofStream = async ({ kinesis: { data } }) => {
  const text = Buffer.from(data, "base64").toString();
  note(text);
  if (text === "bad" && !seen.has(text)) { seen.add(text); throw new Error("the first time"); }
};
const ofGroup = ({ body, attributes }) => {
  note(body);
  if (body === "1" && attributes.ApproximateReceiveCount === "1") throw new Error("the first time");
};
export const queueHandler = async (event, context) => processPartialResponse(event, ofQueue, queue, { context });
export const streamHandler = async (event, context) => processPartialResponse(event, ofStream, stream, { context });
export const fifoHandler = async (event, context) => processPartialResponseSync(event, ofGroup, new SqsFifoPartialProcessor(), { context });`,
  "parsed.mjs": `
import { parser } from "@aws-lambda-powertools/parser/middleware";
import { SqsEnvelope } from "@aws-lambda-powertools/parser/envelopes/sqs";
import { z } from "zod";
import middy from "@middy/core";
import { appendFileSync } from "node:fs";
const schema = z.object({ id: z.number(), name: z.string() });
const asJson = z.string().transform((text) => JSON.parse(text)).pipe(schema);
export const handler = middy(async (orders) => {
  appendFileSync(process.env.LEDGER, orders.map(({ id }) => id).join() + "\\n");
}).use(parser({ schema: asJson, envelope: SqsEnvelope }));`,
  "durable.mjs": `
import { withDurableExecution } from "@aws/durable-execution-sdk-js";
let tries = 0;
export const handler = withDurableExecution(async (event, context) => {
  const first = await context.step("first", async () => event.n + 1);
  await context.wait("pause", { seconds: 600 });
  const flaky = await context.step("flaky", async () => {
    tries += 1;
    if (tries < 3) throw new Error("not yet");
    return tries;
  }, { retryStrategy: (_error, attempt) => ({ shouldRetry: attempt < 5, delay: { seconds: 60 } }) });
  const both = await context.parallel("both", [
    async (child) => child.step("left", async () => "l"),
    async (child) => { await child.wait("inner", { seconds: 30 }); return "r"; },
  ]);
  const mapped = await context.map("each", [1, 2, 3], async (child, item) => child.step("double", async () => item * 2));
  const answer = await context.waitForCallback("approval", async (callbackId) => {
    console.log("CALLBACK " + callbackId);
  }, { timeout: { hours: 1 } });
  const other = await context.invoke("other", process.env.OTHER, { name: "x" });
  return { first, flaky, both: both.getResults(), mapped: mapped.getResults(), answer, other };
});`,
  "app.js": `
let response;
exports.lambdaHandler = async (event, context) => {
  try {
    response = { statusCode: 200, body: JSON.stringify({ message: "hello world" }) };
  } catch (error) {
    console.log(error);
    return error;
  }
  return response;
};
module.exports.hello = async (event) => ({
  statusCode: 200,
  body: JSON.stringify({ message: "Go Serverless! Your function executed successfully!", input: event }, null, 2),
});`,
  "app.py": `
import json
import boto3
def lambda_handler(event, context):
    return {"statusCode": 200, "body": json.dumps({"message": "hello world"})}
def queues(event, context):
    return [url.rsplit("/", 1)[-1] for url in boto3.client("sqs").list_queues()["QueueUrls"]]`,
};

async function tryAll(bus) {
  const config = bus.clientConfig();
  const [lambda, sqs, kinesis] = [new Lambda(config), new SQS(config), new Kinesis(config)];
  const ledger = join(scratch, "ledger");
  const modules = await zipOf(handlers, true);
  const plain = await zipOf({ "app.js": handlers["app.js"], "app.py": handlers["app.py"] }, false);
  const create = (FunctionName, Handler, more = {}) =>
    lambda.createFunction({
      FunctionName,
      Handler,
      Runtime: "nodejs22.x",
      Role: "arn:aws:iam::000000000000:role/lambda",
      Timeout: 30,
      Code: { ZipFile: Handler.startsWith("app.") ? plain : modules },
      ...more,
      Environment: {
        Variables: { LEDGER: `${ledger}-${FunctionName}`, OTHER: "sam", POWERTOOLS_SERVICE_NAME: "shop" },
      },
    });
  const invoke = async (FunctionName, event, more = {}) => {
    const answer = await lambda.invoke({ FunctionName, Payload: JSON.stringify(event), LogType: "Tail", ...more });
    const value = JSON.parse(answer.Payload.transformToString());
    if (answer.FunctionError !== undefined) throw new Error(JSON.stringify(value));
    return { value, log: Buffer.from(answer.LogResult ?? "", "base64").toString() };
  };
  const written = async (name, count) => {
    for (let turn = 0; turn < 500; turn++) {
      const lines = readdirSync(scratch).includes(`ledger-${name}`)
        ? readFileSync(`${ledger}-${name}`, "utf8").trim().split("\n")
        : [];
      if (lines.length >= count) return lines;
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (turn % 50 === 49) await bus.clock.advance("31s");
    }
    throw new Error("too little came");
  };
  const queueArn = (name) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

  await check("SAM's and the Serverless Framework's first samples", async () => {
    await create("sam", "app.lambdaHandler");
    await create("serverless", "app.hello");
    equal((await invoke("sam", {})).value, { statusCode: 200, body: '{"message":"hello world"}' });
    equal(JSON.parse((await invoke("serverless", { a: 1 })).value.body).input, { a: 1 });
    await create("sam-python", "app.lambda_handler", { Runtime: "python3.12" });
    equal((await invoke("sam-python", {})).value.body, '{"message": "hello world"}');
  });
  await check("Python with boto3", async () => {
    await sqs.createQueue({ QueueName: "listed" });
    await create("boto", "app.queues", { Runtime: "python3.12" });
    equal((await invoke("boto", {})).value.includes("listed"), true);
  });
  await check("middy with Powertools' logger, metrics and tracer", async () => {
    await create("web", "web.handler");
    const { value, log } = await invoke("web", { path: "/orders" });
    equal(value, { statusCode: 200, body: '{"path":"/orders"}' });
    const lines = log
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
    const seen = lines.find(({ message }) => message === "seen");
    equal([seen.service, seen.function_name, seen.path, seen.cold_start], ["shop", "web", "/orders", true]);
    equal(
      lines.some(({ _aws, orders }) => _aws !== undefined && orders === 1),
      true,
    );
  });
  await check("Powertools' batch processing of a queue, with a partial failure", async () => {
    await create("batch", "batch.queueHandler");
    const { QueueUrl } = await sqs.createQueue({ QueueName: "batch", Attributes: { VisibilityTimeout: "30" } });
    for (const MessageBody of ["good", "bad", "fine"]) await sqs.sendMessage({ QueueUrl, MessageBody });
    await lambda.createEventSourceMapping({
      FunctionName: "batch",
      EventSourceArn: queueArn("batch"),
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
    equal((await written("batch", 4)).sort(), ["bad", "bad", "fine", "good"]);
  });
  await check("Powertools' batch processing of a FIFO queue, in order", async () => {
    await create("fifo", "batch.fifoHandler");
    const Attributes = { VisibilityTimeout: "30", FifoQueue: "true", ContentBasedDeduplication: "true" };
    const { QueueUrl } = await sqs.createQueue({ QueueName: "batch.fifo", Attributes });
    for (let n = 0; n < 3; n++) await sqs.sendMessage({ QueueUrl, MessageBody: `${n}`, MessageGroupId: "g" });
    await lambda.createEventSourceMapping({
      FunctionName: "fifo",
      EventSourceArn: queueArn("batch.fifo"),
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
    equal(await written("fifo", 4), ["0", "1", "1", "2"]);
  });
  await check("Powertools' batch processing of a stream, with a partial failure", async () => {
    await create("stream", "batch.streamHandler");
    const { StreamARN } = await kinesis
      .createStream({ StreamName: "batch", ShardCount: 1 })
      .then(() => kinesis.describeStreamSummary({ StreamName: "batch" }))
      .then((answer) => answer.StreamDescriptionSummary);
    const Records = ["good", "bad", "fine"].map((text) => ({ PartitionKey: "p", Data: Buffer.from(text) }));
    await kinesis.putRecords({ StreamName: "batch", Records });
    await lambda.createEventSourceMapping({
      FunctionName: "stream",
      EventSourceArn: StreamARN,
      StartingPosition: "TRIM_HORIZON",
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
    equal(await written("stream", 5), ["good", "bad", "fine", "bad", "fine"]);
  });
  await check("Powertools' parser of a queue's events", async () => {
    await create("parsed", "parsed.handler");
    const { QueueUrl } = await sqs.createQueue({ QueueName: "parsed" });
    await sqs.sendMessage({ QueueUrl, MessageBody: JSON.stringify({ id: 7, name: "n" }) });
    await lambda.createEventSourceMapping({ FunctionName: "parsed", EventSourceArn: queueArn("parsed") });
    equal(await written("parsed", 1), ["7"]);
  });
  await check("a durable function of AWS's SDK", async () => {
    await create("durable", "durable.handler", { DurableConfig: { ExecutionTimeout: 100_000 } });
    const { DurableExecutionArn } = await lambda.invoke({
      FunctionName: "durable:$LATEST",
      InvocationType: "Event",
      Payload: JSON.stringify({ n: 1 }),
    });
    let sent = false;
    for (let turn = 0; turn < 200; turn++) {
      const { Status, Result } = await lambda.getDurableExecution({ DurableExecutionArn });
      if (Status === "SUCCEEDED") {
        const { first, both, mapped, answer, other } = JSON.parse(Result);
        equal([first, both, mapped, JSON.parse(answer), other.statusCode], [2, ["l", "r"], [2, 4, 6], "approved", 200]);
        return;
      }
      if (Status !== "RUNNING") break;
      const { Events } = await lambda.getDurableExecutionHistory({ DurableExecutionArn });
      const started = Events.find(({ EventType }) => EventType === "CallbackStarted");
      if (started !== undefined && !sent && Events.at(-1).EventType === "InvocationCompleted") {
        sent = true;
        const { CallbackId } = started.CallbackStartedDetails;
        await lambda.sendDurableExecutionCallbackSuccess({ CallbackId, Result: Buffer.from('"approved"') });
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (turn % 10 === 9 && (sent || started === undefined)) await bus.clock.advance("1m");
    }
    const { Events } = await lambda.getDurableExecutionHistory({ DurableExecutionArn });
    throw new Error(`It does not succeed: ${JSON.stringify(Events.slice(-5))}`);
  });
}

try {
  writeFileSync(join(scratch, "package.json"), "{}");
  const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--engine-strict=false", ...packages];
  const installed = spawnSync("npm", install, { cwd: scratch, stdio: "inherit" });
  if (installed.status !== 0) throw new Error("the packages could not be installed");
  const bus = await createBusbar();
  await tryAll(bus);
  await bus.close();
  console.log(failures === 0 ? "All is well." : `${failures} failed.`);
  process.exitCode = failures === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
