import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KinesisEnvironment, refusal, type Storage, shardId, textOf } from "../../support/kinesis.ts";

const top = 2n ** 128n - 1n;
const half = 2n ** 127n;

describe.each<Storage>(["memory", "disk"])("shards (%s)", (storage) => {
  const env = new KinesisEnvironment({}, storage);
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  const split = (name: string, shard: number, at: bigint) =>
    env.kinesis.splitShard({ StreamName: name, ShardToSplit: shardId(shard), NewStartingHashKey: String(at) });
  const merge = (name: string, shard: number, adjacent: number) =>
    env.kinesis.mergeShards({
      StreamName: name,
      ShardToMerge: shardId(shard),
      AdjacentShardToMerge: shardId(adjacent),
    });
  const range = (from: bigint, to: bigint) => ({ StartingHashKey: String(from), EndingHashKey: String(to) });

  it("split in two, and the closed one tells its children at its end", async () => {
    const { name } = await env.stream();
    await env.put(name, "before");
    await split(name, 0, half);
    const [parent, low, high] = await env.shards(name);
    expect(parent?.SequenceNumberRange?.EndingSequenceNumber).toMatch(/^49\d{54}$/);
    expect(low).toMatchObject({ ShardId: shardId(1), ParentShardId: shardId(0), HashKeyRange: range(0n, half - 1n) });
    expect(high).toMatchObject({ ShardId: shardId(2), ParentShardId: shardId(0), HashKeyRange: range(half, top) });
    expect(low).not.toHaveProperty("AdjacentParentShardId");
    // Children begin later than their parent ends, on a clock that stands still as well.
    const ending = BigInt(parent?.SequenceNumberRange?.EndingSequenceNumber ?? 0);
    expect(BigInt(low?.SequenceNumberRange?.StartingSequenceNumber ?? 0)).toBeGreaterThan(ending);
    const after = await env.put(name, "after");
    expect(after.shard).not.toBe(shardId(0));
    expect(BigInt(after.sequenceNumber)).toBeGreaterThan(ending);
    const answer = await env.kinesis.getRecords({ ShardIterator: await env.iterator(name) });
    expect(answer.Records?.map(textOf)).toEqual(["before"]);
    expect(answer.NextShardIterator).toBeUndefined();
    expect(answer.ChildShards).toEqual([
      { ShardId: shardId(1), ParentShards: [shardId(0)], HashKeyRange: range(0n, half - 1n) },
      { ShardId: shardId(2), ParentShards: [shardId(0)], HashKeyRange: range(half, top) },
    ]);
    const end = await env.kinesis.getShardIterator({
      StreamName: name,
      ShardId: shardId(0),
      ShardIteratorType: "AT_SEQUENCE_NUMBER",
      StartingSequenceNumber: String(ending),
    });
    expect((await env.kinesis.getRecords({ ShardIterator: end.ShardIterator })).ChildShards).toHaveLength(2);
  });

  it("merge to one", async () => {
    const { name } = await env.stream(3);
    await merge(name, 1, 2);
    const shards = await env.shards(name);
    expect(shards[3]).toMatchObject({
      ParentShardId: shardId(1),
      AdjacentParentShardId: shardId(2),
      HashKeyRange: range(2n ** 128n / 3n, top),
    });
    for (const parent of [1, 2]) {
      const iterator = await env.iterator(name, shardId(parent));
      expect((await env.kinesis.getRecords({ ShardIterator: iterator })).ChildShards).toEqual([
        {
          ShardId: shardId(3),
          ParentShards: [shardId(1), shardId(2)],
          HashKeyRange: range(2n ** 128n / 3n, top),
        },
      ]);
    }
  });

  it("refuse what cannot be resharded", async () => {
    const { name } = await env.stream(4);
    const under = `in stream ${name} under account 000000000000`;
    const quarter = 2n ** 126n;
    expect(await refusal(split(name, 9, half))).toEqual({
      name: "ResourceNotFoundException",
      message: `Could not find shard ${shardId(9)} ${under}.`,
    });
    for (const at of [0n, 1n, quarter - 1n, half, 2n ** 128n]) {
      expect(await refusal(split(name, 0, at))).toEqual({
        name: "InvalidArgumentException",
        message: `NewStartingHashKey ${at} used in SplitShard() on shard ${shardId(0)} ${under} is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey ${quarter - 1n}.`,
      });
    }
    for (const [a, b] of [
      [0, 2],
      [1, 1],
    ] as const) {
      expect(await refusal(merge(name, a, b))).toEqual({
        name: "InvalidArgumentException",
        message: `Shards ${shardId(a)} and ${shardId(b)} ${under} are not an adjacent pair of shards eligible for merging`,
      });
    }
    await split(name, 0, 100n);
    expect((await refusal(split(name, 0, 50n))).message).toBe(
      `Shard ${shardId(0)} ${under} has already been merged or split, and thus is not eligible for merging or splitting.`,
    );
    const onDemand = await env.onDemand();
    expect(await refusal(split(onDemand.name, 0, half))).toMatchObject({ name: "ValidationException" });
    expect(await refusal(merge(onDemand.name, 0, 1))).toMatchObject({ name: "ValidationException" });
  });

  it("are scaled to shards of equal width", async () => {
    const { name } = await env.stream(3);
    const scale = (TargetShardCount: number) =>
      env.kinesis.updateShardCount({ StreamName: name, TargetShardCount, ScalingType: "UNIFORM_SCALING" });
    const open = async () => {
      const { Shards } = await env.kinesis.listShards({ StreamName: name, ShardFilter: { Type: "AT_LATEST" } });
      const ranges = (Shards ?? []).map(({ HashKeyRange }) => [
        BigInt(HashKeyRange?.StartingHashKey ?? 0),
        BigInt(HashKeyRange?.EndingHashKey ?? 0),
      ]);
      return ranges.sort(([a = 0n], [b = 0n]) => (a < b ? -1 : 1)) as [bigint, bigint][];
    };
    expect(await scale(6)).toMatchObject({ StreamName: name, CurrentShardCount: 3, TargetShardCount: 6 });
    expect(await env.shards(name)).toHaveLength(9);
    for (const count of [6, 5, 4, 8, 5, 3]) {
      if (count !== 6) await scale(count);
      const ranges = await open();
      expect(ranges).toHaveLength(count);
      const width = 2n ** 128n / BigInt(count);
      ranges.forEach(([start, end], i) => {
        expect(start).toBe(i === 0 ? 0n : (ranges[i - 1]?.[1] ?? 0n) + 1n);
        const off = end - start + 1n - width;
        expect(off < 1000n && off > -1000n).toBe(true);
      });
      expect(ranges.at(-1)?.[1]).toBe(top);
    }
    expect(await refusal(scale(7))).toEqual({
      name: "InvalidArgumentException",
      message:
        "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 3 Target shard count: 7",
    });
    for (let i = 0; i < 4; i += 1) await scale(3);
    expect(await refusal(scale(3))).toMatchObject({ name: "LimitExceededException" });
    await env.bus.clock.advance("24h");
    await scale(3);
  });

  it("are listed by filter and by page", async () => {
    const { name } = await env.stream(2);
    const createdMs = env.bus.clock.now();
    await env.bus.clock.advance("1h");
    await split(name, 0, 1000n);
    const splitMs = env.bus.clock.now();
    await env.bus.clock.advance("1h");
    await merge(name, 2, 3);
    const ids = async (ShardFilter?: { Type: string; ShardId?: string; Timestamp?: Date }) => {
      const { Shards } = await env.kinesis.listShards({ StreamName: name, ShardFilter: ShardFilter as never });
      return Shards?.map(({ ShardId }) => Number(ShardId?.slice(8)));
    };
    expect(await ids()).toEqual([0, 1, 2, 3, 4]);
    expect(await ids({ Type: "FROM_TRIM_HORIZON" })).toEqual([0, 1, 2, 3, 4]);
    expect(await ids({ Type: "AT_LATEST" })).toEqual([1, 4]);
    expect(await ids({ Type: "AT_TRIM_HORIZON" })).toEqual([0, 1]);
    expect(await ids({ Type: "AFTER_SHARD_ID", ShardId: shardId(2) })).toEqual([3, 4]);
    expect(await ids({ Type: "AT_TIMESTAMP", Timestamp: new Date(createdMs) })).toEqual([0, 1]);
    expect(await ids({ Type: "AT_TIMESTAMP", Timestamp: new Date(splitMs + 1) })).toEqual([1, 2, 3]);
    expect(await ids({ Type: "FROM_TIMESTAMP", Timestamp: new Date(splitMs + 1) })).toEqual([1, 2, 3, 4]);
    expect(await refusal(ids({ Type: "AT_TIMESTAMP" }))).toMatchObject({ name: "InvalidArgumentException" });
    const page = await env.kinesis.listShards({ StreamName: name, MaxResults: 2 });
    expect(page.Shards?.map(({ ShardId }) => ShardId)).toEqual([shardId(0), shardId(1)]);
    const rest = await env.kinesis.listShards({ NextToken: page.NextToken });
    expect(rest.Shards?.map(({ ShardId }) => ShardId)).toEqual([2, 3, 4].map(shardId));
    expect(rest.NextToken).toBeUndefined();
    expect(await refusal(env.kinesis.listShards({}))).toMatchObject({ name: "InvalidArgumentException" });
    expect(
      await refusal(env.kinesis.listShards({ StreamName: name, StreamCreationTimestamp: new Date(0) })),
    ).toMatchObject({ name: "ResourceNotFoundException" });
    await env.bus.clock.advance("301s");
    expect(await refusal(env.kinesis.listShards({ NextToken: page.NextToken }))).toMatchObject({
      name: "ExpiredNextTokenException",
    });
    // Closed shards leave with their records.
    await env.bus.clock.advance("24h");
    expect(await ids()).toEqual([1, 4]);
    expect(await refusal(env.iterator(name, shardId(0)))).toMatchObject({ name: "ResourceNotFoundException" });
  });
});

describe("an on-demand stream", () => {
  const env = new KinesisEnvironment();
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  const openShards = async (name: string) => {
    const { StreamDescriptionSummary } = await env.kinesis.describeStreamSummary({ StreamName: name });
    return StreamDescriptionSummary?.OpenShardCount;
  };

  it("splits a shard that takes more than 500 KB a second", async () => {
    const { name } = await env.onDemand();
    const Data = Buffer.alloc(1_000_000);
    const fill = async (count: number) => {
      for (let i = 0; i < count; i += 1) {
        await env.kinesis.putRecord({ StreamName: name, PartitionKey: "k", ExplicitHashKey: "5", Data });
      }
    };
    await fill(29);
    await env.bus.clock.advance("15m");
    expect(await openShards(name)).toBe(4);
    await fill(31);
    await env.bus.clock.advance("14m");
    expect(await openShards(name)).toBe(4);
    await env.bus.clock.advance("1m");
    expect(await openShards(name)).toBe(5);
    const shards = await env.shards(name);
    expect(shards.slice(4).map(({ ParentShardId }) => ParentShardId)).toEqual([shardId(0), shardId(0)]);
  });

  it("switches between the modes and keeps its shards, twice a day", async () => {
    const { name, arn } = await env.stream(2);
    const change = (StreamMode: "ON_DEMAND" | "PROVISIONED") =>
      env.kinesis.updateStreamMode({ StreamARN: arn, StreamModeDetails: { StreamMode } });
    await change("ON_DEMAND");
    expect(await openShards(name)).toBe(2);
    await change("PROVISIONED");
    expect(await refusal(change("ON_DEMAND"))).toMatchObject({ name: "LimitExceededException" });
    await env.bus.clock.advance("24h");
    await change("ON_DEMAND");
  });

  it("spreads records by itself when it is told to", async () => {
    const { name, arn } = await env.onDemand();
    const Data = Buffer.from("x");
    const put = (PartitionKey?: string) => env.kinesis.putRecord({ StreamName: name, PartitionKey, Data });
    expect(await refusal(put())).toMatchObject({ name: "ValidationException" });
    await env.kinesis.updateStreamRecordDistributionStrategy({ StreamARN: arn, RecordDistributionStrategy: "AUTO" });
    const shards = new Set<string | undefined>();
    for (let i = 0; i < 8; i += 1) shards.add((await put(i % 2 === 0 ? "same" : undefined)).ShardId);
    expect(shards.size).toBe(4);
    expect((await env.records(name)).map(({ PartitionKey }) => PartitionKey).sort()).toEqual(["same", "same"]);
    expect((await env.records(name, shardId(1))).map(({ PartitionKey }) => PartitionKey)).toEqual([
      undefined,
      undefined,
    ]);
    const provisioned = await env.stream();
    expect(
      await refusal(
        env.kinesis.updateStreamRecordDistributionStrategy({
          StreamARN: provisioned.arn,
          RecordDistributionStrategy: "AUTO",
        }),
      ),
    ).toMatchObject({ name: "InvalidArgumentException" });
  });

  it("has warm throughput once the account has committed itself", async () => {
    const { arn, name } = await env.onDemand();
    const warm = (WarmThroughputMiBps: number) =>
      env.kinesis.updateStreamWarmThroughput({ StreamARN: arn, WarmThroughputMiBps });
    expect(await refusal(warm(10))).toMatchObject({ name: "ValidationException" });
    expect(await env.kinesis.describeAccountSettings({})).toMatchObject({
      MinimumThroughputBillingCommitment: { Status: "DISABLED" },
    });
    await env.kinesis.updateAccountSettings({ MinimumThroughputBillingCommitment: { Status: "ENABLED" } });
    expect(await env.kinesis.describeAccountSettings({})).toMatchObject({
      MinimumThroughputBillingCommitment: { Status: "ENABLED", StartedAt: new Date(env.bus.clock.now()) },
    });
    expect(await warm(10)).toMatchObject({ StreamName: name, WarmThroughput: { TargetMiBps: 10, CurrentMiBps: 4 } });
    expect(await openShards(name)).toBe(10);
    expect(await refusal(warm(1_000_000_000))).toMatchObject({ name: "InvalidArgumentException" });
  });
});
