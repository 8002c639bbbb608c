/** Something with much in it is deleted, and made anew under its name at once: the new one has nothing of the old. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PipesEnvironment } from "../support/pipes.ts";

/** More than is deleted within the call. */
const many = 1200;

describe("something large that is deleted", () => {
  let env: PipesEnvironment;
  beforeAll(async () => {
    env = await PipesEnvironment.start();
  });
  afterAll(() => env.stop());

  const inParallel = async (count: number, call: (n: number) => Promise<unknown>) => {
    for (let n = 0; n < count; n += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => call(n + i)));
  };

  it("is a topic", async () => {
    const { TopicArn } = await env.sns.createTopic({ Name: "large" });
    const old = await env.queue();
    const subscribe = (Endpoint: string) => env.sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint });
    await inParallel(many, (n) => subscribe(n === 7 ? old.arn : `arn:aws:sqs:us-east-1:000000000000:no-${n}`));
    await env.sns.deleteTopic({ TopicArn });
    const [made] = await Promise.all([env.sns.createTopic({ Name: "large" }), env.sns.createTopic({ Name: "large" })]);
    expect(made.TopicArn).toBe(TopicArn);
    expect((await env.sns.listSubscriptionsByTopic({ TopicArn })).Subscriptions).toEqual([]);
    const queue = await env.queue();
    await subscribe(queue.arn);
    await env.sns.publish({ TopicArn, Message: "m" });
    expect([(await env.bodies(queue.url)).length, (await env.bodies(old.url)).length]).toEqual([1, 0]);
    const { Attributes } = await env.sns.getTopicAttributes({ TopicArn });
    expect(Attributes).toMatchObject({ SubscriptionsConfirmed: "1", SubscriptionsDeleted: "0" });
  });

  it("is a stream", async () => {
    const StreamName = "large";
    // Each shard is deleted as well.
    await env.kinesis.createStream({ StreamName, ShardCount: many });
    const Records = Array.from({ length: 500 }, (_, n) => ({ Data: Buffer.from("r"), PartitionKey: `${n}` }));
    await env.kinesis.putRecords({ StreamName, Records });
    await env.kinesis.deleteStream({ StreamName });
    await expect(env.kinesis.describeStreamSummary({ StreamName })).rejects.toThrow("not found");
    const twice = [1, 2].map(() => env.kinesis.createStream({ StreamName, ShardCount: 1 }));
    const [first, second] = await Promise.allSettled(twice);
    expect([first?.status, second?.status]).toEqual(["fulfilled", "rejected"]);
    const shard = { StreamName, ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" as const };
    const { ShardIterator } = await env.kinesis.getShardIterator(shard);
    expect((await env.kinesis.getRecords({ ShardIterator })).Records).toEqual([]);
  });

  it("is an archive", async () => {
    const EventSourceArn = "arn:aws:events:us-east-1:000000000000:event-bus/default";
    const create = () => env.events.createArchive({ ArchiveName: "large", EventSourceArn });
    await create();
    const Entries = Array.from({ length: 10 }, () => ({ Source: "s", DetailType: "d", Detail: "{}" }));
    for (let n = 0; n < many; n += 10) await env.events.putEvents({ Entries });
    expect(await env.events.describeArchive({ ArchiveName: "large" })).toMatchObject({ EventCount: many });
    await env.events.deleteArchive({ ArchiveName: "large" });
    await create();
    expect(await env.events.describeArchive({ ArchiveName: "large" })).toMatchObject({ EventCount: 0, SizeBytes: 0 });
    await env.events.putEvents({ Entries });
    expect(await env.events.describeArchive({ ArchiveName: "large" })).toMatchObject({ EventCount: 10 });
  });
});
