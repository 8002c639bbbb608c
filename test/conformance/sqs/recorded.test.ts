/** Rules of SQS as AWS was recorded to follow them. */
import { expect, it } from "vitest";
import { eachSqs, invalidValue, refusal, refused } from "../../support/sqs.ts";

eachSqs("what was recorded", (env) => {
  it("ChangeMessageVisibility after the visibility ended hides the message again", async () => {
    const QueueUrl = await env.queue({ VisibilityTimeout: "1" });
    await env.send(QueueUrl, "x");
    const [message] = await env.receive(QueueUrl);
    const ReceiptHandle = message?.ReceiptHandle;
    await env.bus.clock.advance("5s");
    await env.sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: 10 });
    expect(await env.receive(QueueUrl)).toEqual([]);
    await env.bus.clock.advance("20s");
    const Entries = [{ Id: "a", ReceiptHandle, VisibilityTimeout: 10 }];
    const { Successful } = await env.sqs.changeMessageVisibilityBatch({ QueueUrl, Entries });
    expect(Successful).toEqual([{ Id: "a" }]);
    expect(await env.receive(QueueUrl)).toEqual([]);
    await env.sqs.deleteMessage({ QueueUrl, ReceiptHandle });
    expect(await refused(env.sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: 10 }))).toEqual(
      invalidValue(
        ReceiptHandle,
        "ReceiptHandle",
        "Message does not exist or is not available for visibility timeout change.",
      ),
    );
  });

  it("a policy is shown compact, with a version and accounts as ARNs; its resource is any text", async () => {
    const QueueUrl = await env.queue();
    const policy = (AWS: unknown) => ({
      Statement: [{ Effect: "Allow", Principal: { AWS }, Action: "SQS:SendMessage", Resource: "'my queue'" }],
    });
    const Policy = JSON.stringify(policy(["111122223333"]), null, 2);
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy } });
    const { Attributes } = await env.sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["Policy"] });
    expect(Attributes?.["Policy"]).toBe(
      JSON.stringify({ Version: "2008-10-17", ...policy("arn:aws:iam::111122223333:root") }),
    );
  });

  it.each(["größe", "naïve.1", "数_1-a"])("an attribute may be called %s", async (name) => {
    const QueueUrl = await env.queue();
    const MessageAttributes = { [name]: { DataType: "String", StringValue: "v" } };
    await env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageAttributes });
    const { Messages } = await env.sqs.receiveMessage({ QueueUrl, MessageAttributeNames: [name] });
    expect(Messages?.[0]?.MessageAttributes).toEqual(MessageAttributes);
  });

  it("a batch without a group is an invalid value", async () => {
    const QueueUrl = await env.fifo({ ContentBasedDeduplication: "true" });
    const sent = env.sqs.sendMessageBatch({ QueueUrl, Entries: [{ Id: "a", MessageBody: "x" }] });
    expect(await refused(sent)).toEqual(
      refusal("InvalidParameterValue", "The request must contain the parameter MessageGroupId."),
    );
  });

  it("a FIFO dead letter has its MessageId as its deduplication id", async () => {
    const dead = await env.fifo();
    const deadLetterTargetArn = env.arn(dead);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 });
    const QueueUrl = await env.fifo({ VisibilityTimeout: "0", RedrivePolicy });
    const { MessageId } = await env.sqs.sendMessage({
      QueueUrl,
      MessageBody: "x",
      MessageGroupId: "g",
      MessageDeduplicationId: "sent",
    });
    await env.receive(QueueUrl);
    await env.receive(QueueUrl);
    const again = { QueueUrl: dead, MessageBody: "y", MessageGroupId: "g", MessageDeduplicationId: MessageId };
    expect((await env.sqs.sendMessage(again)).MessageId).toBe(MessageId);
    const { Messages } = await env.sqs.receiveMessage({ QueueUrl: dead, MessageSystemAttributeNames: ["All"] });
    expect(Messages?.map(({ Attributes }) => Attributes?.MessageDeduplicationId)).toEqual([MessageId]);
  });
});
