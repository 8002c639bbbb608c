/** Pipes out of queues: records, filters, batches, failures, and that nothing is deleted before the target has it. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { functionArn, PipesEnvironment, pipeRole } from "../../support/pipes.ts";

type Records = { messageId: string; body: string; [name: string]: unknown }[];

describe.each(["memory", "disk"] as const)("a queue as a source, %s", (storage) => {
  let env: PipesEnvironment;
  beforeAll(async () => {
    env = await PipesEnvironment.start(storage);
  });
  afterAll(() => env.stop());

  /** A function that keeps what it got and answers as told. */
  function recorder(answer: (records: Records) => unknown = () => undefined) {
    const calls: Records[] = [];
    const name = env.name("function");
    env.bus.registerFunction(name, (event) => {
      calls.push(event as Records);
      return answer(event as Records);
    });
    return { calls, arn: functionArn(name) };
  }

  it("hands functions arrays of records", async () => {
    const { url, arn } = await env.queue();
    const { calls, arn: target } = recorder();
    await env.pipe(arn, target);
    await env.sqs.sendMessage({
      QueueUrl: url,
      MessageBody: "hello",
      MessageAttributes: {
        text: { DataType: "String", StringValue: "t" },
        bytes: { DataType: "Binary", BinaryValue: Buffer.from("b") },
      },
    });
    await env.bus.clock.advance(1);
    expect(calls).toEqual([
      [
        {
          messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          receiptHandle: expect.any(String),
          body: "hello",
          attributes: {
            ApproximateReceiveCount: "1",
            SentTimestamp: expect.stringMatching(/^\d{13}$/),
            SenderId: expect.any(String),
            ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
          },
          messageAttributes: {
            text: { stringValue: "t", stringListValues: [], binaryListValues: [], dataType: "String" },
            bytes: { binaryValue: "Yg==", stringListValues: [], binaryListValues: [], dataType: "Binary" },
          },
          md5OfBody: "5d41402abc4b2a76b9719d911017c592",
          eventSource: "aws:sqs",
          eventSourceARN: arn,
          awsRegion: "us-east-1",
        },
      ],
    ]);
    expect(await env.counts(url)).toEqual([0, 0]);
  });

  it("moves what is there already and what comes later, and pauses while stopped", async () => {
    const [from, to] = [await env.queue(), await env.queue()];
    await env.send(from.url, "early");
    const template = { TargetParameters: { InputTemplate: "<$.body>" } };
    const Name = await env.pipe(from.arn, to.arn, template);
    await env.send(from.url, "late");
    expect((await env.bodies(to.url)).sort()).toEqual(["early", "late"]);
    await env.pipes.stopPipe({ Name });
    await env.reaches(Name, "STOPPED");
    await env.send(from.url, "waiting");
    expect(await env.counts(from.url)).toEqual([1, 0]);
    await env.pipes.startPipe({ Name });
    await env.reaches(Name, "RUNNING");
    expect(await env.bodies(to.url)).toEqual(["waiting"]);
    await env.pipes.deletePipe({ Name });
    await env.bus.clock.advance(1);
    await env.send(from.url, "left");
    expect(await env.counts(from.url)).toEqual([1, 0]);
  });

  it("takes delayed messages when their time has come", async () => {
    const [from, to] = [await env.queue(), await env.queue()];
    await env.pipe(from.arn, to.arn, { TargetParameters: { InputTemplate: "<$.body>" } });
    await env.sqs.sendMessage({ QueueUrl: from.url, MessageBody: "later", DelaySeconds: 300 });
    await env.bus.clock.advance("4m");
    expect(await env.bodies(to.url)).toEqual([]);
    await env.bus.clock.advance("1m");
    expect(await env.bodies(to.url)).toEqual(["later"]);
  });

  it.each<[string, string, boolean]>([
    ["plain", '{"body":["plain"]}', true],
    ["plain", '{"body":["other"]}', false],
    ["plain", '{"body":{"a":[1]}}', false],
    ["plain", '{"body":{"a":[{"exists":false}]}}', false],
    ['{"a":1}', '{"body":{"a":[1]}}', true],
    ['{"a":1}', '{"body":{"a":[{"numeric":[">",1]}]}}', false],
    ['{"a":1}', '{"body":["{\\"a\\":1}"]}', false],
    ['{"a":1}', '{"messageAttributes":{"x":[{"exists":false}]}}', true],
    ["plain", '{"attributes":{"ApproximateReceiveCount":["1"]}}', true],
  ])("filters %s by %s", async (body, Pattern, passes) => {
    const [from, to] = [await env.queue(), await env.queue()];
    const SourceParameters = { FilterCriteria: { Filters: [{ Pattern: '{"body":["never"]}' }, { Pattern }] } };
    await env.pipe(from.arn, to.arn, { SourceParameters, TargetParameters: { InputTemplate: "<$.body>" } });
    await env.send(from.url, body);
    expect(await env.bodies(to.url)).toEqual(passes ? [body] : []);
    expect(await env.counts(from.url)).toEqual([0, 0]);
  });

  it("waits for a batch as long as the window says", async () => {
    const { url, arn } = await env.queue();
    const { calls, arn: target } = recorder();
    await env.pipe(arn, target, {
      SourceParameters: { SqsQueueParameters: { BatchSize: 12, MaximumBatchingWindowInSeconds: 60 } },
    });
    await env.send(url, "1", "2", "3");
    await env.bus.clock.advance("59s");
    expect(calls).toEqual([]);
    await env.bus.clock.advance("1s");
    expect(calls.map((records) => records.map(({ body }) => body).sort())).toEqual([["1", "2", "3"]]);
    await env.send(url, ...Array.from({ length: 13 }, (_, i) => `b${i}`));
    expect(calls[1]).toHaveLength(12);
    await env.bus.clock.advance("1m");
    expect(calls[2]).toHaveLength(1);
    expect(await env.counts(url)).toEqual([0, 0]);
  });

  it("returns messages the target refused to the queue, and to its dead-letter queue if refused too often", async () => {
    const dead = await env.queue();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 });
    const { url, arn } = await env.queue({ RedrivePolicy, VisibilityTimeout: "30" });
    const { calls, arn: target } = recorder(() => {
      throw new Error("no");
    });
    await env.pipe(arn, target);
    await env.send(url, "bad");
    expect(calls).toHaveLength(1);
    expect(await env.counts(url)).toEqual([0, 1]);
    await env.bus.clock.advance("30s");
    expect(calls).toHaveLength(2);
    await env.bus.clock.advance("1m");
    expect(calls).toHaveLength(2);
    expect(await env.bodies(dead.url)).toEqual(["bad"]);
  });

  it("deletes the messages of a batch that have not failed", async () => {
    const { url, arn } = await env.queue({ VisibilityTimeout: "10" });
    let fail = true;
    const { calls, arn: target } = recorder((records) => ({
      batchItemFailures: records
        .filter(({ body }) => fail && body.startsWith("bad"))
        .map(({ messageId }) => ({ itemIdentifier: messageId })),
    }));
    const Name = await env.pipe(arn, target, { DesiredState: "STOPPED" }, "STOPPED");
    await env.send(url, "good", "bad 1", "bad 2");
    await env.pipes.startPipe({ Name });
    await env.reaches(Name, "RUNNING");
    expect(calls[0]).toHaveLength(3);
    expect(await env.counts(url)).toEqual([0, 2]);
    fail = false;
    await env.bus.clock.advance("10s");
    expect(calls[1]?.map(({ body }) => body).sort()).toEqual(["bad 1", "bad 2"]);
    expect(await env.counts(url)).toEqual([0, 0]);
  });

  it.each<[string, unknown, number]>([
    ["null", null, 0],
    ["no list", {}, 0],
    ["an empty list", { batchItemFailures: [] }, 0],
    ["a null list", { batchItemFailures: null }, 0],
    ["an empty identifier", { batchItemFailures: [{ itemIdentifier: "" }] }, 1],
    ["a null identifier", { batchItemFailures: [{ itemIdentifier: null }] }, 1],
    ["another key", { batchItemFailures: [{ id: "x" }] }, 1],
    ["an unknown identifier", { batchItemFailures: [{ itemIdentifier: "x" }] }, 1],
    ["a list that is none", { batchItemFailures: "x" }, 1],
  ])("understands the answer %s", async (_what, answer, left) => {
    const { url, arn } = await env.queue();
    await env.pipe(arn, recorder(() => answer).arn);
    await env.send(url, "m");
    expect(await env.counts(url)).toEqual([0, left]);
  });

  it("keeps the order of FIFO groups", async () => {
    const fifo = { FifoQueue: "true", ContentBasedDeduplication: "true" };
    const [from, to] = [await env.queue(fifo, ".fifo"), await env.queue(fifo, ".fifo")];
    await env.pipe(from.arn, to.arn, {
      TargetParameters: {
        InputTemplate: "<$.body>",
        SqsQueueParameters: {
          MessageGroupId: "$.attributes.MessageGroupId",
          MessageDeduplicationId: "$.attributes.MessageDeduplicationId",
        },
      },
    });
    for (let i = 0; i < 30; i++) {
      await env.sqs.sendMessage({ QueueUrl: from.url, MessageBody: `${i}`, MessageGroupId: `g${i % 3}` });
    }
    await env.bus.clock.advance(1);
    const byGroup: Record<string, number[]> = {};
    for (const { Body, Attributes } of await env.drain(to.url)) {
      (byGroup[Attributes?.MessageGroupId as string] ??= []).push(Number(Body));
    }
    expect(byGroup).toEqual({
      g0: [0, 3, 6, 9, 12, 15, 18, 21, 24, 27],
      g1: [1, 4, 7, 10, 13, 16, 19, 22, 25, 28],
      g2: [2, 5, 8, 11, 14, 17, 20, 23, 26, 29],
    });
  });

  it("survives its queue", async () => {
    const to = await env.queue();
    const { url, arn } = await env.queue();
    await env.pipe(arn, to.arn, { TargetParameters: { InputTemplate: "<$.body>" } });
    await env.sqs.deleteQueue({ QueueUrl: url });
    await env.bus.clock.advance("2m");
    await env.sqs.createQueue({ QueueName: arn.split(":")[5] as string });
    await env.send(url, "again");
    expect(await env.bodies(to.url)).toEqual(["again"]);
  });

  it("logs what it did and why it failed", async () => {
    const { url, arn } = await env.queue();
    const LogGroupArn = `arn:aws:logs:us-east-1:000000000000:log-group:/pipes/${env.name("log")}`;
    const group = LogGroupArn.split(":")[6] as string;
    const { arn: target } = recorder(() => {
      throw new TypeError("broken");
    });
    const Name = await env.pipe(arn, target, {
      LogConfiguration: {
        Level: "TRACE",
        IncludeExecutionData: ["ALL"],
        CloudwatchLogsLogDestination: { LogGroupArn },
      },
    });
    await env.send(url, "logged");
    const records = env.bus
      .logs({ group })
      .reverse()
      .map(({ message }) => JSON.parse(message));
    expect(records.map(({ messageType }) => messageType)).toEqual([
      "EXECUTION_STARTED",
      "TARGET_STAGE_ENTERED",
      "TARGET_INVOCATION_STARTED",
      "TARGET_STAGE_FAILED",
      "EXECUTION_FAILED",
    ]);
    expect(new Set(records.map(({ executionId }) => executionId)).size).toBe(1);
    expect(records.at(-1)).toMatchObject({
      logLevel: "ERROR",
      resourceArn: `arn:aws:pipes:us-east-1:000000000000:pipe/${Name}`,
      error: { details: "Unhandled", message: expect.stringContaining("broken") },
      payload: expect.stringContaining('"body":"logged"'),
    });
    await env.pipes.updatePipe({ Name, RoleArn: pipeRole, LogConfiguration: { Level: "OFF" } });
    await env.reaches(Name, "RUNNING");
    await env.send(url, "unlogged");
    expect(env.bus.logs({ group })).toHaveLength(5);
  });
});

it("continues after a restart, with what was in flight", async () => {
  const { mkdtemp, rm } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  const dataDir = await mkdtemp(join(tmpdir(), "busbar-test-"));
  const first = await PipesEnvironment.start("memory", { dataDir });
  const [from, to] = [await first.queue({ VisibilityTimeout: "20" }), await first.queue()];
  first.bus.registerFunction("broken", () => {
    throw new Error("down");
  });
  const TargetParameters = { InputTemplate: '"<$.body>"' };
  const Name = await first.pipe(from.arn, functionArn("broken"), { TargetParameters });
  await first.send(from.url, "kept");
  expect(await first.counts(from.url)).toEqual([0, 1]);
  await first.stop();
  const second = await PipesEnvironment.start("memory", { dataDir });
  expect((await second.pipes.describePipe({ Name })).CurrentState).toBe("RUNNING");
  await second.pipes.updatePipe({ Name, RoleArn: pipeRole, Target: to.arn });
  await second.reaches(Name, "RUNNING");
  await second.bus.clock.advance("20s");
  expect(await second.bodies(to.url)).toEqual(['"kept"']);
  await second.stop();
  await rm(dataDir, { recursive: true });
});

it("moves messages in real time too, and settled() waits for them", async () => {
  const env = await PipesEnvironment.start("memory", { clock: "real" });
  const [from, to] = [await env.queue(), await env.queue()];
  await env.pipe(from.arn, to.arn, { TargetParameters: { InputTemplate: "<$.body>" } });
  for (const MessageBody of ["1", "2", "3"]) await env.sqs.sendMessage({ QueueUrl: from.url, MessageBody });
  await env.bus.settled();
  expect((await env.bodies(to.url)).sort()).toEqual(["1", "2", "3"]);
  expect(await env.counts(from.url)).toEqual([0, 0]);
  await env.stop();
});

it("leaves work in progress to the next run when the emulator is closed", async () => {
  const { mkdtemp, rm } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  const dataDir = await mkdtemp(join(tmpdir(), "busbar-test-"));
  // Bugs are logged with their stacks.
  const logged = vi.spyOn(console, "error");
  const first = await PipesEnvironment.start("memory", { clock: "real", dataDir });
  const { url, arn } = await first.queue();
  let release: (() => void) | undefined;
  const begun = new Promise<void>((resolve) => {
    first.bus.registerFunction("slow", () => {
      resolve();
      return new Promise<void>((done) => {
        release = done;
      });
    });
  });
  const LogGroupArn = "arn:aws:logs:us-east-1:000000000000:log-group:closing";
  const LogConfiguration = { Level: "TRACE" as const, CloudwatchLogsLogDestination: { LogGroupArn } };
  await first.pipe(arn, functionArn("slow"), { LogConfiguration });
  await first.sqs.sendMessage({ QueueUrl: url, MessageBody: "unfinished" });
  await begun;
  await first.stop();
  release?.();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(logged.mock.calls).toEqual([]);
  logged.mockRestore();
  const second = await PipesEnvironment.start("memory", { clock: "real", dataDir });
  const again: unknown[] = [];
  second.bus.registerFunction("slow", (event) => void again.push(event));
  await second.bus.clock.advance("1m");
  expect(again).toMatchObject([[{ body: "unfinished", attributes: { ApproximateReceiveCount: "2" } }]]);
  await second.stop();
  await rm(dataDir, { recursive: true });
});
