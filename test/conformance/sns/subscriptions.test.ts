import {
  ConfirmSubscriptionCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import { describe, expect, it } from "vitest";
import { type Bench, refusal, startSns } from "../../support/sns-bus.ts";

const queueArn = "arn:aws:sqs:us-east-1:000000000000:q";
const fifoArn = `${queueArn}.fifo`;

const attributesOf = async ({ sns }: Bench, SubscriptionArn: string) =>
  (await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes ?? {};
const set = ({ sns }: Bench, SubscriptionArn: string, AttributeName: string, AttributeValue?: string) =>
  sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));

describe("Subscribe", () => {
  it.each([
    ["carrier-pigeon", "coop", "Invalid parameter: Amazon SNS does not support this protocol string: carrier-pigeon"],
    ["sqs", "http://localhost:4566/000000000000/q", "Invalid parameter: SQS endpoint ARN"],
    [
      "sqs",
      fifoArn,
      "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
    ],
    ["sms", "+15--551234567", "Invalid SMS endpoint: +15--551234567"],
    ["sms", "NAA+15551234567", "Invalid SMS endpoint: NAA+15551234567"],
    ["sms", "+15551234567.", "Invalid SMS endpoint: +15551234567."],
    ["sms", "/+15551234567", "Invalid SMS endpoint: /+15551234567"],
    ["http", "https://example.com", "Invalid parameter: Endpoint must match the specified protocol"],
    ["lambda", "f", "Invalid parameter: Lambda endpoint ARN"],
    ["email", "nobody", "Invalid parameter: Email address"],
  ])("refuses %s %s", async (protocol, endpoint, message) => {
    const bench = await startSns();
    expect(await refusal(bench.subscribe(await bench.topic("t"), protocol, endpoint))).toBe(
      `InvalidParameter: ${message}`,
    );
  });

  it("accepts valid ones, confirming those of its own account", async () => {
    const bench = await startSns();
    const { sns } = bench;
    const TopicArn = await bench.topic("t");
    const subscribe = async (Protocol: string, Endpoint: string, Attributes?: Record<string, string>) =>
      (await sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }))).SubscriptionArn;
    const arn = new RegExp(`^${TopicArn}:[0-9a-f-]{36}$`);
    expect(await subscribe("sqs", queueArn)).toMatch(arn);
    expect(await subscribe("sms", "+1234567890")).toMatch(arn);
    expect(await subscribe("sms", "+12/34-567.890")).toMatch(arn);
    expect(await subscribe("lambda", "arn:aws:lambda:us-east-1:000000000000:function:f")).toMatch(arn);
    const role = { SubscriptionRoleArn: "arn:aws:iam::000000000000:role/r" };
    expect(await subscribe("firehose", "arn:aws:firehose:us-east-1:000000000000:deliverystream/d", role)).toMatch(arn);
    expect(await subscribe("email", "a@example.com")).toBe("pending confirmation");
    expect(await subscribe("http", "http://127.0.0.1:9/x")).toBe("pending confirmation");
    expect(await subscribe("sqs", "arn:aws:sqs:us-east-1:111122223333:q")).toBe("pending confirmation");
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Attributes).toMatchObject({ SubscriptionsConfirmed: "5", SubscriptionsPending: "3" });
  });

  it("answers with the existing subscription", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const subscribe = (attributes?: Record<string, string>) => bench.subscribe(topic, "sqs", queueArn, attributes);
    const arn = await subscribe({ RawMessageDelivery: "TrUe" });
    const equal: (Record<string, string> | undefined)[] = [
      undefined,
      {},
      { RawMessageDelivery: "true" },
      { FilterPolicyScope: "MessageAttributes" },
    ];
    for (const attributes of equal) {
      expect(await subscribe(attributes)).toBe(arn);
    }
    expect(await refusal(subscribe({ RawMessageDelivery: "false" }))).toBe(
      "InvalidParameter: Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
    );
  });

  it.each([
    [{ RawMessageDelivery: "perhaps" }, "RawMessageDelivery: Invalid value [perhaps]. Must be true or false."],
    [
      { FilterPolicyScope: "Everything" },
      "FilterPolicyScope: Invalid value [Everything]. Please use either MessageBody or MessageAttributes",
    ],
    [{ RedrivePolicy: '{"x":1}' }, "RedrivePolicy: invalid JSON. Attribute x is unknown."],
    [{ RedrivePolicy: '{"deadLetterTargetArn":"x"}' }, "RedrivePolicy: deadLetterTargetArn is an invalid arn"],
    [
      { FilterPolicy: '{"key":[{"numeric":[]}]}' },
      'FilterPolicy: Invalid member in numeric match: ]\n at [Source: (String)"{"key":[{"numeric":[]}]}"; line: 1, column: 22]',
    ],
    [
      { FilterPolicy: '{"a":{"b":["c"]}}' },
      "Filter policy scope MessageAttributes does not support nested filter policy",
    ],
  ])("refuses %j, with the words that Set uses too", async (attributes, message) => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const subscribing = bench.subscribe(topic, "sqs", queueArn, attributes as Record<string, string>);
    expect(await refusal(subscribing)).toBe(`InvalidParameter: Invalid parameter: Attributes Reason: ${message}`);
    const arn = await bench.subscribe(topic, "sqs", queueArn);
    const [name = "", value] = Object.entries(attributes)[0] ?? [];
    expect(await refusal(set(bench, arn, name, value))).toBe(`InvalidParameter: Invalid parameter: ${message}`);
  });

  it("limits FIFO topics to queues, and their queues to FIFO dead-letter queues", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t.fifo");
    const redrive = (arn: string) => ({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn }) });
    expect(await refusal(bench.subscribe(topic, "sms", "+123456789"))).toMatch(/Invalid protocol type: sms$/);
    expect(await refusal(bench.subscribe(topic, "sqs", fifoArn, redrive(`${queueArn}-dlq`)))).toBe(
      "InvalidParameter: Invalid parameter: Attributes Reason: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.",
    );
    expect(await refusal(bench.subscribe(topic, "sqs", fifoArn, redrive(`${queueArn}-dlq.fifo`)))).toBe("accepted");
    expect(await refusal(bench.subscribe(topic, "sqs", queueArn, redrive(`${queueArn}-dlq`)))).toBe("accepted");
  });
});

describe("subscription attributes", () => {
  it("are AWS's own", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const arn = await bench.subscribe(topic, "sqs", queueArn);
    expect(await attributesOf(bench, arn)).toEqual({
      SubscriptionArn: arn,
      TopicArn: topic,
      Protocol: "sqs",
      Endpoint: queueArn,
      Owner: "000000000000",
      ConfirmationWasAuthenticated: "true",
      PendingConfirmation: "false",
      RawMessageDelivery: "false",
      SubscriptionPrincipal: "arn:aws:iam::000000000000:user/busbar",
    });
    const email = await bench.subscribe(topic, "email", "a@example.com");
    expect(await attributesOf(bench, email)).toMatchObject({
      ConfirmationWasAuthenticated: "false",
      PendingConfirmation: "true",
    });
    const web = await bench.subscribe(topic, "http", "http://127.0.0.1:9/");
    expect(JSON.parse((await attributesOf(bench, web))["EffectiveDeliveryPolicy"] ?? "")).toMatchObject({
      healthyRetryPolicy: { numRetries: 3, minDelayTarget: 20 },
      guaranteed: false,
    });
  });

  it("keep a filter policy to the byte, with its scope, and remove it", async () => {
    const bench = await startSns();
    const arn = await bench.subscribe(await bench.topic("t"), "sqs", queueArn);
    await set(bench, arn, "FilterPolicyScope", "MessageBody");
    expect(await attributesOf(bench, arn)).not.toHaveProperty("FilterPolicyScope");
    const policy = '{ "a" : ["b",  1.0] }';
    await set(bench, arn, "FilterPolicy", policy);
    expect(await attributesOf(bench, arn)).toMatchObject({
      FilterPolicy: policy,
      FilterPolicyScope: "MessageBody",
    });
    await set(bench, arn, "FilterPolicy", '{"a":{"b":["c"]}}');
    expect(await refusal(set(bench, arn, "FilterPolicyScope", "MessageAttributes"))).toMatch(/nested filter policy$/);
    await set(bench, arn, "FilterPolicy", "");
    expect(await attributesOf(bench, arn)).not.toHaveProperty("FilterPolicy");
    expect(await refusal(set(bench, arn, "Nonsense", "x"))).toBe("InvalidParameter: Invalid parameter: AttributeName");
  });
});

describe("the life of a subscription", () => {
  it("is confirmed by its token, is pending before, and may be ended twice", async () => {
    const bench = await startSns();
    const { sns, bus } = bench;
    const TopicArn = await bench.topic("t");
    const arn = await bench.subscribe(TopicArn, "email", "a@example.com");
    const list = async () => (await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions ?? [];
    expect(await list()).toEqual([
      {
        SubscriptionArn: "PendingConfirmation",
        Owner: "000000000000",
        Protocol: "email",
        Endpoint: "a@example.com",
        TopicArn,
      },
    ]);
    const [letter] = bus.mailbox({ channel: "email" });
    const url = new URL(/http\S+/.exec(letter?.body ?? "")?.[0] ?? "");
    const Token = url.searchParams.get("Token") ?? "";
    const confirm = (token: string) => sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token: token }));
    expect(await refusal(confirm("nonsense"))).toBe("InvalidParameter: Invalid token");
    expect((await confirm(Token)).SubscriptionArn).toBe(arn);
    expect((await confirm(Token)).SubscriptionArn).toBe(arn);
    expect((await list())[0]?.SubscriptionArn).toBe(arn);
    const unsubscribe = (SubscriptionArn?: string) => sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    await unsubscribe(arn);
    await unsubscribe(arn);
    expect(await list()).toEqual([]);
    expect(await refusal(set(bench, arn, "RawMessageDelivery", "true"))).toBe("NotFound: Subscription does not exist");
    expect(await refusal(unsubscribe("pending confirmation"))).toBe(
      "InvalidParameter: Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1",
    );
    expect(await refusal(unsubscribe(TopicArn))).toBe("InvalidParameter: Invalid parameter: SubscriptionId");
    expect(await refusal(unsubscribe(undefined))).toBe(
      "InvalidParameter: Invalid parameter: SubscriptionArn Reason: no value for required parameter",
    );
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Attributes?.["SubscriptionsDeleted"]).toBe("1");
  });

  it("expires if it is not confirmed for three days", async () => {
    const bench = await startSns();
    const TopicArn = await bench.topic("t");
    const arn = await bench.subscribe(TopicArn, "email", "a@example.com");
    const [letter] = bench.bus.mailbox({ channel: "email" });
    const Token = /Token=(\w+)/.exec(letter?.body ?? "")?.[1];
    await bench.bus.clock.advance("71h");
    await attributesOf(bench, arn);
    await bench.bus.clock.advance("2h");
    expect(await refusal(attributesOf(bench, arn))).toBe("NotFound: Subscription does not exist");
    const late = bench.sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token }));
    expect(await refusal(late)).toBe("InvalidParameter: Invalid parameter: Token");
  });

  it("pages by the hundred and goes with its topic", async () => {
    const bench = await startSns();
    const { sns } = bench;
    const TopicArn = await bench.topic("t");
    for (let i = 0; i < 130; i++) await bench.subscribe(TopicArn, "sqs", `${queueArn}${i}`);
    const first = await sns.send(new ListSubscriptionsCommand({}));
    const second = await sns.send(new ListSubscriptionsCommand({ NextToken: first.NextToken }));
    expect([first.Subscriptions?.length, second.Subscriptions?.length, second.NextToken]).toEqual([100, 30, undefined]);
    await sns.send(new DeleteTopicCommand({ TopicArn }));
    expect((await sns.send(new ListSubscriptionsCommand({}))).Subscriptions).toEqual([]);
    expect(await refusal(sns.send(new ListSubscriptionsByTopicCommand({ TopicArn })))).toBe(
      "NotFound: Topic does not exist",
    );
  });

  it("has a limit of filter policies with strict", async () => {
    const bench = await startSns({ strict: true });
    const topic = await bench.topic("t");
    const FilterPolicy = '{"a":["b"]}';
    for (let i = 0; i < 200; i++) await bench.subscribe(topic, "sqs", `${queueArn}${i}`, { FilterPolicy });
    expect(await refusal(bench.subscribe(topic, "sqs", queueArn, { FilterPolicy }))).toMatch(
      /^FilterPolicyLimitExceeded: /,
    );
  });
});
