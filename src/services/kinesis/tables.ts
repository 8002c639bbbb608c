/** The rows Kinesis keeps, and their indexes. */
import { placeKey } from "../../calls/place.ts";
import { defineTable } from "../../engine/table.ts";

export type StreamStatus = "CREATING" | "ACTIVE" | "UPDATING" | "DELETING";
export type StreamMode = "PROVISIONED" | "ON_DEMAND";
export type Distribution = "AUTO" | "USER_PARTITION_KEY";

/** The change behind a stream's status, completed when its delay is over. `settings` are already changed. */
export type Pending =
  | { readonly kind: "create"; readonly shardCount: number }
  | { readonly kind: "delete" }
  | { readonly kind: "settings" }
  | { readonly kind: "split"; readonly shard: number; readonly at: string }
  | { readonly kind: "merge"; readonly shard: number; readonly adjacent: number }
  | { readonly kind: "scale"; readonly shardCount: number };

/** Times in epoch ms of changes that are limited per 24 hours, oldest first. */
export interface Changes {
  readonly mode: readonly number[];
  readonly shardCount: readonly number[];
  readonly encryption: readonly number[];
}

/** Replaced whenever its open shards change: caches of them are keyed by the row itself. */
export interface StreamRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** Distinguishes it from an earlier stream of the same name, whose iterators are not valid here. */
  readonly serial: number;
  readonly createdMs: number;
  readonly status: StreamStatus;
  readonly pending: Pending | undefined;
  readonly mode: StreamMode;
  readonly retentionHours: number;
  /** KMS key as given; absent when records are not encrypted. */
  readonly keyId: string | undefined;
  readonly metrics: readonly string[];
  readonly maxRecordKiB: number;
  readonly warmMiBps: number | undefined;
  readonly distribution: Distribution;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy: string | undefined;
  /** Index of the next shard; indexes are never reused. */
  readonly nextShard: number;
  readonly changes: Changes;
}

export const streamTable = defineTable<StreamRow>()({
  name: "kinesis.streams",
  key: (stream) => stream.arn,
  account: (stream) => stream.account,
  indexes: {
    name: { group: placeKey, order: (stream) => stream.name },
    creating: {
      group: (stream) => (stream.status === "CREATING" ? placeKey(stream) : undefined),
      order: (stream) => stream.serial,
    },
    onDemand: {
      group: (stream) => (stream.mode === "ON_DEMAND" ? placeKey(stream) : undefined),
      order: (stream) => stream.serial,
    },
  },
});

export interface ShardRow {
  /** ARN of its stream. */
  readonly stream: string;
  readonly account: string;
  readonly region: string;
  readonly index: number;
  readonly parent: number | undefined;
  readonly adjacentParent: number | undefined;
  /** First and last hash key, 32 hexadecimal digits, which sort as text like the numbers. */
  readonly start: string;
  readonly end: string;
  /** The creation time in its sequence numbers; always greater than its parents', whatever the clock says. */
  readonly createdSeconds: number;
  readonly openedMs: number;
  readonly closedMs: number | undefined;
}

/** The shard's key in tables and maps: no ARN of a stream has a space. */
export function shardKey(stream: string, index: number): string {
  return `${stream} ${index}`;
}

export const shardTable = defineTable<ShardRow>()({
  name: "kinesis.shards",
  key: (shard) => shardKey(shard.stream, shard.index),
  account: (shard) => shard.account,
  indexes: {
    number: { group: (shard) => shard.stream, order: (shard) => shard.index },
    /** Open shards by the end of their range: a hash belongs to the first at or after it. */
    open: { group: (shard) => (shard.closedMs === undefined ? shard.stream : undefined), order: (shard) => shard.end },
    closed: {
      group: (shard) => (shard.closedMs === undefined ? undefined : shard.stream),
      order: (shard) => shard.closedMs ?? 0,
    },
    openInRegion: {
      group: (shard) => (shard.closedMs === undefined ? placeKey(shard) : undefined),
      order: (shard) => shard.index,
    },
    child: {
      group: (shard) => (shard.parent === undefined ? undefined : shardKey(shard.stream, shard.parent)),
      order: (shard) => shard.index,
    },
    adjacentChild: {
      group: (shard) => (shard.adjacentParent === undefined ? undefined : shardKey(shard.stream, shard.adjacentParent)),
      order: (shard) => shard.index,
    },
  },
});

/**
 * Consecutive records of one shard, packed (`records.ts`). One put makes one segment; small ones at the end of the log
 * are joined, so that a record costs little more than its bytes. The last segment of a log stays, empty, when its
 * records expire: it holds the counter.
 */
export interface SegmentRow {
  /** Key of the shard. */
  readonly shard: string;
  readonly account: string;
  /** Counter of the first record; the others follow without gaps. */
  readonly first: number;
  readonly count: number;
  /** Arrival of the latest record, epoch ms. */
  readonly lastMs: number;
  /** Small and at the end of the log, so it may be joined with its neighbours. */
  readonly loose: boolean;
  readonly bytes: Uint8Array;
}

export const segmentTable = defineTable<SegmentRow>()({
  name: "kinesis.segments",
  // Keys that increase with the log touch few pages on disk.
  key: (segment) => `${segment.shard} ${String(segment.first).padStart(16, "0")}`,
  account: (segment) => segment.account,
  indexes: {
    position: { group: (segment) => segment.shard, order: (segment) => segment.first },
    loose: { group: (segment) => (segment.loose ? segment.shard : undefined), order: (segment) => segment.first },
  },
});

export interface ConsumerRow {
  readonly arn: string;
  readonly account: string;
  /** ARN of its stream. */
  readonly stream: string;
  readonly name: string;
  readonly serial: number;
  readonly createdMs: number;
  readonly status: "CREATING" | "ACTIVE" | "DELETING";
  readonly tags: Readonly<Record<string, string>>;
  readonly policy: string | undefined;
}

export const consumerTable = defineTable<ConsumerRow>()({
  name: "kinesis.consumers",
  key: (consumer) => consumer.arn,
  account: (consumer) => consumer.account,
  indexes: {
    stream: { group: (consumer) => consumer.stream, order: (consumer) => consumer.name },
    creating: {
      group: (consumer) => (consumer.status === "CREATING" ? consumer.stream : undefined),
      order: (consumer) => consumer.serial,
    },
  },
});

/** A channel to S3. Its settings are stored in the form in which they are described. */
export interface ChannelRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly id: string;
  readonly serial: number;
  readonly createdMs: number;
  readonly status: "CREATING" | "ACTIVE" | "UPDATING" | "DELETING";
  readonly roleArn: string;
  readonly stream: string;
  readonly streamCreatedMs: number;
  readonly record: { readonly RecordFormatType: string; readonly GSRSchemaARN?: string | undefined };
  /** Description of the destination; `destinationType` says which of the two it is. */
  readonly destination: { readonly DataFreshnessInSeconds: number; readonly [member: string]: unknown };
  readonly destinationType: "S3" | "S3_TABLES";
  readonly encryption: { readonly EncryptionType: string; readonly KeyId: string } | undefined;
  readonly logging: { readonly Enabled: boolean; readonly LogGroupName: string; readonly LogStreamName: string };
  readonly tags: Readonly<Record<string, string>>;
}

export const channelTable = defineTable<ChannelRow>()({
  name: "kinesis.channels",
  key: (channel) => channel.arn,
  account: (channel) => channel.account,
  indexes: {
    name: { group: placeKey, order: (channel) => channel.name },
    stream: { group: (channel) => channel.stream, order: (channel) => channel.name },
  },
});

/** An account's settings in a region; absent while they are AWS's defaults. */
export interface AccountRow {
  readonly account: string;
  readonly region: string;
  readonly commitment: "ENABLED" | "DISABLED";
  readonly startedMs: number | undefined;
  readonly endedMs: number | undefined;
}

export const accountTable = defineTable<AccountRow>()({
  name: "kinesis.accounts",
  key: placeKey,
  account: (row) => row.account,
  indexes: {},
});
