/**
 * A message that nobody handles ends in its dead-letter queue after three receives, and a message that no subscription
 * wants has a reason that can be looked up:
 *
 *     node examples/dead-letters.mjs
 */
import assert from "node:assert/strict";
import { CreateTopicCommand, PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { createBusbar } from "busbar";

const bus = await createBusbar({ clock: "virtual" });
const sqs = new SQSClient({ ...bus.clientConfig() });
const sns = new SNSClient({ ...bus.clientConfig() });

const dead = await sqs.send(new CreateQueueCommand({ QueueName: "dead" }));
const { Attributes } = await sqs.send(
  new GetQueueAttributesCommand({ QueueUrl: dead.QueueUrl, AttributeNames: ["QueueArn"] }),
);
const { QueueUrl } = await sqs.send(
  new CreateQueueCommand({
    QueueName: "work",
    Attributes: {
      VisibilityTimeout: "30",
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: Attributes.QueueArn, maxReceiveCount: 3 }),
    },
  }),
);
await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "cannot be handled" }));
for (let attempt = 1; attempt <= 4; attempt++) {
  await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  await bus.clock.advance("30s");
}
const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead.QueueUrl }));
assert.equal(Messages[0]?.Body, "cannot be handled");

// Nobody subscribes to this topic: the message goes nowhere, and says why.
const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "lonely" }));
await sns.send(new PublishCommand({ TopicArn, Message: "hello?" }));
const [record] = bus.deliveries({ status: "unmatched" });
console.log(record?.reason); // The topic has no confirmed subscription.
assert.equal(record?.source, TopicArn);

for (const client of [sqs, sns]) client.destroy();
await bus.close();
