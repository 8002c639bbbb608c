import type { Kinesis, SubscribeToShardEvent, SubscribeToShardEventStream } from "@aws-sdk/client-kinesis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { KinesisEnvironment, refusal, type Storage, shardId, textOf } from "../../support/kinesis.ts";

/** A subscription as a consumer reads it, one event at a time. */
class Reader {
  readonly #events: AsyncIterator<SubscribeToShardEventStream>;

  constructor(stream: AsyncIterable<SubscribeToShardEventStream> | undefined) {
    this.#events = (stream as AsyncIterable<SubscribeToShardEventStream>)[Symbol.asyncIterator]();
  }

  static async open(kinesis: Kinesis, ConsumerARN: string, position: object = { Type: "TRIM_HORIZON" }, shard = 0) {
    const answer = await kinesis.subscribeToShard({
      ConsumerARN,
      ShardId: shardId(shard),
      StartingPosition: position as never,
    });
    return new Reader(answer.EventStream);
  }

  /** Undefined when the stream has ended. @throws what the stream ends with. */
  async next(): Promise<SubscribeToShardEvent | undefined> {
    const { done, value } = await this.#events.next();
    return done ? undefined : value.SubscribeToShardEvent;
  }

  async texts(): Promise<string[] | undefined> {
    return (await this.next())?.Records?.map(textOf);
  }

  async leave(): Promise<void> {
    await this.#events.return?.();
  }
}

describe.each<Storage>(["memory", "disk"])("consumers (%s)", (storage) => {
  const env = new KinesisEnvironment({}, storage);
  beforeEach(() => env.start());
  afterEach(() => env.stop());

  it("are registered, described, listed and deregistered", async () => {
    const { kinesis } = env;
    const { arn, name } = await env.stream();
    const { Consumer } = await kinesis.registerStreamConsumer({ StreamARN: arn, ConsumerName: "app" });
    const epoch = Math.floor(env.bus.clock.now() / 1000);
    expect(Consumer).toEqual({
      ConsumerName: "app",
      ConsumerARN: `${arn}/consumer/app:${epoch}`,
      ConsumerStatus: "CREATING",
      ConsumerCreationTimestamp: new Date(epoch * 1000),
    });
    const ConsumerARN = Consumer?.ConsumerARN as string;
    for (const reference of [
      { ConsumerARN },
      { StreamARN: arn, ConsumerName: "app" },
      { ConsumerARN, StreamARN: arn, ConsumerName: "app" },
    ]) {
      const { ConsumerDescription } = await kinesis.describeStreamConsumer(reference);
      expect(ConsumerDescription).toMatchObject({ ConsumerARN, StreamARN: arn, ConsumerStatus: "ACTIVE" });
    }
    expect(await refusal(kinesis.describeStreamConsumer({ StreamARN: arn }))).toMatchObject({
      name: "InvalidArgumentException",
    });
    expect(await refusal(kinesis.describeStreamConsumer({ StreamARN: arn, ConsumerName: "no" }))).toMatchObject({
      name: "ResourceNotFoundException",
    });
    expect(await refusal(kinesis.registerStreamConsumer({ StreamARN: arn, ConsumerName: "app" }))).toEqual({
      name: "ResourceInUseException",
      message: `Consumer app under stream ${name} already exists for account 000000000000.`,
    });
    for (let i = 1; i < 20; i += 1) await env.consumer(arn, `app-${i}`);
    expect(await refusal(env.consumer(arn, "one-more"))).toMatchObject({ name: "LimitExceededException" });
    const page = await kinesis.listStreamConsumers({ StreamARN: arn, MaxResults: 15 });
    const rest = await kinesis.listStreamConsumers({ StreamARN: arn, NextToken: page.NextToken });
    expect([page.Consumers?.length, rest.Consumers?.length]).toEqual([15, 5]);
    expect(rest.NextToken).toBeUndefined();
    expect(await refusal(kinesis.deleteStream({ StreamName: name }))).toMatchObject({ name: "ResourceInUseException" });
    await kinesis.deregisterStreamConsumer({ ConsumerARN });
    expect(await refusal(kinesis.describeStreamConsumer({ ConsumerARN }))).toMatchObject({
      name: "ResourceNotFoundException",
    });
    await kinesis.deleteStream({ StreamName: name, EnforceConsumerDeletion: true });
  });

  it("get records as soon as they are put", async () => {
    const { arn, name } = await env.stream();
    await env.put(name, "one");
    const reader = await Reader.open(env.kinesis, await env.consumer(arn));
    expect(await reader.texts()).toEqual(["one"]);
    for (const text of ["two", "three"]) {
      const event = reader.next();
      const { sequenceNumber } = await env.put(name, text);
      const got = await event;
      expect(got?.Records?.map(textOf)).toEqual([text]);
      expect(BigInt(got?.ContinuationSequenceNumber ?? 0)).toBeGreaterThan(BigInt(sequenceNumber));
      expect(got).toMatchObject({ MillisBehindLatest: 0 });
    }
    await reader.leave();
  });

  it("start where they say, and continue after the number they got", async () => {
    const { arn, name } = await env.stream();
    await env.put(name, "one");
    const consumer = await env.consumer(arn);
    const latest = await Reader.open(env.kinesis, consumer, { Type: "LATEST" });
    const first = await latest.next();
    expect(first).toMatchObject({ Records: [], MillisBehindLatest: 0 });
    const SequenceNumber = first?.ContinuationSequenceNumber;
    await env.put(name, "two");
    await env.bus.clock.advance("5s");
    const again = await Reader.open(env.kinesis, consumer, { Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber });
    expect(await again.texts()).toEqual(["two"]);
    await env.bus.clock.advance("5s");
    const timestamp = { Type: "AT_TIMESTAMP", Timestamp: new Date(env.bus.clock.now() - 10_000) };
    const byTime = await Reader.open(env.kinesis, consumer, timestamp);
    expect(await byTime.texts()).toEqual(["one", "two"]);
  });

  it("get empty events, and the end after five minutes", async () => {
    const { arn, name } = await env.stream();
    const reader = await Reader.open(env.kinesis, await env.consumer(arn));
    const first = await reader.next();
    expect(first?.Records).toEqual([]);
    await env.bus.clock.advance("5s");
    const second = await reader.next();
    expect(second?.Records).toEqual([]);
    expect(BigInt(second?.ContinuationSequenceNumber ?? 0)).toBeGreaterThan(
      BigInt(first?.ContinuationSequenceNumber ?? 0),
    );
    await env.put(name, "late");
    expect(await reader.texts()).toEqual(["late"]);
    await env.bus.clock.advance("4m");
    await env.bus.clock.advance("54s");
    await env.put(name, "last");
    let events = 0;
    let last: string[] | undefined = [];
    for (;;) {
      const texts = await reader.texts();
      if (texts?.includes("last")) {
        last = texts;
        break;
      }
      events += 1;
    }
    expect(last).toEqual(["last"]);
    expect(events).toBeGreaterThan(20);
    await env.bus.clock.advance("1s");
    expect(await reader.next()).toBeUndefined();
  });

  it("take over a subscription after five seconds, and the older one is notified", async () => {
    const { arn, name } = await env.stream();
    const consumer = await env.consumer(arn);
    const older = await Reader.open(env.kinesis, consumer);
    expect(await older.texts()).toEqual([]);
    const message = `Another active subscription exists for this consumer: 000000000000:${name}:${shardId(0)}:consumer`;
    expect(await refusal(Reader.open(env.kinesis, consumer))).toEqual({ name: "ResourceInUseException", message });
    const other = await Reader.open(env.kinesis, await env.consumer(arn, "other"));
    expect(await other.texts()).toEqual([]);
    await env.bus.clock.advance("5s");
    const newer = await Reader.open(env.kinesis, consumer);
    const ending = async () => {
      for (;;) if ((await older.next()) === undefined) throw new Error("ended in silence");
    };
    expect(await refusal(ending())).toEqual({ name: "ResourceInUseException", message });
    await env.put(name, "for both");
    expect(await newer.texts()).toEqual([]);
    expect(await newer.texts()).toEqual(["for both"]);
    await other.leave();
  });

  it("reach the end of a closed shard and get its children", async () => {
    const { arn, name } = await env.stream();
    await env.put(name, "one");
    const reader = await Reader.open(env.kinesis, await env.consumer(arn));
    expect(await reader.texts()).toEqual(["one"]);
    const last = reader.next();
    await env.kinesis.splitShard({ StreamName: name, ShardToSplit: shardId(0), NewStartingHashKey: "1000" });
    const event = await last;
    expect(event?.ContinuationSequenceNumber).toBeUndefined();
    expect(event?.ChildShards?.map(({ ShardId, ParentShards }) => [ShardId, ParentShards])).toEqual([
      [shardId(1), [shardId(0)]],
      [shardId(2), [shardId(0)]],
    ]);
    expect(await reader.next()).toBeUndefined();
  });

  it("get an error when their stream is deleted, and end when they are deregistered", async () => {
    const { arn, name } = await env.stream();
    const [one, two] = [await env.consumer(arn, "one"), await env.consumer(arn, "two")];
    const [first, second] = [await Reader.open(env.kinesis, one), await Reader.open(env.kinesis, two)];
    await first.next();
    await second.next();
    await env.kinesis.deregisterStreamConsumer({ ConsumerARN: one });
    expect(await first.next()).toBeUndefined();
    await env.kinesis.deleteStream({ StreamName: name, EnforceConsumerDeletion: true });
    expect(await refusal(second.next())).toEqual({
      name: "ResourceNotFoundException",
      message: `Stream ${name} under account 000000000000 not found.`,
    });
  });

  it("are refused where AWS refuses them", async () => {
    const { arn } = await env.stream();
    const consumer = await env.consumer(arn);
    const missing = `${arn}/consumer/missing:1`;
    expect(await refusal(Reader.open(env.kinesis, missing))).toMatchObject({ name: "ResourceNotFoundException" });
    expect(await refusal(Reader.open(env.kinesis, consumer, { Type: "LATEST" }, 7))).toMatchObject({
      name: "ResourceNotFoundException",
    });
    expect(await refusal(Reader.open(env.kinesis, consumer, { Type: "AT_SEQUENCE_NUMBER" }))).toMatchObject({
      name: "InvalidArgumentException",
    });
    // A refused call is none to wait five seconds after.
    const reader = await Reader.open(env.kinesis, consumer);
    await reader.leave();
  });

  it("end with the emulator", async () => {
    const { arn } = await env.stream();
    const reader = await Reader.open(env.kinesis, await env.consumer(arn));
    await reader.next();
    const ended = reader.next().catch(() => undefined);
    await env.bus.close();
    expect(await ended).toBeUndefined();
  });
});

describe("a consumer that is being created", () => {
  const env = new KinesisEnvironment({ streamDelay: "10s" });
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  it("cannot subscribe yet", async () => {
    const { arn, name } = await env.stream();
    await env.bus.clock.advance("10s");
    const consumer = await env.consumer(arn);
    const epoch = Math.floor(env.bus.clock.now() / 1000);
    expect(await refusal(Reader.open(env.kinesis, consumer))).toEqual({
      name: "ResourceInUseException",
      message: `Consumer consumer with creation timestamp ${epoch} under stream: ${name} , account 000000000000 is not in ACTIVE status.`,
    });
    await env.bus.clock.advance("10s");
    await (await Reader.open(env.kinesis, consumer)).leave();
  });
});

describe("a consumer in process", () => {
  const env = new KinesisEnvironment({ port: false });
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  it("gets its records without a socket", async () => {
    const { arn, name } = await env.stream();
    const reader = await Reader.open(env.kinesis, await env.consumer(arn));
    expect(await reader.texts()).toEqual([]);
    await env.put(name, "one");
    expect(await reader.texts()).toEqual(["one"]);
    await reader.leave();
  });
});
