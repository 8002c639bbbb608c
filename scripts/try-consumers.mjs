/**
 * Runs the libraries that people read queues with, unmodified, against Busbar: sqs-producer, sqs-consumer, squiss-ts,
 * @ssut/nestjs-sqs, and middy with Powertools' batch processing behind a pipe. They are installed into a scratch directory,
 * without install scripts; needs a registry and the built package.
 *
 *     npm run build && node scripts/try-consumers.mjs
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const scratch = mkdtempSync(join(tmpdir(), "busbar-consumers-"));
const packages = [
  ...["sqs-consumer", "sqs-producer", "squiss-ts", "@ssut/nestjs-sqs", "@nestjs/common@11", "@nestjs/core@11", "rxjs"],
  ...[
    "reflect-metadata",
    "@middy/core",
    "@aws-lambda-powertools/batch",
    "@aws-sdk/client-sqs",
    "@aws-sdk/client-pipes",
  ],
];
const program = `
import "reflect-metadata";
import { CreatePipeCommand, PipesClient } from "@aws-sdk/client-pipes";
import { SendMessageCommand, SQS, SQSClient } from "@aws-sdk/client-sqs";
import { createBusbar } from ${JSON.stringify(new URL("../dist/index.js", import.meta.url).href)};

const names = ["consumer", "squiss", "nest", "middy"];
const bus = await createBusbar({ resources: { queues: names.map((QueueName) => ({ QueueName })) } });
const sqs = new SQSClient(bus.clientConfig());
const urlOf = (name) => bus.endpoint + "/000000000000/" + name;
const send = (name, MessageBody) => sqs.send(new SendMessageCommand({ QueueUrl: urlOf(name), MessageBody }));
let failures = 0;

async function check(what, run) {
  const timer = setTimeout(() => {}, 60_000);
  try {
    await Promise.race([run(), new Promise((_, reject) => setTimeout(() => reject(new Error("nothing within 20 s")), 20_000).unref())]);
    console.log("ok   " + what);
  } catch (error) {
    failures += 1;
    console.log("FAIL " + what, error);
  }
  clearTimeout(timer);
}

async function emptied(name) {
  while (bus.sqs.messages(urlOf(name)).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

await check("sqs-producer and sqs-consumer", async () => {
  const { Producer } = await import("sqs-producer");
  const { Consumer } = await import("sqs-consumer");
  await Producer.create({ queueUrl: urlOf("consumer"), sqs }).send(["one", "two", { id: "3", body: "three" }]);
  const got = new Set();
  let done;
  const all = new Promise((resolve) => (done = resolve));
  const consumer = Consumer.create({
    queueUrl: urlOf("consumer"),
    sqs,
    batchSize: 10,
    handleMessage: async (message) => {
      got.add(message.Body);
      if (got.size === 3) done();
      return message;
    },
  });
  consumer.start();
  await all;
  await emptied("consumer");
  consumer.stop();
});

await check("squiss-ts", async () => {
  const { Squiss } = await import("squiss-ts");
  const squiss = new Squiss({ SQS: new SQS(bus.clientConfig()), queueUrl: urlOf("squiss"), bodyFormat: "json", maxInFlight: 5 });
  const got = new Promise((resolve, reject) => squiss.on("message", (message) => (message.del(), resolve(message.body))).on("error", reject));
  await squiss.sendMessage({ order: 1 });
  await squiss.start();
  const { order } = await got;
  if (order !== 1) throw new Error("another message came");
  await emptied("squiss");
  await squiss.stop(false, 1000);
});

await check("@ssut/nestjs-sqs", async () => {
  const { Module } = await import("@nestjs/common");
  const { NestFactory } = await import("@nestjs/core");
  const { SqsMessageHandler, SqsModule, SqsService } = await import("@ssut/nestjs-sqs");
  let done;
  const got = new Promise((resolve) => (done = resolve));
  class Handler {
    async handle(message) {
      done(message.Body);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Handler.prototype, "handle");
  SqsMessageHandler("nest", false)(Handler.prototype, "handle", descriptor);
  const options = { name: "nest", queueUrl: urlOf("nest"), region: "us-east-1", sqs };
  class App {}
  Module({ imports: [SqsModule.register({ consumers: [options], producers: [options] })], providers: [Handler] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  await app.get(SqsService).send("nest", { id: "1", body: { a: 1 } });
  await got;
  await emptied("nest");
  await app.close();
});

await check("middy with Powertools' batch processing", async () => {
  const { default: middy } = await import("@middy/core");
  const { BatchProcessor, EventType, processPartialResponse } = await import("@aws-lambda-powertools/batch");
  const processor = new BatchProcessor(EventType.SQS);
  const got = [];
  const record = async ({ body }) => {
    got.push(body);
    if (body === "bad" && got.filter((one) => one === "bad").length === 1) throw new Error("the first time");
  };
  bus.registerFunction("batch", middy().handler((event, context) =>
    processPartialResponse(Array.isArray(event) ? { Records: event } : event, record, processor, { context })));
  const arn = (resource) => "arn:aws:" + resource;
  await send("middy", "good");
  await send("middy", "bad");
  await new PipesClient(bus.clientConfig()).send(new CreatePipeCommand({
    Name: "p",
    RoleArn: arn("iam::000000000000:role/p"),
    Source: arn("sqs:us-east-1:000000000000:middy"),
    Target: arn("lambda:us-east-1:000000000000:function:batch"),
  }));
  while (got.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  await bus.clock.advance("2m");
  await emptied("middy");
});

await bus.close();
console.log(failures === 0 ? "All is well." : failures + " failed.");
process.exit(failures === 0 ? 0 : 1);
`;

try {
  writeFileSync(join(scratch, "package.json"), "{}");
  writeFileSync(join(scratch, "program.mjs"), program);
  const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...packages];
  const installed = spawnSync("npm", install, { cwd: scratch, stdio: "inherit" });
  const ran =
    installed.status === 0 && spawnSync(process.execPath, ["program.mjs"], { cwd: scratch, stdio: "inherit" });
  process.exitCode = ran && ran.status === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
