import {
  CancelReplayCommand,
  CreateArchiveCommand,
  CreateEventBusCommand,
  DeleteArchiveCommand,
  DescribeArchiveCommand,
  DescribeReplayCommand,
  ListArchivesCommand,
  ListReplaysCommand,
  ListRulesCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  StartReplayCommand,
  UpdateArchiveCommand,
} from "@aws-sdk/client-eventbridge";
import { beforeAll, describe, expect, it } from "vitest";
import { account, type Harness, harness, refusal, region } from "./harness.ts";

let h: Harness;
let queue: { url: string; arn: string };
const arn = (path: string) => `arn:aws:events:${region}:${account}:${path}`;
const bus = arn("event-bus/b");

beforeAll(async () => {
  h = await harness();
  queue = await h.queue("sink");
  await h.events.send(new CreateEventBusCommand({ Name: "b" }));
  for (const Name of ["one", "two"]) {
    await h.events.send(
      new PutRuleCommand({ Name, EventBusName: "b", EventPattern: '{"detail":{"n":[{"exists":true}]}}' }),
    );
    const Targets = [{ Id: Name, Arn: queue.arn }];
    await h.events.send(new PutTargetsCommand({ Rule: Name, EventBusName: "b", Targets }));
  }
});

const create = (ArchiveName: string, more: object = {}) =>
  h.events.send(new CreateArchiveCommand({ ArchiveName, EventSourceArn: bus, ...more }));
const described = async (ArchiveName: string) => {
  const { $metadata: _, ...archive } = await h.events.send(new DescribeArchiveCommand({ ArchiveName }));
  return archive;
};
const put = (n: number, Time: Date, Source = "s") =>
  h.events.send(
    new PutEventsCommand({ Entries: [{ Source, DetailType: "d", Detail: `{"n":${n}}`, Time, EventBusName: "b" }] }),
  );
const at = (second: number) => new Date(Date.UTC(2026, 1, 1, 0, 0, second));

describe("archives", () => {
  it("keep the events they match", async () => {
    const settings = { Description: "d", EventPattern: '{"source":["kept"]}', RetentionDays: 1 };
    const { $metadata: _, ...answer } = await create("kept", settings);
    const CreationTime = new Date("2026-03-01T00:00:00Z");
    expect(answer).toEqual({ ArchiveArn: arn("archive/kept"), State: "ENABLED", CreationTime });
    const expected = { ...answer, ArchiveName: "kept", EventSourceArn: bus, ...settings, SizeBytes: 0, EventCount: 0 };
    expect(await described("kept")).toEqual(expected);
    await put(1, at(0), "kept");
    await put(2, at(0), "other");
    // Source, detail type, detail and the time.
    const SizeBytes = "kept".length + "d".length + '{"n":1}'.length + 20;
    expect(await described("kept")).toEqual({ ...expected, EventCount: 1, SizeBytes });
    const { Archives } = await h.events.send(new ListArchivesCommand({ NamePrefix: "kept" }));
    const { ArchiveArn: _arn, Description: _d, EventPattern: _p, ...listed } = expected;
    expect(Archives).toEqual([{ ...listed, EventCount: 1, SizeBytes }]);
    await h.bus.clock.advance("1d");
    expect(await described("kept")).toEqual(expected);
  });

  it("are updated and deleted", async () => {
    await create("changing");
    expect(await refusal(h.events.send(new UpdateArchiveCommand({ ArchiveName: "nobody" })))).toBe(
      "ValidationException: At least one of EventPattern, RetentionDays or Description must be provided.",
    );
    await h.events.send(new UpdateArchiveCommand({ ArchiveName: "changing", EventPattern: '{"source":["late"]}' }));
    await put(1, at(0), "early");
    await put(1, at(0), "late");
    expect(await described("changing")).toMatchObject({ EventCount: 1, RetentionDays: 0 });
    await h.events.send(new DeleteArchiveCommand({ ArchiveName: "changing" }));
    expect(await refusal(described("changing"))).toBe("ResourceNotFoundException: Archive changing does not exist.");
    const { Rules } = await h.events.send(
      new ListRulesCommand({ EventBusName: "b", NamePrefix: "Events-Archive-changing" }),
    );
    expect(Rules).toEqual([]);
  });

  it("are refused in AWS's words", async () => {
    expect(await refusal(create("kept"))).toBe("ResourceAlreadyExistsException: Archive kept already exists.");
    expect(await refusal(create("x", { EventSourceArn: arn("event-bus/none") }))).toBe(
      "ResourceNotFoundException: Event bus none does not exist.",
    );
    expect(await refusal(create("x", { EventPattern: '{"a":1}' }))).toContain("InvalidEventPatternException");
    expect(await refusal(h.events.send(new ListArchivesCommand({ NamePrefix: "a", State: "ENABLED" })))).toBe(
      "ValidationException: At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix.",
    );
    expect(await refusal(h.events.send(new DeleteArchiveCommand({ ArchiveName: "none" })))).toBe(
      "ResourceNotFoundException: Archive none does not exist.",
    );
  });
});

describe("replays", () => {
  const start = (ReplayName: string, more: object = {}) =>
    h.events.send(
      new StartReplayCommand({
        ReplayName,
        EventSourceArn: arn("archive/all"),
        EventStartTime: at(0),
        EventEndTime: at(600),
        Destination: { Arn: bus },
        ...more,
      }),
    );
  const replay = async (ReplayName: string) => {
    const { $metadata: _, ...shown } = await h.events.send(new DescribeReplayCommand({ ReplayName }));
    return shown;
  };

  it("send the events of their period again, in order, and are not archived", async () => {
    await h.take(queue.url);
    await create("all");
    for (const [n, second] of [
      [1, 300],
      [2, 59],
      [3, 60],
      [4, 0],
      [5, 600],
      [6, -1],
      [7, 300],
    ] as const)
      await put(n, at(second));
    const sent = (await h.take(queue.url)).map(({ Body }) => JSON.parse(Body as string));
    const started = await start("r", { Description: "again" });
    expect(started).toMatchObject({ ReplayArn: arn("replay/r"), State: "STARTING" });
    expect((await replay("r")).State).toBe("STARTING");
    await h.bus.clock.advance(100);
    expect((await replay("r")).State).toBe("RUNNING");
    await h.bus.clock.advance("1m");
    const again = (await h.take(queue.url)).map(({ Body }) => JSON.parse(Body as string));
    const original = (n: number) => sent.find(({ detail }) => detail.n === n);
    expect(again).toEqual([4, 4, 2, 2, 3, 3, 1, 1, 7, 7].map((n) => ({ ...original(n), "replay-name": "r" })));
    expect(await replay("r")).toMatchObject({
      State: "COMPLETED",
      Description: "again",
      Destination: { Arn: bus },
      EventSourceArn: arn("archive/all"),
      EventStartTime: at(0),
      EventEndTime: at(600),
      EventLastReplayedTime: at(300),
      ReplayEndTime: expect.any(Date),
    });
    expect(await described("all")).toMatchObject({ EventCount: 7 });
  });

  it("may go to some rules only", async () => {
    await start("some", { Destination: { Arn: bus, FilterArns: [arn("rule/b/two")] }, EventEndTime: at(1) });
    await h.bus.clock.advance("1m");
    expect(await h.take(queue.url)).toHaveLength(1);
  });

  it("without events end at once", async () => {
    await start("nothing", { EventStartTime: new Date(0), EventEndTime: new Date(1000) });
    await h.bus.clock.advance("1m");
    const shown = await replay("nothing");
    expect(shown).toMatchObject({ State: "COMPLETED", ReplayEndTime: expect.any(Date) });
    expect(shown.EventLastReplayedTime).toBeUndefined();
  });

  it("are cancelled", async () => {
    await start("cancelled");
    const cancel = () => h.events.send(new CancelReplayCommand({ ReplayName: "cancelled" }));
    expect(await cancel()).toMatchObject({ ReplayArn: arn("replay/cancelled"), State: "CANCELLING" });
    await h.bus.clock.advance("1m");
    expect((await replay("cancelled")).State).toBe("CANCELLED");
    expect(await h.take(queue.url)).toEqual([]);
    expect(await refusal(cancel())).toBe(
      "IllegalStatusException: Replay cancelled is not in a valid state for this operation.",
    );
  });

  it("are listed", async () => {
    const names = async (more: object) =>
      (await h.events.send(new ListReplaysCommand(more))).Replays?.map(({ ReplayName }) => ReplayName);
    expect(await names({})).toEqual(["cancelled", "nothing", "r", "some"]);
    expect(await names({ State: "CANCELLED" })).toEqual(["cancelled"]);
    expect(await names({ EventSourceArn: arn("archive/kept") })).toEqual([]);
    expect(await names({ NamePrefix: "s", Limit: 1 })).toEqual(["some"]);
  });

  it("are refused in AWS's words", async () => {
    const bad = (more: object) => refusal(start("r", more));
    expect(await bad({ EventSourceArn: arn("archive/none") })).toBe(
      "ValidationException: Parameter EventSourceArn is not valid. Reason: Archive none does not exist.",
    );
    expect(await bad({ EventEndTime: at(0), Destination: { Arn: arn("event-bus/other") } })).toBe(
      "ValidationException: Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.",
    );
    expect(await bad({ Destination: { Arn: arn("event-bus/other") } })).toBe(
      "ResourceNotFoundException: Event bus other does not exist.",
    );
    expect(await bad({ Destination: { Arn: arn("event-bus/default") } })).toBe(
      "ValidationException: Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.",
    );
    expect(await bad({ Destination: { Arn: queue.arn } })).toBe(
      "ValidationException: Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN.",
    );
    expect(await bad({})).toBe("ResourceAlreadyExistsException: Replay r already exists.");
    expect(await refusal(replay("none"))).toBe("ResourceNotFoundException: Replay none does not exist.");
    for (let i = 0; i < 10; i++)
      await start(`many-${i}`, { EventStartTime: new Date(0), EventEndTime: new Date(1000) });
    expect(await refusal(start("many-10"))).toBe(
      "LimitExceededException: The requested resource exceeds the maximum number allowed.",
    );
  });
});
