import {
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
} from "@aws-sdk/client-sns";
import { describe, expect, it } from "vitest";
import { type Bench, refusal, startSns, temporaryDirectory } from "../../support/sns-bus.ts";

const archived = { ContentBasedDeduplication: "true", ArchivePolicy: '{"MessageRetentionPeriod":"2"}' };
const iso = (ms: number) => new Date(ms).toISOString();
const replayFrom = (ms: number, endMs?: number) =>
  JSON.stringify({
    PointType: "Timestamp",
    StartingPoint: iso(ms),
    ...(endMs === undefined ? {} : { EndingPoint: iso(endMs) }),
  });

const publish = ({ sns }: Bench, TopicArn: string, Message: string) =>
  sns.send(new PublishCommand({ TopicArn, Message, MessageGroupId: "g" }));
const attributesOf = async ({ sns }: Bench, SubscriptionArn: string) =>
  (await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes ?? {};
const texts = async (bench: Bench, queue: string) => {
  await bench.bus.settled();
  return (await bench.drain(queue)).map(({ Body }) => JSON.parse(Body ?? "").Message);
};

describe("archive and replay", () => {
  it("sends a late subscriber what was published, then what is new", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t.fifo", archived);
    const { Attributes } = await bench.sns.send(new GetTopicAttributesCommand({ TopicArn: topic }));
    expect(Attributes).toMatchObject({
      ArchivePolicy: archived.ArchivePolicy,
      BeginningArchiveTime: iso(bench.bus.clock.now()),
    });
    await publish(bench, topic, "too old");
    await bench.bus.clock.advance("1m");
    const from = bench.bus.clock.now();
    for (const message of ["1", "2", "3"]) await publish(bench, topic, message);
    const queue = await bench.queue("q.fifo");
    const subscription = await bench.subscribe(topic, "sqs", queue, { ReplayPolicy: replayFrom(from) });
    await bench.bus.settled();
    const replayed = await bench.drain(queue);
    expect(replayed.map(({ Body }) => JSON.parse(Body ?? ""))).toMatchObject([
      { Message: "1", Replayed: "true", Timestamp: iso(from) },
      { Message: "2", Replayed: "true" },
      { Message: "3", Replayed: "true" },
    ]);
    expect(await attributesOf(bench, subscription)).toMatchObject({ ReplayStatus: "Completed" });
    await publish(bench, topic, "4");
    const [live] = await bench.drain(queue);
    expect(JSON.parse(live?.Body ?? "")).not.toHaveProperty("Replayed");
  });

  it("restarts on request, filters, and sends nothing beyond its end", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t.fifo", archived);
    const queue = await bench.queue("q.fifo");
    const SubscriptionArn = await bench.subscribe(topic, "sqs", queue, {
      FilterPolicy: '{"keep":[true]}',
      FilterPolicyScope: "MessageBody",
    });
    const from = bench.bus.clock.now();
    const body = (n: number, keep = true) => JSON.stringify({ n, keep });
    for (const message of [body(1), body(2, false), body(3)]) await publish(bench, topic, message);
    expect(await texts(bench, queue)).toEqual([body(1), body(3)]);
    await bench.bus.clock.advance("1s");
    const end = bench.bus.clock.now();
    await bench.bus.clock.advance("1s");
    await publish(bench, topic, body(4));
    await texts(bench, queue);
    const replay = (AttributeValue: string) =>
      bench.sns.send(
        new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName: "ReplayPolicy", AttributeValue }),
      );
    await replay(replayFrom(from, end));
    expect(await texts(bench, queue)).toEqual([body(1), body(3)]);
    await publish(bench, topic, body(5));
    expect(await texts(bench, queue)).toEqual([]);
    await replay("{}");
    await publish(bench, topic, body(6));
    expect(await texts(bench, queue)).toEqual([body(6)]);
    expect(await refusal(replay("{"))).toMatch(/ReplayPolicy: failed to parse JSON\. Unexpected end-of-input/);
    expect(await refusal(replay(replayFrom(end, from)))).toMatch(/EndingPoint must be later than StartingPoint$/);
  });

  it("waits for an end that is still to come", async () => {
    const bench = await startSns();
    const topic = await bench.topic("t.fifo", archived);
    const queue = await bench.queue("q.fifo");
    const from = bench.bus.clock.now();
    await publish(bench, topic, "1");
    const ReplayPolicy = replayFrom(from, from + 3_600_000);
    const subscription = await bench.subscribe(topic, "sqs", queue, { ReplayPolicy });
    expect(await texts(bench, queue)).toEqual(["1"]);
    await publish(bench, topic, "2");
    expect(await texts(bench, queue)).toEqual(["2"]);
    expect(await attributesOf(bench, subscription)).toMatchObject({ ReplayStatus: "In progress" });
    await bench.bus.clock.advance("61m");
    expect(await attributesOf(bench, subscription)).toMatchObject({ ReplayStatus: "Completed" });
    await publish(bench, topic, "3");
    expect(await texts(bench, queue)).toEqual([]);
  });

  it("drops what is older than the retention period, and survives a restart", async () => {
    const dataDir = await temporaryDirectory();
    const bench = await startSns({ dataDir });
    const topic = await bench.topic("t.fifo", archived);
    const from = bench.bus.clock.now();
    await publish(bench, topic, "old");
    await bench.bus.clock.advance("49h");
    await publish(bench, topic, "young");
    await bench.bus.close();
    const again = await startSns({ dataDir });
    const queue = await again.queue("q.fifo");
    await again.subscribe(topic, "sqs", queue, { ReplayPolicy: replayFrom(from) });
    expect(await texts(again, queue)).toEqual(["young"]);
  });

  it("needs a FIFO topic with an archive", async () => {
    const bench = await startSns();
    expect(await refusal(bench.topic("t", { ArchivePolicy: archived.ArchivePolicy }))).toMatch(/^InvalidParameter: /);
    const topic = await bench.topic("t.fifo");
    const queue = await bench.queue("q.fifo");
    const call = bench.subscribe(topic, "sqs", queue, { ReplayPolicy: replayFrom(0) });
    expect(await refusal(call)).toMatch(/ReplayPolicy: the topic has no active archive policy$/);
    expect(await refusal(bench.topic("u.fifo", { ArchivePolicy: '{"MessageRetentionPeriod":"366"}' }))).toMatch(
      /between 1 and 365 days$/,
    );
  });
});
