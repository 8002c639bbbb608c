/** Whatever a target refuses on the way: everything arrives exactly once, and what has an order keeps it. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { functionArn, PipesEnvironment } from "../support/pipes.ts";

/** What the target does with a call: take it, throw, or name the places (by share of the batch) that failed. */
type Mood = "take" | "throw" | readonly number[];

const mood: fc.Arbitrary<Mood> = fc.oneof(
  fc.constant("take" as const),
  fc.constant("throw" as const),
  fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 3 }),
);
const moods = fc.array(mood, { maxLength: 12 });

describe("a pipe", () => {
  let env: PipesEnvironment;
  beforeAll(async () => {
    env = await PipesEnvironment.start();
  });
  afterAll(() => env.stop());

  it("moves every record of a shard once and in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        moods,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom(0, 5),
        fc.boolean(),
        async (plan, count, BatchSize, MaximumBatchingWindowInSeconds, bisects) => {
          const left = [...plan];
          const taken: string[] = [];
          const name = env.name("stream-target");
          env.bus.registerFunction(name, (event) => {
            const records = event as { sequenceNumber: string; data: string }[];
            const now = left.shift() ?? "take";
            if (now === "throw") throw new Error("in no mood");
            const failed = now === "take" ? [] : now.map((share) => Math.floor(share * records.length));
            const lowest = Math.min(records.length, ...failed);
            taken.push(...records.slice(0, lowest).map(({ data }) => Buffer.from(data, "base64").toString()));
            return {
              batchItemFailures: failed.map((place) => ({ itemIdentifier: records[place]?.sequenceNumber })),
            };
          });
          const stream = await env.stream();
          const Name = await env.pipe(stream.arn, functionArn(name), {
            SourceParameters: {
              KinesisStreamParameters: {
                StartingPosition: "TRIM_HORIZON",
                BatchSize,
                MaximumBatchingWindowInSeconds,
                ...(bisects ? { OnPartialBatchItemFailure: "AUTOMATIC_BISECT" as const } : {}),
              },
            },
          });
          const texts = Array.from({ length: count }, (_, i) => `${i}`);
          await env.kinesis.putRecords({
            StreamName: stream.name,
            Records: texts.map((text) => ({ PartitionKey: "k", Data: Buffer.from(text) })),
          });
          await env.bus.clock.advance("20m");
          expect(taken).toEqual(texts);
          await env.pipes.deletePipe({ Name });
          await env.kinesis.deleteStream({ StreamName: stream.name });
        },
      ),
      { numRuns: 60 },
    );
  });

  it("moves every message of a queue once, and of a FIFO group in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        moods,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 10 }),
        fc.boolean(),
        async (plan, count, BatchSize, fifo) => {
          const left = [...plan];
          const taken: string[] = [];
          const name = env.name("queue-target");
          env.bus.registerFunction(name, (event) => {
            const records = event as { messageId: string; body: string }[];
            const now = left.shift() ?? "take";
            if (now === "throw") throw new Error("in no mood");
            // With FIFO queues a function must fail everything behind the first failure.
            const places = now === "take" ? [] : now.map((share) => Math.floor(share * records.length));
            const lowest = Math.min(records.length, ...places);
            const failed = new Set(fifo ? records.keys() : places);
            if (fifo) for (let place = 0; place < lowest; place++) failed.delete(place);
            taken.push(...records.filter((_, place) => !failed.has(place)).map(({ body }) => body));
            return { batchItemFailures: [...failed].map((place) => ({ itemIdentifier: records[place]?.messageId })) };
          });
          const { url, arn } = fifo
            ? await env.queue({ FifoQueue: "true", ContentBasedDeduplication: "true" }, ".fifo")
            : await env.queue();
          const Name = await env.pipe(arn, functionArn(name), {
            SourceParameters: { SqsQueueParameters: { BatchSize } },
          });
          const texts = Array.from({ length: count }, (_, i) => `${i}`);
          for (const text of texts) {
            await env.sqs.sendMessage({
              QueueUrl: url,
              MessageBody: text,
              ...(fifo ? { MessageGroupId: "g" } : {}),
            });
          }
          await env.bus.clock.advance("20m");
          if (fifo) expect(taken).toEqual(texts);
          else expect([...taken].sort((a, b) => Number(a) - Number(b))).toEqual(texts);
          expect(await env.counts(url)).toEqual([0, 0]);
          await env.pipes.deletePipe({ Name });
          await env.sqs.deleteQueue({ QueueUrl: url });
        },
      ),
      { numRuns: 60 },
    );
  });
});
