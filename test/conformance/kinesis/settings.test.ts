import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KinesisEnvironment, refusal, shardId } from "../../support/kinesis.ts";

describe("settings of streams", () => {
  const env = new KinesisEnvironment();
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  it("have retention within AWS's bounds", async () => {
    const { name } = await env.stream();
    const increase = (RetentionPeriodHours: number) =>
      env.kinesis.increaseStreamRetentionPeriod({ StreamName: name, RetentionPeriodHours });
    const decrease = (RetentionPeriodHours: number) =>
      env.kinesis.decreaseStreamRetentionPeriod({ StreamName: name, RetentionPeriodHours });
    await increase(8760);
    const { StreamDescription } = await env.kinesis.describeStream({ StreamName: name });
    expect(StreamDescription?.RetentionPeriodHours).toBe(8760);
    const texts: [Promise<unknown>, string][] = [
      [
        increase(8761),
        "Maximum allowed retention period is 8760 hours. Requested retention period (8761 hours) is too long.",
      ],
      [
        decrease(23),
        "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.",
      ],
      [
        increase(24),
        `Requested retention period (24 hours) for stream ${name} can not be shorter than existing retention period (8760 hours). Use DecreaseRetentionPeriod API.`,
      ],
    ];
    for (const [call, message] of texts) {
      expect(await refusal(call)).toEqual({ name: "InvalidArgumentException", message });
    }
    await decrease(24);
    await decrease(24);
    expect((await refusal(decrease(25))).message).toBe(
      `Requested retention period (25 hours) for stream ${name} can not be longer than existing retention period (24 hours). Use IncreaseRetentionPeriod API.`,
    );
  });

  it("have enhanced monitoring", async () => {
    const { name, arn } = await env.stream();
    const on = await env.kinesis.enableEnhancedMonitoring({
      StreamName: name,
      ShardLevelMetrics: ["OutgoingBytes", "IncomingBytes"],
    });
    expect(on).toMatchObject({
      StreamName: name,
      StreamARN: arn,
      CurrentShardLevelMetrics: [],
      DesiredShardLevelMetrics: ["IncomingBytes", "OutgoingBytes"],
    });
    const all = await env.kinesis.enableEnhancedMonitoring({ StreamName: name, ShardLevelMetrics: ["ALL"] });
    expect(all.DesiredShardLevelMetrics).toHaveLength(7);
    const off = await env.kinesis.disableEnhancedMonitoring({ StreamName: name, ShardLevelMetrics: ["ALL"] });
    expect(off.CurrentShardLevelMetrics).toHaveLength(7);
    expect(off.DesiredShardLevelMetrics).toEqual([]);
  });

  it("have tags, by either family of operations", async () => {
    const { name, arn } = await env.stream();
    const { kinesis } = env;
    await kinesis.addTagsToStream({ StreamName: name, Tags: { b: "2", a: "1" } });
    await kinesis.tagResource({ ResourceARN: arn, Tags: { c: "3", a: "one" } });
    const Tags = [
      { Key: "a", Value: "one" },
      { Key: "b", Value: "2" },
      { Key: "c", Value: "3" },
    ];
    expect(await kinesis.listTagsForStream({ StreamName: name })).toMatchObject({ Tags, HasMoreTags: false });
    expect(await kinesis.listTagsForStream({ StreamName: name, Limit: 2 })).toMatchObject({
      Tags: Tags.slice(0, 2),
      HasMoreTags: true,
    });
    expect((await kinesis.listTagsForStream({ StreamName: name, ExclusiveStartTagKey: "b" })).Tags).toEqual([Tags[2]]);
    expect((await kinesis.listTagsForResource({ ResourceARN: arn })).Tags).toEqual(Tags);
    await kinesis.removeTagsFromStream({ StreamName: name, TagKeys: ["a", "unknown"] });
    await kinesis.untagResource({ ResourceARN: arn, TagKeys: ["b"] });
    expect((await kinesis.listTagsForResource({ ResourceARN: arn })).Tags).toEqual([Tags[2]]);
    const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`t${i}`, ""]));
    expect(await refusal(kinesis.addTagsToStream({ StreamName: name, Tags: fifty }))).toEqual({
      name: "InvalidArgumentException",
      message: `Failed to add tags to stream ${name} under account 000000000000 because a given stream cannot have more than 50 tags associated with it.`,
    });
    expect((await refusal(kinesis.addTagsToStream({ StreamName: name, Tags: { "a!": "x" } }))).message).toBe(
      "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.",
    );
    const consumer = await env.consumer(arn);
    await kinesis.tagResource({ ResourceARN: consumer, Tags: { team: "x" } });
    expect((await kinesis.listTagsForResource({ ResourceARN: consumer })).Tags).toEqual([{ Key: "team", Value: "x" }]);
  });

  it("have resource policies", async () => {
    const { arn } = await env.stream();
    const { kinesis } = env;
    expect((await kinesis.getResourcePolicy({ ResourceARN: arn })).Policy).toBe("{}");
    const policy = (resource: string, more: object = {}) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { AWS: "arn:aws:iam::111111111111:root" },
            Action: "kinesis:PutRecord",
            Resource: resource,
            ...more,
          },
        ],
      });
    await kinesis.putResourcePolicy({ ResourceARN: arn, Policy: policy(arn) });
    expect((await kinesis.getResourcePolicy({ ResourceARN: arn })).Policy).toBe(policy(arn));
    for (const Policy of ["nonsense", "[]", "{}", policy(`${arn}-other`), policy(arn, { Principal: undefined })]) {
      expect(await refusal(kinesis.putResourcePolicy({ ResourceARN: arn, Policy }))).toMatchObject({
        name: "InvalidArgumentException",
      });
    }
    await kinesis.deleteResourcePolicy({ ResourceARN: arn });
    expect((await kinesis.getResourcePolicy({ ResourceARN: arn })).Policy).toBe("{}");
    expect(await refusal(kinesis.deleteResourcePolicy({ ResourceARN: arn }))).toMatchObject({
      name: "ResourceNotFoundException",
    });
    const consumer = await env.consumer(arn);
    await kinesis.putResourcePolicy({ ResourceARN: consumer, Policy: policy(consumer) });
    expect((await kinesis.getResourcePolicy({ ResourceARN: consumer })).Policy).toBe(policy(consumer));
  });
});

describe("channels", () => {
  const env = new KinesisEnvironment();
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  const bucket = { BucketARN: "arn:aws:s3:::bucket", ExpectedBucketOwner: "000000000000" };
  const request = (ChannelName: string, StreamARN: string) => ({
    ChannelName,
    ServiceExecutionRoleARN: "arn:aws:iam::000000000000:role/channel",
    StreamConfigurationList: [{ StreamARN, RecordConfiguration: { RecordFormatType: "JSON" as const } }],
    S3DestinationConfiguration: { StorageConfiguration: { ...bucket, CompressionType: "GZIP" as const } },
  });

  it("are made, described, changed, listed and deleted", async () => {
    const { kinesis } = env;
    const { arn, name } = await env.onDemand();
    const { ChannelDescription } = await kinesis.createChannel(request("one", arn));
    const ChannelARN = ChannelDescription?.ChannelARN as string;
    expect(ChannelDescription).toMatchObject({
      ChannelName: "one",
      ChannelARN: "arn:aws:kinesis:us-east-1:000000000000:channel/one",
      ChannelStatus: "CREATING",
      StreamConfigurationList: [{ StreamARN: arn, RecordConfiguration: { RecordFormatType: "JSON" } }],
      S3DestinationConfiguration: {
        DataFreshnessInSeconds: 300,
        StorageConfiguration: { ...bucket, CompressionType: "GZIP" },
        DeadLetterQueueS3Configuration: bucket,
      },
      LoggingConfiguration: {
        CloudWatchLogs: {
          Enabled: false,
          LogGroupName: `/aws/kinesis/one/${ChannelDescription?.ChannelId}`,
          LogStreamName: "DestinationDelivery",
        },
      },
    });
    const described = await kinesis.describeChannel({ ChannelARN });
    expect(described.ChannelDescription?.ChannelStatus).toBe("ACTIVE");
    const updated = await kinesis.updateChannel({
      ChannelARN,
      S3DestinationConfiguration: { DataFreshnessInSeconds: 900 },
      LoggingConfiguration: { CloudWatchLogs: { Enabled: true } },
    });
    expect(updated.ChannelDescription).toMatchObject({
      ChannelStatus: "UPDATING",
      S3DestinationConfiguration: { DataFreshnessInSeconds: 900, StorageConfiguration: bucket },
      LoggingConfiguration: { CloudWatchLogs: { Enabled: true, LogStreamName: "DestinationDelivery" } },
    });
    await kinesis.createChannel(request("two", arn));
    const other = await env.onDemand();
    await kinesis.createChannel(request("three", other.arn));
    const page = await kinesis.listChannels({ MaxResults: 2 });
    expect(page.ChannelSummaries?.map(({ ChannelName }) => ChannelName)).toEqual(["one", "three"]);
    const rest = await kinesis.listChannels({ NextToken: page.NextToken });
    expect(rest.ChannelSummaries?.map(({ ChannelName }) => ChannelName)).toEqual(["two"]);
    const filtered = await kinesis.listChannels({ StreamFilter: [{ StreamARN: arn }] });
    expect(filtered.ChannelSummaries).toHaveLength(2);
    expect(filtered.ChannelSummaries?.[0]).toMatchObject({
      ChannelDestinationType: "S3",
      Streams: [{ StreamARN: arn }],
    });
    expect(await kinesis.describeLimits({})).toMatchObject({ ChannelCount: 3 });
    expect(await refusal(kinesis.deleteStream({ StreamName: name }))).toMatchObject({ name: "ResourceInUseException" });
    await kinesis.deleteChannel({ ChannelARN });
    expect(await refusal(kinesis.describeChannel({ ChannelARN }))).toMatchObject({ name: "ResourceNotFoundException" });
  });

  it("are refused where AWS's documentation refuses them", async () => {
    const { kinesis } = env;
    const { arn } = await env.onDemand();
    const provisioned = await env.stream();
    expect(await refusal(kinesis.createChannel(request("p", provisioned.arn)))).toMatchObject({
      name: "ValidationException",
    });
    const { S3DestinationConfiguration: _none, ...without } = request("none", arn);
    expect(await refusal(kinesis.createChannel(without))).toMatchObject({ name: "InvalidArgumentException" });
    expect(
      await refusal(
        kinesis.createChannel({
          ...request("fresh", arn),
          S3DestinationConfiguration: {
            DataFreshnessInSeconds: 10,
            StorageConfiguration: { ...bucket, CompressionType: "NONE" },
          },
        }),
      ),
    ).toMatchObject({ name: "ValidationException" });
    await kinesis.createChannel(request("taken", arn));
    expect(await refusal(kinesis.createChannel(request("taken", arn)))).toMatchObject({
      name: "ResourceInUseException",
    });
  });
});

describe("a strict emulator", () => {
  const env = new KinesisEnvironment({ strict: true });
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  it("accepts a thousand records and 1 MiB per second and shard, and reports which did not fit", async () => {
    const { name } = await env.stream();
    const put = (count: number, size: number) =>
      env.kinesis.putRecords({
        StreamName: name,
        Records: Array.from({ length: count }, () => ({ PartitionKey: "k", Data: Buffer.alloc(size) })),
      });
    expect((await put(500, 10)).FailedRecordCount).toBe(0);
    expect((await put(499, 10)).FailedRecordCount).toBe(0);
    const third = await put(3, 10);
    expect(third.FailedRecordCount).toBe(2);
    expect(third.Records?.[0]).toMatchObject({ ShardId: shardId(0) });
    const message = `Rate exceeded for shard ${shardId(0)} in stream ${name} under account 000000000000.`;
    expect(third.Records?.[1]).toEqual({ ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: message });
    expect(await refusal(env.put(name, "x"))).toEqual({ name: "ProvisionedThroughputExceededException", message });
    await env.bus.clock.advance("1s");
    const large = await put(3, 500_000);
    expect(large.FailedRecordCount).toBe(1);
    await env.bus.clock.advance("1s");
    expect((await put(2, 500_000)).FailedRecordCount).toBe(0);
  });

  it("lets a shard be read five times and 2 MiB a second", async () => {
    const { name } = await env.stream();
    const iterator = await env.iterator(name);
    const read = () => env.kinesis.getRecords({ ShardIterator: iterator });
    for (let i = 0; i < 5; i += 1) await read();
    expect(await refusal(read())).toMatchObject({ name: "ProvisionedThroughputExceededException" });
    for (let i = 0; i < 6; i += 1) {
      await env.bus.clock.advance("1s");
      await env.kinesis.putRecord({ StreamName: name, PartitionKey: "k", Data: Buffer.alloc(1_000_000) });
    }
    // 6 MB are more than two seconds' worth.
    expect((await read()).Records).toHaveLength(6);
    expect(await refusal(read())).toMatchObject({ name: "ProvisionedThroughputExceededException" });
    await env.bus.clock.advance("1s");
    expect(await refusal(read())).toMatchObject({ name: "ProvisionedThroughputExceededException" });
    await env.bus.clock.advance("2s");
    expect((await read()).Records).toHaveLength(6);
  });

  it("sends a fan-out consumer 2 MiB a second", async () => {
    const { arn, name } = await env.stream();
    for (let i = 0; i < 4; i += 1) {
      await env.kinesis.putRecord({ StreamName: name, PartitionKey: "k", Data: Buffer.alloc(1_000_000, i) });
      await env.bus.clock.advance("1s");
    }
    const { EventStream } = await env.kinesis.subscribeToShard({
      ConsumerARN: await env.consumer(arn),
      ShardId: shardId(0),
      StartingPosition: { Type: "TRIM_HORIZON" },
    });
    const startedMs = env.bus.clock.now();
    const arrivals: number[] = [];
    let over = false;
    const reading = (async () => {
      for await (const { SubscribeToShardEvent } of EventStream ?? []) {
        for (const _record of SubscribeToShardEvent?.Records ?? []) arrivals.push(env.bus.clock.now() - startedMs);
        if (arrivals.length === 4) break;
      }
      over = true;
    })();
    while (!over) {
      await env.bus.clock.advance("100ms");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await reading;
    // Each event has one record of 1 MB, about half a second's share; the reader may see it a few steps late.
    expect(arrivals).toHaveLength(4);
    expect(arrivals[3]).toBeGreaterThanOrEqual(1400);
  });
});
