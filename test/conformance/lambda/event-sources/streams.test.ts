/** Streams that feed functions: order, retries, halves, windows, and what is told of records that are given up. */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { Lambda } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createBusbar } from "../../../../src/index.ts";
import { type BatchEvent, EventSourcesEnvironment, textsOf } from "../../../support/event-sources.ts";

const oldest = { StartingPosition: "TRIM_HORIZON" } as const;

describe("a stream", () => {
  let env: EventSourcesEnvironment;
  beforeAll(async () => {
    env = await EventSourcesEnvironment.start();
  });
  afterAll(() => env.stop());

  it("hands its records to the function as Lambda writes them", async () => {
    const { name: stream, arn } = await env.around.stream();
    const { name, batches } = env.handler();
    await env.put(stream, "hello");
    const UUID = await env.map(arn, name, oldest);
    await env.advance("1s");
    const [record] = batches[0]?.Records ?? [];
    expect(record).toEqual({
      kinesis: {
        kinesisSchemaVersion: "1.0",
        partitionKey: "a",
        sequenceNumber: expect.stringMatching(/^\d{56}$/),
        data: "aGVsbG8=",
        approximateArrivalTimestamp: expect.any(Number),
      },
      eventSource: "aws:kinesis",
      eventVersion: "1.0",
      eventID: expect.stringMatching(/^shardId-000000000000:\d{56}$/),
      eventName: "aws:kinesis:record",
      invokeIdentityArn: expect.stringMatching(/^arn:aws:iam::000000000000:role\//),
      awsRegion: "us-east-1",
      eventSourceARN: arn,
    });
    expect((await env.lambda.getEventSourceMapping({ UUID })).LastProcessingResult).toBe("OK");
  });

  it("tries a batch again until its retries are used up, tells the destination, and goes on", async () => {
    const { name: stream, arn } = await env.around.stream();
    const dead = await env.around.queue();
    const {
      name,
      arn: functionArn,
      batches,
    } = env.handler((event) => {
      if (textsOf(event).includes("bad")) throw new Error("no");
    });
    const UUID = await env.map(arn, name, {
      ...oldest,
      BatchSize: 1,
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Destination: dead.arn } },
    });
    await env.put(stream, "one", "bad", "two");
    await env.advance("1m");
    expect(batches.flatMap(textsOf)).toEqual(["one", "bad", "bad", "bad", "two"]);
    expect(await env.lying(dead.url)).toEqual([
      {
        requestContext: {
          requestId: expect.any(String),
          functionArn,
          condition: "RetryAttemptsExhausted",
          approximateInvokeCount: 3,
        },
        responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
        version: "1.0",
        timestamp: expect.stringMatching(/^2026-03-01T12:\d\d:\d\d\.\d{3}Z$/),
        KinesisBatchInfo: {
          shardId: "shardId-000000000000",
          startSequenceNumber: expect.any(String),
          endSequenceNumber: expect.any(String),
          approximateArrivalOfFirstRecord: expect.stringMatching(/Z$/),
          approximateArrivalOfLastRecord: expect.stringMatching(/Z$/),
          batchSize: 1,
          streamArn: arn,
        },
      },
    ]);
    expect((await env.lambda.getEventSourceMapping({ UUID })).LastProcessingResult).toBe("OK");
  });

  it("halves batches that fail", async () => {
    const { name: stream, arn } = await env.around.stream();
    const { name, batches } = env.handler((event) => {
      if (textsOf(event).includes("bad")) throw new Error("no");
    });
    await env.put(stream, "1", "2", "bad", "4");
    await env.map(arn, name, { ...oldest, BisectBatchOnFunctionError: true, MaximumRetryAttempts: 0 });
    await env.advance("1m");
    expect(batches.map(textsOf)).toEqual([["1", "2", "bad", "4"], ["1", "2"], ["bad", "4"], ["bad"], ["4"]]);
  });

  it("goes on from the first record that the function names", async () => {
    const { name: stream, arn } = await env.around.stream();
    const { name, batches } = env.handler(({ Records }, call) => ({
      batchItemFailures: call > 1 ? [] : [{ itemIdentifier: Records[1]?.kinesis.sequenceNumber }],
    }));
    await env.put(stream, "1", "2", "3");
    await env.map(arn, name, { ...oldest, FunctionResponseTypes: ["ReportBatchItemFailures"] });
    await env.advance("1m");
    expect(batches.map(textsOf)).toEqual([
      ["1", "2", "3"],
      ["2", "3"],
    ]);
  });

  it("gives up records that are too old", async () => {
    const { name: stream, arn } = await env.around.stream();
    const dead = await env.around.queue();
    const { name, batches } = env.handler(() => {
      throw new Error("no");
    });
    await env.put(stream, "1");
    await env.map(arn, name, {
      ...oldest,
      MaximumRecordAgeInSeconds: 60,
      DestinationConfig: { OnFailure: { Destination: dead.arn } },
    });
    await env.advance("5m");
    expect(batches.length).toBeGreaterThan(3);
    const [record] = (await env.lying(dead.url)) as { requestContext: object }[];
    expect(record?.requestContext).toMatchObject({ condition: "RecordAgeExceeded" });
    expect(record).not.toHaveProperty("responseContext");
  });

  it("is read through a consumer, whose ARN the records tell", async () => {
    const { name: stream, arn } = await env.around.stream();
    const { Consumer } = await env.around.kinesis.registerStreamConsumer({ StreamARN: arn, ConsumerName: "c" });
    await env.advance("1m");
    const { name, batches } = env.handler();
    await env.put(stream, "1");
    await env.map(Consumer?.ConsumerARN as string, name, oldest);
    await env.advance("1s");
    expect(batches[0]?.Records[0]?.eventSourceARN).toBe(Consumer?.ConsumerARN);
  });

  it("is filtered by data and by what stands beside it", async () => {
    const { name: stream, arn } = await env.around.stream();
    const { name, batches } = env.handler();
    await env.put(stream, '{"n":1}', '{"n":2}', "text");
    await env.map(arn, name, {
      ...oldest,
      FilterCriteria: { Filters: [{ Pattern: '{"data":{"n":[2]},"partitionKey":["a"]}' }] },
    });
    await env.advance("1s");
    expect(batches.map(textsOf)).toEqual([['{"n":2}']]);
  });

  it("hands over what a producer library has packed into one record, one by one", async () => {
    const { name: stream, arn } = await env.around.stream();
    const { name, batches } = env.handler();
    const field = (number: number, bytes: Buffer) =>
      Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
    const packed = (text: string) => field(3, Buffer.concat([Buffer.from([8, 0]), field(3, Buffer.from(text))]));
    const message = Buffer.concat([field(1, Buffer.from("own key")), packed("one"), packed("two"), packed("three")]);
    const digest = createHash("md5").update(message).digest();
    const Data = Buffer.concat([Buffer.from("f3899ac2", "hex"), message, digest]);
    const { SequenceNumber } = await env.around.kinesis.putRecord({ StreamName: stream, PartitionKey: "a", Data });
    await env.put(stream, "four");
    await env.map(arn, name, { ...oldest, BatchSize: 2 });
    await env.advance("1s");
    expect(batches.map(textsOf)).toEqual([["one", "two", "three"], ["four"]]);
    const records = batches[0]?.Records ?? [];
    expect(records.map(({ kinesis }) => kinesis.sequenceNumber)).toEqual(Array(3).fill(SequenceNumber));
    expect(records.map(({ kinesis }) => kinesis.partitionKey)).toEqual(Array(3).fill("own key"));
  });

  it("takes what only looks like packed records for what it is", async () => {
    const { name: stream, arn } = await env.around.stream();
    const { name, batches } = env.handler();
    const Data = Buffer.concat([Buffer.from("f3899ac2", "hex"), Buffer.alloc(40, 7)]);
    await env.around.kinesis.putRecord({ StreamName: stream, PartitionKey: "a", Data });
    await env.map(arn, name, oldest);
    await env.advance("1s");
    expect(batches[0]?.Records.map(({ kinesis }) => kinesis.data)).toEqual([Data.toString("base64")]);
  });

  it("adds up in tumbling windows", async () => {
    const { name: stream, arn } = await env.around.stream();
    const { name, batches } = env.handler(({ Records, state }) => ({
      state: { sum: (state?.sum ?? 0) + Records.length },
    }));
    await env.map(arn, name, { ...oldest, TumblingWindowInSeconds: 60 });
    await env.put(stream, "1", "2");
    await env.advance("1s");
    await env.put(stream, "3");
    await env.advance("2m");
    await env.put(stream, "4");
    await env.advance("2m");
    const seen = batches.map((batch) => [textsOf(batch).length, batch.state?.sum ?? 0, batch.isFinalInvokeForWindow]);
    const counted = seen.reduce((sum, [length]) => sum + (length as number), 0);
    expect(counted).toBe(4);
    expect(seen.filter(([, , isFinal]) => isFinal === true).map(([length, sum]) => [length, sum])).toEqual([
      [0, 3],
      [0, 1],
    ]);
    expect(batches[0]?.window?.start).toMatch(/:00Z$/);
  });

  it("adds up in a window for each of the batches that run side by side", async () => {
    const { name: stream, arn } = await env.around.stream();
    const { name, batches } = env.handler(async ({ Records, state }) => {
      // Both read their state before either has answered.
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { state: { sum: (state?.sum ?? 0) + Records.length } };
    });
    await env.map(arn, name, { ...oldest, TumblingWindowInSeconds: 60, ParallelizationFactor: 2 });
    const put = (PartitionKey: string) =>
      env.around.kinesis.putRecord({ StreamName: stream, PartitionKey, Data: Buffer.from(PartitionKey) });
    for (const key of ["a", "b", "a", "b", "a"]) await put(key);
    await env.advance("1s");
    await put("a");
    await put("b");
    await env.advance("2m");
    const last = batches.filter(({ isFinalInvokeForWindow }) => isFinalInvokeForWindow);
    expect(last.map(({ state }) => state?.sum).sort()).toEqual([3, 4]);
  });

  it("that was made anew within the second is another one, also for a mapping that was disabled", async () => {
    const { name: stream, arn } = await env.around.stream();
    const { name, batches } = env.handler();
    const { kinesis } = env.around;
    const remake = async () => {
      await kinesis.deleteStream({ StreamName: stream });
      await env.advance(0);
      await kinesis.createStream({ StreamName: stream, ShardCount: 1 });
      await env.advance(0);
    };
    await remake();
    const UUID = await env.map(arn, name, oldest);
    await env.put(stream, "1", "2", "3");
    await env.advance(0);
    await env.lambda.updateEventSourceMapping({ UUID, Enabled: false });
    await env.reaches(UUID, "Disabled");
    await remake();
    await env.put(stream, "new");
    await env.lambda.updateEventSourceMapping({ UUID, Enabled: true });
    await env.reaches(UUID, "Enabled");
    await env.advance("1m");
    expect(batches.flatMap(textsOf)).toEqual(["1", "2", "3", "new"]);
  });

  it("closes a window once, also when its mapping has changed meanwhile", async () => {
    const { name: stream, arn } = await env.around.stream();
    const { name, batches } = env.handler(async ({ Records, state }) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { state: { sum: (state?.sum ?? 0) + Records.length } };
    });
    const UUID = await env.map(arn, name, { ...oldest, TumblingWindowInSeconds: 60 });
    await env.put(stream, "1");
    await env.advance("1s");
    await env.lambda.updateEventSourceMapping({ UUID, BatchSize: 5 });
    await env.reaches(UUID, "Enabled");
    await env.advance("3m");
    const last = batches.filter(({ isFinalInvokeForWindow }) => isFinalInvokeForWindow);
    expect(last.map(({ state }) => state)).toEqual([{ sum: 1 }]);
  });
});

it("goes on where the process ended", async () => {
  const directory = await mkdtemp(join(tmpdir(), "busbar-test-"));
  const seen: string[] = [];
  const start = async () => {
    const bus = await createBusbar({ dataDir: directory });
    bus.registerFunction("reader", (event) => {
      seen.push(...textsOf(event as BatchEvent));
    });
    return bus;
  };
  try {
    const first = await start();
    const kinesis = new Kinesis(first.clientConfig());
    const lambda = new Lambda(first.clientConfig());
    const put = (client: Kinesis, text: string) =>
      client.putRecord({ StreamName: "s", PartitionKey: "a", Data: Buffer.from(text) });
    await kinesis.createStream({ StreamName: "s", ShardCount: 1 });
    const EventSourceArn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    await lambda.createEventSourceMapping({ EventSourceArn, FunctionName: "reader", ...oldest });
    await put(kinesis, "1");
    await vi.waitFor(() => expect(seen).toEqual(["1"]), { timeout: 20_000 });
    await vi.waitFor(
      async () => {
        const { EventSourceMappings = [] } = await lambda.listEventSourceMappings({});
        expect(EventSourceMappings[0]?.LastProcessingResult).toBe("OK");
      },
      { timeout: 20_000 },
    );
    kinesis.destroy();
    lambda.destroy();
    await first.close();
    const second = await start();
    const again = new Kinesis(second.clientConfig());
    await put(again, "2");
    await vi.waitFor(() => expect(seen).toEqual(["1", "2"]), { timeout: 20_000 });
    again.destroy();
    await second.close();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
