/**
 * An order goes through SNS, SQS and Step Functions inside one process, with time that is moved:
 *
 *     node examples/order-flow.mjs
 */
import assert from "node:assert/strict";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { createBusbar } from "busbar";

const bus = await createBusbar({ clock: "virtual" });
const sns = new SNSClient({ ...bus.clientConfig() });
const sqs = new SQSClient({ ...bus.clientConfig() });
const sfn = new SFNClient({ ...bus.clientConfig() });

// A topic, and a queue that wants large orders alone.
const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "orders" }));
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "large-orders" }));
const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
await sns.send(
  new SubscribeCommand({
    TopicArn,
    Protocol: "sqs",
    Endpoint: Attributes.QueueArn,
    Attributes: {
      RawMessageDelivery: "true",
      FilterPolicyScope: "MessageBody",
      FilterPolicy: JSON.stringify({ total: [{ numeric: [">=", 100] }] }),
    },
  }),
);
for (const total of [20, 250]) {
  await sns.send(new PublishCommand({ TopicArn, Message: JSON.stringify({ id: `order-${total}`, total }) }));
}
const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
assert.deepEqual(
  Messages.map(({ Body }) => JSON.parse(Body).id),
  ["order-250"],
);

// A function ships the order, two days after it was paid.
bus.registerFunction("ship", ({ id }) => ({ shipped: id }));
const { stateMachineArn } = await sfn.send(
  new CreateStateMachineCommand({
    name: "fulfil",
    roleArn: "arn:aws:iam::000000000000:role/any",
    definition: JSON.stringify({
      StartAt: "Wait",
      States: {
        Wait: { Type: "Wait", Seconds: 2 * 24 * 60 * 60, Next: "Ship" },
        Ship: { Type: "Task", Resource: "arn:aws:lambda:us-east-1:000000000000:function:ship", End: true },
      },
    }),
  }),
);
const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input: Messages[0].Body }));
await bus.clock.advance("2d");
const { status, output } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
assert.equal(status, "SUCCEEDED");
console.log(output); // {"shipped":"order-250"}

for (const client of [sns, sqs, sfn]) client.destroy();
await bus.close();
