/** What targets of EventBridge were recorded to get, and what their dead letters say. */
import { EventBridge, type Target } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { account, type Harness, harness, refusal, region } from "./harness.ts";

let h: Harness;
let events: EventBridge;
const RoleArn = `arn:aws:iam::${account}:role/r`;

beforeAll(async () => {
  h = await harness();
  events = new EventBridge({ ...h.bus.clientConfig(), maxAttempts: 1 });
});

afterAll(() => events.destroy());

async function put(source: string, detail: object = {}, more: object = {}): Promise<string> {
  const entry = { Source: source, DetailType: "Test", Detail: JSON.stringify(detail), ...more };
  const { Entries } = await events.putEvents({ Entries: [entry] });
  return Entries?.[0]?.EventId as string;
}

const attributesOf = (message: { MessageAttributes?: Record<string, { StringValue?: string }> } | undefined) =>
  Object.fromEntries(
    Object.entries(message?.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, StringValue]),
  );

describe("inputs and dead letters", () => {
  const detail = { text: "pear", object: { k: "v", n: 7 }, number: 42, quoted: 'a "b"\n', none: null };
  const InputPathsMap = {
    text: "$.detail.text",
    object: "$.detail.object",
    number: "$.detail.number",
    quoted: "$.detail.quoted",
    missing: "$.detail.nowhere",
  };
  const template = (InputTemplate: string): Partial<Target> => ({ InputTransformer: { InputPathsMap, InputTemplate } });
  let queue: { url: string; arn: string };
  let dead: { url: string; arn: string };
  let rules = 0;

  beforeAll(async () => {
    queue = await h.queue("inputs");
    dead = await h.queue("inputs-dead");
  });

  async function route(target: Partial<Target>): Promise<{ rule: string; body: string | undefined; letter: unknown }> {
    const Name = `input-${(rules += 1)}`;
    const { RuleArn: rule = "" } = await events.putRule({ Name, EventPattern: `{"source":["${Name}"]}` });
    const all = { Id: "t", Arn: queue.arn, DeadLetterConfig: { Arn: dead.arn }, ...target };
    await events.putTargets({ Rule: Name, Targets: [all] });
    await put(Name, detail);
    const [message] = await h.take(queue.url);
    const [letter] = await h.take(dead.url);
    return { rule, body: message?.Body, letter: letter && { body: letter.Body, ...attributesOf(letter) } };
  }

  it.each<[string, Partial<Target>, string]>([
    ["a text template", template('"got <text>: <object>"'), '"got pear: {k:v,n:7}"'],
    ["a list with null", template("[null,<number>]"), "[null,42]"],
    ["a JSON template", template('{"say":"he said <quoted>","v":<missing>}'), '{"say":"he said a \\"b\\"\\n","v":""}'],
    ["a path to null", { InputPath: "$.detail.none" }, "{}"],
    ["a path to nothing", { InputPath: "$.detail.nowhere" }, "{}"],
    ["the empty path", { InputPath: "" }, "{}"],
  ])("%s is delivered", async (_, target, body) => {
    expect(await route(target)).toMatchObject({ body, letter: undefined });
  });

  it.each<[string, Partial<Target>]>([
    ["the empty input", { Input: "" }],
    ["a template that becomes the empty text", template("<missing>")],
  ])("%s delivers nothing and no dead letter", async (_, target) => {
    expect(await route(target)).toMatchObject({ body: undefined, letter: undefined });
  });

  it.each<[string, string]>([
    ["[<text>]", "[pear]"],
    ["<object>", "{k:v,n:7}"],
    ["[1,<missing>]", "[1,]"],
    ['{"a":"<object>"}', '{"a":"{"k":"v","n":7}"}'],
  ])("what %s becomes is no JSON: its dead letter holds it, and says so", async (text, broken) => {
    const { rule, body, letter } = await route(template(text));
    expect(body).toBeUndefined();
    expect(letter).toEqual({
      body: broken,
      RULE_ARN: rule,
      TARGET_ARN: queue.arn,
      ERROR_CODE: "INVALID_JSON",
      ERROR_MESSAGE: "Invalid input for target.",
    });
  });

  it.each<[string, Partial<Target>, string | RegExp]>([
    ["a constant", { Input: '{ "a": 1 }' }, '{ "a": 1 }'],
    ["a path's result", { InputPath: "$.detail.object" }, '{"k":"v","n":7}'],
    ["a template's result", template('"<text>"'), '"pear"'],
    ["the event", {}, /^\{"version":"0","id":/],
  ])("a dead letter holds %s, and names the queue that does not exist", async (_, target, body) => {
    const Arn = `arn:aws:sqs:${region}:${account}:nowhere`;
    const { rule, letter } = await route({ ...target, Arn });
    expect(letter).toEqual({
      body: typeof body === "string" ? body : expect.stringMatching(body),
      RULE_ARN: rule,
      TARGET_ARN: Arn,
      ERROR_CODE: "NO_RESOURCE",
      ERROR_MESSAGE: expect.stringMatching(
        /^The specified queue does not exist or you do not have access to it\. \(Service: AmazonSQS; Status Code: 400; Error Code: AWS\.SimpleQueueService\.NonExistentQueue; Request ID: [0-9a-f-]{36}; Proxy: null\)$/,
      ),
    });
  });

  it.each(["$['detail']", '$.detail["text"]', "$.*", "$..text", "$.detail[-1]", "$.list[0:1]", "detail.text"])(
    "%s is no path",
    async (path) => {
      const Targets = (target: Partial<Target>) => [{ Id: "mine", Arn: queue.arn, ...target }];
      await events.putRule({ Name: "paths", EventPattern: '{"source":["paths"]}' });
      for (const target of [
        { InputPath: path },
        { InputTransformer: { InputPathsMap: { a: path }, InputTemplate: "<a>" } },
      ]) {
        expect(await refusal(events.putTargets({ Rule: "paths", Targets: Targets(target) }))).toBe(
          "ValidationException: InputPath for target mine is invalid.",
        );
      }
    },
  );
});

describe("a stream", () => {
  const cases: [string, unknown, string][] = [
    ["text", "berlin", '"berlin"'],
    ["number", 42, "42"],
    ["true", true, "true"],
    ["object", { a: 1 }, '{"a":1}'],
    ["list", ["a", "b"], '["a","b"]'],
    ["empty text", "", '""'],
    ["null", null, "{}"],
    ["nothing", undefined, "{}"],
  ];

  it("gets the JSON text of what the path finds in the event as its partition key", async () => {
    const kinesis = new Kinesis(h.bus.clientConfig());
    await kinesis.createStream({ StreamName: "keys", ShardCount: 1 });
    const Arn = `arn:aws:kinesis:${region}:${account}:stream/keys`;
    const keyed = { RoleArn, KinesisParameters: { PartitionKeyPath: "$.detail.key" }, InputPath: "$.source" };
    await events.putRule({ Name: "keyed", EventPattern: '{"source":["keyed"]}' });
    await events.putTargets({ Rule: "keyed", Targets: [{ Id: "k", Arn, ...keyed }] });
    await events.putRule({ Name: "keyless", EventPattern: '{"source":["keyless"]}' });
    await events.putTargets({ Rule: "keyless", Targets: [{ Id: "k", Arn, RoleArn }] });
    for (const [, key] of cases) await put("keyed", { key });
    const id = await put("keyless");
    await h.bus.settled();
    const { ShardIterator } = await kinesis.getShardIterator({
      StreamARN: Arn,
      ShardId: "0",
      ShardIteratorType: "TRIM_HORIZON",
    });
    const { Records = [] } = await kinesis.getRecords({ ShardIterator });
    expect(Records.slice(0, -1).map(({ PartitionKey }) => PartitionKey)).toEqual(cases.map(([, , key]) => key));
    expect(Records.at(-1)?.PartitionKey).toMatch(new RegExp(`^${id}_[0-9a-f-]{36}$`));
    kinesis.destroy();
  });
});

describe("scheduled events", () => {
  it("go over the default bus: to every rule whose pattern fits, and to an archive", async () => {
    const queue = await h.queue("scheduled");
    const scheduled = '{"source":["aws.events"],"detail-type":["Scheduled Event"]}';
    const rule = async (Name: string, more: object, target?: string) => {
      await events.putRule({ Name, ...more });
      if (target)
        await events.putTargets({ Rule: Name, Targets: [{ Id: target, Arn: queue.arn, Input: `"${target}"` }] });
    };
    const EventSourceArn = `arn:aws:events:${region}:${account}:event-bus/default`;
    await events.createArchive({ ArchiveName: "scheduled", EventSourceArn, EventPattern: scheduled });
    await rule("watching", { EventPattern: scheduled }, "watching");
    await rule("tick", { ScheduleExpression: "rate(1 minute)" });
    const both = { ScheduleExpression: "rate(1 minute)", EventPattern: '{"source":["other"]}' };
    await rule("both", both, "both");
    await rule("own", { ScheduleExpression: "rate(1 minute)", EventPattern: scheduled }, "own");
    await h.bus.clock.advance("1m");
    const bodies = (await h.take(queue.url)).map(({ Body }) => Body);
    // Of the three events, "watching" and "own" have each, and "both" its own.
    expect(bodies.sort()).toEqual(['"both"', '"own"', '"own"', '"own"', '"watching"', '"watching"', '"watching"']);
    expect(await events.describeArchive({ ArchiveName: "scheduled" })).toMatchObject({ EventCount: 3 });
    for (const Name of ["tick", "both", "own"]) await events.disableRule({ Name });
  });
});

describe("from bus to bus", () => {
  const busArn = (as: { account: string; region: string }, name = "default") =>
    `arn:aws:events:${as.region}:${as.account}:event-bus/${name}`;

  it.each([
    ["another account", { account: "111111111111", region }, "default", true],
    ["another region", { account, region: "eu-west-1" }, "default", false],
    ["another region's own bus", { account, region: "eu-west-2" }, "own", false],
    ["another account and region", { account: "222222222222", region: "eu-central-1" }, "default", false],
  ])("an event in %s keeps all but its id, and that only within its region", async (name, as, bus, keeps) => {
    const there = new EventBridge(h.bus.clientConfig(as));
    const sqs = new SQSClient(h.bus.clientConfig(as));
    const { QueueUrl: url = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "far" }));
    if (bus !== "default") await there.createEventBus({ Name: bus });
    await there.putRule({ Name: "far", EventBusName: bus, EventPattern: '{"detail-type":["Test"]}' });
    const Arn = `arn:aws:sqs:${as.region}:${as.account}:far`;
    await there.putTargets({ Rule: "far", EventBusName: bus, Targets: [{ Id: "1", Arn }] });
    await events.putRule({ Name: "hop", EventPattern: `{"source":["${name}"]}` });
    await events.putTargets({ Rule: "hop", Targets: [{ Id: "1", Arn: busArn(as, bus), RoleArn }] });
    const id = await put(name, { a: 1 }, { Resources: ["r"], Time: new Date("2026-02-03T04:05:06Z") });
    await h.bus.settled();
    const [message] = await h.take(url, sqs);
    const event = JSON.parse(message?.Body ?? "{}") as { id: string };
    expect(event).toEqual({
      version: "0",
      id: keeps ? id : expect.stringMatching(/^[0-9a-f-]{36}$/),
      "detail-type": "Test",
      source: name,
      account,
      time: "2026-02-03T04:05:06Z",
      region,
      resources: ["r"],
      detail: { a: 1 },
    });
    expect(event.id === id).toBe(keeps);
    sqs.destroy();
    there.destroy();
  });
});
