/** Rules of Kinesis as AWS was recorded to follow them. */
import type { GetShardIteratorCommandInput, SubscribeToShardEvent } from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arnOf, KinesisEnvironment, refusal, shardId, textOf } from "../../support/kinesis.ts";

const account = "000000000000";
const half = String(2n ** 127n);

describe("what was recorded", () => {
  const env = new KinesisEnvironment();
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  const refused = async (call: Promise<unknown>) => {
    const { name, message } = await refusal(call);
    return `${name}: ${message}`;
  };
  const iterate = (StreamName: string, input: Partial<GetShardIteratorCommandInput> = {}) =>
    env.kinesis.getShardIterator({
      StreamName,
      ShardId: shardId(0),
      ShardIteratorType: "TRIM_HORIZON",
      ...input,
    });
  const under = (name: string) => `in stream ${name} under account ${account}`;

  describe("naming a stream", () => {
    it("a stream made with its name alone has four open shards and scales itself", async () => {
      await env.kinesis.createStream({ StreamName: "name-alone" });
      const { StreamDescriptionSummary } = await env.kinesis.describeStreamSummary({ StreamName: "name-alone" });
      expect(StreamDescriptionSummary).toMatchObject({
        OpenShardCount: 4,
        StreamModeDetails: { StreamMode: "ON_DEMAND" },
      });
      const provisioned = { StreamName: "p", StreamModeDetails: { StreamMode: "PROVISIONED" } } as const;
      expect(await refused(env.kinesis.createStream(provisioned))).toMatch(/^ValidationException: ShardCount must be/);
    });

    it("its creation is told in whole seconds", async () => {
      const { name, arn } = await env.stream();
      await env.consumer(arn);
      const whole = (date: Date | undefined) => expect(date?.getMilliseconds()).toBe(0);
      whole((await env.kinesis.describeStream({ StreamName: name })).StreamDescription?.StreamCreationTimestamp);
      const { StreamDescriptionSummary } = await env.kinesis.describeStreamSummary({ StreamName: name });
      whole(StreamDescriptionSummary?.StreamCreationTimestamp);
      whole((await env.kinesis.listStreams({})).StreamSummaries?.[0]?.StreamCreationTimestamp);
      const StreamCreationTimestamp = StreamDescriptionSummary?.StreamCreationTimestamp;
      expect((await env.kinesis.listShards({ StreamName: name, StreamCreationTimestamp })).Shards).toHaveLength(1);
    });

    const elsewhere = `arn:aws:kinesis:eu-west-1:${account}:stream/s`;
    const consumerElsewhere = `${elsewhere}/consumer/c:1700000000`;
    it.each([
      ["DescribeStream", elsewhere, () => env.kinesis.describeStream({ StreamARN: elsewhere })],
      ["DeleteStream", elsewhere, () => env.kinesis.deleteStream({ StreamARN: elsewhere })],
      [
        "PutRecord",
        elsewhere,
        () => env.kinesis.putRecord({ StreamARN: elsewhere, PartitionKey: "k", Data: Buffer.from("x") }),
      ],
      [
        "GetShardIterator",
        elsewhere,
        () =>
          env.kinesis.getShardIterator({
            StreamARN: elsewhere,
            ShardId: shardId(0),
            ShardIteratorType: "LATEST",
          }),
      ],
      ["ListShards", elsewhere, () => env.kinesis.listShards({ StreamARN: elsewhere })],
      ["TagResource", elsewhere, () => env.kinesis.tagResource({ ResourceARN: elsewhere, Tags: { a: "b" } })],
      ["GetResourcePolicy", elsewhere, () => env.kinesis.getResourcePolicy({ ResourceARN: elsewhere })],
      ["ListStreamConsumers", elsewhere, () => env.kinesis.listStreamConsumers({ StreamARN: elsewhere })],
      [
        "DescribeStreamConsumer",
        consumerElsewhere,
        () => env.kinesis.describeStreamConsumer({ ConsumerARN: consumerElsewhere }),
      ],
      [
        "DeregisterStreamConsumer",
        consumerElsewhere,
        () => env.kinesis.deregisterStreamConsumer({ ConsumerARN: consumerElsewhere }),
      ],
      [
        "SubscribeToShard",
        consumerElsewhere,
        () =>
          env.kinesis.subscribeToShard({
            ConsumerARN: consumerElsewhere,
            ShardId: shardId(0),
            StartingPosition: { Type: "LATEST" },
          }),
      ],
    ])("an ARN of another region is refused: %s", async (_, arn, call) => {
      expect(await refused(call())).toBe(
        `InvalidArgumentException: The region specified in the ARN '${arn}' does not match the endpoint region`,
      );
    });

    it("a deletion does not reach into another region", async () => {
      const other = env.client({ region: "eu-west-1" });
      const { name, arn } = await env.stream();
      expect(await refused(other.deleteStream({ StreamARN: arn }))).toMatch(/^InvalidArgumentException/);
      expect(await env.shards(name)).toHaveLength(1);
    });

    it("name and ARN agree, and one of them is there", async () => {
      const { arn } = await env.stream();
      expect(await refused(env.kinesis.describeStreamSummary({ StreamName: "other", StreamARN: arn }))).toBe(
        `InvalidArgumentException: Input stream name other doesn't match the inferred name in stream arn ${arn.split("/")[1]}`,
      );
      for (const call of [
        env.kinesis.describeStream({}),
        env.kinesis.listShards({}),
        env.kinesis.putRecords({ Records: [{ Data: Buffer.from("x"), PartitionKey: "k" }] }),
        env.kinesis.listTagsForStream({}),
      ]) {
        expect(await refused(call)).toBe(
          "InvalidArgumentException: Stream arn and stream name can't be empty at the same time",
        );
      }
    });
  });

  describe("naming a shard", () => {
    it.each(["1", "shardId-1", "x-001", "-1", "shardId-000000000001"])("%s is the second shard", async (ShardId) => {
      const { name } = await env.stream(3);
      await iterate(name, { ShardId });
      const listed = async (input: object) =>
        (await env.kinesis.listShards({ StreamName: name, ...input })).Shards?.map((shard) => shard.ShardId);
      expect(await listed({ ExclusiveStartShardId: ShardId })).toEqual([shardId(2)]);
      expect(await listed({ ShardFilter: { Type: "AFTER_SHARD_ID", ShardId } })).toEqual([shardId(2)]);
      const { StreamDescription } = await env.kinesis.describeStream({
        StreamName: name,
        ExclusiveStartShardId: ShardId,
      });
      expect(StreamDescription?.Shards?.map((shard) => shard.ShardId)).toEqual([shardId(2)]);
      const { ShardIterator } = await iterate(name, { ShardId });
      await env.kinesis.mergeShards({ StreamName: name, ShardToMerge: ShardId, AdjacentShardToMerge: "2" });
      expect((await env.kinesis.getRecords({ ShardIterator })).ChildShards?.[0]?.ParentShards).toEqual([
        shardId(1),
        shardId(2),
      ]);
    });

    it.each(["abc", "shardId-9x", "2.5E3", "shardId-3000000000", "a-b-1"])(
      "%s is none, which is told before the stream is looked up",
      async (id) => {
        const text = (name: string) => `ResourceNotFoundException: Could not find shard ${id} ${under(name)}.`;
        const { name } = await env.stream();
        for (const StreamName of [name, "nowhere"]) {
          expect(await refused(iterate(StreamName, { ShardId: id }))).toBe(text(StreamName));
          const split = env.kinesis.splitShard({ StreamName, ShardToSplit: id, NewStartingHashKey: "5" });
          expect(await refused(split)).toBe(text(StreamName));
          const merge = { StreamName, ShardToMerge: "0", AdjacentShardToMerge: id };
          expect(await refused(env.kinesis.mergeShards(merge))).toBe(text(StreamName));
          const listed = env.kinesis.listShards({ StreamName, ExclusiveStartShardId: id });
          expect(await refused(listed)).toBe(text(StreamName));
        }
      },
    );

    it("GetShardIterator tells of the shard when the stream is missing, the others of the stream", async () => {
      expect(await refused(iterate("nowhere", { ShardId: "4" }))).toBe(
        `ResourceNotFoundException: Shard ${shardId(4)} ${under("nowhere")} does not exist`,
      );
      expect(await refused(iterate("nowhere", { StartingSequenceNumber: "0" }))).toBe(
        `ResourceNotFoundException: Shard ${shardId(0)} ${under("nowhere")} does not exist`,
      );
      const split = { StreamName: "nowhere", ShardToSplit: "0", NewStartingHashKey: "5" };
      expect(await refused(env.kinesis.splitShard(split))).toBe(
        `ResourceNotFoundException: Stream nowhere under account ${account} not found.`,
      );
    });

    it("GetRecords tells of the shard when the stream is gone", async () => {
      const { name } = await env.stream(2);
      const { ShardIterator } = await iterate(name, { ShardId: "1" });
      await env.kinesis.deleteStream({ StreamName: name });
      const gone = `ResourceNotFoundException: Shard ${shardId(1)} ${under(name)} does not exist`;
      expect(await refused(env.kinesis.getRecords({ ShardIterator }))).toBe(gone);
      await env.kinesis.createStream({ StreamName: name, ShardCount: 2 });
      expect(await refused(env.kinesis.getRecords({ ShardIterator }))).toBe(gone);
    });
  });

  describe("sequence numbers and iterators", () => {
    const at = (name: string, StartingSequenceNumber: string) =>
      refused(iterate(name, { ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber }));
    const oldNumber = (digits: string) => BigInt(`0x${digits}`).toString();

    it.each([
      ["0", "21267647932558653966460912964485513216"],
      ["1", "21267647932558653966460912964485513217", 1],
      [String(2n ** 124n), "21267647932558653966460912964485513216"],
      [oldNumber(`1${"5".repeat(26)}10000`), oldNumber(`1${"5".repeat(26)}10000`)],
      [oldNumber(`1${"5".repeat(26)}00007`), oldNumber(`1${"5".repeat(26)}00007`), 7],
    ])("the old number %s did not come from this stream", async (number, shown, index = 0) => {
      const { name } = await env.stream();
      expect(await at(name, number)).toBe(
        index === 0
          ? `InvalidArgumentException: StartingSequenceNumber ${shown} used in GetShardIterator on shard ${shardId(0)} ${under(name)} is invalid because it did not come from this stream.`
          : `InvalidArgumentException: Invalid StartingSequenceNumber. It encodes ${shardId(index)}, while it was used in a call to a shard with ${shardId(0)}`,
      );
    });

    it.each([
      ["of neither layout", String(2n ** 125n)],
      ["between the layouts", String(2n ** 130n)],
      ["whose counter has its top bit set", oldNumber("2069800000088000000000000000000698000000000000002")],
      ["that is too large", "9".repeat(129)],
    ])("a number %s is malformed", async (_, number) => {
      const { name } = await env.stream();
      expect(await at(name, number)).toBe(
        `InvalidArgumentException: StartingSequenceNumber ${number} used in GetShardIterator on shard ${shardId(0)} ${under(name)} is invalid.`,
      );
      const record = { StreamName: name, PartitionKey: "k", Data: Buffer.from("x") };
      expect(await refused(env.kinesis.putRecord({ ...record, SequenceNumberForOrdering: number }))).toBe(
        `InvalidArgumentException: ExclusiveMinimumSequenceNumber ${number} used in PutRecord on stream ${name} under account ${account} is invalid.`,
      );
    });

    it("a number of another shard says which", async () => {
      const { name } = await env.stream(4);
      const number = (await env.shards(name))[3]?.SequenceNumberRange?.StartingSequenceNumber as string;
      expect(await at(name, number)).toBe(
        `InvalidArgumentException: Invalid StartingSequenceNumber. It encodes ${shardId(3)}, while it was used in a call to a shard with ${shardId(0)}`,
      );
    });

    it("orders after numbers this stream never gave out, and not after one of a time to come", async () => {
      const { name } = await env.stream();
      const foreign = await env.stream();
      const other = await env.put(foreign.name, "x");
      const record = { StreamName: name, PartitionKey: "k", Data: Buffer.from("x") };
      for (const SequenceNumberForOrdering of ["0", "17", other.sequenceNumber]) {
        await env.kinesis.putRecord({ ...record, SequenceNumberForOrdering });
      }
      const future = (BigInt(other.sequenceNumber) + (3600n << 36n)).toString();
      expect(await refused(env.kinesis.putRecord({ ...record, SequenceNumberForOrdering: future }))).toMatch(
        /^InvalidArgumentException: ExclusiveMinimumSequenceNumber/,
      );
    });

    it("nothing is behind the last number of a closed shard", async () => {
      const { name, arn } = await env.stream();
      await env.kinesis.splitShard({ StreamName: name, ShardToSplit: "0", NewStartingHashKey: half });
      const ending = (await env.shards(name))[0]?.SequenceNumberRange?.EndingSequenceNumber as string;
      const text =
        "InvalidArgumentException: Invalid SequenceNumber for ShardIteratorType AFTER_SEQUENCE_NUMBER, SequenceNumber has reached max possible value for the shard.";
      const position = { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: ending } as const;
      expect(await refused(iterate(name, position))).toBe(text);
      await iterate(name, { ...position, ShardIteratorType: "AT_SEQUENCE_NUMBER" });
      const subscribed = env.kinesis.subscribeToShard({
        ConsumerARN: await env.consumer(arn),
        ShardId: "0",
        StartingPosition: { Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: ending },
      });
      expect(await refused(subscribed)).toBe(text);
    });

    it("AT_TIMESTAMP needs a timestamp", async () => {
      const { name } = await env.stream();
      expect(await refused(iterate(name, { ShardIteratorType: "AT_TIMESTAMP" }))).toBe(
        "InvalidArgumentException: Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.",
      );
    });

    it.each(["s", "a".repeat(40), "b".repeat(128)])("an iterator is a version and whole blocks: %s", async (name) => {
      await env.kinesis.createStream({ StreamName: name, ShardCount: 1 });
      const bytes = Buffer.from((await iterate(name)).ShardIterator as string, "base64");
      expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]));
      expect([216, 232]).toContain(bytes.length);
    });

    it.each(["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"] as const)(
      "a subscription goes on %s its continuation, which is no record's number",
      async (Type) => {
        const { name, arn } = await env.stream();
        const ConsumerARN = await env.consumer(arn);
        const first = await env.put(name, "first");
        const next = async (StartingPosition: { Type: typeof Type | "TRIM_HORIZON"; SequenceNumber?: string }) => {
          const { EventStream } = await env.kinesis.subscribeToShard({ ConsumerARN, ShardId: "0", StartingPosition });
          for await (const event of EventStream ?? []) return event.SubscribeToShardEvent as SubscribeToShardEvent;
          throw new Error("there was no event");
        };
        const event = await next({ Type: "TRIM_HORIZON" });
        const SequenceNumber = event.ContinuationSequenceNumber as string;
        expect(BigInt(SequenceNumber) > BigInt(first.sequenceNumber)).toBe(true);
        const second = await env.put(name, "second");
        expect(BigInt(SequenceNumber) < BigInt(second.sequenceNumber)).toBe(true);
        await env.bus.clock.advance("6s");
        expect((await next({ Type, SequenceNumber })).Records?.map(textOf)).toEqual(["second"]);
      },
    );
  });

  describe("shards", () => {
    it("a closed shard is not split or merged again", async () => {
      const { name } = await env.stream(2);
      await env.kinesis.splitShard({ StreamName: name, ShardToSplit: "0", NewStartingHashKey: "1000" });
      const text = `InvalidArgumentException: Shard ${shardId(0)} ${under(name)} has already been merged or split, and thus is not eligible for merging or splitting.`;
      const split = { StreamName: name, ShardToSplit: "0", NewStartingHashKey: "500" };
      expect(await refused(env.kinesis.splitShard(split))).toBe(text);
      const merge = { StreamName: name, ShardToMerge: "0", AdjacentShardToMerge: "1" };
      expect(await refused(env.kinesis.mergeShards(merge))).toBe(text);
    });

    it("the lower shard is merged with the one behind it", async () => {
      const { name } = await env.stream(2);
      const merge = (ShardToMerge: string, AdjacentShardToMerge: string) =>
        env.kinesis.mergeShards({ StreamName: name, ShardToMerge, AdjacentShardToMerge });
      expect(await refused(merge("1", "0"))).toBe(
        `InvalidArgumentException: Shards ${shardId(1)} and ${shardId(0)} ${under(name)} are not an adjacent pair of shards eligible for merging`,
      );
      await merge("0", "1");
    });

    it("a hash key beyond all shards is one outside the shard", async () => {
      const { name } = await env.stream();
      const NewStartingHashKey = String(2n ** 128n + 7n);
      expect(await refused(env.kinesis.splitShard({ StreamName: name, ShardToSplit: "0", NewStartingHashKey }))).toBe(
        `InvalidArgumentException: NewStartingHashKey ${NewStartingHashKey} used in SplitShard() on shard ${shardId(0)} ${under(name)} is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey ${2n ** 128n - 1n}.`,
      );
    });

    it.each([
      [3, 1],
      [7, 3],
      [5, 2],
    ])("%i shards become %i", async (from, to) => {
      const { name } = await env.stream(from);
      const scale = (TargetShardCount: number) =>
        env.kinesis.updateShardCount({ StreamName: name, TargetShardCount, ScalingType: "UNIFORM_SCALING" });
      if (to > 1) expect(await refused(scale(to - 1))).toMatch(/scale down below half/);
      await scale(to);
      const { StreamDescriptionSummary } = await env.kinesis.describeStreamSummary({ StreamName: name });
      expect(StreamDescriptionSummary?.OpenShardCount).toBe(to);
    });

    it("the mode a stream has may be set again, and it changes twice a day", async () => {
      const { name, arn } = await env.stream();
      const mode = (StreamMode: "ON_DEMAND" | "PROVISIONED") =>
        env.kinesis.updateStreamMode({ StreamARN: arn, StreamModeDetails: { StreamMode } });
      for (let i = 0; i < 3; i += 1) await mode("PROVISIONED");
      await mode("ON_DEMAND");
      await mode("PROVISIONED");
      await mode("PROVISIONED");
      expect(await refused(mode("ON_DEMAND"))).toBe(
        `LimitExceededException: Rate exceeded for stream ${name} under account ${account}.`,
      );
    });

    it.each(["AT_TIMESTAMP", "FROM_TIMESTAMP"] as const)("%s lists by a time within retention", async (Type) => {
      const { name } = await env.stream();
      const listed = (ms: number) =>
        env.kinesis.listShards({
          StreamName: name,
          ShardFilter: { Type, Timestamp: new Date(env.bus.clock.now() + ms) },
        });
      expect(await refused(listed(-25 * 3_600_000))).toBe(
        "InvalidArgumentException: ShardFilter Timestamp cannot be older than TRIM_HORIZON of the stream.",
      );
      expect(await refused(listed(1000))).toBe(
        "InvalidArgumentException: ShardFilter Timestamp must not be greater than current time.",
      );
      expect((await listed(0)).Shards).toHaveLength(1);
      expect(await refused(env.kinesis.listShards({ StreamName: name, ShardFilter: { Type } }))).toBe(
        `InvalidArgumentException: Timestamp must be provided when the ShardFilter Type is ${Type}.`,
      );
    });

    it("what a filter type does not need is taken", async () => {
      const { name } = await env.stream(3);
      const listed = async (ShardFilter: object) =>
        (await env.kinesis.listShards({ StreamName: name, ShardFilter: ShardFilter as never })).Shards?.map((shard) =>
          Number(shard.ShardId?.slice(8)),
        );
      const Timestamp = new Date(env.bus.clock.now());
      expect(await listed({ Type: "AT_LATEST", Timestamp })).toEqual([0, 1, 2]);
      expect(await listed({ Type: "AT_LATEST", ShardId: shardId(0) })).toEqual([1, 2]);
      expect(await listed({ Type: "FROM_TRIM_HORIZON", ShardId: shardId(1), Timestamp })).toEqual([2]);
      expect(await listed({ Type: "AT_TIMESTAMP", Timestamp, ShardId: shardId(1) })).toEqual([2]);
      expect(await refused(listed({ Type: "AFTER_SHARD_ID" }))).toBe(
        "InvalidArgumentException: ShardId must be provided when the ShardFilter Type is AFTER_SHARD_ID.",
      );
    });

    it("a token goes with the stream it belongs to", async () => {
      const { name, arn } = await env.stream(3);
      const { NextToken } = await env.kinesis.listShards({ StreamName: name, MaxResults: 1 });
      for (const stream of [{ StreamName: name }, { StreamARN: arn }, {}]) {
        const { Shards } = await env.kinesis.listShards({ ...stream, NextToken });
        expect(Shards?.map((shard) => shard.ShardId)).toEqual([shardId(1), shardId(2)]);
      }
      const filtered = env.kinesis.listShards({ NextToken, ShardFilter: { Type: "AT_LATEST" } });
      expect(await refused(filtered)).toBe(
        "InvalidArgumentException: NextToken and ShardFilter cannot be provided together.",
      );
      const other = await env.stream();
      for (const call of [
        env.kinesis.listShards({ StreamName: other.name, NextToken }),
        env.kinesis.listShards({ NextToken: "garbage" }),
        env.kinesis.listStreams({ NextToken: "garbage" }),
        env.kinesis.listStreamConsumers({ StreamARN: arn, NextToken: "garbage" }),
      ]) {
        expect(await refused(call)).toBe("InvalidArgumentException: Invalid NextToken.");
      }
      expect(await refused(env.kinesis.listStreams({ NextToken: "x", ExclusiveStartStreamName: "a" }))).toBe(
        "InvalidArgumentException: ExclusiveStartStreamName and NextToken cannot be provided together.",
      );
    });
  });

  it.each([
    ["PutRecord", (name: string) => env.kinesis.putRecord({ ...putInput(name), DryRun: true })],
    [
      "PutRecords",
      (StreamName: string) =>
        env.kinesis.putRecords({ StreamName, Records: [{ Data: Buffer.from("x"), PartitionKey: "k" }], DryRun: true }),
    ],
    ["GetShardIterator", (name: string) => iterate(name, { DryRun: true })],
    [
      "GetRecords",
      async (name: string) =>
        env.kinesis.getRecords({ ShardIterator: (await iterate(name)).ShardIterator, DryRun: true }),
    ],
    [
      "SubscribeToShard",
      async (name: string) =>
        env.kinesis.subscribeToShard({
          ConsumerARN: await env.consumer(arnOf(name)),
          ShardId: "0",
          StartingPosition: { Type: "LATEST" },
          DryRun: true,
        }),
    ],
  ])("a dry run of %s names it", async (operation, call) => {
    const { name } = await env.stream();
    expect(await refused(call(name))).toBe(
      `DryRunOperationException: DryRunOperation validation succeeded while calling ${operation} operation.: Request would have succeeded, but DryRun flag is set.`,
    );
    expect(await env.texts(name)).toEqual([]);
  });

  const putInput = (StreamName: string) => ({ StreamName, PartitionKey: "k", Data: Buffer.from("x") });

  describe("policies and tags", () => {
    it("a policy is shown compact, a list of one action as the action", async () => {
      const { arn } = await env.stream();
      const policy = (Action: unknown, AWS: unknown) => ({
        Version: "2012-10-17",
        Statement: [{ Sid: "s", Effect: "Allow", Principal: { AWS }, Action, Resource: arn }],
      });
      const Policy = JSON.stringify(policy(["kinesis:PutRecord"], "111122223333"), null, 2);
      await env.kinesis.putResourcePolicy({ ResourceARN: arn, Policy });
      expect((await env.kinesis.getResourcePolicy({ ResourceARN: arn })).Policy).toBe(
        JSON.stringify(policy("kinesis:PutRecord", "arn:aws:iam::111122223333:root")),
      );
    });

    it("what is no policy is refused, and deleting none is too", async () => {
      const { arn } = await env.stream();
      expect(await refused(env.kinesis.putResourcePolicy({ ResourceARN: arn, Policy: "{no json" }))).toBe(
        "InvalidArgumentException: Policy validation error: This policy contains invalid Json",
      );
      expect((await env.kinesis.getResourcePolicy({ ResourceARN: arn })).Policy).toBe("{}");
      expect(await refused(env.kinesis.deleteResourcePolicy({ ResourceARN: arn }))).toBe(
        `ResourceNotFoundException: No resource policy found for resource ARN ${arn}.`,
      );
    });

    it("tags are refused in AWS's words", async () => {
      const { name, arn } = await env.stream();
      expect(await refused(env.kinesis.addTagsToStream({ StreamName: name, Tags: { "aws:x": "y" } }))).toBe(
        "InvalidArgumentException: Some tag keys in the request started with 'aws:'. System tags cannot be modified.",
      );
      for (const key of ["aws:x", "a!"]) {
        const words =
          key === "a!" ? "Some tags contain invalid characters." : "Some tag keys in the request started with 'aws:'.";
        const removed = await refused(env.kinesis.removeTagsFromStream({ StreamName: name, TagKeys: ["ok", key] }));
        expect(removed).toContain(words);
        expect(await refused(env.kinesis.untagResource({ ResourceARN: arn, TagKeys: [key] }))).toBe(removed);
      }
      await env.kinesis.addTagsToStream({ StreamName: name, Tags: { "a:b": "c:d" } });
      expect(await refused(env.kinesis.addTagsToStream({ StreamName: name, Tags: { "a!": "y" } }))).toBe(
        "InvalidArgumentException: Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.",
      );
      const Tags = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, "v"]));
      const many = (resource: string) =>
        `InvalidArgumentException: Failed to add tags to stream ${resource} under account ${account} because a given stream cannot have more than 50 tags associated with it.`;
      expect(await refused(env.kinesis.addTagsToStream({ StreamName: name, Tags }))).toBe(many(name));
      expect(await refused(env.kinesis.tagResource({ ResourceARN: arn, Tags }))).toBe(many(arn));
    });
  });

  describe("violations", () => {
    const violations = (call: Promise<unknown>) => refused(call);
    const put = (count: number, record: object) =>
      env.kinesis.putRecords({
        StreamName: "s",
        Records: Array.from({ length: count }, () => ({ Data: Buffer.from("x"), PartitionKey: "k", ...record })),
      });

    it("ten at most are told and counted", async () => {
      const told = await violations(put(13, { PartitionKey: "" }));
      expect(told).toMatch(/^ValidationException: 10 validation errors detected: /);
      expect(told.match(/failed to satisfy/g)).toHaveLength(10);
      expect(told).toContain("'records.10.member.partitionKey'");
    });

    it("data are not printed", async () => {
      const Data = Buffer.alloc(10_485_761);
      expect(await violations(env.kinesis.putRecord({ StreamName: "s", PartitionKey: "k", Data }))).toBe(
        "ValidationException: 1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have length less than or equal to 10485760",
      );
    });

    it("values of maps name every bound, zero included", async () => {
      const told = await violations(env.kinesis.addTagsToStream({ StreamName: "s", Tags: { k: "v".repeat(257) } }));
      expect(told).toContain(
        "at 'tags' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 0]",
      );
    });

    it.each<[string, () => Promise<unknown>, string]>([
      [
        "stream mode",
        () => env.kinesis.createStream({ StreamName: "s", StreamModeDetails: { StreamMode: "X" as "ON_DEMAND" } }),
        "Value 'X' at 'streamModeDetails.streamMode' failed to satisfy constraint: Member must satisfy enum value set: [ON_DEMAND, PROVISIONED]",
      ],
      [
        "metrics",
        () => env.kinesis.enableEnhancedMonitoring({ StreamName: "s", ShardLevelMetrics: ["BAD" as "ALL"] }),
        "Value '[BAD]' at 'shardLevelMetrics' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [ALL, IteratorAgeMilliseconds, IncomingBytes, WriteProvisionedThroughputExceeded, OutgoingRecords, ReadProvisionedThroughputExceeded, IncomingRecords, OutgoingBytes]]",
      ],
      [
        "iterator type",
        () => iterate("s", { ShardIteratorType: "X" as "LATEST" }),
        "Value 'X' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]",
      ],
      [
        "sequence number",
        () => iterate("s", { ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: "01" }),
        "Value '01' at 'startingSequenceNumber' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(0|([1-9]\\d{0,128}))$",
      ],
      [
        "hash key",
        () => env.kinesis.splitShard({ StreamName: "s", ShardToSplit: "0", NewStartingHashKey: "-1" }),
        "Value '-1' at 'newStartingHashKey' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(0|([1-9]\\d{0,38}))$",
      ],
    ])("of the %s have AWS's order and form", async (_, call, text) => {
      expect(await violations(call())).toBe(`ValidationException: 1 validation error detected: ${text}`);
    });
  });

  it("records come back byte for byte, without an encryption type", async () => {
    const { name } = await env.stream();
    for (const text of ["", "plain", "größe 数", "x".repeat(100_000)]) await env.put(name, text);
    const records = await env.records(name);
    expect(records.map(textOf)).toEqual(["", "plain", "größe 数", "x".repeat(100_000)]);
    for (const record of records) expect(record).not.toHaveProperty("EncryptionType");
  });

  it("an account may have 100 channels", async () => {
    expect(await env.kinesis.describeLimits({})).toMatchObject({ ChannelCountLimit: 100 });
  });
});

describe("what was recorded of streams that take their time", () => {
  const env = new KinesisEnvironment({ streamDelay: "10s" });
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  it("a stream that is being made has no shard count and no shards to read, and can be deleted", async () => {
    await env.kinesis.createStream({ StreamName: "young", ShardCount: 1 });
    const { StreamDescriptionSummary } = await env.kinesis.describeStreamSummary({ StreamName: "young" });
    expect(StreamDescriptionSummary).toMatchObject({ StreamStatus: "CREATING" });
    expect(StreamDescriptionSummary).not.toHaveProperty("OpenShardCount");
    expect(await refusal(env.iterator("young"))).toEqual({
      name: "ResourceNotFoundException",
      message: `Shard ${shardId(0)} in stream young under account ${account} does not exist`,
    });
    await env.kinesis.deleteStream({ StreamName: "young" });
    expect(await refusal(env.kinesis.deleteStream({ StreamName: "young" }))).toMatchObject({
      name: "ResourceInUseException",
    });
    await env.bus.clock.advance("10s");
    expect((await env.kinesis.listStreams({})).StreamNames).toEqual([]);
  });
});
