import { setTimeout as pause } from "node:timers/promises";
import type { SubscribeToShardEvent } from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KinesisEnvironment, shardId, textOf } from "../../support/kinesis.ts";

const count = 100_000;
const keys = 97;
const batch = 500;
const half = 2n ** 127n;

describe("a fan-out consumer", () => {
  const env = new KinesisEnvironment({ clock: "real" });
  beforeAll(() => env.start());
  afterAll(() => env.stop());

  it("reads 100,000 records across a split and a merge: in order per key, none lost, none twice", async () => {
    const { arn, name } = await env.stream();
    const ConsumerARN = await env.consumer(arn);
    const lastOfKey = new Map<string, number>();
    const numberOfKey = new Map<string, bigint>();
    const shards = new Set<string>();
    let received = 0;

    const take = (event: SubscribeToShardEvent | undefined) => {
      for (const record of event?.Records ?? []) {
        const key = record.PartitionKey as string;
        const sequence = Number(textOf(record));
        const before = lastOfKey.get(key);
        // Records of a key are numbered `keys` apart: the next one is neither earlier, later nor the same.
        if (sequence !== (before === undefined ? Number(key) : before + keys)) {
          throw new Error(`key ${key}: ${sequence} came after ${before}`);
        }
        const number = BigInt(record.SequenceNumber as string);
        if (number <= (numberOfKey.get(key) ?? 0n)) throw new Error(`key ${key}: the sequence number went back`);
        lastOfKey.set(key, sequence);
        numberOfKey.set(key, number);
        received += 1;
      }
    };

    /** Reads a shard to its end or the end of all, then its children, once all their parents are read. */
    const finished = new Set<string>();
    const consume = async (shard: string): Promise<void> => {
      if (shards.has(shard)) return;
      shards.add(shard);
      let position: object = { Type: "TRIM_HORIZON" };
      while (received < count) {
        const { EventStream } = await env.kinesis.subscribeToShard({
          ConsumerARN,
          ShardId: shard,
          StartingPosition: position as never,
        });
        for await (const { SubscribeToShardEvent: event } of EventStream ?? []) {
          take(event);
          if (event?.ChildShards) {
            finished.add(shard);
            const ready = event.ChildShards.filter(({ ParentShards }) => ParentShards?.every((id) => finished.has(id)));
            await Promise.all(ready.map(({ ShardId }) => consume(ShardId as string)));
            return;
          }
          position = { Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: event?.ContinuationSequenceNumber };
          if (received >= count) return;
        }
      }
    };

    const produce = async () => {
      for (let at = 0; at < count; at += batch) {
        const Records = Array.from({ length: batch }, (_, i) => ({
          PartitionKey: String((at + i) % keys),
          Data: Buffer.from(String(at + i)),
        }));
        const { FailedRecordCount } = await env.kinesis.putRecords({ StreamName: name, Records });
        expect(FailedRecordCount).toBe(0);
        if (at === count * 0.3) {
          await env.kinesis.splitShard({
            StreamName: name,
            ShardToSplit: shardId(0),
            NewStartingHashKey: String(half),
          });
        }
        if (at === count * 0.7) {
          await env.kinesis.mergeShards({
            StreamName: name,
            ShardToMerge: shardId(1),
            AdjacentShardToMerge: shardId(2),
          });
        }
      }
    };

    await Promise.all([produce(), consume(shardId(0))]);
    // Were anything sent twice, it would come now.
    await pause(50);
    expect(received).toBe(count);
    expect([...shards].sort()).toEqual([0, 1, 2, 3].map(shardId));
    expect(lastOfKey.size).toBe(keys);
    expect(Math.max(...lastOfKey.values())).toBe(count - 1);
  });
});
