/** Streams among the rest: as a target of rules and schedules, under reset, and as time empties them. */
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arnOf, KinesisEnvironment, refusal, shardId, textOf } from "../../support/kinesis.ts";

const RoleArn = "arn:aws:iam::000000000000:role/delivery";

describe("a stream among other services", () => {
  const env = new KinesisEnvironment();
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  const counts = async () => {
    const answer = await fetch(`${env.bus.endpoint}/_busbar/state`);
    return ((await answer.json()) as { tables: Record<string, number> }).tables;
  };

  it("gets the events of a rule under the key their path names", async () => {
    const { arn, name } = await env.stream();
    const events = new EventBridge(env.bus.clientConfig());
    await events.putRule({ Name: "to-stream", EventPattern: JSON.stringify({ source: ["shop"] }) });
    await events.putTargets({
      Rule: "to-stream",
      Targets: [
        { Id: "keyed", Arn: arn, RoleArn, KinesisParameters: { PartitionKeyPath: "$.detail.customer" } },
        { Id: "missing", Arn: arnOf("missing"), RoleArn },
      ],
    });
    await events.putEvents({
      Entries: [{ Source: "shop", DetailType: "order", Detail: JSON.stringify({ customer: "c-17" }) }],
    });
    await env.bus.settled();
    const [record] = await env.records(name);
    expect(record?.PartitionKey).toBe('"c-17"');
    expect(JSON.parse(textOf(record ?? {}))).toMatchObject({ source: "shop", detail: { customer: "c-17" } });
    expect(env.bus.deliveries({ target: arnOf("missing") })).toMatchObject([
      { status: "failed", attempts: [{ code: "ResourceNotFoundException" }] },
    ]);
    events.destroy();
  });

  it("gets the input of a schedule, pushed to its subscribers too", async () => {
    const { arn, name } = await env.stream();
    const scheduler = new Scheduler(env.bus.clientConfig());
    await scheduler.createSchedule({
      Name: "to-stream",
      ScheduleExpression: "rate(1 minute)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: arn, RoleArn, Input: "tick", KinesisParameters: { PartitionKey: "clock" } },
    });
    await env.bus.clock.advance("2m");
    const records = await env.records(name);
    expect(records.length).toBeGreaterThanOrEqual(2);
    expect(new Set(records.map((record) => `${record.PartitionKey} ${textOf(record)}`))).toEqual(
      new Set(["clock tick"]),
    );
    await scheduler.deleteSchedule({ Name: "to-stream" });
    scheduler.destroy();
  });

  it("gives up its memory when its records have expired, and its closed shards with them", async () => {
    const { name } = await env.stream();
    const before = (await counts())["kinesis.segments"] ?? 0;
    const Records = Array.from({ length: 100 }, (_, i) => ({ PartitionKey: `${i}`, Data: Buffer.alloc(1000) }));
    for (let i = 0; i < 30; i += 1) await env.kinesis.putRecords({ StreamName: name, Records });
    expect((await counts())["kinesis.segments"]).toBeGreaterThanOrEqual(before + 30);
    await env.kinesis.splitShard({ StreamName: name, ShardToSplit: shardId(0), NewStartingHashKey: "77" });
    const shards = (await counts())["kinesis.shards"] ?? 0;
    await env.bus.clock.advance("25h");
    expect((await counts())["kinesis.segments"]).toBeLessThanOrEqual(before + 3);
    expect((await counts())["kinesis.shards"]).toBe(shards - 1);
    expect(await env.texts(name, shardId(1))).toEqual([]);
  });

  it("is deleted by a reset, which ends its readers", async () => {
    const { arn, name } = await env.stream();
    const { EventStream } = await env.kinesis.subscribeToShard({
      ConsumerARN: await env.consumer(arn),
      ShardId: shardId(0),
      StartingPosition: { Type: "LATEST" },
    });
    const events = (EventStream ?? [])[Symbol.asyncIterator as never] as () => AsyncIterator<unknown>;
    const reading = events.call(EventStream);
    await reading.next();
    await env.bus.reset();
    expect(await reading.next()).toMatchObject({ done: true });
    expect(await refusal(env.kinesis.describeStream({ StreamName: name }))).toMatchObject({
      name: "ResourceNotFoundException",
    });
    for (const [table, count] of Object.entries(await counts())) {
      if (table.startsWith("kinesis.")) expect([table, count]).toEqual([table, 0]);
    }
  });
});
