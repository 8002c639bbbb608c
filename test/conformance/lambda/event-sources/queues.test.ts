/** Queues that feed functions: what they get, and what becomes of messages that they fail with. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bodiesOf, EventSourcesEnvironment } from "../../../support/event-sources.ts";
import { functionArn, zipOf } from "../../../support/lambda.ts";

describe("a queue", () => {
  let env: EventSourcesEnvironment;
  beforeAll(async () => {
    env = await EventSourcesEnvironment.start();
  });
  afterAll(() => env.stop());

  it("hands its messages to the function as Lambda writes them, and deletes them", async () => {
    const { url, arn } = await env.around.queue();
    const { name, batches } = env.handler();
    await env.map(arn, name);
    await env.around.sqs.sendMessage({
      QueueUrl: url,
      MessageBody: "hello",
      MessageAttributes: { Count: { DataType: "Number", StringValue: "007.50" } },
    });
    await env.advance(0);
    const [record] = batches[0]?.Records ?? [];
    expect(record).toEqual({
      messageId: expect.any(String),
      receiptHandle: expect.any(String),
      body: "hello",
      attributes: {
        ApproximateReceiveCount: "1",
        SentTimestamp: String(Date.parse("2026-03-01T12:00:00Z")),
        SenderId: expect.any(String),
        ApproximateFirstReceiveTimestamp: expect.any(String),
      },
      messageAttributes: {
        Count: { stringValue: "7.5", stringListValues: [], binaryListValues: [], dataType: "Number" },
      },
      md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
      md5OfBody: "5d41402abc4b2a76b9719d911017c592",
      eventSource: "aws:sqs",
      eventSourceARN: arn,
      awsRegion: "us-east-1",
    });
    await env.advance("1m");
    expect(await env.lying(url)).toEqual([]);
  });

  it("gets a poisonous message back by its visibility, until it is a dead letter", async () => {
    const dead = await env.around.queue();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 3 });
    const { url, arn } = await env.around.queue({ VisibilityTimeout: "43200", RedrivePolicy });
    const { name, batches } = env.handler(({ Records }) => {
      if (Records.some(({ body }) => body === "poison")) throw new Error("no");
    });
    await env.map(arn, name, { BatchSize: 1 });
    await env.send(url, "good", "poison");
    await env.advance("3d");
    const counts = batches
      .flatMap(({ Records }) => Records)
      .filter(({ body }) => body === "poison")
      .map(({ attributes }) => attributes["ApproximateReceiveCount"]);
    expect(counts).toEqual(["1", "2", "3"]);
    expect(await env.lying(dead.url)).toEqual(["poison"]);
    expect(await env.lying(url)).toEqual([]);
  });

  it("keeps what the function names as failed", async () => {
    const { url, arn } = await env.around.queue({ VisibilityTimeout: "60" });
    const { name, batches } = env.handler(({ Records }, call) => ({
      batchItemFailures:
        call > 1
          ? []
          : Records.filter(({ body }) => body === "b").map(({ messageId }) => ({ itemIdentifier: messageId })),
    }));
    await env.map(arn, name, { FunctionResponseTypes: ["ReportBatchItemFailures"] });
    await env.send(url, "a", "b", "c");
    await env.advance(0);
    expect(batches.map((batch) => bodiesOf(batch).sort())).toEqual([["a", "b", "c"]]);
    await env.advance("61s");
    expect(batches.map((batch) => bodiesOf(batch).sort())).toEqual([["a", "b", "c"], ["b"]]);
    await env.advance("5m");
    expect(batches).toHaveLength(2);
  });

  it.each([
    ["not JSON's list", { batchItemFailures: 3 }, 2],
    ["an empty identifier", { batchItemFailures: [{ itemIdentifier: "" }] }, 2],
    ["a number", { batchItemFailures: [{ itemIdentifier: 7 }] }, 2],
    ["an id that is not in the batch", { batchItemFailures: [{ itemIdentifier: "x" }] }, 2],
    ["an empty text", "", 1],
    ["null", null, 1],
    ["a list of none", { batchItemFailures: [] }, 1],
    ["null for the list", { batchItemFailures: null }, 1],
  ])("takes %s for the whole batch", async (_, answer, calls) => {
    const { url, arn } = await env.around.queue({ VisibilityTimeout: "60" });
    const { name, batches } = env.handler((_event, call) => (call === 1 ? answer : {}));
    await env.map(arn, name, { FunctionResponseTypes: ["ReportBatchItemFailures"] });
    await env.send(url, "a");
    await env.advance("5m");
    expect(batches).toHaveLength(calls);
  });

  it("waits for a batch as long as its window", async () => {
    const { url, arn } = await env.around.queue();
    const { name, batches } = env.handler();
    await env.map(arn, name, { BatchSize: 20, MaximumBatchingWindowInSeconds: 10 });
    await env.send(url, "a");
    await env.advance("5s");
    await env.send(url, "b");
    await env.advance("4s");
    expect(batches).toEqual([]);
    await env.advance("1s");
    expect(batches.map((batch) => bodiesOf(batch).sort())).toEqual([["a", "b"]]);
  });

  it("deletes what no filter lets through, and says so", async () => {
    const { url, arn } = await env.around.queue();
    const { name, batches, arn: target } = env.handler();
    const FilterCriteria = { Filters: [{ Pattern: '{"body":{"kind":["order"]}}' }] };
    await env.map(arn, name, { FilterCriteria });
    await env.send(url, '{"kind":"order"}', '{"kind":"other"}', "text");
    await env.advance("10m");
    expect(batches.flatMap(bodiesOf)).toEqual(['{"kind":"order"}']);
    expect(await env.lying(url)).toEqual([]);
    const lost = env.around.bus.deliveries({ target, status: "filtered" });
    expect(lost.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^No filter of the event source mapping let the record .* through\.$/),
      expect.stringMatching(/^No filter of the event source mapping/),
    ]);
  });

  it("of groups keeps their order, with one batch of a group on its way", async () => {
    const { url, arn } = await env.around.queue({ FifoQueue: "true", ContentBasedDeduplication: "true" }, ".fifo");
    let busy = 0;
    let busiest = 0;
    const { name, batches } = env.handler(async () => {
      busy += 1;
      busiest = Math.max(busiest, busy);
      await new Promise((resolve) => setTimeout(resolve, 5));
      busy -= 1;
    });
    for (let n = 0; n < 6; n++) {
      await env.around.sqs.sendMessage({ QueueUrl: url, MessageBody: `${n}`, MessageGroupId: "g" });
    }
    await env.map(arn, name, { BatchSize: 2 });
    await env.advance("1s");
    expect(batches.flatMap(bodiesOf)).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(busiest).toBe(1);
  });

  it("has no more batches on their way than the mapping's concurrency", async () => {
    const { url, arn } = await env.around.queue();
    let busy = 0;
    let busiest = 0;
    const { name, batches } = env.handler(async () => {
      busy += 1;
      busiest = Math.max(busiest, busy);
      await new Promise((resolve) => setTimeout(resolve, 5));
      busy -= 1;
    });
    for (let n = 0; n < 4; n++) await env.send(url, ...Array.from({ length: 10 }, (_, m) => `${n} ${m}`));
    await env.map(arn, name, { BatchSize: 2, ScalingConfig: { MaximumConcurrency: 3 } });
    await env.advance("1s");
    expect(batches.flatMap(bodiesOf)).toHaveLength(40);
    expect(busiest).toBe(3);
  });

  it("is left alone while its mapping is disabled", async () => {
    const { url, arn } = await env.around.queue();
    const { name, batches } = env.handler();
    const UUID = await env.map(arn, name);
    await env.lambda.updateEventSourceMapping({ UUID, Enabled: false });
    await env.reaches(UUID, "Disabled");
    await env.send(url, "a");
    await env.advance("1m");
    expect(batches).toEqual([]);
    await env.lambda.updateEventSourceMapping({ UUID, Enabled: true });
    await env.reaches(UUID, "Enabled");
    await env.advance(0);
    expect(batches.flatMap(bodiesOf)).toEqual(["a"]);
  });

  it("keeps a batch for a function without room, and hands it over once there is some", async () => {
    const { url, arn } = await env.around.queue({ VisibilityTimeout: "60" });
    const code = `export const handler = async ({ Records }) => {
      if (Records[0].attributes.ApproximateReceiveCount !== "1") throw new Error("received anew");
    };`;
    const FunctionName = env.around.name("function");
    await env.lambda.createFunction({
      FunctionName,
      Runtime: "nodejs20.x",
      Handler: "index.handler",
      Role: "arn:aws:iam::000000000000:role/lambda",
      Timeout: 30,
      Code: { ZipFile: await zipOf({ "index.mjs": code }) },
    });
    await env.lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: 0 });
    await env.map(arn, FunctionName);
    await env.send(url, "a");
    await env.advance("10s");
    const { Attributes } = await env.around.sqs.getQueueAttributes({
      QueueUrl: url,
      AttributeNames: ["ApproximateNumberOfMessagesNotVisible"],
    });
    expect(Attributes).toEqual({ ApproximateNumberOfMessagesNotVisible: "1" });
    await env.lambda.deleteFunctionConcurrency({ FunctionName });
    await env.advance("20s");
    await env.advance("10m");
    expect(await env.lying(url)).toEqual([]);
    const failed = env.around.bus.deliveries({ target: functionArn(FunctionName), status: "failed" });
    expect(failed).toEqual([]);
  });

  it("feeds a deployed function, with packages of its zip and of a layer, that names what failed", async () => {
    const dead = await env.around.queue();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 });
    const { url, arn } = await env.around.queue({ VisibilityTimeout: "60", RedrivePolicy });
    // Under names that no folder of this machine has.
    const own = await packageAs("node_modules/own-jose", "jose");
    const layer = await packageAs("nodejs/node_modules/layers-crc", "buffer-crc32");
    const { LayerVersionArn } = await env.lambda.publishLayerVersion({
      LayerName: "crc",
      Content: { ZipFile: await zipOf(layer) },
    });
    const code = `import { createRequire } from "node:module";
    import { decodeJwt, UnsecuredJWT } from "own-jose";
    const crc32 = createRequire(import.meta.url)("layers-crc");
    export const handler = async ({ Records }) => {
      const batchItemFailures = [];
      for (const { messageId, body } of Records) {
        try {
          const { n } = decodeJwt(new UnsecuredJWT(JSON.parse(body)).encode());
          console.log("n=" + n + " crc=" + crc32.unsigned(body));
        } catch {
          batchItemFailures.push({ itemIdentifier: messageId });
        }
      }
      return { batchItemFailures };
    };`;
    const FunctionName = env.around.name("function");
    await env.lambda.createFunction({
      FunctionName,
      Runtime: "nodejs20.x",
      Handler: "index.handler",
      Role: "arn:aws:iam::000000000000:role/lambda",
      Timeout: 30,
      Layers: [LayerVersionArn as string],
      Code: { ZipFile: await zipOf({ "index.mjs": code, ...own }) },
    });
    const { LogResult = "", Payload } = await env.lambda.invoke({
      FunctionName,
      LogType: "Tail",
      Payload: JSON.stringify({ Records: [{ messageId: "m", body: '{"n":1}' }] }),
    });
    expect(Payload?.transformToString()).toBe('{"batchItemFailures":[]}');
    expect(Buffer.from(LogResult, "base64").toString()).toContain(`n=1 crc=${crc32('{"n":1}')}`);
    await env.map(arn, FunctionName, { FunctionResponseTypes: ["ReportBatchItemFailures"] });
    await env.send(url, '{"n":1}', "no JSON", '{"n":2}');
    await env.advance("1s");
    for (let turn = 0; turn < 4; turn++) await env.advance("1m");
    expect(await env.lying(url)).toEqual([]);
    expect(await env.lying(dead.url)).toEqual(["no JSON"]);
  });
});

/** Files of an installed package that Node reads, by their paths under another name. */
async function packageAs(folder: string, name: string): Promise<Record<string, string>> {
  const home = join("node_modules", name);
  const paths = (await readdir(home, { recursive: true })).filter((path) => /\.(js|cjs|mjs|json)$/.test(path));
  const files = paths.map(async (path) => [`${folder}/${path}`, await readFile(join(home, path), "utf8")] as const);
  return Object.fromEntries(await Promise.all(files));
}
