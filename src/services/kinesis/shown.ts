/** Rows in the form in which AWS shows them. */
import { decimalOf } from "./hash-key.ts";
import type { Kinesis } from "./kinesis.ts";
import type { StoredRecord } from "./records.ts";
import { endingSequenceNumber, numbering, shardIdOf, startingSequenceNumber } from "./sequence-number.ts";
import type { Reading } from "./shard-log.ts";
import { type ShardRow, shardKey } from "./tables.ts";

/** Creation times are shown in whole seconds. */
export function shownCreation(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

function hashKeyRange(shard: ShardRow) {
  return { StartingHashKey: decimalOf(shard.start), EndingHashKey: decimalOf(shard.end) };
}

export function shownShard(shard: ShardRow) {
  return {
    ShardId: shardIdOf(shard.index),
    ParentShardId: shard.parent === undefined ? undefined : shardIdOf(shard.parent),
    AdjacentParentShardId: shard.adjacentParent === undefined ? undefined : shardIdOf(shard.adjacentParent),
    HashKeyRange: hashKeyRange(shard),
    SequenceNumberRange: {
      StartingSequenceNumber: startingSequenceNumber(shard),
      EndingSequenceNumber: shard.closedMs === undefined ? undefined : endingSequenceNumber(shard, shard.closedMs),
    },
  };
}

/** The shards that replaced a closed shard: one after a merge, two after a split. */
export function childShards(kinesis: Kinesis, shard: ShardRow) {
  const key = shardKey(shard.stream, shard.index);
  const { child, adjacentChild } = kinesis.shards.by;
  return [...child.range(key), ...adjacentChild.range(key)].map((row) => ({
    ShardId: shardIdOf(row.index),
    ParentShards: [row.parent, row.adjacentParent].filter((parent) => parent !== undefined).map(shardIdOf),
    HashKeyRange: hashKeyRange(row),
  }));
}

export function shownRecords(shard: ShardRow, records: readonly StoredRecord[]) {
  const numberOf = numbering(shard);
  return records.map(({ counter, arrivalMs, data, encrypted, partitionKey }) => ({
    SequenceNumber: numberOf(counter, arrivalMs),
    ApproximateArrivalTimestamp: new Date(arrivalMs),
    Data: data,
    PartitionKey: partitionKey,
    EncryptionType: encrypted ? ("KMS" as const) : undefined,
  }));
}

/** How far a reader is behind the tip of the shard; 0 only at the tip, so that no reader stops early. */
export function millisBehindLatest(reading: Reading, nowMs: number): number {
  if (reading.atEnd) return 0;
  return Math.max(1, nowMs - (reading.records.at(-1)?.arrivalMs ?? nowMs));
}
