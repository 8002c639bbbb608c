/** Shards: list, split, merge and UpdateShardCount. */
import {
  ListShards$,
  type ListShardsCommand,
  MergeShards$,
  type MergeShardsCommand,
  SplitShard$,
  type SplitShardCommand,
  UpdateShardCount$,
  type UpdateShardCountCommand,
} from "@aws-sdk/client-kinesis";
import type { OperationContext } from "../../calls/operation.ts";
import { takePage } from "../../calls/page.ts";
import { changedAgain } from "./changes.ts";
import { inStream, invalidArgument, resourceNotFound, shardNotFound, streamNotFound, validation } from "./errors.ts";
import { decimalOf, hashFromDecimal, numberOf } from "./hash-key.ts";
import { type Kinesis, namedStream, operation, type StreamReference, shardIndexIn } from "./kinesis.ts";
import { checkShardQuota } from "./limits.ts";
import { isNextTo } from "./lineage.ts";
import { readToken, writeToken } from "./next-token.ts";
import { shardIdOf } from "./sequence-number.ts";
import { shownShard } from "./shown.ts";
import { shardsAfter } from "./streams.ts";
import type { ShardRow, StreamRow } from "./tables.ts";

const maxPerPage = 1000;
const maxUpdatesPerDay = 10;
const maxShards = 10_000;

/** A ListShards request without its page: what a token stores besides the position. */
interface Filter {
  readonly type: string;
  /** Shards after this index. */
  readonly after?: number | undefined;
  readonly timestampMs?: number | undefined;
}

interface Place {
  readonly stream: string;
  readonly serial: number;
  readonly after: number;
  readonly type: string;
  readonly timestampMs?: number;
}

export const listShards = operation<ListShardsCommand>(ListShards$, (input, context) => {
  const { service } = context;
  let stream: StreamRow;
  let filter: Filter;
  if (input.NextToken === undefined) {
    filter = filterOf(input, context);
    stream = service.streamOf(input, context);
    checkCreation(stream, input.StreamCreationTimestamp);
    checkTime(service, stream, filter);
  } else {
    checkBesideToken(input);
    const place = readToken<Place>(service, "shards", input.NextToken);
    const found = service.stream(place.stream);
    if (found?.serial !== place.serial) throw resourceNotFound("The stream of the NextToken does not exist any more.");
    if (input.StreamName !== undefined || input.StreamARN !== undefined) {
      if (namedStream(input, context).arn !== found.arn) throw invalidArgument("Invalid NextToken.");
    }
    stream = found;
    filter = place;
  }
  const chosen = chooser(service, stream, filter);
  const shards = filtered(shardsAfter(service, stream, filter.after), chosen);
  const { items, more } = takePage(shards, Math.min(input.MaxResults ?? maxPerPage, maxPerPage));
  const { type, timestampMs } = filter;
  const place: Place = {
    stream: stream.arn,
    serial: stream.serial,
    after: items.at(-1)?.index ?? 0,
    type,
    ...(timestampMs === undefined ? {} : { timestampMs }),
  };
  return { Shards: items.map(shownShard), NextToken: more ? writeToken(service, "shards", place) : undefined };
});

export const splitShard = operation<SplitShardCommand>(SplitShard$, (input, context) => {
  const { service } = context;
  const index = shardIndexIn(input.ShardToSplit ?? "", input, context);
  const stream = service.streamOf(input, context);
  checkProvisioned(stream, "SplitShard");
  const shard = reshardable(service, stream, index);
  service.activeStreamOf(input, context);
  const text = input.NewStartingHashKey ?? "";
  const at = hashFromDecimal(text);
  // Both new shards have at least two hash keys.
  if (at === undefined || numberOf(at) <= numberOf(shard.start) + 1n || at >= shard.end) {
    throw invalidArgument(
      `NewStartingHashKey ${text} used in SplitShard() on shard ${shardIdOf(shard.index)} in ${inStream(stream)} is not both greater than one plus the shard's StartingHashKey ${decimalOf(shard.start)} and less than the shard's EndingHashKey ${decimalOf(shard.end)}.`,
    );
  }
  checkShardQuota(service, stream.account, stream.region, 1);
  service.lifecycle.changeStream(stream, { kind: "split", shard: shard.index, at });
});

export const mergeShards = operation<MergeShardsCommand>(MergeShards$, (input, context) => {
  const { service } = context;
  const indexes = [input.ShardToMerge, input.AdjacentShardToMerge].map((id = "") => shardIndexIn(id, input, context));
  const stream = service.streamOf(input, context);
  checkProvisioned(stream, "MergeShards");
  const [shard, adjacent] = indexes.map((index) => reshardable(service, stream, index)) as [ShardRow, ShardRow];
  service.activeStreamOf(input, context);
  if (!isNextTo(shard, adjacent)) {
    throw invalidArgument(
      `Shards ${shardIdOf(shard.index)} and ${shardIdOf(adjacent.index)} in ${inStream(stream)} are not an adjacent pair of shards eligible for merging`,
    );
  }
  service.lifecycle.changeStream(stream, { kind: "merge", shard: shard.index, adjacent: adjacent.index });
});

export const updateShardCount = operation<UpdateShardCountCommand>(UpdateShardCount$, (input, context) => {
  const { service } = context;
  const active = service.activeStreamOf(input, context);
  checkProvisioned(active, "UpdateShardCount");
  const target = input.TargetShardCount ?? 0;
  const current = service.openShardCount(active);
  const counts = `Current open shard count: ${current} Target shard count: ${target}`;
  if (target > current * 2) {
    throw invalidArgument(`UpdateShardCount cannot scale up over double your current open shard count. ${counts}`);
  }
  if (target < Math.floor(current / 2)) {
    throw invalidArgument(`UpdateShardCount cannot scale down below half your current open shard count. ${counts}`);
  }
  if (target > maxShards) {
    throw invalidArgument(`UpdateShardCount cannot scale a stream to more than ${maxShards} shards. ${counts}`);
  }
  checkShardQuota(service, active.account, active.region, target - current);
  const stream = changedAgain(active, "shardCount", maxUpdatesPerDay, service.now);
  if (target === current) service.streams.put(stream);
  else service.lifecycle.changeStream(stream, { kind: "scale", shardCount: target });
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    CurrentShardCount: current,
    TargetShardCount: target,
  };
});

export function checkProvisioned(stream: StreamRow, operationName: string): void {
  if (stream.mode === "PROVISIONED") return;
  throw validation(`${operationName} is not supported for ${inStream(stream)}, which has the ON_DEMAND capacity mode.`);
}

/** An open shard of the stream. @throws AwsError ResourceNotFoundException; InvalidArgumentException when it is closed. */
function reshardable(service: Kinesis, stream: StreamRow, index: number): ShardRow {
  const shard = service.shardOf(stream, index);
  if (shard === undefined) throw shardNotFound(shardIdOf(index), stream);
  if (shard.closedMs === undefined) return shard;
  throw invalidArgument(
    `Shard ${shardIdOf(index)} in ${inStream(stream)} has already been merged or split, and thus is not eligible for merging or splitting.`,
  );
}

/** A token contains the whole request; only the stream may be named besides it. */
function checkBesideToken(input: ShardsReference & { StreamCreationTimestamp?: Date | undefined }): void {
  for (const name of ["ExclusiveStartShardId", "StreamCreationTimestamp", "ShardFilter"] as const) {
    if (input[name] !== undefined) throw invalidArgument(`NextToken and ${name} cannot be provided together.`);
  }
}

/** Clients keep the creation time in whole seconds or in milliseconds. */
export function checkCreation(stream: StreamRow, created: Date | undefined): void {
  if (created === undefined) return;
  if (Math.floor(created.getTime() / 1000) !== Math.floor(stream.createdMs / 1000)) throw streamNotFound(stream);
}

interface ShardsReference extends StreamReference {
  readonly ExclusiveStartShardId?: string | undefined;
  readonly ShardFilter?:
    | { Type?: string | undefined; ShardId?: string | undefined; Timestamp?: Date | undefined }
    | undefined;
}

/** Members that a filter type does not need are accepted: every type begins after a named shard. */
function filterOf(input: ShardsReference, context: OperationContext<Kinesis>): Filter {
  const { Type: type = "FROM_TRIM_HORIZON", ShardId: shardId, Timestamp: timestamp } = input.ShardFilter ?? {};
  const needed = (name: string) => invalidArgument(`${name} must be provided when the ShardFilter Type is ${type}.`);
  if (type === "AFTER_SHARD_ID" && shardId === undefined) throw needed("ShardId");
  if (takesTime(type) && timestamp === undefined) throw needed("Timestamp");
  const start = shardId ?? input.ExclusiveStartShardId;
  return {
    type,
    after: start === undefined ? undefined : shardIndexIn(start, input, context),
    timestampMs: timestamp?.getTime(),
  };
}

function takesTime(type: string): boolean {
  return type === "AT_TIMESTAMP" || type === "FROM_TIMESTAMP";
}

/** @throws AwsError InvalidArgumentException for a time whose shards have expired, or in the future. */
function checkTime(service: Kinesis, stream: StreamRow, { type, timestampMs = 0 }: Filter): void {
  if (!takesTime(type)) return;
  if (timestampMs < service.expiredMs(stream)) {
    throw invalidArgument("ShardFilter Timestamp cannot be older than TRIM_HORIZON of the stream.");
  }
  if (timestampMs > service.now) {
    throw invalidArgument("ShardFilter Timestamp must not be greater than current time.");
  }
}

function chooser(service: Kinesis, stream: StreamRow, { type, timestampMs = 0 }: Filter): (shard: ShardRow) => boolean {
  const horizonMs = Math.max(service.expiredMs(stream), stream.createdMs);
  const openAt = (ms: number) => (shard: ShardRow) =>
    shard.openedMs <= ms && (shard.closedMs === undefined || shard.closedMs >= ms);
  switch (type) {
    case "AT_LATEST":
      return (shard) => shard.closedMs === undefined;
    case "AT_TRIM_HORIZON":
      return openAt(horizonMs);
    case "AT_TIMESTAMP":
      return openAt(Math.max(timestampMs, horizonMs));
    case "FROM_TIMESTAMP":
      return (shard) => shard.closedMs === undefined || shard.closedMs >= Math.max(timestampMs, horizonMs);
    default:
      return () => true;
  }
}

function* filtered(shards: Iterable<ShardRow>, chosen: (shard: ShardRow) => boolean): Generator<ShardRow> {
  for (const shard of shards) if (chosen(shard)) yield shard;
}
