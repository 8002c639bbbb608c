/** What the older recordings of EventBridge say, a case for each. */
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { account, type Harness, harness, refusal, region } from "./harness.ts";

let h: Harness;
let events: EventBridge;
const busArn = (name: string) => `arn:aws:events:${region}:${account}:event-bus/${name}`;
const EventPattern = '{"source":["s"]}';

beforeAll(async () => {
  h = await harness();
  events = new EventBridge({ ...h.bus.clientConfig(), maxAttempts: 1 });
});

afterAll(() => events.destroy());

const bare = async <T extends { $metadata: unknown }>(call: Promise<T>): Promise<Omit<T, "$metadata">> => {
  const { $metadata: _, ...answer } = await call;
  return answer;
};

describe("buses", () => {
  it("a new bus answers with its ARN, and a description only when it has one", async () => {
    expect(await bare(events.createEventBus({ Name: "plain" }))).toEqual({ EventBusArn: busArn("plain") });
    expect(await bare(events.createEventBus({ Name: "told", Description: "d" }))).toEqual({
      EventBusArn: busArn("told"),
      Description: "d",
    });
    expect(await refusal(events.createEventBus({ Name: "plain" }))).toBe(
      "ResourceAlreadyExistsException: Event bus plain already exists.",
    );
    const elsewhere = new EventBridge(h.bus.clientConfig({ region: "eu-west-1" }));
    await elsewhere.createEventBus({ Name: "plain" });
    elsewhere.destroy();
  });

  it("are listed in order, and none is an empty list", async () => {
    const { EventBuses = [] } = await events.listEventBuses({});
    expect(EventBuses.map(({ Name }) => Name)).toEqual(["default", "plain", "told"]);
    expect(await bare(events.listEventBuses({ NamePrefix: "nobody" }))).toEqual({ EventBuses: [] });
    expect(await events.describeEventBus({})).toMatchObject({
      Name: "default",
      CreationTime: expect.any(Date),
      LastModifiedTime: expect.any(Date),
    });
  });

  it("deleting is repeatable; tags of a custom bus go with it, those of the default one stay", async () => {
    await events.createEventBus({ Name: "tagged" });
    for (const name of ["tagged", "default"]) {
      await events.tagResource({ ResourceARN: busArn(name), Tags: [{ Key: "k", Value: "v" }] });
    }
    await events.deleteEventBus({ Name: "tagged" });
    await events.deleteEventBus({ Name: "tagged" });
    await events.createEventBus({ Name: "tagged" });
    expect((await events.listTagsForResource({ ResourceARN: busArn("tagged") })).Tags).toEqual([]);
    expect((await events.listTagsForResource({ ResourceARN: busArn("default") })).Tags).toHaveLength(1);
  });
});

describe("what is missing", () => {
  const noBus = "ResourceNotFoundException: Event bus nowhere does not exist.";
  const noRule = "ResourceNotFoundException: Rule r does not exist on EventBus plain.";
  const onBus = { EventBusName: "plain" };
  const rule = `arn:aws:events:${region}:${account}:rule/plain/r`;
  it.each<[string, () => Promise<unknown>, string]>([
    ["DescribeEventBus", () => events.describeEventBus({ Name: "nowhere" }), noBus],
    ["PutRule", () => events.putRule({ Name: "r", EventBusName: "nowhere", EventPattern }), noBus],
    [
      "PutPermission",
      () =>
        events.putPermission({
          EventBusName: "nowhere",
          Action: "events:PutEvents",
          Principal: "*",
          StatementId: "s",
        }),
      noBus,
    ],
    ["TagResource of a bus", () => events.tagResource({ ResourceARN: busArn("nowhere"), Tags: [] }), noBus],
    ["UntagResource of a bus", () => events.untagResource({ ResourceARN: busArn("nowhere"), TagKeys: ["k"] }), noBus],
    ["ListTagsForResource of a bus", () => events.listTagsForResource({ ResourceARN: busArn("nowhere") }), noBus],
    ["DescribeRule", () => events.describeRule({ Name: "r", ...onBus }), noRule],
    ["EnableRule", () => events.enableRule({ Name: "r", ...onBus }), noRule],
    ["DisableRule", () => events.disableRule({ Name: "r", ...onBus }), noRule],
    ["ListTargetsByRule", () => events.listTargetsByRule({ Rule: "r", ...onBus }), noRule],
    ["RemoveTargets", () => events.removeTargets({ Rule: "r", ...onBus, Ids: ["1"] }), noRule],
    [
      "PutTargets",
      () => events.putTargets({ Rule: "r", ...onBus, Targets: [{ Id: "1", Arn: busArn("told") }] }),
      noRule,
    ],
    ["TagResource of a rule", () => events.tagResource({ ResourceARN: rule, Tags: [] }), noRule],
    ["UntagResource of a rule", () => events.untagResource({ ResourceARN: rule, TagKeys: ["k"] }), noRule],
    ["ListTagsForResource of a rule", () => events.listTagsForResource({ ResourceARN: rule }), noRule],
    [
      "DescribeArchive",
      () => events.describeArchive({ ArchiveName: "a" }),
      "ResourceNotFoundException: Archive a does not exist.",
    ],
    [
      "DescribeReplay",
      () => events.describeReplay({ ReplayName: "a" }),
      "ResourceNotFoundException: Replay a does not exist.",
    ],
    [
      "DescribeApiDestination",
      () => events.describeApiDestination({ Name: "a" }),
      "ResourceNotFoundException: Failed to describe the api-destination(s). An api-destination 'a' does not exist.",
    ],
    [
      "UpdateArchive with nothing to change, before the archive is looked up",
      () => events.updateArchive({ ArchiveName: "a" }),
      "ValidationException: At least one of EventPattern, RetentionDays or Description must be provided.",
    ],
  ])("%s", async (_, call, text) => {
    expect(await refusal(call())).toBe(text);
  });
});

describe("rules", () => {
  const refusedSchedule = "ValidationException: Parameter ScheduleExpression is not valid.";

  it("are shown with what they have, and who made them where they are described", async () => {
    await events.putRule({ Name: "shown", EventPattern });
    const Arn = `arn:aws:events:${region}:${account}:rule/shown`;
    const shown = { Name: "shown", Arn, EventBusName: "default", State: "ENABLED", EventPattern };
    expect(await bare(events.describeRule({ Name: "shown" }))).toEqual({ ...shown, CreatedBy: account });
    expect((await events.listRules({ NamePrefix: "shown" })).Rules).toEqual([shown]);
    await events.deleteRule({ Name: "shown" });
    await events.deleteRule({ Name: "shown" });
  });

  it("names of rules by target are sorted and paged", async () => {
    for (const n of [4, 1, 3, 2, 5]) {
      await events.putRule({ Name: `page-${n}`, EventPattern });
      await events.putTargets({ Rule: `page-${n}`, Targets: [{ Id: "1", Arn: busArn("paged") }] });
    }
    const pages: (string[] | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await events.listRuleNamesByTarget({ TargetArn: busArn("paged"), Limit: 2, NextToken });
      pages.push(page.RuleNames);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(pages).toEqual([["page-1", "page-2"], ["page-3", "page-4"], ["page-5"]]);
  });

  it.each([
    "cron(0 2 ? * SAT *)",
    "cron(5,35 14 * * ? *)",
    "cron(15 10 ? * 6L 2002-2005)",
    "cron(0 2 ? * SAT#3 *)",
    "cron(* * ? * SAT#3 *)",
    "cron(0/5 5 ? JAN 1-5 2022)",
    "cron(0/5 8-17 ? * MON-FRI *)",
    "cron(0/30 0-2 ? * MON-FRI *)",
    "cron(0/15 * * * ? *)",
    "cron(33x 22 ? * TUE *)",
    "cron(33/0 22 ? * TUE *)",
    "cron(33/61 22 ? * TUE *)",
    "cron(33 22 15W * ? *)",
    "cron(33 22 1-31W * ? *)",
    "cron(33 22 L-15 * ? *)",
    "cron(33 22 ? * TUE#3 *)",
    "cron(33 22 ? * TUESDAY *)",
    "cron(0/10, 7-19, ?, *, MON-FRI, *)",
  ])("%s is a schedule", async (ScheduleExpression) => {
    await events.putRule({ Name: "scheduled", ScheduleExpression });
  });

  it.each([
    "cron(0 2 * * * *)",
    "cron(0 2 ? * NOT *)",
    "cron(0 dummy ? * MON *)",
    "cron(*)",
    "cron(71 2 ? * MON *)",
    "rate( 7 days )",
    " rate(7 days)",
    "rate(7 Days)",
    "rate(1 days)",
  ])("'%s' is none", async (ScheduleExpression) => {
    expect(await refusal(events.putRule({ Name: "scheduled", ScheduleExpression }))).toBe(refusedSchedule);
  });

  it("a custom bus has no schedules", async () => {
    const put = events.putRule({ Name: "s", EventBusName: "plain", ScheduleExpression: "rate(1 minute)" });
    expect(await refusal(put)).toBe(
      "ValidationException: ScheduleExpression is supported only on the default event bus.",
    );
  });
});

describe("events", () => {
  const put = async (entry: object) => (await events.putEvents({ Entries: [entry] })).Entries?.[0];

  it.each([
    [
      { DetailType: "d", Detail: "{}" },
      "InvalidArgument",
      "Parameter Source is not valid. Reason: Source is a required argument.",
    ],
    [
      { DetailType: "d", Source: "s" },
      "InvalidArgument",
      "Parameter Detail is not valid. Reason: Detail is a required argument.",
    ],
    [{ DetailType: "d", Source: "s", Detail: "text" }, "MalformedDetail", "Detail is malformed."],
    [{ DetailType: "d", Source: "s", Detail: "[]" }, "MalformedDetail", "Detail is malformed."],
    [{ DetailType: "d", Source: "s", Detail: '{"a":' }, "MalformedDetail", "Detail is malformed."],
    [{ DetailType: "d", Source: "s", Detail: '"{}"' }, "MalformedDetail", "Detail is malformed."],
  ])("the entry %j fails by itself", async (entry, ErrorCode, ErrorMessage) => {
    expect(await put(entry)).toEqual({ ErrorCode, ErrorMessage });
  });

  it("an entry for a bus that does not exist succeeds", async () => {
    expect(await put({ DetailType: "d", Source: "s", Detail: "{}", EventBusName: "nowhere" })).toEqual({
      EventId: expect.any(String),
    });
  });

  it.each([
    ["", "greater than or equal to 1"],
    ["x".repeat(501), "less than or equal to 500"],
  ])("a trace header has 1 to 500 characters", async (TraceHeader, bound) => {
    const entry = { DetailType: "d", Source: "s", Detail: "{}", TraceHeader };
    expect(await refusal(put(entry))).toBe(
      `ValidationException: 1 validation error detected: Value '${TraceHeader}' at 'entries.1.member.traceHeader' failed to satisfy constraint: Member must have length ${bound}`,
    );
  });

  const root = "Root=1-6ab2832c-0123456789abcdef01234567";
  it.each<[string, string | RegExp | undefined]>([
    [`${root};Parent=0123456789abcdef;Sampled=0`, `${root};Parent=0123456789abcdef;Sampled=0`],
    [` Sampled=1 ; Foo=bar;Parent=0123456789abcdef; ${root}`, `${root};Parent=0123456789abcdef;Sampled=1;Foo=bar`],
    [`Root=1-00000000-000000000000000000000000;${root}`, root],
    [`${root};Sampled=?`, `${root};Sampled=?`],
    [`${root};Parent=;Sampled=7`, root],
    ["Root=bad;Parent=0123456789abcdef", /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=0123456789abcdef$/],
    ["Parent=0123456789abcdef", undefined],
    ["garbage", undefined],
  ])("the trace header '%s' reaches queues and dead letters written anew", async (TraceHeader, header) => {
    const queue = await h.queue("traced");
    const dead = await h.queue("traced-dead");
    await events.putRule({ Name: "traced", EventPattern: '{"source":["traced"]}' });
    const missing = { Arn: `${queue.arn}-missing`, DeadLetterConfig: { Arn: dead.arn } };
    await events.putTargets({
      Rule: "traced",
      Targets: [
        { Id: "1", Arn: queue.arn },
        { Id: "2", ...missing },
      ],
    });
    await put({ DetailType: "d", Source: "traced", Detail: "{}", TraceHeader });
    for (const { url } of [queue, dead]) {
      const [message] = await h.take(url);
      const got = message?.Attributes?.["AWSTraceHeader" as "SenderId"];
      if (header instanceof RegExp) expect(got).toMatch(header);
      else expect(got).toBe(header);
      expect(message?.Body).not.toContain("Root=");
    }
  });
});

describe("replays", () => {
  it("of nothing ends without a last event; a name is used once", async () => {
    const { ArchiveArn } = await events.createArchive({ ArchiveName: "none", EventSourceArn: busArn("default") });
    const start = () =>
      events.startReplay({
        ReplayName: "nothing",
        EventSourceArn: ArchiveArn,
        EventStartTime: new Date("2026-01-01T00:00:00Z"),
        EventEndTime: new Date("2026-01-02T00:00:00Z"),
        Destination: { Arn: busArn("default") },
      });
    await start();
    await h.bus.clock.advance("1m");
    const [replay] = (await events.listReplays({ NamePrefix: "nothing" })).Replays ?? [];
    expect(replay).toMatchObject({ State: "COMPLETED", ReplayEndTime: expect.any(Date) });
    expect(replay).not.toHaveProperty("EventLastReplayedTime");
    expect(await refusal(start())).toBe("ResourceAlreadyExistsException: Replay nothing already exists.");
  });
});
