/**
 * Runs serverless-offline with its plugins for SQS, SNS and Kinesis, unmodified, against Busbar: a message, a notification and a
 * record have to come to functions. They are installed into a scratch directory, without install scripts; needs a registry
 * and the built package.
 *
 *     npm run build && node scripts/try-serverless.mjs
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const { createBusbar } = await import(new URL("../dist/index.js", import.meta.url).href);
const account = "000000000000";
const scratch = mkdtempSync(join(tmpdir(), "busbar-serverless-"));
const seen = join(scratch, "seen");
const packages = [
  ...["serverless@3", "serverless-offline@13", "serverless-offline-sqs@8", "serverless-offline-sns@0.78"],
  "serverless-offline-kinesis@6",
];
const arn = (service, name) => `arn:aws:${service}:us-east-1:${account}:${name}`;

const handler = `
const { appendFileSync } = require("node:fs");
const textOf = ({ body, Sns, kinesis }) => body ?? Sns?.Message ?? Buffer.from(kinesis.data, "base64").toString();
exports.show = async ({ Records }) => {
  for (const record of Records) appendFileSync(${JSON.stringify(seen)}, textOf(record) + "\\n");
};
`;

const service = (endpoint) => ({
  service: "shop",
  frameworkVersion: "3",
  provider: { name: "aws", runtime: "nodejs20.x", region: "us-east-1" },
  plugins: ["serverless-offline-sqs", "serverless-offline-kinesis", "serverless-offline-sns", "serverless-offline"],
  custom: {
    "serverless-offline-sqs": {
      endpoint,
      region: "us-east-1",
      accountId: account,
      accessKeyId: account,
      secretAccessKey: "any",
    },
    "serverless-offline-kinesis": {
      endpoint,
      region: "us-east-1",
      accountId: account,
      accessKeyId: account,
      secretAccessKey: "any",
    },
    "serverless-offline-sns": { port: 4002, "sns-endpoint": endpoint, accountId: account },
  },
  functions: {
    fromQueue: { handler: "handler.show", events: [{ sqs: { arn: arn("sqs", "orders"), batchSize: 1 } }] },
    fromStream: {
      handler: "handler.show",
      events: [{ stream: { type: "kinesis", arn: arn("kinesis", "stream/clicks"), startingPosition: "TRIM_HORIZON" } }],
    },
    fromTopic: { handler: "handler.show", events: [{ sns: { topicName: "placed" } }] },
  },
});

/** A call as a client makes it, in AWS JSON or as a form, so that no SDK has to be installed. */
async function call(bus, target, input) {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": target };
  const answer = await fetch(bus.endpoint, { method: "POST", headers, body: JSON.stringify(input) });
  if (!answer.ok) throw new Error(await answer.text());
}

async function tryIt(bus) {
  writeFileSync(join(scratch, "package.json"), "{}");
  writeFileSync(join(scratch, "handler.js"), handler);
  writeFileSync(join(scratch, "serverless.json"), JSON.stringify(service(bus.endpoint)));
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"];
  const installed = spawnSync("npm", ["install", ...flags, ...packages], { cwd: scratch, stdio: "inherit" });
  if (installed.status !== 0) throw new Error("serverless cannot be installed");
  const env = {
    ...process.env,
    ...{ AWS_ENDPOINT_URL: bus.endpoint, AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: account },
    ...{ AWS_SECRET_ACCESS_KEY: "any", SLS_TELEMETRY_DISABLED: "1", SLS_NOTIFICATIONS_MODE: "off" },
  };
  const offline = spawn(process.execPath, ["node_modules/serverless/bin/serverless.js", "offline", "start"], {
    cwd: scratch,
    env,
    stdio: "inherit",
  });
  try {
    await call(bus, "AmazonSQS.SendMessage", { QueueUrl: `${bus.endpoint}/${account}/orders`, MessageBody: "message" });
    const Data = Buffer.from("record").toString("base64");
    await call(bus, "Kinesis_20131202.PutRecord", { StreamName: "clicks", PartitionKey: "p", Data });
    const form = { Action: "Publish", Version: "2010-03-31", TopicArn: arn("sns", "placed"), Message: "notification" };
    const deadline = Date.now() + 240_000;
    let came = [];
    let published = false;
    while (came.length < 3) {
      if (Date.now() > deadline) throw new Error(`within four minutes came only: ${came.join(", ") || "nothing"}`);
      await setTimeout(500);
      // The plugin subscribes when it has started, and confirms what it has subscribed.
      if (!published && bus.requests({ operation: "ConfirmSubscription" }).length > 0) {
        published = true;
        await fetch(bus.endpoint, { method: "POST", body: new URLSearchParams(form) });
      }
      if (existsSync(seen)) came = readFileSync(seen, "utf8").trim().split("\n").sort();
    }
    if (came.join() !== "message,notification,record") throw new Error(`what came is ${came.join(", ")}`);
    const failed = bus.requests().filter(({ status }) => status >= 400);
    for (const { service: name, operation, message } of failed) console.log(`${name} ${operation}: ${message}`);
  } finally {
    offline.kill("SIGTERM");
  }
}

const resources = {
  queues: [{ QueueName: "orders" }],
  topics: [{ TopicName: "placed" }],
  streams: [{ Name: "clicks", ShardCount: 1 }],
};
const bus = await createBusbar({ resources });
try {
  await tryIt(bus);
  console.log("All is well.");
} catch (error) {
  process.exitCode = 1;
  console.log("FAIL", error);
} finally {
  await bus.close();
  rmSync(scratch, { recursive: true, force: true });
}
