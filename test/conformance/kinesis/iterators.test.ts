import type { GetShardIteratorCommandInput } from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KinesisEnvironment, refusal, type Storage, shardId, textOf } from "../../support/kinesis.ts";

describe.each<Storage>(["memory", "disk"])("shard iterators (%s)", (storage) => {
  const env = new KinesisEnvironment({}, storage);
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  const iterate = async (name: string, input: Partial<GetShardIteratorCommandInput>) => {
    const answer = await env.kinesis.getShardIterator({
      StreamName: name,
      ShardId: shardId(0),
      ShardIteratorType: "TRIM_HORIZON",
      ...input,
    });
    return answer.ShardIterator as string;
  };
  const read = async (name: string, input: Partial<GetShardIteratorCommandInput>) => {
    const answer = await env.kinesis.getRecords({ ShardIterator: await iterate(name, input) });
    return (answer.Records ?? []).map(textOf);
  };

  it("start where their type says", async () => {
    const { name } = await env.stream();
    const one = await env.put(name, "one");
    await env.bus.clock.advance("10s");
    const two = await env.put(name, "two");
    await env.bus.clock.advance("10s");
    await env.put(name, "three");
    const secondMs = env.bus.clock.now() - 10_000;
    expect(await read(name, { ShardIteratorType: "TRIM_HORIZON" })).toEqual(["one", "two", "three"]);
    expect(await read(name, { ShardIteratorType: "LATEST" })).toEqual([]);
    const at = (StartingSequenceNumber: string) =>
      read(name, { ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber });
    const after = (StartingSequenceNumber: string) =>
      read(name, { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber });
    expect(await at(two.sequenceNumber)).toEqual(["two", "three"]);
    expect(await after(two.sequenceNumber)).toEqual(["three"]);
    expect(await after(one.sequenceNumber)).toEqual(["two", "three"]);
    const [shard] = await env.shards(name);
    const start = shard?.SequenceNumberRange?.StartingSequenceNumber as string;
    expect(await at(start)).toEqual(["one", "two", "three"]);
    expect(await after(start)).toEqual(["one", "two", "three"]);
    const time = (ms: number) => read(name, { ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(ms) });
    expect(await time(0)).toEqual(["one", "two", "three"]);
    expect(await time(secondMs)).toEqual(["two", "three"]);
    expect(await time(secondMs + 1)).toEqual(["three"]);
    expect(await time(env.bus.clock.now())).toEqual(["three"]);
    const latest = await iterate(name, { ShardIteratorType: "LATEST" });
    await env.put(name, "four");
    const answer = await env.kinesis.getRecords({ ShardIterator: latest });
    expect(answer.Records?.map(textOf)).toEqual(["four"]);
    expect(answer.MillisBehindLatest).toBe(0);
  });

  it("page through a shard, can be used again, and always differ", async () => {
    const { name } = await env.stream();
    for (let i = 0; i < 10; i += 1) await env.put(name, String(i));
    await env.bus.clock.advance("5s");
    const first = await iterate(name, {});
    expect(first).not.toBe(await iterate(name, {}));
    expect(first.length).toBeLessThanOrEqual(512);
    const page = await env.kinesis.getRecords({ ShardIterator: first, Limit: 4 });
    expect(page.Records?.map(textOf)).toEqual(["0", "1", "2", "3"]);
    expect(page.MillisBehindLatest).toBe(5000);
    expect((await env.kinesis.getRecords({ ShardIterator: first, Limit: 1 })).Records?.map(textOf)).toEqual(["0"]);
    const quoted = await env.kinesis.getRecords({ ShardIterator: `"${page.NextShardIterator}"` });
    expect(quoted.Records?.map(textOf)).toEqual(["4", "5", "6", "7", "8", "9"]);
    const empty = await env.kinesis.getRecords({ ShardIterator: quoted.NextShardIterator });
    expect(empty).toMatchObject({ Records: [], MillisBehindLatest: 0 });
    expect(empty.NextShardIterator).not.toBe(quoted.NextShardIterator);
  });

  it("live for five minutes", async () => {
    const { name } = await env.stream();
    const iterator = await iterate(name, {});
    await env.bus.clock.advance("5m");
    await env.kinesis.getRecords({ ShardIterator: iterator });
    await env.bus.clock.advance("1s");
    const expired = await refusal(env.kinesis.getRecords({ ShardIterator: iterator }));
    expect(expired.name).toBe("ExpiredIteratorException");
    expect(expired.message).toMatch(
      /^Iterator expired\. The iterator was created at time \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4} while right now it is \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4} which is further in the future than the tolerated delay of 300000 milliseconds\.$/,
    );
  });

  it("are refused where AWS refuses them", async () => {
    const { name } = await env.stream(2);
    const garbage = await refusal(env.kinesis.getRecords({ ShardIterator: "AAAA" }));
    expect(garbage).toEqual({ name: "InvalidArgumentException", message: "Invalid ShardIterator." });
    const iterator = await iterate(name, {});
    const damaged = `${iterator.slice(0, 20)}${iterator[20] === "A" ? "B" : "A"}${iterator.slice(21)}`;
    expect(await refusal(env.kinesis.getRecords({ ShardIterator: damaged }))).toEqual(garbage);
    expect(await refusal(env.kinesis.getRecords({ ShardIterator: iterator, Limit: 10_001 }))).toMatchObject({
      name: "ValidationException",
    });
    expect(await refusal(iterate(name, { ShardId: shardId(2) }))).toEqual({
      name: "ResourceNotFoundException",
      message: `Shard ${shardId(2)} in stream ${name} under account 000000000000 does not exist`,
    });
    expect(await refusal(iterate(name, { ShardIteratorType: "AT_SEQUENCE_NUMBER" }))).toEqual({
      name: "InvalidArgumentException",
      message:
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber.",
    });
    const [zero, one] = (await env.shards(name)).map(
      (shard) => shard.SequenceNumberRange?.StartingSequenceNumber ?? "",
    );
    expect(
      (await refusal(iterate(name, { ShardIteratorType: "TRIM_HORIZON", StartingSequenceNumber: zero }))).message,
    ).toMatch(/Request specified TRIM_HORIZON and also a StartingSequenceNumber\.$/);
    const numbered = (StartingSequenceNumber: string | undefined) =>
      refusal(iterate(name, { ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber }));
    expect(await numbered(one)).toEqual({
      name: "InvalidArgumentException",
      message: `Invalid StartingSequenceNumber. It encodes ${shardId(1)}, while it was used in a call to a shard with ${shardId(0)}`,
    });
    await env.bus.clock.advance("10s");
    const foreign = await env.stream();
    const [other] = await env.shards(foreign.name);
    const number = other?.SequenceNumberRange?.StartingSequenceNumber;
    expect((await numbered(number)).message).toBe(
      `StartingSequenceNumber ${number} used in GetShardIterator on shard ${shardId(0)} in stream ${name} under account 000000000000 is invalid because it did not come from this stream.`,
    );
    for (const malformed of [String(2n ** 125n), "9".repeat(129)]) {
      expect((await numbered(malformed)).message).toBe(
        `StartingSequenceNumber ${malformed} used in GetShardIterator on shard ${shardId(0)} in stream ${name} under account 000000000000 is invalid.`,
      );
    }
    const future = new Date(env.bus.clock.now() + 1);
    expect((await refusal(iterate(name, { ShardIteratorType: "AT_TIMESTAMP", Timestamp: future }))).message).toBe(
      `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ${future.getTime()}, currentTimestampInMillis: ${env.bus.clock.now()}`,
    );
    expect(await refusal(iterate(name, { ShardIteratorType: "AT_TIMESTAMP" }))).toMatchObject({
      name: "InvalidArgumentException",
    });
  });

  it("do not fit a stream that took the name of a deleted one", async () => {
    const { name } = await env.stream();
    const iterator = await iterate(name, {});
    await env.kinesis.deleteStream({ StreamName: name });
    const read = () => env.kinesis.getRecords({ ShardIterator: iterator });
    expect(await refusal(read())).toMatchObject({ name: "ResourceNotFoundException" });
    await env.kinesis.createStream({ StreamName: name, ShardCount: 1 });
    expect(await refusal(read())).toMatchObject({ name: "ResourceNotFoundException" });
  });
});
