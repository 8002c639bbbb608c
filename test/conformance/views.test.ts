/** Looking into resources without touching them, over HTTP and in the embedding API, and waiting for what comes. */
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import { CreateStreamCommand, KinesisClient, PutRecordCommand, SplitShardCommand } from "@aws-sdk/client-kinesis";
import { CreateStateMachineCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";

/** The server's time as it is shown everywhere. */
const stamp = "2030-01-01T00:00:00.000Z";

let bus: Busbar;
beforeAll(async () => {
  bus = await createBusbar({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", account: "111122223333" });
});
afterAll(() => bus.close());
beforeEach(async () => {
  await bus.reset();
  await bus.clock.set(stamp);
});

async function get(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${bus.endpoint}/_busbar${path}`);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe("queues", () => {
  let sqs: SQSClient;
  let QueueUrl: string;
  beforeEach(async () => {
    sqs = new SQSClient(bus.clientConfig());
    QueueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: "q" }))).QueueUrl ?? "";
  });

  it("show what is visible, delayed and in flight, and until when", async () => {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "first" }));
    await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 90 }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "later", DelaySeconds: 60 }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "now" }));
    const messages = bus.sqs.messages(QueueUrl);
    const sentAt = "2030-01-01T00:00:00.000Z";
    expect(messages).toMatchObject([
      { body: "first", state: "inFlight", receiveCount: 1, visibleAt: "2030-01-01T00:01:30.000Z", sentAt },
      { body: "later", state: "delayed", receiveCount: 0, visibleAt: "2030-01-01T00:01:00.000Z", sentAt },
      {
        body: "now",
        state: "visible",
        receiveCount: 0,
        visibleAt: undefined,
        attributes: { ApproximateReceiveCount: "0" },
      },
    ]);
    expect((await get("/sqs/111122223333/us-east-1/q/messages")).body).toEqual(
      JSON.parse(JSON.stringify({ messages })),
    );
    expect((await get("/sqs/111122223333/us-east-1/q/messages?state=delayed&limit=1")).body).toMatchObject({
      messages: [{ body: "later" }],
    });
    await bus.clock.advance("2m");
    expect(bus.sqs.messages("arn:aws:sqs:us-east-1:111122223333:q").map(({ state }) => state)).toEqual(
      Array(3).fill("visible"),
    );
  });

  it("refuse what is not a queue", async () => {
    expect(() => bus.sqs.messages(`${QueueUrl}x`)).toThrow(/There is no queue/);
    expect(await get("/sqs/111122223333/eu-west-1/q/messages")).toMatchObject({
      status: 404,
      body: { message: "There is no queue q in account 111122223333 and eu-west-1." },
    });
    expect(await get("/sqs/111122223333/us-east-1/q/messages?state=lost")).toMatchObject({ status: 400 });
  });

  it("are waited for", async () => {
    const waited = bus.sqs.waitForMessage(QueueUrl, ({ body }) => body === "2");
    for (const MessageBody of ["1", "2"]) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    expect(await waited).toMatchObject({ body: "2", state: "visible" });
    await expect(bus.sqs.waitForMessage(QueueUrl, ({ body }) => body === "3", { timeout: "50ms" })).rejects.toThrow(
      /No message that fits came to .*; it has 2 visible, 0 delayed and 0 in flight\. .*The clock is virtual/,
    );
  });

  it("of another region are found by their URL's name", async () => {
    const there = new SQSClient(bus.clientConfig({ region: "eu-west-1" }));
    const { QueueUrl: url = "" } = await there.send(new CreateQueueCommand({ QueueName: "far" }));
    await there.send(new SendMessageCommand({ QueueUrl: url, MessageBody: "x" }));
    expect(bus.sqs.messages(url)).toHaveLength(1);
  });
});

it("streams show their last records by shard", async () => {
  const kinesis = new KinesisClient(bus.clientConfig());
  await kinesis.send(new CreateStreamCommand({ StreamName: "s", ShardCount: 1 }));
  for (const text of ["a", "b", "c"]) {
    await kinesis.send(new PutRecordCommand({ StreamName: "s", PartitionKey: "k", Data: Buffer.from(text) }));
  }
  const NewStartingHashKey = (2n ** 127n).toString();
  await kinesis.send(
    new SplitShardCommand({ StreamName: "s", ShardToSplit: "shardId-000000000000", NewStartingHashKey }),
  );
  const shards = bus.kinesis.records("s", { limit: 2 });
  expect(shards).toMatchObject([
    {
      shardId: "shardId-000000000000",
      state: "closed",
      records: [
        {
          partitionKey: "k",
          data: Buffer.from("b").toString("base64"),
          arrivedAt: new Date(bus.clock.now()).toISOString(),
        },
        { data: Buffer.from("c").toString("base64"), sequenceNumber: expect.stringMatching(/^\d+$/) },
      ],
    },
    { shardId: "shardId-000000000001", state: "open", records: [] },
    { shardId: "shardId-000000000002", state: "open", records: [] },
  ]);
  expect((await get("/kinesis/111122223333/us-east-1/s/records?limit=2")).body).toEqual({ shards });
  expect(bus.kinesis.records("s", { shard: "shardId-000000000001" })).toHaveLength(1);
  expect(() => bus.kinesis.records("none")).toThrow(RangeError);
});

it("event buses show their events, and which rules matched", async () => {
  const events = new EventBridgeClient(bus.clientConfig());
  await events.send(new CreateEventBusCommand({ Name: "shop" }));
  const EventPattern = JSON.stringify({ source: ["shop"], detail: { kind: ["book"] } });
  const rule = { Name: "books", EventBusName: "shop", EventPattern };
  const { RuleArn } = await events.send(new PutRuleCommand(rule));
  const entry = { EventBusName: "shop", Source: "shop", DetailType: "placed" };
  const kinds = ["book", "toy"].map((kind) => ({ ...entry, Detail: JSON.stringify({ kind }) }));
  await events.send(new PutEventsCommand({ Entries: [...kinds, { ...entry, EventBusName: "default", Detail: "{}" }] }));
  const shown = bus.eventbridge.events("shop");
  const arrivedAt = new Date(bus.clock.now()).toISOString();
  expect(shown).toMatchObject([
    {
      arrivedAt,
      event: { detail: { kind: "toy" } },
      matched: [],
      unmatched: [{ ruleArn: RuleArn, field: "detail.kind" }],
    },
    { arrivedAt, bus: "shop", detailType: "placed", event: { detail: { kind: "book" } }, matched: [RuleArn] },
  ]);
  const path = "/eventbridge/111122223333/us-east-1/shop/events";
  expect((await get(path)).body).toEqual(JSON.parse(JSON.stringify({ events: shown })));
  expect((await get(`${path}?matched=false&limit=1`)).body).toMatchObject({ events: [{ matched: [] }] });
  expect(await get(`${path}?matched=perhaps`)).toMatchObject({ status: 400 });
  expect(bus.eventbridge.events("default", { source: "shop" })).toHaveLength(1);
  expect(
    bus.eventbridge.events("arn:aws:events:us-east-1:111122223333:event-bus/shop", { matched: true }),
  ).toHaveLength(1);
  expect(() => bus.eventbridge.events("none")).toThrow(RangeError);
  expect(await get("/eventbridge/111122223333/us-east-1/none/events")).toMatchObject({
    status: 404,
    body: { message: "There is no event bus none in account 111122223333 and us-east-1." },
  });
});

it("lists are of one shape over HTTP and in the embedding API", async () => {
  const [sqs, sns, events] = [SQSClient, SNSClient, EventBridgeClient].map(
    (Client) => new Client(bus.clientConfig()),
  ) as [SQSClient, SNSClient, EventBridgeClient];
  const missing = "arn:aws:sqs:us-east-1:111122223333:none";
  await sqs.send(new CreateQueueCommand({ QueueName: "q" }));
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "t" }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: missing }));
  await sns.send(new PublishCommand({ TopicArn, Message: "m" }));
  await sns.send(new PublishCommand({ PhoneNumber: "+15551234567", Message: "m" }));
  await events.send(new PutRuleCommand({ Name: "all", EventPattern: '{"source":["shop"]}' }));
  const Targets = [{ Id: "log", Arn: "arn:aws:logs:us-east-1:111122223333:log-group:/aws/events/all" }];
  await events.send(new PutTargetsCommand({ Rule: "all", Targets }));
  await events.send(new PutEventsCommand({ Entries: [{ Source: "shop", DetailType: "d", Detail: "{}" }] }));
  await bus.settled();
  const lists = {
    requests: bus.requests(),
    deliveries: bus.deliveries(),
    mailbox: bus.mailbox(),
    events: bus.events(),
    logs: bus.logs(),
  };
  const times = {
    requests: "time",
    deliveries: "acceptedAt",
    mailbox: "sentAt",
    events: "arrivedAt",
    logs: "timestamp",
  };
  const keys: Record<string, string> = { mailbox: "messages", logs: "events" };
  for (const [name, list] of Object.entries(lists)) {
    const { body } = await get(`/${name}`);
    expect([name, body[keys[name] ?? name]]).toEqual([name, JSON.parse(JSON.stringify(list))]);
    expect([name, list[0]]).toEqual([name, expect.objectContaining({ [times[name as keyof typeof times]]: stamp })]);
  }
  expect(bus.deliveries({ status: "failed" })[0]?.attempts).toMatchObject([{ time: stamp, outcome: "failed" }]);
});

it("executions are shown and waited for", async () => {
  const sfn = new SFNClient(bus.clientConfig());
  const definition = JSON.stringify({ StartAt: "W", States: { W: { Type: "Wait", Seconds: 60, End: true } } });
  const roleArn = "arn:aws:iam::111122223333:role/r";
  const { stateMachineArn = "" } = await sfn.send(new CreateStateMachineCommand({ name: "m", definition, roleArn }));
  const { executionArn = "" } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn, name: "e", input: '{"a":1}' }),
  );
  expect(bus.stepfunctions.executions(stateMachineArn, { status: "RUNNING" })).toMatchObject([
    { executionArn, stateMachineArn, name: "e", status: "RUNNING", input: '{"a":1}', stoppedAt: undefined },
  ]);
  await expect(bus.stepfunctions.waitForExecution(executionArn, { timeout: 50 })).rejects.toThrow(/is still RUNNING\./);
  const ended = bus.stepfunctions.waitForExecution(executionArn);
  await bus.clock.advance("1m");
  expect(await ended).toMatchObject({
    status: "SUCCEEDED",
    output: '{"a":1}',
    stoppedAt: new Date(bus.clock.now()).toISOString(),
  });
  expect((await get("/stepfunctions/111122223333/us-east-1/m/executions")).body).toEqual(
    JSON.parse(JSON.stringify({ executions: bus.stepfunctions.executions(stateMachineArn) })),
  );
  await expect(bus.stepfunctions.waitForExecution(`${executionArn}x`)).rejects.toThrow(RangeError);
});
