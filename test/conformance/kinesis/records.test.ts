import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KinesisEnvironment, refusal, type Storage, shardId } from "../../support/kinesis.ts";

describe.each<Storage>(["memory", "disk"])("records (%s)", (storage) => {
  const env = new KinesisEnvironment({}, storage);
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  it("come back byte for byte, in order, with increasing sequence numbers", async () => {
    const { name } = await env.stream();
    const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const payloads = [
      Buffer.from("text"),
      Buffer.from("žluťoučký 🐎"),
      Buffer.alloc(0),
      every,
      Buffer.alloc(90_000, 7),
    ];
    const numbers: string[] = [];
    for (const Data of payloads) {
      const put = await env.kinesis.putRecord({ StreamName: name, PartitionKey: "ключ 🔑", Data });
      expect(put.ShardId).toBe(shardId(0));
      expect(put.EncryptionType).toBeUndefined();
      numbers.push(put.SequenceNumber as string);
    }
    const records = await env.records(name);
    expect(records.map(({ Data }) => Buffer.from(Data as Uint8Array))).toEqual(payloads);
    expect(records.map(({ SequenceNumber }) => SequenceNumber)).toEqual(numbers);
    expect(records.every(({ PartitionKey }) => PartitionKey === "ключ 🔑")).toBe(true);
    expect(records[0]?.ApproximateArrivalTimestamp).toEqual(new Date(env.bus.clock.now()));
    expect(records[0]).not.toHaveProperty("EncryptionType");
    for (const number of numbers) expect(number).toMatch(/^49\d{54}$/);
    expect([...numbers].sort()).toEqual(numbers);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it("go to the shard of their key's hash, or of their explicit hash key", async () => {
    const { name } = await env.stream(7);
    const width = 2n ** 128n / 7n;
    for (let i = 0; i < 40; i += 1) {
      const key = `key-${i}`;
      const hash = BigInt(`0x${createHash("md5").update(key).digest("hex")}`);
      const expected = hash / width > 6n ? 6 : Number(hash / width);
      expect((await env.put(name, "x", key)).shard).toBe(shardId(expected));
    }
    const shardFor = async (ExplicitHashKey: bigint) => {
      const Data = Buffer.from("x");
      const entry = { PartitionKey: "a", ExplicitHashKey: String(ExplicitHashKey), Data };
      const single = await env.kinesis.putRecord({ StreamName: name, ...entry });
      const { Records } = await env.kinesis.putRecords({ StreamName: name, Records: [entry] });
      expect(Records?.[0]?.ShardId).toBe(single.ShardId);
      return single.ShardId;
    };
    expect(await shardFor(0n)).toBe(shardId(0));
    expect(await shardFor(width - 1n)).toBe(shardId(0));
    expect(await shardFor(width)).toBe(shardId(1));
    expect(await shardFor(2n ** 128n - 1n)).toBe(shardId(6));
    expect(await refusal(shardFor(2n ** 128n))).toEqual({
      name: "InvalidArgumentException",
      message: `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${2n ** 128n}`,
    });
  });

  it("are put many at a time, answered in the order of the request", async () => {
    const { name } = await env.stream(4);
    const Records = Array.from({ length: 500 }, (_, i) => ({ PartitionKey: `k${i}`, Data: Buffer.from(`r${i}`) }));
    const answer = await env.kinesis.putRecords({ StreamName: name, Records });
    expect(answer.FailedRecordCount).toBe(0);
    expect(answer.Records).toHaveLength(500);
    const byShard = new Map<string, string[]>();
    answer.Records?.forEach(({ ShardId = "", SequenceNumber = "" }, i) => {
      const held = byShard.get(ShardId) ?? [];
      if (held.length > 0) expect(BigInt(SequenceNumber)).toBeGreaterThan(BigInt(held.at(-1)?.split(" ")[1] ?? ""));
      byShard.set(ShardId, [...held, `r${i} ${SequenceNumber}`]);
    });
    expect(byShard.size).toBe(4);
    for (const [shard, expected] of byShard) {
      const stored = await env.records(name, shard);
      expect(stored.map(({ Data, SequenceNumber }) => `${Buffer.from(Data ?? [])} ${SequenceNumber}`)).toEqual(
        expected,
      );
    }
  });

  it("are refused where AWS refuses them", async () => {
    const { kinesis } = env;
    const { name } = await env.stream();
    const Data = Buffer.from("x");
    const tooMany = Array.from({ length: 501 }, () => ({ PartitionKey: "k", Data }));
    expect((await refusal(kinesis.putRecords({ StreamName: name, Records: tooMany }))).message).toMatch(
      /at 'records' failed to satisfy constraint: Member must have length less than or equal to 500$/,
    );
    expect(await refusal(kinesis.putRecords({ StreamName: name, Records: [] }))).toMatchObject({
      name: "ValidationException",
    });
    expect(await refusal(kinesis.putRecords({ StreamName: name, Records: [{ PartitionKey: "", Data }] }))).toEqual({
      name: "ValidationException",
      message:
        "1 validation error detected: Value '' at 'records.1.member.partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
    });
    expect(await refusal(kinesis.putRecord({ StreamName: name, PartitionKey: undefined, Data }))).toEqual({
      name: "ValidationException",
      message:
        "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member must not be null",
    });
    expect(
      await refusal(kinesis.putRecord({ StreamName: name, PartitionKey: "k", Data: Buffer.alloc(1024 * 1024) })),
    ).toMatchObject({ name: "InvalidArgumentException" });
    await kinesis.putRecord({ StreamName: name, PartitionKey: "k", Data: Buffer.alloc(1024 * 1024 - 1) });
    expect(await refusal(kinesis.putRecord({ StreamName: "missing", PartitionKey: "k", Data }))).toEqual({
      name: "ResourceNotFoundException",
      message: "Stream missing under account 000000000000 not found.",
    });
    expect(await refusal(kinesis.putRecord({ StreamName: name, PartitionKey: "k", Data, DryRun: true }))).toMatchObject(
      {
        name: "DryRunOperationException",
      },
    );
    expect((await env.records(name)).length).toBe(1);
  });

  it("take a sequence number to come after", async () => {
    const { name } = await env.stream();
    const { sequenceNumber } = await env.put(name, "one");
    const put = (SequenceNumberForOrdering: string) =>
      env.kinesis.putRecord({
        StreamName: name,
        PartitionKey: "key",
        Data: Buffer.from("x"),
        SequenceNumberForOrdering,
      });
    const after = await put(sequenceNumber);
    expect(BigInt(after.SequenceNumber ?? 0)).toBeGreaterThan(BigInt(sequenceNumber));
  });

  it("may be larger once the stream allows it", async () => {
    const { name, arn } = await env.stream();
    const Data = Buffer.alloc(3 * 1024 * 1024, 1);
    const put = () => env.kinesis.putRecord({ StreamName: name, PartitionKey: "k", Data });
    expect(await refusal(put())).toMatchObject({ name: "InvalidArgumentException" });
    await env.kinesis.updateMaxRecordSize({ StreamARN: arn, MaxRecordSizeInKiB: 10_240 });
    for (let i = 0; i < 4; i += 1) await put();
    const iterator = await env.iterator(name);
    const first = await env.kinesis.getRecords({ ShardIterator: iterator });
    // At most 10 MiB at a time.
    expect(first.Records?.length).toBe(3);
    expect(first.MillisBehindLatest).toBeGreaterThan(0);
    expect((await env.kinesis.getRecords({ ShardIterator: first.NextShardIterator })).Records?.length).toBe(1);
    expect(await refusal(env.kinesis.updateMaxRecordSize({ StreamARN: arn, MaxRecordSizeInKiB: 1023 }))).toMatchObject({
      name: "ValidationException",
    });
  });

  it("expire after their retention", async () => {
    const { name } = await env.stream();
    await env.put(name, "old");
    await env.bus.clock.advance("12h");
    await env.put(name, "young");
    await env.bus.clock.advance("11h");
    await env.bus.clock.advance("59m");
    expect(await env.texts(name)).toEqual(["old", "young"]);
    await env.bus.clock.advance("1m");
    expect(await env.texts(name)).toEqual(["young"]);
    await env.kinesis.increaseStreamRetentionPeriod({ StreamName: name, RetentionPeriodHours: 48 });
    expect(await env.texts(name)).toEqual(["young"]);
    await env.bus.clock.advance("20h");
    expect(await env.texts(name)).toEqual(["young"]);
    await env.kinesis.decreaseStreamRetentionPeriod({ StreamName: name, RetentionPeriodHours: 24 });
    expect(await env.texts(name)).toEqual([]);
    const { sequenceNumber } = await env.put(name, "new");
    expect(await env.texts(name)).toEqual(["new"]);
    expect(sequenceNumber).toMatch(/^49/);
  });

  it("are encrypted once the stream is", async () => {
    const { name } = await env.stream();
    await env.put(name, "plain");
    await env.kinesis.startStreamEncryption({ StreamName: name, EncryptionType: "KMS", KeyId: "alias/aws/kinesis" });
    const put = await env.kinesis.putRecord({ StreamName: name, PartitionKey: "k", Data: Buffer.from("secret") });
    expect(put.EncryptionType).toBe("KMS");
    const { StreamDescription } = await env.kinesis.describeStream({ StreamName: name });
    expect(StreamDescription).toMatchObject({ EncryptionType: "KMS", KeyId: "alias/aws/kinesis" });
    await env.kinesis.stopStreamEncryption({ StreamName: name, EncryptionType: "KMS", KeyId: "alias/aws/kinesis" });
    await env.put(name, "plain again");
    expect((await env.records(name)).map(({ EncryptionType }) => EncryptionType)).toEqual([
      undefined,
      "KMS",
      undefined,
    ]);
    expect(
      await refusal(env.kinesis.startStreamEncryption({ StreamName: name, EncryptionType: "NONE", KeyId: "k" })),
    ).toMatchObject({ name: "InvalidArgumentException" });
  });
});
