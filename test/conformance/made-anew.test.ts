/** What is made anew under a name is something else for whoever held what had the name before. */
import {
  CreateArchiveCommand,
  CreateEventBusCommand,
  DeleteArchiveCommand,
  DescribeReplayCommand,
  EventBridgeClient,
  PutEventsCommand,
  StartReplayCommand,
} from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { SFN } from "@aws-sdk/client-sfn";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";

let bus: Busbar;
beforeEach(async () => {
  bus = await createBusbar({ clock: "virtual" });
});
afterEach(() => bus.close());

it("a poll for an activity's tasks ends when the activity is deleted", async () => {
  const sfn = new SFN({ ...bus.clientConfig(), maxAttempts: 1 });
  const { activityArn } = await sfn.createActivity({ name: "work" });
  const poll = expect(sfn.getActivityTask({ activityArn })).rejects.toMatchObject({ name: "ActivityDoesNotExist" });
  for (let turn = 0; turn < 5; turn += 1) await sfn.listActivities({});
  await sfn.deleteActivity({ activityArn });
  await sfn.createActivity({ name: "work" });
  await poll;
});

it("a replay fails when its archive is another one", async () => {
  const events = new EventBridgeClient(bus.clientConfig());
  const { EventBusArn } = await events.send(new CreateEventBusCommand({ Name: "b" }));
  const archive = { ArchiveName: "a", EventSourceArn: EventBusArn };
  const { ArchiveArn } = await events.send(new CreateArchiveCommand(archive));
  const Time = new Date(bus.clock.now());
  for (let minute = 0; minute < 3; minute += 1) {
    const entry = { EventBusName: "b", Source: "s", DetailType: "d", Detail: "{}" };
    await events.send(
      new PutEventsCommand({ Entries: [{ ...entry, Time: new Date(Time.getTime() + minute * 60_000) }] }),
    );
  }
  await events.send(
    new StartReplayCommand({
      ReplayName: "r",
      EventSourceArn: ArchiveArn,
      EventStartTime: Time,
      EventEndTime: new Date(Time.getTime() + 600_000),
      Destination: { Arn: EventBusArn },
    }),
  );
  await bus.clock.advance(100);
  await events.send(new DeleteArchiveCommand({ ArchiveName: "a" }));
  await events.send(new CreateArchiveCommand(archive));
  await bus.clock.advance(1000);
  expect(await events.send(new DescribeReplayCommand({ ReplayName: "r" }))).toMatchObject({
    State: "FAILED",
    StateReason: "The archive does not exist any more.",
  });
});

it("a consumer registered again in the same second has no subscription yet, whatever had the name", async () => {
  const kinesis = new Kinesis(bus.clientConfig());
  await kinesis.createStream({ StreamName: "s", ShardCount: 1 });
  const { StreamDescriptionSummary } = await kinesis.describeStreamSummary({ StreamName: "s" });
  const StreamARN = StreamDescriptionSummary?.StreamARN as string;
  for (let time = 0; time < 2; time += 1) {
    const { Consumer } = await kinesis.registerStreamConsumer({ StreamARN, ConsumerName: "c" });
    const { EventStream } = await kinesis.subscribeToShard({
      ConsumerARN: Consumer?.ConsumerARN,
      ShardId: "shardId-000000000000",
      StartingPosition: { Type: "TRIM_HORIZON" },
    });
    await kinesis.deregisterStreamConsumer({ ConsumerARN: Consumer?.ConsumerARN });
    const read = async () => {
      for await (const _event of EventStream ?? []);
    };
    await read();
  }
  kinesis.destroy();
});

it("a stream does not split because one of its name was busy", async () => {
  const kinesis = new Kinesis(bus.clientConfig());
  const create = () => kinesis.createStream({ StreamName: "s", StreamModeDetails: { StreamMode: "ON_DEMAND" } });
  const openShards = async () =>
    (await kinesis.describeStreamSummary({ StreamName: "s" })).StreamDescriptionSummary?.OpenShardCount;
  await create();
  const before = await openShards();
  const Data = Buffer.alloc(1_000_000);
  for (let i = 0; i < 60; i += 1) await kinesis.putRecord({ StreamName: "s", PartitionKey: "hot", Data });
  await kinesis.deleteStream({ StreamName: "s" });
  await create();
  await bus.clock.advance("1h");
  expect(await openShards()).toBe(before);
  kinesis.destroy();
});
