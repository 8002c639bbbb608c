/** Every message that goes nowhere has a reason that can be looked up. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeliveryFilter } from "../../src/index.ts";
import { functionArn, PipesEnvironment } from "../support/pipes.ts";

describe("a message that goes nowhere", () => {
  let env: PipesEnvironment;
  beforeAll(async () => {
    env = await PipesEnvironment.start();
  });
  afterAll(() => env.stop());

  const records = (filter: DeliveryFilter) => env.bus.deliveries(filter);

  it("because a subscription's filter policy did not let it through has a record for that subscription", async () => {
    const { TopicArn } = await env.sns.createTopic({ Name: "filtered" });
    const [blue, red] = [await env.queue(), await env.queue()];
    const subscribe = async ({ arn }: { arn: string }, color: string) => {
      const Attributes = { FilterPolicy: JSON.stringify({ color: [color] }) };
      const input = { TopicArn, Protocol: "sqs", Endpoint: arn, Attributes, ReturnSubscriptionArn: true };
      return (await env.sns.subscribe(input)).SubscriptionArn as string;
    };
    const subscription = await subscribe(blue, "blue");
    await subscribe(red, "red");
    const before = env.bus.deliveryCounts().filtered;
    const MessageAttributes = { color: { DataType: "String", StringValue: "red" } };
    await env.sns.publish({ TopicArn, Message: "m", MessageAttributes });
    expect(records({ target: blue.arn })).toMatchObject([
      {
        status: "filtered",
        service: "sns",
        source: subscription,
        account: "000000000000",
        reason: 'The filter policy did not let the message through: color is "red", wanted ["blue"].',
      },
    ]);
    expect(records({ target: red.arn })).toMatchObject([{ status: "delivered" }]);
    expect(records({ source: TopicArn as string })).toEqual([]);
    await env.sns.publish({ TopicArn, Message: "m" });
    expect(records({ status: "filtered", source: subscription })).toHaveLength(2);
    expect(records({ status: "filtered", target: red.arn })[0]?.reason).toContain("it has no attributes");
    expect(env.bus.deliveryCounts().filtered - before).toBe(3);
  });

  it("because a pipe's filter did not let it through", async () => {
    const [from, to] = [await env.queue(), await env.queue()];
    const Filters = [{ Pattern: '{"body":{"kind":["a"]}}' }];
    await env.pipe(from.arn, to.arn, { SourceParameters: { FilterCriteria: { Filters } } });
    await env.send(from.url, '{"kind":"b"}', '{"kind":"a"}');
    expect(await env.bodies(to.url)).toHaveLength(1);
    const [record, ...others] = records({ target: to.arn, status: "filtered" });
    expect(others).toEqual([]);
    expect(record).toMatchObject({ service: "pipes", source: expect.stringContaining(":pipe/") });
    expect(record?.reason).toMatch(/^No filter of the pipe let the record [0-9a-f-]{36} through\.$/);
  });

  it("because a pipe's target or enrichment failed is pending with its tries, until it gets through", async () => {
    const [from, to] = [await env.queue({ VisibilityTimeout: "20" }), await env.queue()];
    let broken = true;
    env.bus.registerFunction("enriches", (event) => {
      if (broken) throw new RangeError("out of order");
      return event;
    });
    await env.pipe(from.arn, to.arn, { Enrichment: functionArn("enriches") });
    const sentMs = env.bus.clock.now();
    await env.send(from.url, "m");
    const failed = () => records({ target: to.arn, status: "pending" })[0];
    expect(failed()).toMatchObject({
      service: "pipes",
      attemptCount: 1,
      nextAttemptAt: new Date(sentMs + 20_000).toISOString(),
      reason: expect.stringContaining("out of order"),
    });
    await env.bus.clock.advance("20s");
    expect(failed()).toMatchObject({ attemptCount: 2 });
    broken = false;
    await env.bus.clock.advance("20s");
    expect(await env.bodies(to.url)).toHaveLength(1);
    expect(records({ target: to.arn })[0]).toMatchObject({ status: "delivered", attemptCount: 3 });
  });

  it("because it left its queue while a pipe would have tried it again has failed", async () => {
    const [dead, from] = [await env.queue(), await env.queue({ VisibilityTimeout: "20" })];
    const deadLetterTargetArn = dead.arn;
    env.bus.registerFunction("fails-always", () => {
      throw new Error("No.");
    });
    const pipe = await env.pipe(from.arn, functionArn("fails-always"), {});
    const mine = () => records({ target: functionArn("fails-always") })[0];
    const fail = async () => {
      await env.send(from.url, "m");
      await expect.poll(mine).toMatchObject({ status: "pending", attemptCount: 1 });
    };
    const before = env.bus.deliveryCounts();
    await fail();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 });
    await env.sqs.setQueueAttributes({ QueueUrl: from.url, Attributes: { RedrivePolicy } });
    await env.bus.clock.advance("20s");
    expect(await env.bodies(dead.url)).toEqual(["m"]);
    expect(mine()).toMatchObject({ status: "failed", nextAttemptAt: undefined });
    expect(mine()?.reason).toContain(`The queue's redrive policy has taken the message to ${dead.arn}.`);
    await env.sqs.setQueueAttributes({ QueueUrl: from.url, Attributes: { RedrivePolicy: "" } });

    await fail();
    await env.sqs.purgeQueue({ QueueUrl: from.url });
    expect(mine()).toMatchObject({ status: "failed", reason: expect.stringContaining("Purged") });

    await fail();
    await env.pipes.stopPipe({ Name: pipe });
    await expect
      .poll(mine)
      .toMatchObject({ status: "failed", reason: expect.stringContaining("The pipe was stopped.") });
    const after = env.bus.deliveryCounts();
    expect([after.pending - before.pending, after.failed - before.failed]).toEqual([0, 3]);
  });

  it("because a pipe's retries are used up has failed", async () => {
    const stream = await env.stream();
    env.bus.registerFunction("refuses", () => {
      throw new Error("never");
    });
    const KinesisStreamParameters = { StartingPosition: "TRIM_HORIZON" as const, MaximumRetryAttempts: 2 };
    await env.pipe(stream.arn, functionArn("refuses"), { SourceParameters: { KinesisStreamParameters } });
    await env.kinesis.putRecord({ StreamARN: stream.arn, Data: Buffer.from("r"), PartitionKey: "k" });
    await env.bus.clock.advance(500);
    expect(records({ target: functionArn("refuses") })[0]).toMatchObject({ status: "pending", attemptCount: 1 });
    await env.bus.clock.advance("1m");
    const [record, ...others] = records({ target: functionArn("refuses") });
    expect(others).toEqual([]);
    expect(record).toMatchObject({ status: "failed", attemptCount: 3, reason: expect.stringContaining("never") });
  });

  it("because its retention is over, or a purge or the end of its queue took it", async () => {
    const old = await env.queue({ MessageRetentionPeriod: "60" });
    await env.send(old.url, "a", "b");
    await env.bus.clock.advance("61s");
    expect(records({ source: old.arn })).toMatchObject([
      {
        service: "sqs",
        status: "expired",
        count: 2,
        target: old.arn,
        reason: expect.stringMatching(/retention of 60 s/),
      },
    ]);
    const queue = await env.queue();
    const { MessageId = "" } = await env.sqs.sendMessage({ QueueUrl: queue.url, MessageBody: "m" });
    await env.sqs.purgeQueue({ QueueUrl: queue.url });
    const [purged, ...others] = records({ target: queue.arn });
    expect([purged?.status, purged?.count, others]).toEqual(["purged", undefined, []]);
    expect(purged?.reason).toContain(MessageId);
    await env.send(queue.url, ..."0123456789ab");
    await env.bus.clock.advance(1);
    await env.sqs.deleteQueue({ QueueUrl: queue.url });
    const [deleted] = records({ source: queue.arn, status: "purged" });
    expect(deleted).toMatchObject({ count: 12 });
    // Of many messages some are named.
    expect(deleted?.reason).toMatch(/\(([0-9a-f-]{36}, ){10}…\)$/);
  });

  it("because no rule of its bus matched", async () => {
    const bus = "arn:aws:events:us-east-1:000000000000:event-bus/lost";
    await env.events.createEventBus({ Name: "lost" });
    const put = () =>
      env.events.putEvents({ Entries: [{ EventBusName: "lost", Source: "s", DetailType: "d", Detail: "{}" }] });
    const { Entries = [] } = await put();
    expect(records({ source: bus })).toMatchObject([{ status: "unmatched", service: "eventbridge" }]);
    expect(records({ source: bus })[0]?.reason).toContain(`Event ${Entries[0]?.EventId} (s, d) matched no rule`);
    await env.events.putRule({ EventBusName: "lost", Name: "near", EventPattern: '{"source":["t"]}' });
    await put();
    expect(records({ source: bus })[0]?.reason).toMatch(
      /The nearest is \S+near, where source must be \S+, not \["s"\]/,
    );
  });

  it("is counted, and shown with the counts by the control route", async () => {
    const { filtered, expired, purged, unmatched, failed } = env.bus.deliveryCounts();
    expect([expired, purged]).toEqual([2, 14]);
    for (const count of [filtered, unmatched, failed]) expect(count).toBeGreaterThan(0);
    const server = await PipesEnvironment.start("memory", { port: 0 });
    const { url } = await server.queue();
    await server.send(url, "m");
    await server.sqs.purgeQueue({ QueueUrl: url });
    const answer = await fetch(`${server.bus.endpoint}/_busbar/deliveries?status=purged`);
    expect(await answer.json()).toMatchObject({ deliveries: [{ status: "purged" }], counts: { purged: 1, failed: 0 } });
    await server.stop();
  });

  it("leaves no more than a bounded number of records", async () => {
    const { TopicArn } = await env.sns.createTopic({ Name: "many" });
    const { arn } = await env.queue();
    const Attributes = { FilterPolicy: '{"never":["matches"]}' };
    await env.sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: arn, Attributes });
    const entries = Array.from({ length: 10 }, (_, i) => ({ Id: String(i), Message: "m" }));
    for (let i = 0; i < 120; i++) {
      await env.sns.publishBatch({ TopicArn, PublishBatchRequestEntries: entries });
    }
    const kept =
      records({ source: TopicArn as string, limit: 10_000 }).length + records({ target: arn, limit: 10_000 }).length;
    expect(kept).toBe(1000);
  });
});
