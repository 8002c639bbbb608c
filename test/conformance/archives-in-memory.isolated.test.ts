/** Archives hold long texts for long: what they say is kept outside of the JavaScript heap. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  CreateArchiveCommand,
  CreateEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  StartReplayCommand,
} from "@aws-sdk/client-eventbridge";
import {
  CreateTopicCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";

const account = "000000000000";
const textBytes = 200_000;
const texts = 100;
/** A fifth of what the texts take: room for the rows and for what a busy process holds besides. */
const maxGrowth = (textBytes * texts) / 5;

let bus: Busbar;
let sqs: SQSClient;
beforeEach(async () => {
  bus = await createBusbar({ clock: "virtual", port: false });
  sqs = new SQSClient(bus.clientConfig());
});
afterEach(() => bus.close());

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

async function heapAfter(work: (text: string, i: number) => Promise<unknown>): Promise<number> {
  const once = async () => {
    for (let i = 0; i < texts; i += 1) await work(`${i} ${"x".repeat(textBytes)}`, i);
    collect();
    return process.memoryUsage().heapUsed;
  };
  const warm = await once();
  return (await once()) - warm;
}

async function bodyOf(queue: string): Promise<string> {
  const QueueUrl = `http://localhost:4566/${account}/${queue}`;
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  return Messages?.[0]?.Body as string;
}

it("of EventBridge", async () => {
  const events = new EventBridgeClient(bus.clientConfig());
  const { EventBusArn } = await events.send(new CreateEventBusCommand({ Name: "b" }));
  const { ArchiveArn } = await events.send(new CreateArchiveCommand({ ArchiveName: "a", EventSourceArn: EventBusArn }));
  const start = bus.clock.now();
  const grown = await heapAfter((text) =>
    events.send(
      new PutEventsCommand({
        Entries: [{ EventBusName: "b", Source: "s", DetailType: "d", Detail: JSON.stringify({ text }) }],
      }),
    ),
  );
  // The list of recent events keeps a bounded number of them, which the first round has filled or nearly so.
  expect(grown).toBeLessThan(maxGrowth);
  await sqs.send(new CreateQueueCommand({ QueueName: "q" }));
  await events.send(new PutRuleCommand({ Name: "r", EventBusName: "b", EventPattern: '{"source":["s"]}' }));
  const Arn = `arn:aws:sqs:us-east-1:${account}:q`;
  await events.send(new PutTargetsCommand({ Rule: "r", EventBusName: "b", Targets: [{ Id: "q", Arn }] }));
  await bus.clock.advance("1s");
  await events.send(
    new StartReplayCommand({
      ReplayName: "r",
      EventSourceArn: ArchiveArn,
      EventStartTime: new Date(start),
      EventEndTime: new Date(start + 1000),
      Destination: { Arn: EventBusArn },
    }),
  );
  await bus.clock.advance("1s");
  expect(JSON.parse(await bodyOf("q")).detail.text).toBe(`0 ${"x".repeat(textBytes)}`);
});

it("of SNS", async () => {
  const sns = new SNSClient(bus.clientConfig());
  const Attributes = { FifoTopic: "true", ArchivePolicy: '{"MessageRetentionPeriod":"2"}' };
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "t.fifo", Attributes }));
  const start = new Date(bus.clock.now()).toISOString();
  let id = 0;
  const attributes = { a: { DataType: "String", StringValue: "é" } };
  const grown = await heapAfter((Message) => {
    const MessageDeduplicationId = String(id++);
    return sns.send(
      new PublishCommand({
        TopicArn,
        Message,
        MessageGroupId: "g",
        MessageDeduplicationId,
        MessageAttributes: attributes,
      }),
    );
  });
  expect(grown).toBeLessThan(maxGrowth);
  await sqs.send(new CreateQueueCommand({ QueueName: "q.fifo", Attributes: { FifoQueue: "true" } }));
  const ReplayPolicy = JSON.stringify({ PointType: "Timestamp", StartingPoint: start });
  await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: "sqs",
      Endpoint: `arn:aws:sqs:us-east-1:${account}:q.fifo`,
      Attributes: { ReplayPolicy },
    }),
  );
  await bus.settled();
  const body = JSON.parse(await bodyOf("q.fifo"));
  expect(body.Message).toBe(`0 ${"x".repeat(textBytes)}`);
  expect(body.MessageAttributes).toEqual({ a: { Type: "String", Value: "é" } });
  await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: "ArchivePolicy", AttributeValue: "{}" }));
});
