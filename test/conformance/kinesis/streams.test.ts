import { waitUntilStreamExists, waitUntilStreamNotExists } from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arnOf, KinesisEnvironment, refusal, type Storage, shardId, textOf } from "../../support/kinesis.ts";

describe.each<Storage>(["memory", "disk"])("streams (%s)", (storage) => {
  const env = new KinesisEnvironment({}, storage);
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  it("are made, described and deleted, and the SDK's waiters see it", async () => {
    const { kinesis } = env;
    await kinesis.createStream({ StreamName: "first", ShardCount: 3, Tags: { team: "a" } });
    await waitUntilStreamExists({ client: kinesis, minDelay: 1, maxWaitTime: 5 }, { StreamName: "first" });
    const { StreamDescription } = await kinesis.describeStream({ StreamName: "first" });
    expect(StreamDescription).toMatchObject({
      StreamName: "first",
      StreamARN: arnOf("first"),
      StreamStatus: "ACTIVE",
      StreamModeDetails: { StreamMode: "PROVISIONED" },
      HasMoreShards: false,
      RetentionPeriodHours: 24,
      EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
      EncryptionType: "NONE",
      StreamCreationTimestamp: new Date("2026-01-01T00:00:00Z"),
    });
    expect(StreamDescription?.Shards?.map(({ ShardId }) => ShardId)).toEqual([0, 1, 2].map(shardId));
    const third = 2n ** 128n / 3n;
    expect(StreamDescription?.Shards?.map(({ HashKeyRange }) => HashKeyRange)).toEqual([
      { StartingHashKey: "0", EndingHashKey: String(third - 1n) },
      { StartingHashKey: String(third), EndingHashKey: String(2n * third - 1n) },
      { StartingHashKey: String(2n * third), EndingHashKey: String(2n ** 128n - 1n) },
    ]);
    const { StreamDescriptionSummary } = await kinesis.describeStreamSummary({ StreamARN: arnOf("first") });
    expect(StreamDescriptionSummary).toMatchObject({ OpenShardCount: 3, ConsumerCount: 0, MaxRecordSizeInKiB: 1024 });
    expect(StreamDescriptionSummary).not.toHaveProperty("WarmThroughput");
    await kinesis.deleteStream({ StreamName: "first" });
    await waitUntilStreamNotExists({ client: kinesis, minDelay: 1, maxWaitTime: 5 }, { StreamName: "first" });
    expect(await refusal(kinesis.describeStream({ StreamName: "first" }))).toEqual({
      name: "ResourceNotFoundException",
      message: "Stream first under account 000000000000 not found.",
    });
    await kinesis.createStream({ StreamName: "first", ShardCount: 1 });
    await kinesis.deleteStream({ StreamName: "first" });
  });

  it("are listed by name, a page at a time", async () => {
    const other = env.client({ credentials: { accessKeyId: "111111111111", secretAccessKey: "x" } });
    for (const name of ["c", "a", "e", "b", "d"]) await other.createStream({ StreamName: name, ShardCount: 1 });
    const first = await other.listStreams({ Limit: 2 });
    expect(first.StreamNames).toEqual(["a", "b"]);
    expect(first.HasMoreStreams).toBe(true);
    const second = await other.listStreams({ NextToken: first.NextToken, Limit: 2 });
    expect(second.StreamNames).toEqual(["c", "d"]);
    const last = await other.listStreams({ ExclusiveStartStreamName: "d" });
    expect(last).toMatchObject({ StreamNames: ["e"], HasMoreStreams: false });
    expect(last.NextToken).toBeUndefined();
    expect(last.StreamSummaries?.[0]).toMatchObject({ StreamName: "e", StreamStatus: "ACTIVE" });
    expect(await refusal(other.listStreams({ NextToken: "bm9uc2Vuc2U" }))).toMatchObject({
      name: "InvalidArgumentException",
    });
    await env.bus.clock.advance("301s");
    expect(await refusal(other.listStreams({ NextToken: first.NextToken }))).toMatchObject({
      name: "ExpiredNextTokenException",
    });
  });

  it("come in on-demand mode with four shards", async () => {
    const { name } = await env.onDemand();
    const { StreamDescriptionSummary } = await env.kinesis.describeStreamSummary({ StreamName: name });
    expect(StreamDescriptionSummary).toMatchObject({
      OpenShardCount: 4,
      StreamModeDetails: { StreamMode: "ON_DEMAND" },
      WarmThroughput: { TargetMiBps: 4, CurrentMiBps: 4 },
      RecordDistributionStrategy: "USER_PARTITION_KEY",
    });
    const limits = await env.kinesis.describeLimits({});
    expect(limits).toMatchObject({ OnDemandStreamCount: 1, OnDemandStreamCountLimit: 50, ShardLimit: 20_000 });
  });

  it("are refused where AWS refuses them", async () => {
    const { kinesis } = env;
    const { name } = await env.stream();
    expect(await refusal(kinesis.createStream({ StreamName: name, ShardCount: 1 }))).toEqual({
      name: "ResourceInUseException",
      message: `Stream ${name} under account 000000000000 already exists.`,
    });
    expect(await refusal(kinesis.createStream({ StreamName: "no good", ShardCount: 0 }))).toEqual({
      name: "ValidationException",
      message:
        "2 validation errors detected: Value 'no good' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '0' at 'shardCount' failed to satisfy constraint: Member must have value greater than or equal to 1",
    });
    for (const ShardCount of [20_001, 2_147_483_647, 100_000_000_000]) {
      expect(await refusal(kinesis.createStream({ StreamName: "huge", ShardCount }))).toMatchObject({
        name: "LimitExceededException",
      });
    }
    const onDemand = { StreamModeDetails: { StreamMode: "ON_DEMAND" as const } };
    expect(await refusal(kinesis.createStream({ StreamName: "both", ShardCount: 1, ...onDemand }))).toMatchObject({
      name: "ValidationException",
    });
    expect(
      await refusal(kinesis.createStream({ StreamName: "warm", WarmThroughputMiBps: 8, ...onDemand })),
    ).toMatchObject({ name: "ValidationException" });
    expect(await refusal(kinesis.describeStream({}))).toMatchObject({ name: "InvalidArgumentException" });
    expect(await refusal(kinesis.describeStream({ StreamName: "x", StreamARN: arnOf("y") }))).toMatchObject({
      name: "InvalidArgumentException",
    });
    expect(await refusal(kinesis.describeStream({ StreamARN: arnOf("missing") }))).toEqual({
      name: "ResourceNotFoundException",
      message: "Stream missing under account 000000000000 not found.",
    });
  });

  it("show a hundred shards at a time", async () => {
    const { name } = await env.stream(250);
    const pages: number[] = [];
    let after: string | undefined;
    for (;;) {
      const { StreamDescription } = await env.kinesis.describeStream({
        StreamName: name,
        ExclusiveStartShardId: after,
        Limit: 10_000,
      });
      pages.push(StreamDescription?.Shards?.length ?? 0);
      after = StreamDescription?.Shards?.at(-1)?.ShardId;
      if (!StreamDescription?.HasMoreShards) break;
    }
    expect(pages).toEqual([100, 100, 50]);
  });
});

describe("a stream with a delay", () => {
  const env = new KinesisEnvironment({ streamDelay: "30s" });
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  it("goes through CREATING, UPDATING and DELETING on the clock", async () => {
    const { kinesis, bus } = env;
    const status = async () => {
      const { StreamDescription } = await kinesis.describeStream({ StreamName: "slow" });
      return [StreamDescription?.StreamStatus, StreamDescription?.Shards?.length];
    };
    await kinesis.createStream({ StreamName: "slow", ShardCount: 2 });
    expect(await status()).toEqual(["CREATING", 0]);
    expect(
      await refusal(kinesis.putRecord({ StreamName: "slow", PartitionKey: "k", Data: Buffer.from("x") })),
    ).toMatchObject({ name: "ResourceNotFoundException" });
    await bus.clock.advance("29s");
    expect(await status()).toEqual(["CREATING", 0]);
    await bus.clock.advance("1s");
    expect(await status()).toEqual(["ACTIVE", 2]);
    await kinesis.mergeShards({ StreamName: "slow", ShardToMerge: shardId(0), AdjacentShardToMerge: shardId(1) });
    expect(await status()).toEqual(["UPDATING", 2]);
    await env.put("slow", "while updating");
    expect(
      await refusal(kinesis.increaseStreamRetentionPeriod({ StreamName: "slow", RetentionPeriodHours: 48 })),
    ).toEqual({
      name: "ResourceInUseException",
      message: "Stream slow under account 000000000000 not ACTIVE, instead in state UPDATING",
    });
    await bus.clock.advance("30s");
    expect(await status()).toEqual(["ACTIVE", 3]);
    await kinesis.deleteStream({ StreamName: "slow" });
    expect(await status()).toEqual(["DELETING", 3]);
    await bus.clock.advance("30s");
    expect(await refusal(status())).toMatchObject({ name: "ResourceNotFoundException" });
  });

  it("allows five streams to be made at a time", async () => {
    for (let i = 0; i < 5; i += 1) await env.kinesis.createStream({ StreamName: `many-${i}`, ShardCount: 1 });
    const sixth = () => env.kinesis.createStream({ StreamName: "many-5", ShardCount: 1 });
    expect(await refusal(sixth())).toMatchObject({ name: "LimitExceededException" });
    await env.bus.clock.advance("30s");
    await sixth();
  });
});

describe("a durable stream", () => {
  const env = new KinesisEnvironment({ streamDelay: "30s" }, "disk");
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  it("goes on after a restart where it was: what is pending, records, iterators and consumers", async () => {
    const status = async () =>
      (await env.kinesis.describeStreamSummary({ StreamName: "kept" })).StreamDescriptionSummary?.StreamStatus;
    await env.kinesis.createStream({ StreamName: "kept", ShardCount: 1 });
    await env.restart();
    expect(await status()).toBe("CREATING");
    await env.bus.clock.advance("30s");
    expect(await status()).toBe("ACTIVE");
    for (let i = 0; i < 100; i += 1) await env.put("kept", `record ${i}`);
    const consumer = await env.consumer(arnOf("kept"));
    await env.bus.clock.advance("30s");
    const page = await env.kinesis.getRecords({ ShardIterator: await env.iterator("kept"), Limit: 40 });
    await env.kinesis.splitShard({ StreamName: "kept", ShardToSplit: shardId(0), NewStartingHashKey: "1000" });
    await env.restart();
    const rest = await env.kinesis.getRecords({ ShardIterator: page.NextShardIterator });
    expect(rest.Records?.map(textOf)).toEqual(Array.from({ length: 60 }, (_, i) => `record ${40 + i}`));
    expect(rest.NextShardIterator).toBeDefined();
    const { sequenceNumber } = await env.put("kept", "after");
    expect(BigInt(sequenceNumber)).toBeGreaterThan(BigInt(rest.Records?.at(-1)?.SequenceNumber ?? 0));
    await env.bus.clock.advance("30s");
    const last = await env.kinesis.getRecords({ ShardIterator: rest.NextShardIterator });
    expect(last.Records?.map(textOf)).toEqual(["after"]);
    expect(last.ChildShards).toHaveLength(2);
    const { EventStream } = await env.kinesis.subscribeToShard({
      ConsumerARN: consumer,
      ShardId: shardId(0),
      StartingPosition: { Type: "AT_SEQUENCE_NUMBER", SequenceNumber: sequenceNumber },
    });
    const texts: string[] = [];
    for await (const { SubscribeToShardEvent } of EventStream ?? []) {
      texts.push(...(SubscribeToShardEvent?.Records ?? []).map(textOf));
    }
    expect(texts).toEqual(["after"]);
  });
});
