/** Rules of SQS as AWS was recorded to follow them. */
import { expect, it } from "vitest";
import { eachSqs, invalidParameter, invalidValue, refusal, refused } from "../../support/sqs.ts";

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

  it("a poll belongs to the queue it was made on, and none sees the next queue of its name", async () => {
    const deadLetterTargetArn = env.arn(await env.queue());
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 });
    const QueueName = "made-anew";
    const make = async () =>
      (await env.sqs.createQueue({ QueueName, Attributes: { RedrivePolicy } })).QueueUrl as string;
    const QueueUrl = await make();
    const polls = [await env.poll(QueueUrl), await env.poll(QueueUrl)];
    const ended = polls.map(({ answer }) => refused(answer));
    await env.sqs.deleteQueue({ QueueUrl });
    await make();
    await env.send(QueueUrl, "first");
    for (const end of ended) expect(await end).toMatchObject({ code: "AWS.SimpleQueueService.NonExistentQueue" });
    const [message] = await env.receive(QueueUrl);
    expect([message?.Body, message?.Attributes?.["ApproximateReceiveCount"]]).toEqual(["first", "1"]);
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

  it("a message that is moved between FIFO queues has a new id and its old one for deduplication", async () => {
    const target = await env.fifo();
    const source = await env.fifo({
      VisibilityTimeout: "0",
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: env.arn(target), maxReceiveCount: 1 }),
    });
    const sentIds: string[] = [];
    for (const body of ["one", "two", "three"]) sentIds.push(await env.sendFifo(source, "g", body));
    for (let i = 0; i < 6; i++) await env.sqs.receiveMessage({ QueueUrl: source, MaxNumberOfMessages: 10 });
    const last = (await env.receive(target, { VisibilityTimeout: 0 })).map(({ Attributes }) => Attributes ?? {});
    expect(last).toHaveLength(3);
    await env.bus.clock.advance("10s");
    // The destination has seen the second one's id, so that it is dropped there and the task ends all the same.
    await env.sqs.sendMessage({
      QueueUrl: source,
      MessageBody: "before",
      MessageGroupId: "other",
      MessageDeduplicationId: sentIds[1] as string,
    });
    await env.sqs.startMessageMoveTask({ SourceArn: env.arn(target), DestinationArn: env.arn(source) });
    await env.bus.clock.advance(0);
    const { Results } = await env.sqs.listMessageMoveTasks({ SourceArn: env.arn(target) });
    expect(Results?.[0]).toMatchObject({ Status: "COMPLETED" });
    const { Messages = [] } = await env.sqs.receiveMessage({
      QueueUrl: source,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ["All"],
    });
    const moved = Messages.filter(({ Body }) => Body !== "before");
    expect(moved.map(({ Body, Attributes }) => [Body, Attributes?.MessageDeduplicationId])).toEqual([
      ["one", sentIds[0]],
      ["three", sentIds[2]],
    ]);
    for (const { MessageId, Attributes } of moved) {
      expect(sentIds).not.toContain(MessageId);
      expect(Attributes).toMatchObject({ ApproximateReceiveCount: "1", SentTimestamp: String(env.bus.clock.now()) });
      expect(last.map(({ SequenceNumber }) => SequenceNumber)).not.toContain(Attributes?.SequenceNumber);
    }
    const again = { QueueUrl: source, MessageBody: "again", MessageGroupId: "g" };
    const duplicate = await env.sqs.sendMessage({ ...again, MessageDeduplicationId: sentIds[0] as string });
    expect(duplicate.MessageId).toBe(moved[0]?.MessageId);
    expect(duplicate.SequenceNumber).toBe(moved[0]?.Attributes?.SequenceNumber);
  });

  const outOfScale = (text: string) =>
    invalidParameter(`Message (user) attribute 'n' number value [${text}] must be between 10^-128 and 10^126.`);
  const tooPrecise = (text: string) =>
    invalidParameter(
      `Message (user) attribute 'n' number value [${text}] must contain fewer than 38 precision digits.`,
    );
  it.each([
    ["1e126", outOfScale("1e126")],
    ["0e-129", outOfScale("0e-129")],
    ["8".repeat(39), tooPrecise("8".repeat(39))],
    [`1${"0".repeat(38)}`, tooPrecise(`1${"0".repeat(38)}`)],
  ])("the number %s is beyond the limits", async (StringValue, answer) => {
    const QueueUrl = await env.queue();
    const MessageAttributes = { n: { DataType: "Number", StringValue } };
    expect(await refused(env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageAttributes }))).toEqual(answer);
    const Entries = [{ Id: "a", MessageBody: "x", MessageAttributes }];
    const { Failed } = await env.sqs.sendMessageBatch({ QueueUrl, Entries });
    expect(Failed).toMatchObject([{ Code: "InvalidParameterValue", Message: answer.message, SenderFault: true }]);
  });

  it.each([
    ["007.50", "7.5"],
    ["1.000", "1"],
    [".25", "0.25"],
    ["4e-3", "0.004"],
    ["2.5e4", "25000"],
    ["-0.0", "0"],
    ["+5.", "5"],
    ["-12.340E1", "-123.4"],
    ["1e-128", `0.${"0".repeat(127)}1`],
    ["100", "100"],
  ])("the number %s is received as %s, with the digest of that", async (sent, received) => {
    const QueueUrl = await env.queue();
    const attribute = (StringValue: string) => ({ n: { DataType: "Number.n", StringValue } });
    const asSent = await env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageAttributes: attribute(sent) });
    const plain = await env.sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageAttributes: attribute(received) });
    // The client has checked the digest against what it sent.
    if (sent !== received) expect(asSent.MD5OfMessageAttributes).not.toBe(plain.MD5OfMessageAttributes);
    for (const message of await env.receive(QueueUrl)) {
      expect(message.MessageAttributes).toEqual(attribute(received));
      expect(message.MD5OfMessageAttributes).toBe(plain.MD5OfMessageAttributes);
    }
  });

  it("a FIFO dead letter shows when it was sent, and lives from its arrival", async () => {
    const dead = await env.fifo({ MessageRetentionPeriod: "60" });
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: env.arn(dead), maxReceiveCount: 1 });
    const QueueUrl = await env.fifo({ VisibilityTimeout: "50", RedrivePolicy });
    const sentAt = env.bus.clock.now();
    await env.sendFifo(QueueUrl, "g", "x");
    await env.receive(QueueUrl);
    await env.bus.clock.advance("51s");
    expect(await env.receive(QueueUrl)).toEqual([]);
    await env.bus.clock.advance("30s");
    const [message] = await env.receive(dead);
    expect(message?.Attributes?.SentTimestamp).toBe(String(sentAt));
  });

  it("a changed DeduplicationScope is shown at once and rules later", async () => {
    const QueueUrl = await env.fifo({ VisibilityTimeout: "600" });
    await env.sendFifo(QueueUrl, "a", "before");
    await env.sqs.setQueueAttributes({
      QueueUrl,
      Attributes: { DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" },
    });
    expect(await env.attributes(QueueUrl)).toMatchObject({ DeduplicationScope: "messageGroup" });
    // Of ids from before the change and of new ones.
    await env.sendFifo(QueueUrl, "b", "before");
    for (const group of ["a", "b"]) await env.sendFifo(QueueUrl, group, "after");
    expect((await env.receiveBodies(QueueUrl)).sort()).toEqual(["after", "before"]);
    await env.bus.clock.advance("61s");
    await env.sendFifo(QueueUrl, "c", "after");
    await env.sendFifo(QueueUrl, "a", "after");
    expect(await env.receiveBodies(QueueUrl)).toEqual(["after"]);
    const fresh = await env.fifo({ DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" });
    for (const group of ["a", "b"]) await env.sendFifo(fresh, group, "x");
    expect(await env.receiveBodies(fresh)).toEqual(["x", "x"]);
  });
});
