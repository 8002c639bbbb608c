/** What is past its time is let go of although nobody reads it and nothing else is written. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateArchiveCommand,
  CreateEventBusCommand,
  CreatePartnerEventSourceCommand,
  EventBridgeClient,
  ListEventSourcesCommand,
  PutEventsCommand,
  UpdateArchiveCommand,
} from "@aws-sdk/client-eventbridge";
import { CreateStreamCommand, KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { CreateStateMachineCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { CreateTopicCommand, PublishCommand, SetTopicAttributesCommand, SNSClient } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";

let bus: Busbar;

beforeEach(async () => {
  bus = await createBusbar({ clock: "virtual" });
});
afterEach(() => bus.close());

async function rows(table: string): Promise<number> {
  const response = await fetch(`${bus.endpoint}/_busbar/state`);
  const { tables } = (await response.json()) as { tables: Record<string, number> };
  return tables[table] as number;
}

async function queue(sqs: SQSClient, name: string, attributes: Record<string, string> = {}): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  return QueueUrl as string;
}

async function send500(sqs: SQSClient, url: string): Promise<void> {
  for (let i = 0; i < 50; i += 1) {
    const Entries = Array.from({ length: 10 }, (_, j) => ({ Id: String(j), MessageBody: `message ${i}-${j}` }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
  }
}

describe("SQS", () => {
  it("drops messages of a queue that is only written to", async () => {
    const sqs = new SQSClient(bus.clientConfig());
    await send500(sqs, await queue(sqs, "short", { MessageRetentionPeriod: "60" }));
    await bus.clock.advance("59s");
    expect(await rows("sqs.messages")).toBe(500);
    await bus.clock.advance("2s");
    expect([await rows("sqs.messages"), await rows("sqs.contents")]).toEqual([0, 0]);
  });

  it("drops messages after a shorter retention, in flight, and in a dead-letter queue", async () => {
    const sqs = new SQSClient(bus.clientConfig());
    const dead = await queue(sqs, "dead", { MessageRetentionPeriod: "600" });
    const url = await queue(sqs, "source", {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:dead",
        maxReceiveCount: "1",
      }),
    });
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: "is received too often" }));
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, VisibilityTimeout: 0 }));
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, VisibilityTimeout: 0 }));
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: "is in flight" }));
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, VisibilityTimeout: 43_200 }));
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { MessageRetentionPeriod: "300" } }));
    expect(await rows("sqs.messages")).toBe(2);
    await bus.clock.advance("301s");
    expect(await rows("sqs.messages")).toBe(1);
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: dead, Attributes: { MessageRetentionPeriod: "400" } }));
    await bus.clock.advance("100s");
    expect(await rows("sqs.messages")).toBe(0);
  });

  it("drops deduplication ids and receive attempts after five minutes", async () => {
    const sqs = new SQSClient(bus.clientConfig());
    const url = await queue(sqs, "a.fifo", { FifoQueue: "true" });
    await sqs.send(
      new SendMessageCommand({ QueueUrl: url, MessageBody: "x", MessageGroupId: "g", MessageDeduplicationId: "d" }),
    );
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, ReceiveRequestAttemptId: "once" }));
    expect([await rows("sqs.deduplications"), await rows("sqs.receiveAttempts")]).toEqual([1, 1]);
    await bus.clock.advance("5m1s");
    expect([await rows("sqs.deduplications"), await rows("sqs.receiveAttempts")]).toEqual([0, 0]);
  });

  it("does so after a restart, too", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "busbar-test-"));
    await bus.close();
    bus = await createBusbar({ clock: "virtual", dataDir });
    const sqs = new SQSClient(bus.clientConfig());
    await send500(sqs, await queue(sqs, "short", { MessageRetentionPeriod: "60" }));
    await bus.close();
    bus = await createBusbar({ clock: "virtual", dataDir });
    expect(await rows("sqs.messages")).toBe(500);
    await bus.clock.advance("1h");
    expect(await rows("sqs.messages")).toBe(0);
    await bus.close();
    await rm(dataDir, { recursive: true });
    bus = await createBusbar();
  });
});

it("Kinesis drops records when their retention has passed", async () => {
  const kinesis = new KinesisClient(bus.clientConfig());
  await kinesis.send(new CreateStreamCommand({ StreamName: "s", ShardCount: 1 }));
  const Data = Buffer.alloc(40_000);
  for (let i = 0; i < 3; i += 1) {
    await kinesis.send(new PutRecordCommand({ StreamName: "s", PartitionKey: "k", Data }));
  }
  expect(await rows("kinesis.segments")).toBe(3);
  await bus.clock.advance("24h1s");
  // One, empty, tells how far the shard's sequence numbers are.
  expect(await rows("kinesis.segments")).toBe(1);
});

describe("SNS", () => {
  it("drops deduplication ids and archived messages", async () => {
    const sns = new SNSClient(bus.clientConfig());
    const Attributes = { FifoTopic: "true", ArchivePolicy: '{"MessageRetentionPeriod":"2"}' };
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "t.fifo", Attributes }));
    const sent = { TopicArn, Message: "x", MessageGroupId: "g", MessageDeduplicationId: "d" };
    await sns.send(new PublishCommand(sent));
    await bus.clock.advance("5m1s");
    expect([await rows("sns.deduplications"), await rows("sns.archive")]).toEqual([0, 1]);
    await bus.clock.advance("2d");
    expect(await rows("sns.archive")).toBe(0);
    await sns.send(new PublishCommand(sent));
    await bus.clock.advance("25h");
    const AttributeValue = '{"MessageRetentionPeriod":"1"}';
    await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: "ArchivePolicy", AttributeValue }));
    await bus.clock.advance("1s");
    expect(await rows("sns.archive")).toBe(0);
  });
});

describe("EventBridge", () => {
  it("drops events of an archive", async () => {
    const events = new EventBridgeClient(bus.clientConfig());
    const { EventBusArn } = await events.send(new CreateEventBusCommand({ Name: "b" }));
    await events.send(new CreateArchiveCommand({ ArchiveName: "a", EventSourceArn: EventBusArn, RetentionDays: 2 }));
    const event = { EventBusName: "b", Source: "s", DetailType: "d", Detail: "{}" };
    await events.send(new PutEventsCommand({ Entries: [event] }));
    await bus.clock.advance("1d");
    await events.send(new PutEventsCommand({ Entries: [event] }));
    expect(await rows("events.archivedEvents")).toBe(2);
    await bus.clock.advance("24h1s");
    expect(await rows("events.archivedEvents")).toBe(1);
    await events.send(new UpdateArchiveCommand({ ArchiveName: "a", RetentionDays: 1 }));
    await bus.clock.advance("1s");
    expect(await rows("events.archivedEvents")).toBe(0);
  });

  it("drops partner sources that are not accepted", async () => {
    const events = new EventBridgeClient(bus.clientConfig());
    await events.send(new CreatePartnerEventSourceCommand({ Name: "aws.partner/p/one", Account: "000000000000" }));
    await events.send(new CreatePartnerEventSourceCommand({ Name: "aws.partner/p/two", Account: "000000000000" }));
    await events.send(new CreateEventBusCommand({ Name: "aws.partner/p/two", EventSourceName: "aws.partner/p/two" }));
    await bus.clock.advance("14d1s");
    const { EventSources } = await events.send(new ListEventSourcesCommand({}));
    expect(EventSources?.map(({ Name }) => Name)).toEqual(["aws.partner/p/two"]);
  });
});

it("Scheduler drops client tokens", async () => {
  const scheduler = new SchedulerClient(bus.clientConfig());
  await scheduler.send(
    new CreateScheduleCommand({
      Name: "s",
      ClientToken: "token",
      ScheduleExpression: "rate(30 days)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: "arn:aws:sqs:us-east-1:000000000000:q", RoleArn: "arn:aws:iam::000000000000:role/r" },
    }),
  );
  expect(await rows("scheduler.tokens")).toBe(1);
  await bus.clock.advance("61m");
  expect(await rows("scheduler.tokens")).toBe(0);
});

it("STS drops sessions a day after their end", async () => {
  const sts = new STSClient(bus.clientConfig());
  await sts.send(new AssumeRoleCommand({ RoleArn: "arn:aws:iam::000000000000:role/r", RoleSessionName: "ss" }));
  expect(await rows("sts.sessions")).toBe(1);
  await bus.clock.advance("25h1s");
  expect(await rows("sts.sessions")).toBe(0);
});

it("Step Functions drops executions 90 days after their end", async () => {
  const sfn = new SFNClient(bus.clientConfig());
  const { stateMachineArn } = await sfn.send(
    new CreateStateMachineCommand({
      name: "m",
      roleArn: "arn:aws:iam::000000000000:role/r",
      definition: JSON.stringify({ StartAt: "A", States: { A: { Type: "Succeed" } } }),
    }),
  );
  await sfn.send(new StartExecutionCommand({ stateMachineArn }));
  await bus.settled();
  await bus.clock.advance("89d");
  expect(await rows("states.executions")).toBe(1);
  await bus.clock.advance("25h");
  expect(await rows("states.executions")).toBe(0);
});
