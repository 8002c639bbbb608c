/** The same seed gives the same ids, whatever else is asked in between. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";

const seeded = { port: false, clock: "virtual", seed: "same", startTime: "2030-01-01T00:00:00Z" } as const;
const definition = JSON.stringify({ StartAt: "A", States: { A: { Type: "Pass", End: true } } });

/** Ids of messages, subscriptions, events and executions; `between` is done before each of them is made. */
async function ids(between: (bus: Busbar) => Promise<unknown>): Promise<unknown[]> {
  const bus = await createBusbar(seeded);
  const [sqs, sns] = [new SQS(bus.clientConfig()), new SNS(bus.clientConfig())];
  const [events, sfn] = [new EventBridge(bus.clientConfig()), new SFN(bus.clientConfig())];
  const { QueueUrl } = await sqs.createQueue({ QueueName: "q" });
  const { TopicArn } = await sns.createTopic({ Name: "t" });
  const roleArn = "arn:aws:iam::000000000000:role/r";
  const { stateMachineArn } = await sfn.createStateMachine({ name: "m", definition, roleArn });
  await between(bus);
  const sent = await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
  await between(bus);
  const Endpoint = "arn:aws:sqs:us-east-1:000000000000:q";
  const subscribed = await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint });
  await between(bus);
  const published = await sns.publish({ TopicArn, Message: "x" });
  await between(bus);
  const put = await events.putEvents({ Entries: [{ Source: "s", DetailType: "d", Detail: "{}" }] });
  await between(bus);
  const started = await sfn.startExecution({ stateMachineArn });
  await between(bus);
  const again = await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
  await bus.close();
  return [
    sent.MessageId,
    subscribed.SubscriptionArn,
    published.MessageId,
    put.Entries?.[0]?.EventId,
    started.executionArn,
    again.MessageId,
  ];
}

it("ids of messages and resources are the same when something is listed in between", async () => {
  const plain = await ids(async () => {});
  expect(new Set(plain).size).toBe(plain.length);
  expect(await ids((bus) => new SQS(bus.clientConfig()).listQueues({}))).toEqual(plain);
});

it("ids of resources are the same when messages are sent in between, and those of messages when resources are made", async () => {
  const [, subscription, , , execution] = await ids(async () => {});
  const others = await ids(async (bus) => {
    const sqs = new SQS(bus.clientConfig());
    const { QueueUrl } = await sqs.createQueue({ QueueName: "other" });
    await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
    await new SNS(bus.clientConfig()).publish({ PhoneNumber: "+15551234567", Message: "x" });
    await new EventBridge(bus.clientConfig()).putEvents({ Entries: [{ Source: "s", DetailType: "d", Detail: "{}" }] });
  });
  expect([others[1], others[4]]).toEqual([subscription, execution]);
  const [message, , published, event] = await ids(async () => {});
  const made = await ids(async (bus) => {
    const { TopicArn } = await new SNS(bus.clientConfig()).createTopic({ Name: "other" });
    await new SNS(bus.clientConfig()).subscribe({
      TopicArn,
      Protocol: "sms",
      Endpoint: `+1555${Math.floor(bus.clock.now() / 1000)}`,
    });
  });
  expect([made[0], made[2], made[3]]).toEqual([message, published, event]);
});

it("a run on the data directory of another gives out none of its ids", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "busbar-test-"));
  const found = new Set<string | undefined>();
  for (let run = 0; run < 2; run += 1) {
    const bus = await createBusbar({ ...seeded, dataDir });
    const sns = new SNS(bus.clientConfig());
    const { TopicArn } = await sns.createTopic({ Name: "t" });
    const Endpoint = `arn:aws:sqs:us-east-1:000000000000:q${run}`;
    found.add((await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint })).SubscriptionArn);
    await bus.close();
  }
  expect(found.size).toBe(2);
  await rm(dataDir, { recursive: true });
});
