/** Pipes out of streams: positions, shards, order, retries, bisection, record age and dead letters. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, PipesEnvironment } from "../../support/pipes.ts";

type Records = {
  sequenceNumber: string;
  eventID: string;
  partitionKey: string;
  data: string;
  [name: string]: unknown;
}[];

const textOf = ({ data }: { data: string }) => Buffer.from(data, "base64").toString();

describe.each(["memory", "disk"] as const)("a stream as a source, %s", (storage) => {
  let env: PipesEnvironment;
  beforeAll(async () => {
    env = await PipesEnvironment.start(storage);
  });
  afterAll(() => env.stop());

  function recorder(answer: (records: Records) => unknown = () => undefined) {
    const calls: Records[] = [];
    const name = env.name("function");
    env.bus.registerFunction(name, (event) => {
      calls.push(event as Records);
      return answer(event as Records);
    });
    return { calls, arn: functionArn(name), texts: () => calls.map((records) => records.map(textOf)) };
  }

  async function put(StreamName: string, ...texts: string[]): Promise<void> {
    for (const text of texts) {
      await env.kinesis.putRecord({ StreamName, PartitionKey: text, Data: Buffer.from(text) });
    }
    await env.bus.clock.advance(1);
  }

  const from = (StartingPosition: "TRIM_HORIZON" | "LATEST" | "AT_TIMESTAMP", more: object = {}) => ({
    SourceParameters: { KinesisStreamParameters: { StartingPosition, ...more } },
  });

  it("hands functions arrays of records", async () => {
    const { name, arn } = await env.stream();
    const { calls, arn: target } = recorder();
    await put(name, "before");
    await env.pipe(arn, target, from("TRIM_HORIZON"));
    await env.bus.clock.advance(1);
    expect(calls).toEqual([
      [
        {
          kinesisSchemaVersion: "1.0",
          partitionKey: "before",
          sequenceNumber: expect.stringMatching(/^\d+$/),
          data: Buffer.from("before").toString("base64"),
          approximateArrivalTimestamp: expect.any(Number),
          eventSource: "aws:kinesis",
          eventVersion: "1.0",
          eventID: expect.stringMatching(/^shardId-000000000000:\d+$/),
          eventName: "aws:kinesis:record",
          invokeIdentityArn: "arn:aws:iam::000000000000:role/pipe",
          awsRegion: "us-east-1",
          eventSourceARN: arn,
        },
      ],
    ]);
  });

  it("starts where it is told and continues where it stopped", async () => {
    const { name, arn } = await env.stream();
    await put(name, "old");
    await env.bus.clock.advance("10s");
    const StartingPositionTimestamp = new Date(env.bus.clock.now());
    await env.bus.clock.advance("10s");
    await put(name, "middle");
    await env.bus.clock.advance("10s");
    const [all, latest, timed] = [recorder(), recorder(), recorder()];
    await env.pipe(arn, all.arn, from("TRIM_HORIZON"));
    const Name = await env.pipe(arn, latest.arn, from("LATEST"));
    await env.pipe(arn, timed.arn, from("AT_TIMESTAMP", { StartingPositionTimestamp }));
    await env.bus.clock.advance(1);
    await put(name, "new");
    expect(all.texts().flat()).toEqual(["old", "middle", "new"]);
    expect(latest.texts().flat()).toEqual(["new"]);
    expect(timed.texts().flat()).toEqual(["middle", "new"]);
    await env.pipes.stopPipe({ Name });
    await env.reaches(Name, "STOPPED");
    await put(name, "while stopped");
    await env.pipes.startPipe({ Name });
    await env.reaches(Name, "RUNNING");
    await env.bus.clock.advance(1);
    expect(latest.texts().flat()).toEqual(["new", "while stopped"]);
  });

  it("filters by the data as JSON and advances over the rest", async () => {
    const { name, arn } = await env.stream();
    const { calls, arn: target, texts } = recorder();
    await env.pipe(arn, target, {
      SourceParameters: {
        ...from("TRIM_HORIZON").SourceParameters,
        FilterCriteria: { Filters: [{ Pattern: '{"data":{"keep":[true]}}' }] },
      },
    });
    await put(name, '{"keep":true,"n":1}', '{"keep":false}', "no JSON", '{"keep":true,"n":2}');
    expect(texts().flat()).toEqual(['{"keep":true,"n":1}', '{"keep":true,"n":2}']);
    expect(calls.flat().every(({ eventSource }) => eventSource === "aws:kinesis")).toBe(true);
  });

  it("collects a batch within its window", async () => {
    const { name, arn } = await env.stream();
    const { arn: target, texts } = recorder();
    await env.pipe(arn, target, from("TRIM_HORIZON", { BatchSize: 3, MaximumBatchingWindowInSeconds: 30 }));
    await put(name, "1", "2");
    await env.bus.clock.advance("29s");
    expect(texts()).toEqual([]);
    await env.bus.clock.advance("1s");
    expect(texts()).toEqual([["1", "2"]]);
    await put(name, "3", "4", "5", "6");
    expect(texts()).toEqual([
      ["1", "2"],
      ["3", "4", "5"],
    ]);
    await env.bus.clock.advance("30s");
    expect(texts()).toEqual([["1", "2"], ["3", "4", "5"], ["6"]]);
  });

  it("reads parents before their children", async () => {
    const { name, arn } = await env.stream();
    const { arn: target, texts } = recorder();
    await put(name, "p1", "p2", "p3");
    await env.kinesis.splitShard({
      StreamName: name,
      ShardToSplit: "shardId-000000000000",
      NewStartingHashKey: "170141183460469231731687303715884105728",
    });
    await env.bus.clock.advance("1m");
    await put(name, "c1", "c2", "c3");
    await env.pipe(arn, target, from("TRIM_HORIZON"));
    await env.bus.clock.advance("1m");
    expect(texts()[0]).toEqual(["p1", "p2", "p3"]);
    expect(texts().flat().sort()).toEqual(["c1", "c2", "c3", "p1", "p2", "p3"]);
    await env.kinesis.mergeShards({
      StreamName: name,
      ShardToMerge: "shardId-000000000001",
      AdjacentShardToMerge: "shardId-000000000002",
    });
    await env.bus.clock.advance("1m");
    await put(name, "m1");
    await env.bus.clock.advance("1m");
    expect(texts().flat().at(-1)).toBe("m1");
  });

  it("retries a batch in order, and no longer than allowed", async () => {
    const dead = await env.queue();
    const { name, arn } = await env.stream();
    const { arn: target, texts } = recorder((records) => {
      if (records.some((record) => textOf(record) === "poison")) throw new Error("poisoned");
    });
    const Name = await env.pipe(
      arn,
      target,
      from("TRIM_HORIZON", { BatchSize: 2, MaximumRetryAttempts: 2, DeadLetterConfig: { Arn: dead.arn } }),
    );
    const { Records } = await env.kinesis.putRecords({
      StreamName: name,
      Records: ["a", "poison", "b"].map((text) => ({ PartitionKey: text, Data: Buffer.from(text) })),
    });
    await env.bus.clock.advance("1h");
    expect(texts()).toEqual([["a", "poison"], ["a", "poison"], ["a", "poison"], ["b"]]);
    const [letter] = await env.bodies(dead.url);
    expect(JSON.parse(letter as string)).toEqual({
      context: {
        partnerResourceArn: `arn:aws:pipes:us-east-1:000000000000:pipe/${Name}`,
        condition: "RetryAttemptsExhausted",
      },
      version: "1.0",
      timestamp: expect.stringMatching(/^2026-.*\.\d{3}Z$/),
      KinesisBatchInfo: {
        shardId: "shardId-000000000000",
        startSequenceNumber: Records?.[0]?.SequenceNumber,
        endSequenceNumber: Records?.[1]?.SequenceNumber,
        approximateArrivalOfFirstRecord: expect.stringMatching(/Z$/),
        approximateArrivalOfLastRecord: expect.stringMatching(/Z$/),
        batchSize: 2,
        streamArn: arn,
      },
    });
  });

  it("halves a batch that fails until the bad record is alone", async () => {
    const { SNS } = await import("@aws-sdk/client-sns");
    const sns = new SNS({ ...env.bus.clientConfig(), maxAttempts: 1 });
    const dead = await env.queue();
    const { TopicArn } = await sns.createTopic({ Name: env.name("dead") });
    await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: dead.arn, Attributes: { RawMessageDelivery: "true" } });
    const { name, arn } = await env.stream();
    const seen: string[] = [];
    const { arn: target } = recorder((records) => {
      if (records.some((record) => textOf(record) === "5")) throw new Error("five");
      seen.push(...records.map(textOf));
    });
    await env.pipe(
      arn,
      target,
      from("TRIM_HORIZON", {
        MaximumRetryAttempts: 0,
        OnPartialBatchItemFailure: "AUTOMATIC_BISECT",
        DeadLetterConfig: { Arn: TopicArn },
      }),
    );
    const texts = ["0", "1", "2", "3", "4", "5", "6", "7"];
    await env.kinesis.putRecords({
      StreamName: name,
      Records: texts.map((text) => ({ PartitionKey: text, Data: Buffer.from(text) })),
    });
    await env.bus.clock.advance("10m");
    expect(seen).toEqual(["0", "1", "2", "3", "4", "6", "7"]);
    const letters = (await env.bodies(dead.url)).map((body) => JSON.parse(body).KinesisBatchInfo.batchSize);
    expect(letters).toEqual([1]);
    sns.destroy();
  });

  it("continues from the lowest record that failed", async () => {
    const { name, arn } = await env.stream();
    let failures = 1;
    const { arn: target, texts } = recorder((records) => {
      const bad = records.find((record) => textOf(record) === "bad");
      if (bad === undefined || failures-- <= 0) return { batchItemFailures: [] };
      return { batchItemFailures: [{ itemIdentifier: bad.sequenceNumber }] };
    });
    await env.pipe(arn, target, from("TRIM_HORIZON"));
    await env.kinesis.putRecords({
      StreamName: name,
      Records: ["a", "bad", "c"].map((text) => ({ PartitionKey: text, Data: Buffer.from(text) })),
    });
    await env.bus.clock.advance("1m");
    expect(texts()).toEqual([
      ["a", "bad", "c"],
      ["bad", "c"],
    ]);
  });

  it("halves what is left after the lowest record that failed, if configured", async () => {
    const { name, arn } = await env.stream();
    let healed = false;
    const { arn: target, texts } = recorder((records) => {
      const bad = records.find((record) => textOf(record) === "bad");
      return { batchItemFailures: bad === undefined || healed ? [] : [{ itemIdentifier: bad.eventID }] };
    });
    await env.pipe(arn, target, from("TRIM_HORIZON", { OnPartialBatchItemFailure: "AUTOMATIC_BISECT" }));
    await env.kinesis.putRecords({
      StreamName: name,
      Records: ["a", "bad", "c", "d"].map((text) => ({ PartitionKey: text, Data: Buffer.from(text) })),
    });
    await env.bus.clock.advance("2s");
    healed = true;
    await env.bus.clock.advance("2m");
    const calls = texts();
    expect(calls[0]).toEqual(["a", "bad", "c", "d"]);
    expect(calls.slice(1, -1).every((call) => call.join() === "bad")).toBe(true);
    expect(calls.length).toBeGreaterThan(3);
    expect(calls.at(-1)).toEqual(["c", "d"]);
  });

  it("gives up records that are too old", async () => {
    const dead = await env.queue();
    const { name, arn } = await env.stream();
    const { arn: target, calls } = recorder(() => {
      throw new Error("down");
    });
    await env.pipe(
      arn,
      target,
      from("TRIM_HORIZON", { MaximumRecordAgeInSeconds: 60, DeadLetterConfig: { Arn: dead.arn } }),
    );
    await put(name, "aging");
    await env.bus.clock.advance("10m");
    expect(calls.length).toBeGreaterThan(3);
    expect(JSON.parse((await env.bodies(dead.url))[0] as string).context.condition).toBe("RecordAgeExceeded");
  });

  it("may be named by one of its consumers", async () => {
    const { name, arn } = await env.stream();
    const { Consumer } = await env.kinesis.registerStreamConsumer({ StreamARN: arn, ConsumerName: "c" });
    const { arn: target, calls } = recorder();
    await env.pipe(Consumer?.ConsumerARN as string, target, from("TRIM_HORIZON"));
    await put(name, "through the consumer");
    expect(calls.flat()).toMatchObject([
      { partitionKey: "through the consumer", eventSourceARN: Consumer?.ConsumerARN },
    ]);
  });

  it("reads another stream of the same name from its beginning, whether the pipe ran meanwhile or not", async () => {
    const { name, arn } = await env.stream();
    const { texts, arn: target } = recorder();
    const Name = await env.pipe(arn, target, from("LATEST"));
    const recreate = async () => {
      await env.kinesis.deleteStream({ StreamName: name });
      await env.bus.clock.advance("1m");
      await env.kinesis.createStream({ StreamName: name, ShardCount: 1 });
    };
    await put(name, "first");
    await recreate();
    await put(name, "second", "third");
    await env.bus.clock.advance("10s");
    expect(texts().flat()).toEqual(["first", "second", "third"]);
    await env.pipes.stopPipe({ Name });
    await env.reaches(Name, "STOPPED");
    await recreate();
    await put(name, "fourth");
    await env.pipes.startPipe({ Name });
    await env.reaches(Name, "RUNNING");
    await put(name, "fifth");
    await env.bus.clock.advance("10s");
    expect(texts().flat()).toEqual(["first", "second", "third", "fourth", "fifth"]);
  });

  it("keeps partition keys in order in parallel", async () => {
    const { name, arn } = await env.stream();
    const { arn: target, calls } = recorder();
    await env.pipe(arn, target, from("TRIM_HORIZON", { ParallelizationFactor: 4 }));
    await env.kinesis.putRecords({
      StreamName: name,
      Records: Array.from({ length: 40 }, (_, i) => ({ PartitionKey: `k${i % 7}`, Data: Buffer.from(`${i}`) })),
    });
    await env.bus.clock.advance(1);
    const byKey: Record<string, number[]> = {};
    for (const record of calls.flat()) (byKey[record.partitionKey] ??= []).push(Number(textOf(record)));
    expect(Object.values(byKey).flat()).toHaveLength(40);
    for (const numbers of Object.values(byKey)) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(calls.length).toBeGreaterThan(1);
  });
});

it("continues after a restart after the last batch the target took", async () => {
  const { mkdtemp, rm } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  const dataDir = await mkdtemp(join(tmpdir(), "busbar-test-"));
  const first = await PipesEnvironment.start("memory", { dataDir });
  const seen: string[][] = [];
  const take = (event: unknown) => {
    const texts = (event as Records).map(textOf);
    seen.push(texts);
    if (texts.includes("hard") && seen.length < 4) throw new Error("not yet");
  };
  first.bus.registerFunction("taker", take);
  const { name, arn } = await first.stream();
  await first.pipe(arn, functionArn("taker"), {
    SourceParameters: { KinesisStreamParameters: { StartingPosition: "LATEST" } },
  });
  await first.bus.clock.advance(1);
  for (const text of ["easy", "hard"]) {
    await first.kinesis.putRecord({ StreamName: name, PartitionKey: "k", Data: Buffer.from(text) });
    await first.bus.clock.advance(1);
  }
  expect(seen).toEqual([["easy"], ["hard"]]);
  await first.stop();
  const second = await PipesEnvironment.start("memory", { dataDir });
  second.bus.registerFunction("taker", take);
  await second.bus.clock.advance("1m");
  expect(seen).toEqual([["easy"], ["hard"], ["hard"], ["hard"]]);
  await second.stop();
  await rm(dataDir, { recursive: true });
});
