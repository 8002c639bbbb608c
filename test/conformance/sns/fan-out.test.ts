import { createHash } from "node:crypto";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../../src/index.ts";

let bus: Busbar;
afterEach(() => bus.close());

it("first", async () => {
  bus = await createBusbar({ clock: "virtual" });
  const sns = new SNSClient({ ...bus.clientConfig() });
  const sqs = new SQSClient({ ...bus.clientConfig() });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "q" }));
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "t" }));
  const sub = await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: "arn:aws:sqs:us-east-1:000000000000:q" }),
  );
  const p = await sns.send(new PublishCommand({ TopicArn, Message: "hello", Subject: "s", MessageAttributes: {a: {DataType: "String", StringValue: "b"}} }));
  const r = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ["All"] }));
  console.log(sub.SubscriptionArn, p, r.Messages);
});
