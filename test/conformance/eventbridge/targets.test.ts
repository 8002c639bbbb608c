import {
  CreateEventBusCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from "@aws-sdk/client-eventbridge";
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from "@aws-sdk/client-kinesis";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { beforeAll, describe, expect, it } from "vitest";
import { account, type Harness, harness, region } from "./harness.ts";

let h: Harness;
const role = "arn:aws:iam::000000000000:role/r";

beforeAll(async () => {
  h = await harness();
});

/** A rule with one target, and what is put for it. */
async function route(name: string, target: Partial<Target>, bus?: string): Promise<void> {
  await h.events.send(new PutRuleCommand({ Name: name, EventBusName: bus, EventPattern: `{"source":["${name}"]}` }));
  const Targets = [{ Id: "t", ...target } as Target];
  await h.events.send(new PutTargetsCommand({ Rule: name, EventBusName: bus, Targets }));
}

async function put(source: string, detail: object = {}, more: object = {}): Promise<string> {
  const Time = new Date("2026-03-01T00:00:00Z");
  const entry = { Source: source, DetailType: "Test", Detail: JSON.stringify(detail), Time, ...more };
  const { Entries } = await h.events.send(new PutEventsCommand({ Entries: [entry] }));
  return Entries?.[0]?.EventId as string;
}

const eventText = (id: string, source: string, detail = "{}", time = "2026-03-01T00:00:00Z") =>
  `{"version":"0","id":"${id}","detail-type":"Test","source":"${source}","account":"${account}","time":"${time}","region":"${region}","resources":[],"detail":${detail}}`;

describe("what a queue gets", () => {
  it("is a constant, a part of the event, or what a template makes of it", async () => {
    const { url, arn } = await h.queue("inputs");
    const detail = { name: "baz", list: [1, { a: 2 }], n: 3 };
    const ruleArn = `arn:aws:events:${region}:${account}:rule/`;
    const cases: [Partial<Target>, string | undefined][] = [
      [{ Input: '{ "constant": true }' }, '{ "constant": true }'],
      [{ InputPath: "$.detail" }, JSON.stringify(detail)],
      [{ InputPath: "$.detail.name" }, '"baz"'],
      [{ InputPath: "$.detail.list[1].a" }, "2"],
      [
        {
          InputTransformer: {
            InputPathsMap: { n: "$.detail.name" },
            InputTemplate: '"Hello <n>, rule <aws.events.rule-name>"',
          },
        },
        '"Hello baz, rule case-4"',
      ],
      [
        {
          InputTransformer: {
            InputPathsMap: { l: "$.detail.list", none: "$.detail.none" },
            InputTemplate:
              '{ "l": <l>, "none": <none>, "arn": <aws.events.rule-arn>, "at": "<aws.events.event.ingestion-time>" }',
          },
        },
        `{"l":[1,{"a":2}],"none":"","arn":"${ruleArn}case-5","at":"2026-03-01T00:00:00.000Z"}`,
      ],
      [{ InputTransformer: { InputPathsMap: { l: "$.detail.list" }, InputTemplate: '{"broken": "<l>x"}' } }, undefined],
    ];
    for (const [i, [target, body]] of cases.entries()) {
      await route(`case-${i}`, { Arn: arn, ...target });
      await put(`case-${i}`, detail);
      expect((await h.take(url)).map(({ Body }) => Body)).toEqual(body === undefined ? [] : [body]);
    }
    expect(h.bus.deliveries({ source: `${ruleArn}case-6` })).toMatchObject([
      { status: "failed", attempts: [{ code: "INVALID_JSON" }] },
    ]);
  });

  it("keeps the group of a FIFO queue", async () => {
    const { url, arn } = await h.queue("ordered.fifo");
    await route("fifo", { Arn: arn, SqsParameters: { MessageGroupId: "g" } });
    const ids = [await put("fifo"), await put("fifo")];
    const messages = await h.take(url);
    expect(messages.map(({ Body, Attributes }) => [Body, Attributes?.["MessageGroupId"]])).toEqual(
      ids.map((id) => [eventText(id, "fifo"), "g"]),
    );
  });
});

describe("a function", () => {
  it("gets the event, and is retried as Lambda does", async () => {
    const got: unknown[] = [];
    h.bus.registerFunction("worker", (event) => {
      got.push(event);
      if (got.length === 1) throw new Error("not yet");
    });
    await route("lambda", { Arn: `arn:aws:lambda:${region}:${account}:function:worker` });
    const id = await put("lambda");
    await h.bus.settled();
    expect(got).toEqual([JSON.parse(eventText(id, "lambda"))]);
    await h.bus.clock.advance("1m");
    expect(got).toHaveLength(2);
  });
});

describe("a topic", () => {
  it("is published to without subject or attributes", async () => {
    const sns = new SNSClient(h.bus.clientConfig());
    const { TopicArn = "" } = await sns.send(new CreateTopicCommand({ Name: "topic" }));
    const { url, arn } = await h.queue("subscribed");
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: arn }));
    await route("topic", { Arn: TopicArn });
    const id = await put("topic");
    await h.bus.settled();
    const [message] = await h.take(url);
    const notification = JSON.parse(message?.Body as string);
    expect(notification).toMatchObject({ Type: "Notification", TopicArn, Message: eventText(id, "topic") });
    expect(notification).not.toHaveProperty("Subject");
    expect(notification).not.toHaveProperty("MessageAttributes");
    const dead = await h.queue("no-topic-dead");
    await route("no-topic", { Arn: `${TopicArn}-gone`, DeadLetterConfig: { Arn: dead.arn } });
    await put("no-topic");
    await h.bus.settled();
    const [letter] = await h.take(dead.url);
    expect(letter?.MessageAttributes?.["ERROR_CODE"]?.StringValue).toBe("NO_RESOURCE");
    sns.destroy();
  });
});

describe("a stream", () => {
  it("gets the event under its id or what is at the partition key path", async () => {
    const kinesis = new KinesisClient(h.bus.clientConfig());
    await kinesis.send(new CreateStreamCommand({ StreamName: "s", ShardCount: 1 }));
    await h.bus.clock.advance("10m");
    const StreamARN = `arn:aws:kinesis:${region}:${account}:stream/s`;
    await route("stream", { Arn: StreamARN, RoleArn: role });
    await route("stream-key", {
      Arn: StreamARN,
      RoleArn: role,
      KinesisParameters: { PartitionKeyPath: "$.detail.key" },
    });
    const ids = [await put("stream"), await put("stream-key", { key: "k" })];
    await h.bus.settled();
    const shard = { StreamARN, ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" as const };
    const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(shard));
    const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
    expect(Records.map(({ Data, PartitionKey }) => [Buffer.from(Data as Uint8Array).toString(), PartitionKey])).toEqual(
      [
        [eventText(ids[0] as string, "stream"), expect.stringMatching(`^${ids[0]}_`)],
        [eventText(ids[1] as string, "stream-key", '{"key":"k"}'), '"k"'],
      ],
    );
    kinesis.destroy();
  });
});

describe("a log group", () => {
  it("keeps the event, or a timestamp and message of a template's making", async () => {
    const group = `arn:aws:logs:${region}:${account}:log-group:/aws/events/all`;
    await route("logs", { Arn: `${group}:*` });
    const id = await put("logs", {}, { Time: new Date("2026-01-01T00:00:00Z") });
    const template = '{"timestamp": 1234, "message": <m>}';
    const InputTransformer = { InputPathsMap: { m: "$.detail.m" }, InputTemplate: template };
    await route("logs-made", { Arn: group, InputTransformer });
    await put("logs-made", { m: "made" });
    expect(h.bus.logs({ group: "/aws/events/all" })).toMatchObject([
      { timestamp: "1970-01-01T00:00:01.234Z", message: "made" },
      { timestamp: "2026-01-01T00:00:00.000Z", message: eventText(id, "logs", "{}", "2026-01-01T00:00:00Z") },
    ]);
    const shown = await fetch(`${h.bus.endpoint}/_busbar/logs?group=/aws/events/all&limit=1`);
    expect(await shown.json()).toMatchObject({
      events: [{ group: "/aws/events/all", message: "made", timestamp: "1970-01-01T00:00:01.234Z" }],
    });
  });

  it("refuses a template that makes something else", async () => {
    const InputTransformer = { InputTemplate: '{"message": "no time"}' };
    await route("logs-bad", { Arn: `arn:aws:logs:${region}:${account}:log-group:g`, InputTransformer });
    await put("logs-bad");
    expect(h.bus.logs({ group: "g" })).toEqual([]);
    expect(h.bus.deliveries({ status: "failed" })[0]?.attempts).toMatchObject([{ code: "INVALID_JSON" }]);
  });
});

describe("services that Busbar does not have", () => {
  it("are stored in the mailbox", async () => {
    const cluster = `arn:aws:ecs:${region}:${account}:cluster/c`;
    const EcsParameters = { TaskDefinitionArn: "$.detail.task", LaunchType: "FARGATE" as const };
    await route("ecs", { Arn: cluster, RoleArn: role, EcsParameters });
    const id = await put("ecs", { task: "arn:task" });
    expect(h.bus.mailbox({ channel: "ecs" })).toMatchObject([
      {
        to: cluster,
        body: eventText(id, "ecs", '{"task":"arn:task"}'),
        details: { operation: "RunTask", ecs: { TaskCount: 1, TaskDefinitionArn: "arn:task", LaunchType: "FARGATE" } },
      },
    ]);
    const stream = `arn:aws:firehose:${region}:${account}:deliverystream/s`;
    await route("firehose", { Arn: stream, RoleArn: role });
    const other = await put("firehose");
    expect(h.bus.mailbox({ channel: "firehose" })).toMatchObject([{ to: stream, body: eventText(other, "firehose") }]);
  });
});

describe("from bus to bus", () => {
  const busArn = (name: string, as: { account?: string; region?: string } = {}) =>
    `arn:aws:events:${as.region ?? region}:${as.account ?? account}:event-bus/${name}`;

  it("the event stays as it is", async () => {
    const { url, arn } = await h.queue("next");
    await h.events.send(new CreateEventBusCommand({ Name: "next" }));
    await route("hop", { Arn: busArn("next") });
    await route("hop", { Arn: arn }, "next");
    const id = await put("hop", { a: 1 });
    expect((await h.take(url)).map(({ Body }) => Body)).toEqual([eventText(id, "hop", '{"a":1}')]);
    expect(h.bus.events({ source: "hop" }).map(({ bus, eventId }) => [bus, eventId])).toEqual([
      ["next", id],
      ["default", id],
    ]);
  });

  it("a loop ends where it began", async () => {
    const dead = await h.queue("circle-dead");
    await h.events.send(new CreateEventBusCommand({ Name: "circle" }));
    await route("circle", { Arn: busArn("circle") });
    await route("circle", { Arn: busArn("default"), DeadLetterConfig: { Arn: dead.arn } }, "circle");
    const id = await put("circle");
    const [letter] = await h.take(dead.url);
    expect(letter?.Body).toBe(eventText(id, "circle"));
    expect(h.bus.events({ source: "circle" })).toHaveLength(2);
  });

  it("it goes to one other account and Region, and to no third", async () => {
    const b = { account: "111111111111", region: "eu-west-1" };
    const c = { account: "222222222222", region: "eu-central-1" };
    const dead = "arn:aws:sqs:eu-west-1:000000000000:far-dead";
    const farSqs = new SQSClient(h.bus.clientConfig({ region: "eu-west-1" }));
    const { QueueUrl = "" } = await farSqs.send(new CreateQueueCommand({ QueueName: "far-dead" }));
    await route("third", { Arn: busArn("default", b), RoleArn: role });
    const there = h.eventsAs(b);
    await there.send(new PutRuleCommand({ Name: "on", EventPattern: '{"source":["third"]}' }));
    const onward = { Id: "1", RoleArn: role, DeadLetterConfig: { Arn: dead } };
    await there.send(
      new PutTargetsCommand({
        Rule: "on",
        Targets: [
          { ...onward, Arn: busArn("default", c) },
          { ...onward, Id: "2", Arn: busArn("default", { ...c, account: b.account }) },
        ],
      }),
    );
    await put("third");
    const letters = await h.take(QueueUrl, farSqs);
    expect(letters.map(({ MessageAttributes }) => MessageAttributes?.["ERROR_CODE"]?.StringValue)).toEqual([
      "THIRD_ACCOUNT_HOP_DETECTED",
      "THIRD_REGION_HOP_DETECTED",
    ]);
    expect(h.bus.events({ source: "third" }).map(({ account, region }) => [account, region])).toEqual([
      [b.account, b.region],
      [account, region],
    ]);
    farSqs.destroy();
  });
});

describe("a target that cannot take an event", () => {
  const attributesOf = (
    message: { MessageAttributes?: Record<string, { StringValue?: string; DataType?: string }> } | undefined,
  ) =>
    Object.fromEntries(
      Object.entries(message?.MessageAttributes ?? {}).map(([name, { StringValue, DataType }]) => {
        expect(DataType).toBe("String");
        return [name, StringValue];
      }),
    );

  it("that does not exist leaves a dead letter at once", async () => {
    const dead = await h.queue("no-queue-dead");
    const missing = `arn:aws:sqs:${region}:${account}:missing`;
    await route("missing", { Arn: missing, DeadLetterConfig: { Arn: dead.arn }, InputPath: "$.detail" });
    await put("missing", { a: 1 });
    const [letter] = await h.take(dead.url);
    expect(letter?.Body).toBe('{"a":1}');
    expect(attributesOf(letter)).toEqual({
      RULE_ARN: `arn:aws:events:${region}:${account}:rule/missing`,
      TARGET_ARN: missing,
      ERROR_CODE: "NO_RESOURCE",
      ERROR_MESSAGE: expect.stringContaining("does not exist"),
    });
    await route("letterless", { Arn: missing });
    await put("letterless");
    expect(h.bus.deliveries({ target: missing })).toMatchObject([
      { status: "failed", source: `arn:aws:events:${region}:${account}:rule/letterless` },
      { status: "failed", deadLetter: { sent: true } },
    ]);
  });

  it("that fails is retried, 185 times within a day", async () => {
    let calls = 0;
    const nobody = "http://127.0.0.1:9";
    const once = await harness({ functions: { gone: nobody } });
    const dead = await once.queue("retry-dead");
    const arn = `arn:aws:lambda:${region}:${account}:function:gone`;
    const rule = async (Name: string, RetryPolicy?: Target["RetryPolicy"]) => {
      await once.events.send(new PutRuleCommand({ Name, EventPattern: `{"source":["${Name}"]}` }));
      const Targets = [{ Id: "1", Arn: arn, RetryPolicy, DeadLetterConfig: { Arn: dead.arn } }];
      await once.events.send(new PutTargetsCommand({ Rule: Name, Targets }));
      await once.events.send(new PutEventsCommand({ Entries: [{ Source: Name, DetailType: "d", Detail: "{}" }] }));
      await once.bus.settled();
    };
    const pending = () => once.bus.deliveries({ status: "pending", target: arn });

    await rule("default");
    expect(pending()).toMatchObject([{ attemptCount: 1 }]);
    await once.bus.clock.advance("25h");
    expect(pending()).toEqual([]);
    let [letter] = await once.take(dead.url);
    expect(attributesOf(letter)).toMatchObject({
      ERROR_CODE: expect.any(String),
      EXHAUSTED_RETRY_CONDITION: expect.stringMatching(/^Maximum/),
    });
    expect(Number(attributesOf(letter)["RETRY_ATTEMPTS"])).toBeGreaterThan(150);

    await rule("twice", { MaximumRetryAttempts: 2 });
    await once.bus.clock.advance("1m");
    [letter] = await once.take(dead.url);
    expect(attributesOf(letter)).toMatchObject({
      EXHAUSTED_RETRY_CONDITION: "MaximumRetryAttempts",
      RETRY_ATTEMPTS: "2",
    });

    await rule("minute", { MaximumEventAgeInSeconds: 60 });
    await once.bus.clock.advance("59s");
    expect(await once.take(dead.url)).toHaveLength(1);
    await rule("never", { MaximumRetryAttempts: 0 });
    calls = (await once.take(dead.url)).length;
    expect(calls).toBe(1);
    await once.close();
  });
});
