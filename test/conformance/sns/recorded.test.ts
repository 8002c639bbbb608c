/** Rules of SNS as AWS was recorded to follow them. */
import {
  AddPermissionCommand,
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  DeleteEndpointCommand,
  DeletePlatformApplicationCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  TagResourceCommand,
  UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import { describe, expect, it } from "vitest";
import { postForm } from "../../support/http.ts";
import { type Bench, onClose, refusal, startSns } from "../../support/sns-bus.ts";

const prefix = "InvalidParameter: Invalid parameter: ";

function clientOf({ bus }: Bench, as: { account?: string; region?: string }): SNSClient {
  const client = new SNSClient({ ...bus.clientConfig(as), maxAttempts: 1 });
  onClose(async () => client.destroy());
  return client;
}

const setTopic = ({ sns }: Bench, TopicArn: string, AttributeName: string, AttributeValue: string) =>
  sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue }));
const shown = async ({ sns }: Bench, TopicArn: string) =>
  (await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes ?? {};

describe("a filter policy's scope", () => {
  it("that was set before the policy rules it, and is shown with it alone", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const queue = await bench.queue("q");
    const SubscriptionArn = await bench.subscribe(topic, "sqs", queue, { RawMessageDelivery: "true" });
    const set = (AttributeName: string, AttributeValue: string) =>
      bench.sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));
    const attributes = async () =>
      (await bench.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes ?? {};
    await set("FilterPolicyScope", "MessageBody");
    expect(await attributes()).not.toHaveProperty("FilterPolicyScope");
    await set("FilterPolicy", '{"order":{"city":["Oslo"]}}');
    expect(await attributes()).toMatchObject({ FilterPolicyScope: "MessageBody" });
    const six = Object.fromEntries([..."abcdef"].map((name) => [name, [1]]));
    expect(await refusal(set("FilterPolicy", JSON.stringify(six)))).toBe(
      `${prefix}FilterPolicy: Filter policy can not have more than 5 keys`,
    );
    for (const city of ["Oslo", "Bergen"]) {
      await bench.sns.send(new PublishCommand({ TopicArn: topic, Message: JSON.stringify({ order: { city } }) }));
    }
    await bench.bus.settled();
    expect((await bench.drain(queue)).map(({ Body }) => Body)).toEqual(['{"order":{"city":"Oslo"}}']);
  });
});

describe("another region's ARN", () => {
  it("is refused by every operation, and nothing is read or changed there", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const SubscriptionArn = await bench.subscribe(topic, "sqs", await bench.queue("q"));
    const there = clientOf(bench, { region: "eu-west-1" });
    const application = "arn:aws:sns:us-east-1:000000000000:app/GCM/a";
    const refusals = [
      there.send(new DeleteTopicCommand({ TopicArn: topic })),
      there.send(new UnsubscribeCommand({ SubscriptionArn })),
      there.send(new GetSubscriptionAttributesCommand({ SubscriptionArn })),
      there.send(new TagResourceCommand({ ResourceArn: topic, Tags: [{ Key: "a", Value: "b" }] })),
      there.send(new ListTagsForResourceCommand({ ResourceArn: topic })),
      there.send(new DeletePlatformApplicationCommand({ PlatformApplicationArn: application })),
      there.send(new DeleteEndpointCommand({ EndpointArn: application.replace("app/", "endpoint/") })),
      there.send(new ConfirmSubscriptionCommand({ TopicArn: topic, Token: "x" })),
    ];
    expect(await Promise.all(refusals.map(refusal))).toEqual(
      [
        "TopicArn",
        "SubscriptionArn",
        "SubscriptionArn",
        "ResourceArn",
        "ResourceArn",
        "PlatformApplicationArn",
        "EndpointArn",
        "Topic",
      ].map((name) => prefix + name),
    );
    const { Subscriptions } = await bench.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic }));
    expect(Subscriptions).toHaveLength(1);
  });
});

describe("another account", () => {
  it("manages what the topic's policy lets it, and nothing else", async () => {
    const bench = await startSns({ policies: "enforce" });
    const topic = await bench.topic("t");
    const SubscriptionArn = await bench.subscribe(topic, "sqs", await bench.queue("q"));
    const other = clientOf(bench, { account: "111122223333" });
    const attempts: readonly (readonly [string, () => Promise<unknown>])[] = [
      ["DeleteTopic", () => other.send(new DeleteTopicCommand({ TopicArn: topic }))],
      [
        "TagResource",
        () => other.send(new TagResourceCommand({ ResourceArn: topic, Tags: [{ Key: "a", Value: "b" }] })),
      ],
      ["Unsubscribe", () => other.send(new UnsubscribeCommand({ SubscriptionArn }))],
      [
        "SetSubscriptionAttributes",
        () =>
          other.send(
            new SetSubscriptionAttributesCommand({
              SubscriptionArn,
              AttributeName: "RawMessageDelivery",
              AttributeValue: "true",
            }),
          ),
      ],
    ];
    for (const [action, attempt] of attempts) {
      expect(await refusal(attempt())).toMatch(
        new RegExp(
          `^AuthorizationError: User: arn:aws:iam::111122223333:\\S+ is not authorized to perform: SNS:${action} on resource: ${topic} because no resource-based policy allows the SNS:${action} action$`,
        ),
      );
    }
    const named = {
      TopicArn: topic,
      AttributeName: "DisplayName",
      AttributeValue: "theirs",
    };
    expect(await refusal(other.send(new SetTopicAttributesCommand(named)))).toMatch(/^AuthorizationError: /);
    const grant = { Label: "l", AWSAccountId: ["111122223333"], ActionName: ["SetTopicAttributes"] };
    await bench.sns.send(new AddPermissionCommand({ TopicArn: topic, ...grant }));
    await other.send(new SetTopicAttributesCommand(named));
    expect(await shown(bench, topic)).toMatchObject({ DisplayName: "theirs" });
  });
});

describe("policies of topics", () => {
  it("are shown compact, accounts as ARNs, one name as itself", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const statement = (AWS: unknown) => ({
      Effect: "Allow",
      Principal: { AWS },
      Action: ["sns:publish"],
      Resource: "*",
    });
    const policy = (...names: unknown[]) => ({ Statement: names.map(statement), Version: "2012-10-17" });
    await setTopic(
      bench,
      topic,
      "Policy",
      JSON.stringify(policy("111122223333", ["444455556666"], ["*", "111122223333"]), null, 2),
    );
    const root = (account: string) => `arn:aws:iam::${account}:root`;
    expect((await shown(bench, topic))["Policy"]).toBe(
      JSON.stringify(policy(root("111122223333"), root("444455556666"), ["*", root("111122223333")])),
    );
  });

  it.each(["*", "sns:*", "SNS:Get*", "sns:Publis?"])("do not speak of %s", async (Action) => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    const policy = { Statement: [{ Effect: "Allow", Principal: "*", Action, Resource: topic }] };
    expect(await refusal(setTopic(bench, topic, "Policy", JSON.stringify(policy)))).toBe(
      `${prefix}Policy statement action out of service scope!`,
    );
  });
});

describe("attributes of FIFO topics", () => {
  it("change in one direction", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t.fifo");
    expect(await shown(bench, topic)).not.toHaveProperty("FifoThroughputScope");
    await setTopic(bench, topic, "FifoTopic", "true");
    for (const value of ["Topic", "MessageGroup", "MessageGroup"])
      await setTopic(bench, topic, "FifoThroughputScope", value);
    const cases = [
      ["FifoTopic", "false", "FifoTopic: Modifying topic type is not supported"],
      ["FifoThroughputScope", "Topic", "Modifying FifoThroughputScope from MessageGroup to Topic is not supported"],
      ["FifoThroughputScope", "all", "Invalid FifoThroughputScope: all"],
    ] as const;
    for (const [name, value, text] of cases) {
      expect(await refusal(setTopic(bench, topic, name, value))).toBe(prefix + text);
    }
  });

  it.each(["FifoTopic", "ContentBasedDeduplication", "FifoThroughputScope"])(
    "standard topics know no %s",
    async (name) => {
      const bench = await startSns();
      expect(await refusal(setTopic(bench, await bench.topic("t"), name, "true"))).toBe(`${prefix}AttributeName`);
    },
  );

  it("an archive is shown as it was set, and never asked for twice", async () => {
    const bench = await startSns();
    const ArchivePolicy = '{ "MessageRetentionPeriod":7}';
    const topic = await bench.topic("t.fifo", { ArchivePolicy });
    expect(await shown(bench, topic)).toMatchObject({ ArchivePolicy });
    expect(await refusal(bench.topic("t.fifo", { ArchivePolicy }))).toBe(
      `${prefix}Attributes Reason: Topic already exists with different attributes`,
    );
    expect(await bench.topic("t.fifo")).toBe(topic);
    await setTopic(bench, topic, "ArchivePolicy", "{}");
    expect(await bench.topic("t.fifo", { ArchivePolicy: "{}" })).toBe(topic);
    expect(await shown(bench, topic)).not.toHaveProperty("ArchivePolicy");
  });
});

describe("PublishBatch", () => {
  it.each([
    ["a b", "contains an impermissible character"],
    ["a.b", "contains an impermissible character"],
    ["x".repeat(81), "is too long"],
  ])("refuses the id %s", async (Id, fault) => {
    const bench = await startSns();
    const TopicArn = await bench.topic("t");
    const PublishBatchRequestEntries = [{ Id, Message: "m" }];
    expect(await refusal(bench.sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries })))).toBe(
      `InvalidBatchEntryId: The Id of a batch entry in the batch request ${fault}: ${Id}`,
    );
  });

  const badId =
    "The MessageGroupId parameter can only include alphanumeric and punctuation characters. 1 to 128 in length";
  it.each([
    ["an empty message", { Message: "" }, "Empty message"],
    ["a subject", { Message: "m", Subject: "a\nb" }, "Subject"],
    [
      "a structure, before the group",
      { Message: "{}", MessageStructure: "json", MessageGroupId: undefined },
      "Message Structure - No default entry in JSON message body",
    ],
    ["a group id", { Message: "m", MessageGroupId: "ö" }, badId],
  ])(
    "with %s that is wrong fails as a whole on a FIFO topic, in its entry on a standard one",
    async (_what, bad, text) => {
      const bench = await startSns();
      const queue = await bench.queue("q");
      const entries = (more: object) => [
        { Id: "good", Message: "m", ...more },
        { Id: "bad", ...more, ...bad },
      ];
      const send = (TopicArn: string, more: object) =>
        bench.sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: entries(more) }));
      const fifo = await bench.topic("t.fifo", { ContentBasedDeduplication: "true" });
      await bench.subscribe(fifo, "sqs", queue);
      expect(await refusal(send(fifo, { MessageGroupId: "g" }))).toBe(prefix + text);
      await bench.bus.settled();
      expect(await bench.drain(queue)).toEqual([]);
      const { Successful, Failed } = await send(await bench.topic("t"), {});
      expect(Successful?.map(({ Id }) => Id)).toEqual(["good"]);
      expect(Failed).toEqual([
        { Id: "bad", Code: "InvalidParameter", Message: `Invalid parameter: ${text}`, SenderFault: true },
      ]);
    },
  );
});

describe("a structured message", () => {
  it.each([
    ['{"default":42}', "42"],
    ['{"default":null}', "null"],
    ['{"default":false}', "false"],
    ['{"default":"a","default":"b"}', "b"],
    ['{"default":""}', ""],
  ])("%s says %s", async (Message, expected) => {
    const bench = await startSns();
    const TopicArn = await bench.topic("t");
    const queue = await bench.queue("q");
    await bench.subscribe(TopicArn, "sqs", queue);
    await bench.sns.send(new PublishCommand({ TopicArn, Message, MessageStructure: "json" }));
    await bench.bus.settled();
    expect((await bench.drain(queue)).map(({ Body }) => JSON.parse(Body ?? "").Message)).toEqual([expected]);
  });
});

describe("a group or deduplication id", () => {
  const bad = ["", "x".repeat(129), "a b", "a\tb", "é", "数"];
  const fine = ["x".repeat(128), "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "Az09"];
  const text = (parameter: string) =>
    `${prefix}The ${parameter} parameter can only include alphanumeric and punctuation characters. 1 to 128 in length`;

  it("is of letters, digits and punctuation of ASCII, on standard topics as well", async () => {
    const bench = await startSns();
    const ids = { MessageGroupId: "g", MessageDeduplicationId: "d" };
    const fifo = { TopicArn: await bench.topic("t.fifo", { FifoTopic: "true" }), Message: "m", ...ids };
    const standard = { TopicArn: await bench.topic("t"), Message: "m" };
    const publish = (input: object) => bench.sns.send(new PublishCommand(input as typeof standard));
    for (const id of bad) {
      expect(await refusal(publish({ ...fifo, MessageGroupId: id }))).toBe(text("MessageGroupId"));
      expect(await refusal(publish({ ...fifo, MessageDeduplicationId: id }))).toBe(text("MessageDeduplicationId"));
      expect(await refusal(publish({ ...standard, MessageGroupId: id }))).toBe(text("MessageGroupId"));
    }
    for (const id of fine) {
      await publish({ ...fifo, MessageGroupId: id, MessageDeduplicationId: id });
      await publish({ ...standard, MessageGroupId: id });
    }
  });
});

describe("ConfirmSubscription", () => {
  it("goes by the token, whatever the topic is called", async () => {
    const bench = await startSns();
    const { sns, bus } = bench;
    const topic = await bench.topic("t");
    const arn = await bench.subscribe(topic, "email", "a@example.com");
    const Token = /Token=([0-9a-f]+)/.exec(bus.mailbox({ channel: "email" })[0]?.body ?? "")?.[1] ?? "";
    expect(Token).toHaveLength(288);
    const confirm = (TopicArn: string, token: string, AuthenticateOnUnsubscribe?: string) =>
      sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token: token, AuthenticateOnUnsubscribe }));
    expect(await refusal(confirm("t", Token))).toBe(`${prefix}Topic`);
    expect(await refusal(confirm(`${topic}-not`, "0".repeat(288)))).toBe(`${prefix}Token`);
    expect(await refusal(confirm(topic, "word"))).toBe("InvalidParameter: Invalid token");
    expect((await confirm(`${topic}-not`, Token)).SubscriptionArn).toBe(arn);
    expect(await refusal(confirm(topic, Token, "true"))).toBe("AuthorizationError: Subscription already confirmed");
    expect((await confirm(topic, Token)).SubscriptionArn).toBe(arn);
  });

  it("that nobody signed cannot disallow that nobody signs", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t");
    await bench.subscribe(topic, "email", "a@example.com");
    const url = /http\S+/.exec(bench.bus.mailbox({ channel: "email" })[0]?.body ?? "")?.[0] ?? "";
    const answer = await fetch(`${url}&AuthenticateOnUnsubscribe=true`);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain(
      "<Message>To disallow anonymous unsubscription, subscriber and confirmer IDs must match</Message>",
    );
  });
});

it("Subscribe looks for the topic before it looks at the endpoint", async () => {
  const bench = await startSns();
  const TopicArn = `${await bench.topic("t")}-not`;
  expect(await refusal(bench.sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: "x" })))).toBe(
    "NotFound: Topic does not exist",
  );
});

it("answers are laid out with two blanks a level and a line feed at the end", async () => {
  const bench = await startSns();
  const body = (parameters: Record<string, string>) =>
    postForm(bench.bus.endpoint, { Version: "2010-03-31", ...parameters }).then(({ text }) => text);
  const published = { Action: "Publish", TopicArn: await bench.topic("t"), Message: "x" };
  expect(await body(published)).toMatch(
    /^<PublishResponse xmlns="[^"]*">\n {2}<PublishResult>\n {4}<MessageId>[0-9a-f-]{36}<\/MessageId>\n {2}<\/PublishResult>\n {2}<ResponseMetadata>\n {4}<RequestId>[0-9a-f-]{36}<\/RequestId>\n {2}<\/ResponseMetadata>\n<\/PublishResponse>\n$/,
  );
  expect(await body(published)).toHaveLength(294);
  const TopicArn = await bench.topic("t.fifo", { FifoTopic: "true", ContentBasedDeduplication: "true" });
  expect(await body({ ...published, TopicArn, MessageGroupId: "g" })).toHaveLength(352);
  expect(await body({ Action: "GetTopicAttributes", TopicArn: "x" })).toMatch(
    /^<ErrorResponse [^>]*>\n {2}<Error>\n {4}<Type>/,
  );
});

it("NextToken is padded base64", async () => {
  const bench = await startSns();
  for (let i = 0; i < 101; i++)
    await bench.sns.send(new CreateTopicCommand({ Name: `${"t".repeat(1 + (i % 3))}${i}` }));
  const { NextToken = "" } = await bench.sns.send(new ListTopicsCommand({}));
  expect(NextToken).toMatch(/^[A-Za-z0-9+/]+=*$/);
  expect(NextToken.length % 4).toBe(0);
});
