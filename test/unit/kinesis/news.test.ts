import { afterEach, expect, it, vi } from "vitest";
import { Arrivals } from "../../../src/sources/arrivals.ts";
import { PipesEnvironment } from "../../support/pipes.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("readers of a stream are told once of each put, and of each shard that is closed", async () => {
  const env = await PipesEnvironment.start();
  const { name, arn } = await env.stream();
  const { arn: queue } = await env.queue();
  await env.pipe(arn, queue, {
    SourceParameters: { KinesisStreamParameters: { StartingPosition: "TRIM_HORIZON" } },
    TargetParameters: {},
  });
  await env.bus.clock.advance(1);
  const told = vi.spyOn(Arrivals.prototype, "notify");
  const toldOf = () => told.mock.calls.filter(([source]) => source === arn).length;
  const Data = Buffer.from("x");
  await env.kinesis.putRecord({ StreamName: name, PartitionKey: "k", Data });
  expect(toldOf()).toBe(1);
  await env.kinesis.putRecords({
    StreamName: name,
    Records: [
      { PartitionKey: "k", Data },
      { PartitionKey: "k", Data },
    ],
  });
  expect(toldOf()).toBe(2);
  await env.kinesis.splitShard({
    StreamName: name,
    ShardToSplit: "shardId-000000000000",
    NewStartingHashKey: String(2n ** 127n),
  });
  expect(toldOf()).toBe(3);
  await env.stop();
});
