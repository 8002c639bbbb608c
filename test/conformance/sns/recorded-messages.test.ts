/** Rules of SNS's messages and subscriptions as AWS was recorded to follow them, in tables of cases. */
import {
  ConfirmSubscriptionCommand,
  CreatePlatformApplicationCommand,
  GetPlatformApplicationAttributesCommand,
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  type MessageAttributeValue,
  PublishBatchCommand,
  PublishCommand,
  SetPlatformApplicationAttributesCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { describe, expect, it } from "vitest";
import { startReceiver, visit } from "../../support/http-receiver.ts";
import { type Bench, onClose, refusal, startSns } from "../../support/sns-bus.ts";

const number = (StringValue: string, DataType = "Number"): MessageAttributeValue => ({ DataType, StringValue });

async function bodies(bench: Bench, queueArn: string): Promise<string[]> {
  return (await bench.drain(queueArn)).map(({ Body }) => Body as string);
}

describe("the RedrivePolicy of a subscription that is no JSON", () => {
  const place = (column: number) =>
    `\n at [Source: REDACTED (\`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION\` disabled); line: 1, column: ${column}]`;
  const expected = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
  const cases: readonly (readonly [text: string, sentence: string, column: number])[] = [
    ["yes", `Unrecognized token 'yes': ${expected}`, 4],
    ["{x", "Unexpected character ('x' (code 120)): was expecting double-quote to start field name", 2],
    ["{dead:1}", "Unexpected character ('d' (code 100)): was expecting double-quote to start field name", 2],
  ];
  it.each(cases)("%s", async (text, sentence, column) => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const queue = await bench.queue("q");
    const SubscriptionArn = await bench.subscribe(topic, "sqs", queue);
    const named = { SubscriptionArn, AttributeName: "RedrivePolicy", AttributeValue: text };
    const told = await refusal(bench.sns.send(new SetSubscriptionAttributesCommand(named)));
    const words = `RedrivePolicy: failed to parse JSON. ${sentence}`;
    expect(told).toBe(`InvalidParameter: Invalid parameter: ${words}${place(column)}`);
    const other = await bench.queue("other");
    const Attributes = { RedrivePolicy: text };
    expect(
      await refusal(
        bench.sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: "sqs", Endpoint: other, Attributes })),
      ),
    ).toContain(`Attributes Reason: ${words}`);
  });

  it.each(["DeliveryPolicy", "ArchivePolicy"])("nor is the %s of a topic", async (AttributeName) => {
    const bench = await startSns();
    const TopicArn = await bench.topic("t.fifo", { FifoTopic: "true" });
    const named = { TopicArn, AttributeName, AttributeValue: "{ never:1}" };
    const sentence = "Unexpected character ('n' (code 110)): was expecting double-quote to start field name";
    expect(await refusal(bench.sns.send(new SetTopicAttributesCommand(named)))).toBe(
      `InvalidParameter: Invalid parameter: ${AttributeName}: failed to parse JSON. ${sentence}${place(3)}`,
    );
  });
});

describe("number attributes", () => {
  const outOfScale = (text: string) =>
    `ParameterValueInvalid: Message attribute 'n' number value [${text}] scale must be 10^-128 and 10^126.`;
  const tooPrecise = (text: string) =>
    `ParameterValueInvalid: Message attribute 'n' number value [${text}] must have less than 38 precision digits.`;
  const cases: readonly (readonly [text: string, answer: string])[] = [
    ["1e126", outOfScale("1e126")],
    ["0e126", outOfScale("0e126")],
    ["0e-129", outOfScale("0e-129")],
    ["-3.5E+200", outOfScale("-3.5E+200")],
    ["1e-128", "accepted"],
    ["9.99e125", "accepted"],
    ["1".repeat(38), "accepted"],
    ["1".repeat(39), tooPrecise("1".repeat(39))],
    [`0.${"0".repeat(60)}${"7".repeat(38)}`, "accepted"],
    [`1${"0".repeat(38)}`, tooPrecise(`1${"0".repeat(38)}`)],
    [`${"0".repeat(299)}1`, "accepted"],
    [".5", "accepted"],
    ["5.", "accepted"],
    ["1x", "ParameterValueInvalid: Could not cast message attribute 'n' value to number."],
  ];
  it.each(cases)("%s", async (text, answer) => {
    const bench = await startSns();
    const TopicArn = await bench.topic("t");
    const MessageAttributes = { n: number(text) };
    expect(await refusal(bench.sns.send(new PublishCommand({ TopicArn, Message: "x", MessageAttributes })))).toBe(
      answer,
    );
    const PublishBatchRequestEntries = [
      { Id: "a", Message: "x", MessageAttributes: { n: number(text, "Number.int") } },
    ];
    const batch = bench.sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
    expect(await refusal(batch)).toBe(answer);
  });
});

describe("characters beyond U+FFFF", () => {
  it.each([
    ["String", "party 🎉"],
    ["String.label", "🚀"],
    ["String.Array", '["🚀"]'],
  ])("are refused in a %s attribute, in a batch for all entries", async (DataType, StringValue) => {
    const bench = await startSns();
    const TopicArn = await bench.topic("t");
    const answer =
      "InvalidParameter: Invalid parameter: Invalid attribute value was passed in for message attribute mood";
    const MessageAttributes = { mood: { DataType, StringValue } };
    expect(await refusal(bench.sns.send(new PublishCommand({ TopicArn, Message: "x", MessageAttributes })))).toBe(
      answer,
    );
    const PublishBatchRequestEntries = [
      { Id: "a", Message: "x" },
      { Id: "b", Message: "y", MessageAttributes },
    ];
    expect(await refusal(bench.sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries })))).toBe(
      answer,
    );
  });

  it("are two escapes in a notification, and the others themselves", async () => {
    const bench = await startSns();
    const TopicArn = await bench.topic("t");
    const queue = await bench.queue("q");
    await bench.subscribe(TopicArn, "sqs", queue);
    const MessageAttributes = { city: { DataType: "String", StringValue: "北京é" } };
    await bench.sns.send(new PublishCommand({ TopicArn, Message: "你🎉", Subject: "go 🚀", MessageAttributes }));
    const [text = ""] = await bodies(bench, queue);
    expect(text).toContain('"Subject" : "go \\uD83D\\uDE80"');
    expect(text).toContain('"Message" : "你\\uD83C\\uDF89"');
    expect(text).toContain("北京é");
    expect(JSON.parse(text)).toMatchObject({ Subject: "go 🚀", Message: "你🎉" });
  });
});

describe("a structured message", () => {
  it("takes its attributes along, to queues and dead letters", async () => {
    const bench = await startSns();
    const TopicArn = await bench.topic("t");
    const queue = await bench.queue("q");
    await bench.subscribe(TopicArn, "sqs", queue);
    const MessageAttributes = { n: number("7"), b: { DataType: "Binary", BinaryValue: new Uint8Array([1, 2]) } };
    const Message = JSON.stringify({ default: "d", sqs: "for queues" });
    await bench.sns.send(new PublishCommand({ TopicArn, Message, MessageStructure: "json", MessageAttributes }));
    expect(JSON.parse((await bodies(bench, queue))[0] as string)).toMatchObject({
      Message: "for queues",
      MessageAttributes: { n: { Type: "Number", Value: "7" }, b: { Type: "Binary", Value: "AQI=" } },
    });
  });

  it("of a FIFO topic has no SequenceNumber in its notification, a plain one has", async () => {
    const bench = await startSns();
    const TopicArn = await bench.topic("t.fifo", { ContentBasedDeduplication: "true" });
    const fifo = await bench.queue("q.fifo");
    const standard = await bench.queue("q");
    for (const queue of [fifo, standard]) await bench.subscribe(TopicArn, "sqs", queue);
    const sent = [
      { Message: JSON.stringify({ default: "structured" }), MessageStructure: "json" },
      { Message: "plain" },
    ];
    for (const message of sent) {
      const { SequenceNumber } = await bench.sns.send(
        new PublishCommand({ TopicArn, MessageGroupId: "g", ...message }),
      );
      expect(SequenceNumber).toMatch(/^1\d{19}$/);
    }
    for (const queue of [fifo, standard]) {
      const texts = (await bodies(bench, queue)).map((text) => JSON.parse(text) as { Message: string });
      const byMessage = Object.fromEntries(texts.map((one) => [one.Message, Object.keys(one)]));
      expect(byMessage["structured"]).not.toContain("SequenceNumber");
      expect(byMessage["plain"]).toContain("SequenceNumber");
    }
  });
});

describe("the dead letter of a raw subscription", () => {
  for (const fifo of [false, true]) {
    it(`${fifo ? "of a FIFO topic " : ""}is what the queue would have got`, async () => {
      const bench = await startSns();
      const end = fifo ? ".fifo" : "";
      const TopicArn = await bench.topic(`t${end}`, fifo ? { ContentBasedDeduplication: "true" } : {});
      const dead = await bench.queue(`dead${end}`, fifo ? { FifoQueue: "true" } : {});
      const missing = dead.replace(/dead/, "missing");
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead });
      await bench.subscribe(TopicArn, "sqs", missing, { RawMessageDelivery: "true", RedrivePolicy });
      const MessageAttributes = {
        n: number("7"),
        s: { DataType: "String", StringValue: "text" },
        b: { DataType: "Binary", BinaryValue: new Uint8Array([1, 2]) },
      };
      const group = fifo ? { MessageGroupId: "g", MessageDeduplicationId: "d" } : {};
      await bench.sns.send(new PublishCommand({ TopicArn, Message: "x", MessageAttributes, ...group }));
      await bench.bus.settled();
      const name = dead.split(":").at(-1);
      const { Messages = [] } = await bench.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: `http://localhost:4566/000000000000/${name}`,
          MessageAttributeNames: ["All"],
          MessageSystemAttributeNames: ["All"],
        }),
      );
      expect(Messages).toMatchObject([{ Body: "x", MessageAttributes }]);
      if (fifo) {
        expect(Messages[0]?.Attributes).toMatchObject({ MessageGroupId: "g", MessageDeduplicationId: "d" });
      }
    });
  }
});

describe("a subscription with a user name in its URL", () => {
  it.each([
    ["http", "http://ann@example.com/in", false],
    ["http", "http://ann:pass@example.com/in", false],
    ["http", "http://example.com/in?at=a@b", true],
    ["https", "https://ann:pass@example.com/in", true],
  ])("%s %s", async (Protocol, Endpoint, taken) => {
    const bench = await startSns();
    const TopicArn = await bench.topic("t");
    expect(await refusal(bench.sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint })))).toBe(
      taken
        ? "accepted"
        : "InvalidParameter: Invalid parameter: Endpoint Reason: Please use HTTPS for subscriptions that contain inline credentials",
    );
  });
});

describe("what is ended", () => {
  /** A confirmed web subscription, the token of the message it gets, and the link that ends it. */
  async function confirmed() {
    const bench = await startSns();
    const receiver = await startReceiver(() => bench.bus.clock.now());
    const TopicArn = await bench.topic("t");
    const SubscriptionArn = await bench.subscribe(TopicArn, "http", receiver.url);
    await bench.bus.settled();
    const { Token, SubscribeURL } = JSON.parse(receiver.received.at(-1)?.body ?? "");
    await visit(SubscribeURL);
    await bench.sns.send(new PublishCommand({ TopicArn, Message: "x" }));
    await bench.bus.settled();
    const { UnsubscribeURL } = JSON.parse(receiver.received.at(-1)?.body ?? "");
    const lists = async () => {
      const all = await bench.sns.send(new ListSubscriptionsCommand({}));
      const ofTopic = await bench.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
      expect(ofTopic.Subscriptions).toEqual(all.Subscriptions);
      return all.Subscriptions?.map((one) => one.SubscriptionArn);
    };
    const attributes = () => refusal(bench.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn })));
    return { bench, receiver, TopicArn, SubscriptionArn, Token: Token as string, UnsubscribeURL, lists, attributes };
  }

  it("by a link stays to be seen, until it is taken back or three days are over", async () => {
    const { bench, receiver, SubscriptionArn, UnsubscribeURL, lists, attributes } = await confirmed();
    const second = await bench.subscribe(await bench.topic("t"), "email", "a@example.com");
    expect(second).toContain(":t:");
    await visit(UnsubscribeURL);
    await bench.bus.settled();
    expect(await lists()).toEqual(["Deleted", "PendingConfirmation"]);
    expect(await attributes()).toBe("accepted");
    const { SubscribeURL } = JSON.parse(receiver.received.at(-1)?.body ?? "");
    await visit(SubscribeURL);
    expect(await lists()).toEqual([SubscriptionArn, "PendingConfirmation"]);
    await visit(UnsubscribeURL);
    await bench.bus.clock.advance("73h");
    expect(await lists()).toEqual([]);
    expect(await attributes()).toBe("NotFound: Subscription does not exist");
  });

  it("by its owner is gone, and its token says so", async () => {
    const { bench, TopicArn, SubscriptionArn, Token, lists, attributes } = await confirmed();
    await bench.sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    expect(await lists()).toEqual([]);
    expect(await attributes()).toBe("NotFound: Subscription does not exist");
    expect(await refusal(bench.sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token })))).toBe(
      "NotFound: Subscription does not exist",
    );
  });
});

it("a queue of another account is asked again when the topic's owner repeats its subscription", async () => {
  const bench = await startSns();
  const TopicArn = await bench.topic("t");
  const stranger = "111122223333";
  const config = { ...bench.bus.clientConfig({ account: stranger }), maxAttempts: 1 };
  const other = new SNSClient(config);
  onClose(async () => other.destroy());
  const { SQSClient, CreateQueueCommand } = await import("@aws-sdk/client-sqs");
  const queues = new SQSClient(config);
  onClose(async () => queues.destroy());
  const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName: "q" }));
  const Endpoint = `arn:aws:sqs:us-east-1:${stranger}:q`;
  const first = await other.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint }));
  const again = await bench.sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint }));
  expect(again.SubscriptionArn).toBe(first.SubscriptionArn);
  await bench.bus.settled();
  const { Messages = [] } = await queues.send(new ReceiveMessageCommand({ QueueUrl }));
  const { Type, Token } = JSON.parse(Messages[0]?.Body ?? "{}");
  expect(Type).toBe("SubscriptionConfirmation");
  const { SubscriptionArn } = await bench.sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token }));
  expect(SubscriptionArn).toBe(first.SubscriptionArn);
});

describe("attributes of a platform application", () => {
  const short = (count: number) =>
    `InvalidParameter: Invalid parameter: PlatformApplicationArn Reason: An ARN must have at least 6 elements, not ${count}`;
  const missing =
    "ValidationError: 1 validation error detected: Value null at 'attributes' failed to satisfy constraint: Member must not be null";
  const there = "arn:aws:sns:us-east-1:000000000000:app/GCM/there";
  const cases: readonly (readonly [arn: string, attributes: boolean, answer: string])[] = [
    ["app", false, short(1)],
    ["arn:aws:sns", true, short(3)],
    ["arn:aws:sns:us-east-1:000000000000:app/GCM/none", false, missing],
    ["arn:aws:sns:us-east-1:000000000000:app/GCM/none", true, "NotFound: PlatformApplication does not exist"],
    [there, false, missing],
    [there, true, "accepted"],
  ];
  it.each(cases)("%s, attributes %s", async (PlatformApplicationArn, given, answer) => {
    const { sns } = await startSns();
    const Attributes = { PlatformCredential: "k" };
    await sns.send(new CreatePlatformApplicationCommand({ Name: "there", Platform: "GCM", Attributes }));
    const named = { PlatformApplicationArn, Attributes: given ? { Enabled: "true" } : undefined };
    expect(await refusal(sns.send(new SetPlatformApplicationAttributesCommand(named)))).toBe(answer);
    if (answer === missing) return;
    expect(await refusal(sns.send(new GetPlatformApplicationAttributesCommand({ PlatformApplicationArn })))).toBe(
      answer,
    );
  });
});
