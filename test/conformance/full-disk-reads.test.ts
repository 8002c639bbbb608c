/** A disk that takes nothing more: who only reads is answered, also where time has changed what there is to read. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Emulator } from "../../src/emulator.ts";
import type { Batch } from "../../src/engine/disk.ts";
import { StoreError } from "../../src/engine/store-error.ts";
import { inProcessHandler } from "../../src/in-process.ts";
import { type Clients, clientsOf } from "../simulation/clients.ts";
import { EmptyDisk } from "../support/empty-disk.ts";

class FullDisk extends EmptyDisk {
  isFull = false;

  override async write(batch: Batch): Promise<void> {
    if (this.isFull) throw new StoreError("The disk is full.");
    this.settle(batch);
  }
}

const account = "000000000000";
const roleArn = `arn:aws:iam::${account}:role/r`;

describe("on a full disk", () => {
  const disk = new FullDisk();
  let emulator: Emulator;
  let sdk: Clients;
  const url = (name: string) => `http://localhost:4566/${account}/${name}`;
  const arn = (service: string, name: string) => `arn:aws:${service}:us-east-1:${account}:${name}`;
  let iterator: string | undefined;
  let execution: string | undefined;

  beforeAll(async () => {
    emulator = await Emulator.start({ disk, clock: "virtual", onTrouble: () => {}, onBug: () => {} });
    const handler = inProcessHandler(emulator, () => false);
    sdk = clientsOf({ account, region: "us-east-1" }, (request, options) => handler.handle(request, options));
    const { sqs, sns, kinesis, eventbridge, scheduler, states } = sdk;
    const EventSourceArn = arn("events", "event-bus/default");
    const EventPattern = JSON.stringify({ source: ["s"] });
    await eventbridge.createArchive({ ArchiveName: "a", EventSourceArn, EventPattern, RetentionDays: 1 });
    await eventbridge.putEvents({ Entries: [{ Source: "s", DetailType: "d", Detail: "{}" }] });
    // The archive's day ends soon.
    await emulator.clock.advance(86_400_000 - 700_000);
    await sqs.createQueue({ QueueName: "q", Attributes: { MessageRetentionPeriod: "600", VisibilityTimeout: "30" } });
    await sqs.createQueue({ QueueName: "q.fifo", Attributes: { FifoQueue: "true" } });
    for (const DelaySeconds of [0, 0, 60])
      await sqs.sendMessage({ QueueUrl: url("q"), MessageBody: "m", DelaySeconds });
    const order = { MessageGroupId: "g", MessageDeduplicationId: "d" };
    await sqs.sendMessage({ QueueUrl: url("q.fifo"), MessageBody: "m", ...order });
    await sqs.receiveMessage({ QueueUrl: url("q") });
    await sns.createTopic({ Name: "t" });
    await sns.subscribe({ TopicArn: arn("sns", "t"), Protocol: "sqs", Endpoint: arn("sqs", "q") });
    await kinesis.createStream({ StreamName: "s", ShardCount: 1 });
    await kinesis.putRecord({ StreamName: "s", Data: Buffer.from("r"), PartitionKey: "k" });
    const ShardId = "shardId-000000000000";
    const asked = { StreamName: "s", ShardId, ShardIteratorType: "TRIM_HORIZON" } as const;
    iterator = (await kinesis.getShardIterator(asked)).ShardIterator;
    await scheduler.createSchedule({
      Name: "never",
      State: "DISABLED",
      ScheduleExpression: "rate(1 minute)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: arn("sqs", "q"), RoleArn: roleArn },
    });
    const definition = JSON.stringify({ StartAt: "W", States: { W: { Type: "Wait", Seconds: 60, End: true } } });
    await states.createStateMachine({ name: "m", roleArn, definition });
    execution = (await states.startExecution({ stateMachineArn: arn("states", "stateMachine:m") })).executionArn;
    await emulator.store.flushed();
    disk.isFull = true;
    await expect(sqs.sendMessage({ QueueUrl: url("q"), MessageBody: "m" })).rejects.toThrow("full");
    await expect(sqs.sendMessage({ QueueUrl: url("q"), MessageBody: "m" })).rejects.toThrow("Nothing was changed");
  });
  afterAll(async () => {
    disk.isFull = false;
    await emulator.close();
  });

  const attributes = async () => {
    const { Attributes } = await sdk.sqs.getQueueAttributes({ QueueUrl: url("q"), AttributeNames: ["All"] });
    const of = (suffix: string) =>
      Number((Attributes as Record<string, string>)[`ApproximateNumberOfMessages${suffix}`]);
    return [of(""), of("NotVisible"), of("Delayed")];
  };

  it("a queue's counts follow its visibility timeouts, delays and retention", async () => {
    // The message that was answered with a failure is in memory, and is tried again.
    expect(await attributes()).toEqual([2, 1, 1]);
    await emulator.clock.advance(31_000);
    expect(await attributes()).toEqual([3, 0, 1]);
    await emulator.clock.advance(30_000);
    expect(await attributes()).toEqual([4, 0, 0]);
    await emulator.clock.advance(600_000);
    expect(await attributes()).toEqual([0, 0, 0]);
    await expect(sdk.sqs.sendMessage({ QueueUrl: url("q"), MessageBody: "m" })).rejects.toThrow("Nothing was changed");
  });

  it("reads of every service are answered, whatever has expired by then", async () => {
    await emulator.clock.advance(60_000);
    const { sqs, sns, kinesis, eventbridge, scheduler, pipes, states } = sdk;
    const stateMachineArn = arn("states", "stateMachine:m");
    const reads = {
      fifo: sqs.getQueueAttributes({ QueueUrl: url("q.fifo"), AttributeNames: ["All"] }),
      nothing: sqs.receiveMessage({ QueueUrl: url("q"), WaitTimeSeconds: 0 }),
      queues: sqs.listQueues({}),
      moves: sqs.listMessageMoveTasks({ SourceArn: arn("sqs", "q") }),
      topic: sns.getTopicAttributes({ TopicArn: arn("sns", "t") }),
      subscriptions: sns.listSubscriptionsByTopic({ TopicArn: arn("sns", "t") }),
      stream: kinesis.describeStreamSummary({ StreamName: "s" }),
      shards: kinesis.listShards({ StreamName: "s" }),
      records: kinesis.getRecords({ ShardIterator: iterator }).catch((error: Error) => {
        if (error.name !== "ExpiredIteratorException") throw error;
      }),
      archive: eventbridge.describeArchive({ ArchiveName: "a" }),
      archives: eventbridge.listArchives({}),
      rules: eventbridge.listRules({}),
      schedule: scheduler.getSchedule({ Name: "never" }),
      schedules: scheduler.listSchedules({}),
      pipes: pipes.listPipes({}),
      machine: states.describeStateMachine({ stateMachineArn }),
      executions: states.listExecutions({ stateMachineArn }),
      execution: states.describeExecution({ executionArn: execution }),
      history: states.getExecutionHistory({ executionArn: execution }),
    };
    const failed: Record<string, string> = {};
    for (const [name, read] of Object.entries(reads)) {
      await (read as Promise<unknown>).catch((error: Error) => {
        failed[name] = `${error.name}: ${error.message}`;
      });
    }
    expect(failed).toEqual({});
    expect(await reads.archive).toMatchObject({ EventCount: 0, SizeBytes: 0 });
  });

  it("continues by itself once there is room", async () => {
    disk.isFull = false;
    await expect
      .poll(() =>
        sdk.sqs.sendMessage({ QueueUrl: url("q"), MessageBody: "m" }).then(
          () => "sent",
          () => "",
        ),
      )
      .toBe("sent");
    expect(await attributes()).toEqual([1, 0, 0]);
    expect(emulator.store.faults().filter((fault) => !fault.endsWith("is not on disk"))).toEqual([]);
  });
});
