import {
  type MessageAttributeValue,
  PublishBatchCommand,
  type PublishBatchRequestEntry,
  PublishCommand,
  type PublishCommandInput,
} from "@aws-sdk/client-sns";
import { describe, expect, it } from "vitest";
import { refusal, startSns } from "../../support/sns-bus.ts";

const text = (StringValue: string): MessageAttributeValue => ({ DataType: "String", StringValue });

describe("Publish refuses", () => {
  const TopicArn = "arn:aws:sns:us-east-1:000000000000:t";
  const FifoArn = `${TopicArn}.fifo`;
  const value = (message: string) => `ParameterValueInvalid: ${message}`;
  const parameter = (message: string) => `InvalidParameter: Invalid parameter: ${message}`;
  const attribute = (name: string, given: MessageAttributeValue) => ({
    TopicArn,
    Message: "m",
    MessageAttributes: { [name]: given },
  });
  const types =
    "has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.";
  it.each<[PublishCommandInput, string]>([
    [{ Message: "m" }, parameter("TopicArn or TargetArn Reason: no value for required parameter")],
    [{ Message: "m", TopicArn: "x" }, parameter("TopicArn Reason: An ARN must have at least 6 elements, not 1")],
    [{ Message: "m", TopicArn: `${TopicArn}2` }, "NotFound: Topic does not exist"],
    [
      { Message: "m", TargetArn: "arn:aws:sns:us-east-1:000000000000:endpoint/GCM/a/b" },
      parameter("TargetArn Reason: No endpoint found for the target arn specified"),
    ],
    [{ Message: "m", PhoneNumber: "NaN" }, parameter("PhoneNumber Reason: NaN is not valid to publish to")],
    [{ Message: "", TopicArn }, parameter("Empty message")],
    [{ Message: "x".repeat(262_145), TopicArn }, parameter("Message too long")],
    [{ Message: "x".repeat(262_140), TopicArn, MessageAttributes: { a: text("b") } }, parameter("Message too long")],
    [{ Message: "m", TopicArn, Subject: "" }, parameter("Subject")],
    [{ Message: "m", TopicArn, Subject: "x".repeat(101) }, parameter("Subject")],
    [{ Message: "m", TopicArn, Subject: "a\nb" }, parameter("Subject")],
    [{ Message: "m", TopicArn, Subject: " a" }, parameter("Subject")],
    [
      { Message: "m", TopicArn, MessageStructure: "json" },
      parameter("Message Structure - JSON message body failed to parse"),
    ],
    [
      { Message: '{"sqs":"x"}', TopicArn, MessageStructure: "json" },
      parameter("Message Structure - No default entry in JSON message body"),
    ],
    [{ Message: "m", TopicArn: FifoArn }, parameter("The MessageGroupId parameter is required for FIFO topics")],
    [
      { Message: "m", TopicArn: FifoArn, MessageGroupId: "g" },
      parameter(
        "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
      ),
    ],
    [
      { Message: "m", TopicArn, MessageDeduplicationId: "d" },
      parameter(
        "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type",
      ),
    ],
    [
      attribute("a", { DataType: "String", StringValue: "" }),
      value(
        "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.",
      ),
    ],
    [
      attribute("a", { DataType: "Binary" }),
      value(
        "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'Binary'.",
      ),
    ],
    [
      attribute("a", { DataType: "Number", BinaryValue: Buffer.from("x") }),
      value("The message attribute 'a' with type 'Number' must use field 'String'."),
    ],
    [
      attribute("a", { DataType: "Binary", StringValue: "x" }),
      value("The message attribute 'a' with type 'Binary' must use field 'Binary'."),
    ],
    [attribute("a", { DataType: "String.", StringValue: "x" }), value(`The message attribute 'a' ${types}`)],
    [attribute("a", { DataType: "Stringprefixed", StringValue: "x" }), value(`The message attribute 'a' ${types}`)],
    [attribute("x".repeat(257), text("x")), value("Length of message attribute name must be less than 256 bytes.")],
    [
      attribute("a^b", text("x")),
      value(
        "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.",
      ),
    ],
    [attribute(".a", text("x")), value("Invalid message attribute name starting with character '.' was found.")],
    [attribute("a.", text("x")), value("Invalid message attribute name ending with character '.' was found.")],
    [attribute("a..b", text("x")), value("Message attribute name can not have successive '.' character.")],
    [
      attribute("attr1", { DataType: undefined, StringValue: "x" }),
      "ValidationError: 1 validation error detected: Value null at 'messageAttributes.attr1.member.dataType' failed to satisfy constraint: Member must not be null",
    ],
  ])("%#", async (input, message) => {
    const { sns, topic } = await startSns();
    await topic("t");
    await topic("t.fifo");
    expect(await refusal(sns.send(new PublishCommand(input)))).toBe(message);
  });
});

describe("Publish takes", () => {
  it("everything within the limits", async () => {
    const { sns, topic } = await startSns();
    const TopicArn = await topic("t");
    const publish = (more: Partial<PublishCommandInput>) =>
      refusal(sns.send(new PublishCommand({ TopicArn, Message: "m", ...more })));
    expect(await publish({ Message: "x".repeat(262_144) })).toBe("accepted");
    expect(await publish({ Subject: "Grüße, 100%" })).toBe("accepted");
    expect(await publish({ MessageGroupId: "tenant" })).toBe("accepted");
    expect(await publish({ MessageAttributes: { a: { DataType: "String.  prefixed.", StringValue: "x" } } })).toBe(
      "accepted",
    );
    expect(await publish({ TopicArn: undefined, TargetArn: TopicArn })).toBe("accepted");
    expect((await sns.send(new PublishCommand({ TopicArn, Message: "m" }))).SequenceNumber).toBeUndefined();
  });

  it("parameters in the URL of a POST, and a GET", async () => {
    const { bus, topic, queue, subscribe, drain } = await startSns();
    const arn = await topic("t");
    const queueArn = await queue("q");
    await subscribe(arn, "sqs", queueArn, { RawMessageDelivery: "true" });
    const query = new URLSearchParams({ Action: "Publish", Version: "2010-03-31", TopicArn: arn, Message: "by URL" });
    for (const method of ["POST", "GET"]) {
      const answer = await fetch(`${bus.endpoint}/?${query}`, { method });
      expect(answer.headers.get("content-type")).toBe("text/xml");
      expect(await answer.text()).toMatch(
        /^<PublishResponse xmlns="http:\/\/sns\.amazonaws\.com\/doc\/2010-03-31\/">\n {2}<PublishResult>\n {4}<MessageId>[0-9a-f-]{36}<\/MessageId>\n {2}<\/PublishResult>\n {2}<ResponseMetadata>/,
      );
    }
    expect((await drain(queueArn)).map(({ Body }) => Body)).toEqual(["by URL", "by URL"]);
  });
});

describe("PublishBatch", () => {
  const entry = (Id: string, more: Partial<PublishBatchRequestEntry> = {}) => ({ Id, Message: `m${Id}`, ...more });

  it("refuses batches as a whole", async () => {
    const { sns, topic } = await startSns();
    const TopicArn = await topic("t");
    const batch = (PublishBatchRequestEntries: PublishBatchRequestEntry[], arn = TopicArn) =>
      refusal(sns.send(new PublishBatchCommand({ TopicArn: arn, PublishBatchRequestEntries })));
    expect(await batch([])).toBe("EmptyBatchRequest: The batch request doesn't contain any entries.");
    expect(await batch(Array.from({ length: 11 }, (_, i) => entry(`${i}`)))).toBe(
      "TooManyEntriesInBatchRequest: The batch request contains more entries than permissible.",
    );
    expect(await batch([entry("1"), entry("1")])).toBe(
      "BatchEntryIdsNotDistinct: Two or more batch entries in the request have the same Id.",
    );
    expect(await batch([entry("!")])).toMatch(/^InvalidBatchEntryId: /);
    const half = { Message: "x".repeat(140_000) };
    expect(await batch([entry("1", half), entry("2", half)])).toBe(
      "BatchRequestTooLong: The length of all the messages put together is more than the limit.",
    );
    expect(await batch([entry("1"), entry("2", { MessageAttributes: { "a.": text("x") } })])).toMatch(
      /^ParameterValueInvalid: /,
    );
    expect(await batch([entry("1")], `${TopicArn}2`)).toBe("NotFound: Topic does not exist");
    expect(await batch([entry("1")], await topic("t.fifo"))).toMatch(/MessageGroupId parameter is required/);
  });

  it("accepts valid entries and reports the others", async () => {
    const { sns, topic, queue, subscribe, drain } = await startSns();
    const TopicArn = await topic("t");
    const queueArn = await queue("q");
    await subscribe(TopicArn, "sqs", queueArn, { RawMessageDelivery: "true" });
    const PublishBatchRequestEntries = [entry("1"), entry("2", { Subject: "\n" }), entry("3")];
    const { Successful, Failed } = await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
    expect(Successful?.map(({ Id }) => Id)).toEqual(["1", "3"]);
    expect(Failed).toEqual([
      { Id: "2", Code: "InvalidParameter", Message: "Invalid parameter: Subject", SenderFault: true },
    ]);
    expect((await drain(queueArn)).map(({ Body }) => Body)).toEqual(["m1", "m3"]);
    const fine = await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [entry("1")] }));
    expect(fine.Failed).toEqual([]);
  });
});

describe("FIFO topics", () => {
  it("drop duplicates for five minutes, answering as for the original", async () => {
    const { sns, bus, topic, queue, subscribe, drain } = await startSns();
    const TopicArn = await topic("t.fifo", { ContentBasedDeduplication: "true" });
    const queueArn = await queue("q.fifo");
    const standard = await queue("q");
    await subscribe(TopicArn, "sqs", queueArn, { RawMessageDelivery: "true" });
    await subscribe(TopicArn, "sqs", standard, { RawMessageDelivery: "true" });
    const publish = (Message: string, MessageGroupId: string, MessageDeduplicationId?: string) =>
      sns.send(new PublishCommand({ TopicArn, Message, MessageGroupId, MessageDeduplicationId }));
    const first = await publish("Test", "a");
    expect(first.SequenceNumber).toMatch(/^1\d{19}$/);
    const again = await publish("Test", "b");
    expect([again.MessageId, again.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
    const second = await publish("Test", "a", "other");
    expect(BigInt(second.SequenceNumber ?? 0) > BigInt(first.SequenceNumber ?? 0)).toBe(true);
    await bus.clock.advance("5m");
    expect((await publish("Test", "a")).MessageId).not.toBe(first.MessageId);
    const messages = await drain(queueArn);
    expect(messages.map(({ Attributes }) => Attributes?.["MessageDeduplicationId"])).toEqual([
      "532eaabd9574880dbf76b9b8cc00832c20a6ec113d682299550d7a6e0f345e25",
      "other",
      "532eaabd9574880dbf76b9b8cc00832c20a6ec113d682299550d7a6e0f345e25",
    ]);
    expect(messages[0]?.Attributes).toMatchObject({ MessageGroupId: "a" });
    expect((await drain(standard)).length).toBe(3);
  });

  it("judge duplicates in each group with FifoThroughputScope MessageGroup", async () => {
    const { sns, topic } = await startSns();
    const TopicArn = await topic("t.fifo", { FifoThroughputScope: "MessageGroup" });
    const publish = async (MessageGroupId: string) =>
      (await sns.send(new PublishCommand({ TopicArn, Message: "m", MessageGroupId, MessageDeduplicationId: "d" })))
        .MessageId;
    const first = await publish("a");
    expect(await publish("a")).toBe(first);
    expect(await publish("b")).not.toBe(first);
  });

  it("send what a queue cannot take to its FIFO dead-letter queue, in order and with its ids", async () => {
    const { sns, topic, queue, subscribe, drain } = await startSns();
    const TopicArn = await topic("t.fifo");
    const dead = await queue("dead.fifo");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead });
    await subscribe(TopicArn, "sqs", "arn:aws:sqs:us-east-1:000000000000:missing.fifo", { RedrivePolicy });
    for (const id of ["1", "2", "3"]) {
      await sns.send(
        new PublishCommand({ TopicArn, Message: id, MessageGroupId: "g", MessageDeduplicationId: `d${id}` }),
      );
    }
    const letters = await drain(dead);
    expect(letters.map(({ Body }) => JSON.parse(Body ?? "").Message)).toEqual(["1", "2", "3"]);
    expect(letters[2]?.Attributes).toMatchObject({ MessageGroupId: "g", MessageDeduplicationId: "d3" });
    expect(JSON.parse(letters[0]?.Body ?? "")).not.toHaveProperty("Signature");
  });

  it("bring every queue the same order", async () => {
    const { sns, topic, queue, subscribe, drain } = await startSns();
    const TopicArn = await topic("t.fifo", { ContentBasedDeduplication: "true" });
    const queues = await Promise.all([1, 2, 3, 4, 5].map((n) => queue(`q${n}.fifo`)));
    for (const arn of queues) await subscribe(TopicArn, "sqs", arn, { RawMessageDelivery: "true" });
    const sent: string[] = [];
    for (let i = 0; i < 4; i++) {
      const PublishBatchRequestEntries = Array.from({ length: 10 }, (_, n) => {
        sent.push(`${i}-${n}`);
        return { Id: `${n}`, Message: `${i}-${n}`, MessageGroupId: "g" };
      });
      await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
    }
    for (const arn of queues) expect((await drain(arn)).map(({ Body }) => Body)).toEqual(sent);
  });
});
