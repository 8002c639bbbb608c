/** What targets get, and what becomes of invocations that fail. */
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SchedulerEnvironment } from "../../support/scheduler.ts";

const universal = (action: string) => `arn:aws:scheduler:::aws-sdk:${action}`;
const scheduleArn = (name: string) => `arn:aws:scheduler:us-east-1:000000000000:schedule/default/${name}`;

describe("the target of a schedule", () => {
  let env: SchedulerEnvironment;
  beforeAll(async () => {
    env = await SchedulerEnvironment.start();
  });
  afterAll(() => env.stop());

  /** Lets a schedule run once, now. */
  async function runOnce(target: Parameters<SchedulerEnvironment["schedule"]>[1], retries = 0): Promise<string> {
    const name = await env.schedule(
      "rate(365 days)",
      { RetryPolicy: { MaximumRetryAttempts: retries }, ...target },
      { Name: env.name("run") },
    );
    await env.bus.clock.advance(1000);
    return name;
  }

  it("gets the schedule's input with its keywords filled in", async () => {
    const { url, arn } = await env.queue();
    const time = new Date(env.bus.clock.now()).toISOString().replace(".000", "");
    const keywords = ["schedule-arn", "scheduled-time", "execution-id", "attempt-number", "unknown"];
    const name = await runOnce({ Arn: arn, Input: keywords.map((word) => `<aws.scheduler.${word}>`).join("|") });
    const [body] = await env.bodies(url);
    const [arnGiven, timeGiven, execution, attempt, unknown] = (body as string).split("|");
    expect([arnGiven, timeGiven, attempt, unknown]).toEqual([scheduleArn(name), time, "1", "<aws.scheduler.unknown>"]);
    expect(execution).toMatch(/^[0-9a-f]{16}$/);
  });

  it("gets a notification when there is no input", async () => {
    const { url, arn } = await env.queue();
    const name = await runOnce({ Arn: arn });
    expect(JSON.parse((await env.bodies(url))[0] as string)).toEqual({
      version: "0",
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      "detail-type": "Scheduled Event",
      source: "aws.scheduler",
      account: "000000000000",
      time: expect.stringMatching(/^2026-03-01T12:00:\d\dZ$/),
      region: "us-east-1",
      resources: [scheduleArn(name)],
      detail: "{}",
    });
  });

  it("may be a FIFO queue", async () => {
    const { url, arn } = await env.queue({ FifoQueue: "true", ContentBasedDeduplication: "true" }, ".fifo");
    await runOnce({ Arn: arn, Input: "ordered", SqsParameters: { MessageGroupId: "g1" } });
    const [message] = await env.drain(url);
    expect(message).toMatchObject({ Body: "ordered", Attributes: { MessageGroupId: "g1" } });
  });

  it("may be a Lambda function, invoked and not waited for", async () => {
    const events: unknown[] = [];
    env.bus.registerFunction("scheduled", (event) => {
      events.push(event);
      if (events.length < 3) throw new Error("not yet");
    });
    const Arn = "arn:aws:lambda:us-east-1:000000000000:function:scheduled";
    await runOnce({ Arn, Input: '{"attempt":<aws.scheduler.attempt-number>}' });
    expect(events).toEqual([{ attempt: 1 }]);
    await env.bus.clock.advance("10m");
    expect(events).toEqual([{ attempt: 1 }, { attempt: 1 }, { attempt: 1 }]);
    await runOnce({
      Arn: universal("lambda:invoke"),
      Input: JSON.stringify({ FunctionName: Arn, InvocationType: "Event", Payload: '{"by":"name"}' }),
    });
    expect(events.at(-1)).toEqual({ by: "name" });
  });

  it("may be a topic, a stream, a bus, or a state machine", async () => {
    const config = { ...env.bus.clientConfig(), maxAttempts: 1 };
    const [sns, kinesis, events, sfn] = [
      new SNS(config),
      new Kinesis(config),
      new EventBridge(config),
      new SFN(config),
    ];
    const { url, arn } = await env.queue();

    const { TopicArn = "" } = await sns.createTopic({ Name: "scheduled" });
    await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: arn, Attributes: { RawMessageDelivery: "true" } });
    await runOnce({ Arn: TopicArn, Input: "published <aws.scheduler.attempt-number>" });
    expect(await env.bodies(url)).toEqual(["published 1"]);

    await kinesis.createStream({ StreamName: "scheduled", ShardCount: 1 });
    await env.bus.clock.advance("1m");
    const StreamARN = "arn:aws:kinesis:us-east-1:000000000000:stream/scheduled";
    await runOnce({ Arn: StreamARN, Input: "put", KinesisParameters: { PartitionKey: "pk" } });
    await runOnce({
      Arn: universal("kinesis:putRecord"),
      Input: JSON.stringify({ StreamARN, Data: "put again", PartitionKey: "pk" }),
    });
    const { ShardIterator } = await kinesis.getShardIterator({
      StreamARN,
      ShardId: "shardId-000000000000",
      ShardIteratorType: "TRIM_HORIZON",
    });
    const { Records = [] } = await kinesis.getRecords({ ShardIterator });
    expect(Records.map(({ Data, PartitionKey }) => [Buffer.from(Data as Uint8Array).toString(), PartitionKey])).toEqual(
      [
        ["put", "pk"],
        ["put again", "pk"],
      ],
    );

    await events.putRule({ Name: "scheduled", EventPattern: '{"source":["my.schedule"]}' });
    await events.putTargets({ Rule: "scheduled", Targets: [{ Id: "q", Arn: arn, InputPath: "$.detail" }] });
    const bus = "arn:aws:events:us-east-1:000000000000:event-bus/default";
    const EventBridgeParameters = { Source: "my.schedule", DetailType: "tick" };
    await runOnce({ Arn: bus, Input: '{"n":<aws.scheduler.attempt-number>}', EventBridgeParameters });
    expect(await env.bodies(url)).toEqual(['{"n":1}']);
    const entry = { Source: "my.schedule", DetailType: "tock", Detail: '{"n":2}', Time: "2026-01-01T00:00:00Z" };
    await runOnce({ Arn: universal("eventbridge:putEvents"), Input: JSON.stringify({ Entries: [entry] }) });
    expect(await env.bodies(url)).toEqual(['{"n":2}']);
    const bad = await runOnce({ Arn: bus, Input: "no JSON", EventBridgeParameters });
    expect(env.bus.deliveries({ source: scheduleArn(bad) })[0]).toMatchObject({
      status: "failed",
      reason: expect.stringContaining("MalformedDetail"),
    });

    const { stateMachineArn = "" } = await sfn.createStateMachine({
      name: "scheduled",
      roleArn: "arn:aws:iam::000000000000:role/r",
      definition: '{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}',
    });
    await runOnce({ Arn: stateMachineArn, Input: '{"from":"<aws.scheduler.execution-id>"}' });
    await runOnce({
      Arn: universal("sfn:startExecution"),
      Input: JSON.stringify({ StateMachineArn: stateMachineArn, Input: '{"from":"universal"}', Name: "universal" }),
    });
    const { executions = [] } = await sfn.listExecutions({ stateMachineArn });
    const inputs = await Promise.all(
      executions.map(async ({ executionArn, name }) => {
        const { input, status } = await sfn.describeExecution({ executionArn });
        return [name, JSON.parse(input as string).from, status];
      }),
    );
    expect(inputs).toHaveLength(2);
    expect(inputs).toContainEqual(["universal", "universal", "SUCCEEDED"]);
    const [name, from, status] = inputs.find(([one]) => one !== "universal") as string[];
    expect([from, status]).toEqual([name, "SUCCEEDED"]);
    for (const client of [sns, kinesis, events, sfn]) client.destroy();
  });

  it("may be any call of a service Busbar has", async () => {
    const { url, arn } = await env.queue();
    await runOnce({
      Arn: universal("sqs:sendMessage"),
      Input: JSON.stringify({
        QueueUrl: url,
        MessageBody: "Hi <aws.scheduler.attempt-number>",
        MessageAttributes: { bytes: { DataType: "Binary", BinaryValue: "plain" } },
      }),
    });
    const [message] = await env.drain(url);
    expect(message?.Body).toBe("Hi 1");
    expect(Buffer.from(message?.MessageAttributes?.["bytes"]?.BinaryValue ?? []).toString()).toBe("plain");
    await runOnce({ Arn: universal("sqs:createQueue"), Input: '{"QueueName":"made-by-schedule"}' });
    expect((await env.sqs.getQueueUrl({ QueueName: "made-by-schedule" })).QueueUrl).toContain("made-by-schedule");
    await runOnce({
      Arn: universal("scheduler:createSchedule"),
      Input: JSON.stringify({
        Name: "child",
        ScheduleExpression: "rate(1 day)",
        FlexibleTimeWindow: { Mode: "OFF" },
        Target: { Arn: arn, RoleArn: "arn:aws:iam::000000000000:role/r", Input: "from the child" },
      }),
    });
    await env.bus.clock.advance(0);
    expect(await env.bodies(url)).toEqual(["from the child"]);
  });

  it("of another service is stored to be inspected", async () => {
    await runOnce({
      Arn: "arn:aws:firehose:us-east-1:000000000000:deliverystream/d",
      Input: "record <aws.scheduler.attempt-number>",
    });
    expect(env.bus.mailbox({ channel: "firehose" })[0]).toMatchObject({ body: "record 1" });
    const cluster = "arn:aws:ecs:us-east-1:000000000000:cluster/c";
    const task = "arn:aws:ecs:us-east-1:000000000000:task-definition/t:1";
    await runOnce({ Arn: cluster, Input: "{}", EcsParameters: { TaskDefinitionArn: task } });
    expect(env.bus.mailbox({ channel: "ecs" })[0]).toMatchObject({
      to: cluster,
      details: { operation: "RunTask", request: { TaskDefinitionArn: task } },
    });
  });

  it("that refuses leaves a dead letter with the request and the reason", async () => {
    const dead = await env.queue();
    const name = await runOnce({
      Arn: "arn:aws:sqs:us-east-1:000000000000:nowhere",
      Input: "lost <aws.scheduler.attempt-number>",
      DeadLetterConfig: { Arn: dead.arn },
    });
    const [letter] = await env.drain(dead.url);
    expect(JSON.parse(letter?.Body as string)).toEqual({
      MessageBody: "lost 1",
      QueueUrl: expect.stringMatching(/\/000000000000\/nowhere$/),
    });
    const attributes = Object.fromEntries(
      Object.entries(letter?.MessageAttributes ?? {}).map(([key, value]) => [key, value.StringValue]),
    );
    expect(attributes).toEqual({
      ERROR_CODE: "AWS.SimpleQueueService.NonExistentQueue",
      ERROR_MESSAGE: "The specified queue does not exist.",
      EXECUTION_ID: expect.stringMatching(/^[0-9a-f]{16}$/),
      IS_PAYLOAD_TRUNCATED: "false",
      RETRY_ATTEMPTS: "0",
      SCHEDULED_TIME: expect.stringMatching(/^2026-.*Z$/),
      SCHEDULE_ARN: scheduleArn(name),
      TARGET_ARN: "arn:aws:sqs:us-east-1:000000000000:nowhere",
    });
    expect(env.bus.deliveries({ source: scheduleArn(name) })[0]).toMatchObject({
      status: "failed",
      reason: expect.stringContaining("does not exist"),
      deadLetter: { sent: true },
    });
  });

  it("that cannot be reached is retried until retries or time are used up", async () => {
    const failing = await SchedulerEnvironment.start("memory", {
      functions: { down: "http://127.0.0.1:9/none" },
      seed: "retries",
    });
    const letters = await failing.queue();
    const target = {
      Arn: "arn:aws:lambda:us-east-1:000000000000:function:down",
      Input: '{"n":<aws.scheduler.attempt-number>}',
      DeadLetterConfig: { Arn: letters.arn },
    };
    await failing.schedule("rate(365 days)", { ...target, RetryPolicy: { MaximumRetryAttempts: 3 } });
    await failing.schedule("rate(365 days)", { ...target, RetryPolicy: { MaximumEventAgeInSeconds: 60 } });
    await failing.bus.clock.advance("1h");
    const found = (await failing.drain(letters.url)).map(({ Body, MessageAttributes }) => [
      JSON.parse(Body as string).Payload,
      MessageAttributes?.["EXHAUSTED_RETRY_CONDITION"]?.StringValue,
      MessageAttributes?.["RETRY_ATTEMPTS"]?.StringValue,
    ]);
    expect(found[0]).toEqual(['{"n":4}', "MaximumRetryAttempts", "3"]);
    expect(found[1]?.[1]).toBe("MaximumEventAgeInSeconds");
    expect(Number(found[1]?.[2])).toBeGreaterThan(3);
    await failing.stop();
  });

  it.each([
    ["what Busbar does not have", universal("s3:putObject"), "{}", "does not implement s3:PutObject"],
    ["an input that is no object", universal("sqs:sendMessage"), "[]", "must be a JSON object"],
    ["members of another type", universal("sqs:sendMessage"), '{"MessageBody":1}', ""],
    ["an event that is no JSON", "arn:aws:lambda:us-east-1:000000000000:function:scheduled", "{", "not valid JSON"],
    ["a function nobody has", "arn:aws:lambda:us-east-1:000000000000:function:nobody", "{}", "Function not found"],
  ])("gives a reason for %s, at once", async (_what, Arn, Input, reason) => {
    const name = await runOnce({ Arn, Input }, 185);
    const [record] = env.bus.deliveries({ source: scheduleArn(name) });
    expect(record).toMatchObject({ status: "failed", attemptCount: 1 });
    expect(record?.reason).toContain(reason);
  });
});

it("keeps what is scheduled and what is retried over a restart", async () => {
  const { mkdtemp, rm } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  const dataDir = await mkdtemp(join(tmpdir(), "busbar-test-"));
  const first = await SchedulerEnvironment.start("memory", { dataDir });
  const { url, arn } = await first.queue();
  await first.schedule("rate(1 hour)", { Arn: arn, Input: "<aws.scheduler.scheduled-time>" });
  await first.schedule("at(2026-03-01T13:30:00)", { Arn: arn, Input: "once" }, { ActionAfterCompletion: "DELETE" });
  await first.bus.clock.advance("30m");
  await first.stop();
  const second = await SchedulerEnvironment.start("memory", { dataDir });
  expect(new Date(second.bus.clock.now()).toISOString()).toBe("2026-03-01T12:30:00.000Z");
  await second.bus.clock.advance("2h");
  expect(await second.bodies(url)).toEqual([
    "2026-03-01T12:00:00Z",
    "2026-03-01T13:00:00Z",
    "once",
    "2026-03-01T14:00:00Z",
  ]);
  expect((await second.scheduler.listSchedules({})).Schedules).toHaveLength(1);
  await second.stop();
  await rm(dataDir, { recursive: true });
});
