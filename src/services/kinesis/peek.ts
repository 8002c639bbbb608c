/** Shows a stream's records by shard, without an iterator. */
import { placeKey } from "../../calls/place.ts";
import { hasData, type Kinesis } from "./kinesis.ts";
import { shardIdOf } from "./sequence-number.ts";
import { shownRecords } from "./shown.ts";
import { type ShardRow, type StreamRow, shardKey } from "./tables.ts";

/** A record as Lambda's events from Kinesis have it. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly partitionKey: string | undefined;
  /** Base64. */
  readonly data: string;
  /** ISO 8601. */
  readonly arrivedAt: string;
}

export interface ShardRecords {
  readonly shardId: string;
  readonly state: "open" | "closed";
  /** The latest ones, oldest first. */
  readonly records: readonly StreamRecord[];
}

export interface StreamFilter {
  /** ARN of a stream, or its name in a place. */
  readonly stream?: string | undefined;
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  /** Id of a shard. Default: all. */
  readonly shard?: string | undefined;
  /** Per shard. Default: 100. */
  readonly limit?: number | undefined;
}

const maxBytes = 10 * 1024 * 1024;

/** The shards in their order; undefined when there is no such stream. */
export function streamRecords(kinesis: Kinesis, filter: StreamFilter): ShardRecords[] | undefined {
  const stream = wantedStream(kinesis, filter);
  if (stream === undefined || !hasData(stream)) return undefined;
  const shards = [...kinesis.shards.by.number.range(stream.arn)];
  return shards
    .filter(({ index }) => filter.shard === undefined || shardIdOf(index) === filter.shard)
    .map((shard) => ({
      shardId: shardIdOf(shard.index),
      state: shard.closedMs === undefined ? "open" : "closed",
      records: lastRecords(kinesis, stream, shard, filter.limit ?? 100),
    }));
}

function wantedStream(kinesis: Kinesis, { stream = "", account = "", region = "" }: StreamFilter) {
  if (stream.startsWith("arn:")) return kinesis.stream(stream);
  const [named] = kinesis.streams.by.name.range(placeKey({ account, region }), { gte: stream, lte: stream });
  return named;
}

function lastRecords(kinesis: Kinesis, stream: StreamRow, shard: ShardRow, limit: number): StreamRecord[] {
  const key = shardKey(stream.arn, shard.index);
  const from = Math.max(1, kinesis.log.end(key) - limit);
  const limits = { records: limit, bytes: maxBytes, expiredMs: kinesis.expiredMs(stream) };
  return shownRecords(shard, kinesis.log.read(key, from, limits).records).map((record) => ({
    sequenceNumber: record.SequenceNumber,
    partitionKey: record.PartitionKey,
    data: record.Data.toString("base64"),
    arrivedAt: record.ApproximateArrivalTimestamp.toISOString(),
  }));
}
