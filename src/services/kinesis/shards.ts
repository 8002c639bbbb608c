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
import { takePage } from "../../calls/page.ts";
import { changedAgain } from "./changes.ts";
import { inStream, invalidArgument, resourceInUse, resourceNotFound, streamNotFound, validation } from "./errors.ts";
import { decimalOf, hashFromDecimal, highestHash, numberOf } from "./hash-key.ts";
import { type Kinesis, operation, type StreamReference } from "./kinesis.ts";
import { checkShardQuota } from "./limits.ts";
import { areAdjacent } from "./lineage.ts";
import { readToken, writeToken } from "./next-token.ts";
import { shardIdOf, shardIndexOf } from "./sequence-number.ts";
import { shownShard } from "./shown.ts";
import { shardsAfter } from "./streams.ts";
import type { ShardRow, StreamRow } from "./tables.ts";

const mostPerPage = 1000;
const mostUpdatesPerDay = 10;
const mostShards = 10_000;

/** A ListShards request without its page: what a token keeps of it besides where to go on. */
interface Filter {
  readonly type: string;
  readonly shardId?: string | undefined;
  readonly timestampMs?: number | undefined;
}

interface Place {
  readonly stream: string;
  readonly serial: number;
  readonly after: string;
  readonly type: string;
  readonly timestampMs?: number;
}

export const listShards = operation<ListShardsCommand>(ListShards$, (input, context) => {
  const { service } = context;
  let stream: StreamRow;
  let filter: Filter;
  let after = input.ExclusiveStartShardId;
  if (input.NextToken === undefined) {
    stream = service.streamOf(input, context);
    checkCreation(stream, input.StreamCreationTimestamp);
    filter = filterOf(input.ShardFilter);
    if (filter.type === "AFTER_SHARD_ID") after = filter.shardId;
  } else {
    checkAlone(input);
    const place = readToken<Place>(service, "shards", input.NextToken);
    const found = service.stream(place.stream);
    if (found?.serial !== place.serial) throw resourceNotFound("The stream of the NextToken does not exist any more.");
    stream = found;
    filter = { type: place.type, timestampMs: place.timestampMs };
    after = place.after;
  }
  const chosen = chooser(service, stream, filter);
  const shards = filtered(shardsAfter(service, stream, after), chosen);
  const { items, more } = takePage(shards, Math.min(input.MaxResults ?? mostPerPage, mostPerPage));
  const { type, timestampMs } = filter;
  const place: Place = {
    stream: stream.arn,
    serial: stream.serial,
    after: shardIdOf(items.at(-1)?.index ?? 0),
    type,
    ...(timestampMs === undefined ? {} : { timestampMs }),
  };
  return { Shards: items.map(shownShard), NextToken: more ? writeToken(service, "shards", place) : undefined };
});

export const splitShard = operation<SplitShardCommand>(SplitShard$, (input, context) => {
  const { service } = context;
  const stream = service.streamOf(input, context);
  checkProvisioned(stream, "SplitShard");
  const shard = reshardable(service, stream, input.ShardToSplit ?? "");
  service.activeStreamOf(input, context);
  const text = input.NewStartingHashKey ?? "";
  const at = hashFromDecimal(text);
  if (at === undefined) {
    throw invalidArgument(
      `Invalid NewStartingHashKey. NewStartingHashKey must be in the range: [0, ${decimalOf(highestHash)}]. Specified value was ${text}`,
    );
  }
  // Both shards hold two hash keys or more.
  if (numberOf(at) <= numberOf(shard.start) + 1n || at >= shard.end) {
    throw invalidArgument(
      `NewStartingHashKey ${text} used in SplitShard() on shard ${shardIdOf(shard.index)} in ${inStream(stream)} is not both greater than one plus the shard's StartingHashKey ${decimalOf(shard.start)} and less than the shard's EndingHashKey ${decimalOf(shard.end)}.`,
    );
  }
  checkShardQuota(service, stream.account, stream.region, 1);
  service.lifecycle.changeStream(stream, { kind: "split", shard: shard.index, at });
});

export const mergeShards = operation<MergeShardsCommand>(MergeShards$, (input, context) => {
  const { service } = context;
  const stream = service.streamOf(input, context);
  checkProvisioned(stream, "MergeShards");
  const shard = reshardable(service, stream, input.ShardToMerge ?? "");
  const adjacent = reshardable(service, stream, input.AdjacentShardToMerge ?? "");
  service.activeStreamOf(input, context);
  if (!areAdjacent(shard, adjacent)) {
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
  if (target < current / 2) {
    throw invalidArgument(`UpdateShardCount cannot scale down below half your current open shard count. ${counts}`);
  }
  if (target > mostShards) {
    throw invalidArgument(`UpdateShardCount cannot scale a stream to more than ${mostShards} shards. ${counts}`);
  }
  checkShardQuota(service, active.account, active.region, target - current);
  const stream = changedAgain(active, "shardCount", mostUpdatesPerDay, service.now, "UpdateShardCount");
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

/** An open shard of the stream. @throws AwsError ResourceNotFoundException; ResourceInUseException when it is closed. */
function reshardable(service: Kinesis, stream: StreamRow, shardId: string): ShardRow {
  const index = shardIndexOf(shardId);
  const shard = index === undefined ? undefined : service.shardOf(stream, index);
  if (shard === undefined) throw resourceNotFound(`Could not find shard ${shardId} in ${inStream(stream)}.`);
  if (shard.closedMs === undefined) return shard;
  throw resourceInUse(
    `Shard ${shardId} in ${inStream(stream)} has already been merged or split, and thus is not eligible for merging or splitting.`,
  );
}

/** A token stands for the whole request. */
function checkAlone(
  input: StreamReference & {
    ExclusiveStartShardId?: string | undefined;
    StreamCreationTimestamp?: Date | undefined;
    ShardFilter?: object | undefined;
  },
): void {
  for (const name of [
    "StreamName",
    "StreamARN",
    "ExclusiveStartShardId",
    "StreamCreationTimestamp",
    "ShardFilter",
  ] as const) {
    if (input[name] !== undefined) throw invalidArgument(`NextToken and ${name} cannot be provided together.`);
  }
}

/** Clients keep whole seconds, or milliseconds, of the creation time. */
export function checkCreation(stream: StreamRow, created: Date | undefined): void {
  if (created === undefined) return;
  if (Math.floor(created.getTime() / 1000) !== Math.floor(stream.createdMs / 1000)) throw streamNotFound(stream);
}

function filterOf(
  filter: { Type?: string | undefined; ShardId?: string | undefined; Timestamp?: Date | undefined } | undefined,
): Filter {
  const type = filter?.Type ?? "FROM_TRIM_HORIZON";
  const needsShard = type === "AFTER_SHARD_ID";
  const needsTime = type === "AT_TIMESTAMP" || type === "FROM_TIMESTAMP";
  const companion = (name: string, needed: boolean, value: unknown) => {
    if (needed && value === undefined) throw invalidArgument(`${name} must be provided with ShardFilter type ${type}.`);
    if (!needed && value !== undefined)
      throw invalidArgument(`${name} cannot be provided with ShardFilter type ${type}.`);
  };
  companion("ShardId", needsShard, filter?.ShardId);
  companion("Timestamp", needsTime, filter?.Timestamp);
  return { type, shardId: filter?.ShardId, timestampMs: filter?.Timestamp?.getTime() };
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
