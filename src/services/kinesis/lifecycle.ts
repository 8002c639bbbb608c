/**
 * Changes that take time. A stream, consumer or channel is CREATING, UPDATING or DELETING until a durable timer fires;
 * with a delay of 0, the default, the change completes within the operation, so that the next request sees the result.
 */
import { Leftovers } from "../../engine/leftovers.ts";
import type { Kinesis } from "./kinesis.ts";
import { firstShards, merge, type Resharding, rescale, split } from "./lineage.ts";
import {
  type ChannelRow,
  type ConsumerRow,
  type Pending,
  type ShardRow,
  type StreamRow,
  type StreamStatus,
  shardKey,
} from "./tables.ts";

const hourMs = 3_600_000;
/** Minimum time between two searches of a stream for expired records. */
const trimPauseMs = 600_000;

const statusOf: Record<Pending["kind"], StreamStatus> = {
  create: "CREATING",
  delete: "DELETING",
  settings: "UPDATING",
  split: "UPDATING",
  merge: "UPDATING",
  scale: "UPDATING",
};

export class Lifecycle {
  readonly #kinesis: Kinesis;
  readonly #delayMs: number;
  /** Deletes, by stream, the shards and records of deleted streams. */
  readonly records: Leftovers;

  constructor(kinesis: Kinesis) {
    const { timers, options } = kinesis.deps;
    this.#kinesis = kinesis;
    this.#delayMs = options.streamDelayMs;
    this.records = new Leftovers(kinesis.deps, "kinesis.stream", (stream) => this.#dropShards(stream));
    timers.on("kinesis.stream", ({ payload }) => this.#finishStream(payload as string));
    timers.on("kinesis.consumer", ({ payload }) => this.#finishConsumer(payload as string));
    timers.on("kinesis.channel", ({ payload }) => this.#finishChannel(payload as string));
    timers.on("kinesis.trim", ({ payload }) => this.#trim(payload as string));
  }

  /** Stores the row and starts the pending change. */
  changeStream(stream: StreamRow, pending: Pending): void {
    this.#kinesis.streams.put({ ...stream, status: statusOf[pending.kind], pending });
    this.#later("kinesis.stream", stream, () => this.#finishStream(stream.arn));
  }

  changeConsumer(consumer: ConsumerRow): void {
    this.#kinesis.consumers.put(consumer);
    this.#later("kinesis.consumer", consumer, () => this.#finishConsumer(consumer.arn));
  }

  changeChannel(channel: ChannelRow): void {
    this.#kinesis.channels.put(channel);
    this.#later("kinesis.channel", channel, () => this.#finishChannel(channel.arn));
  }

  /** Splits a shard of a stream in use without changing its status, as on-demand streams do. */
  splitNow(stream: StreamRow, shard: ShardRow, at: string): void {
    this.#reshard(stream, split(stream, shard, at, this.#kinesis.now));
  }

  /** Call it when records arrive: schedules their deletion at the end of their retention. */
  scheduleTrim(stream: StreamRow): void {
    const { timers } = this.#kinesis.deps;
    if (timers.get(trimId(stream.arn)) !== undefined) return;
    this.#scheduleTrimAt(stream, this.#kinesis.now + stream.retentionHours * hourMs);
  }

  /** Deletes what has expired, at once; for a retention that became shorter. */
  trimNow(stream: StreamRow): void {
    this.#trim(stream.arn);
  }

  #later(kind: string, row: { arn: string; account: string }, finish: () => void): void {
    if (this.#delayMs === 0) {
      finish();
      return;
    }
    const { timers, clock } = this.#kinesis.deps;
    const dueMs = clock.now() + this.#delayMs;
    timers.schedule({ id: `${kind} ${row.arn}`, account: row.account, dueMs, kind, payload: row.arn });
  }

  #finishStream(arn: string): void {
    const { streams, shards, now } = this.#kinesis;
    const stream = streams.get(arn);
    if (stream?.pending === undefined) return;
    const { pending } = stream;
    const active: StreamRow = { ...stream, status: "ACTIVE", pending: undefined };
    const shard = (index: number) => shards.get(shardKey(arn, index)) as ShardRow;
    switch (pending.kind) {
      case "create":
        this.#reshard(active, firstShards(active, pending.shardCount, now));
        break;
      case "settings":
        streams.put(active);
        break;
      case "split":
        this.#reshard(active, split(active, shard(pending.shard), pending.at, now));
        break;
      case "merge":
        this.#reshard(active, merge(active, shard(pending.shard), shard(pending.adjacent), now));
        break;
      case "scale":
        this.#reshard(active, rescale(active, [...shards.by.open.range(arn)], pending.shardCount, now));
        break;
      case "delete":
        this.#dropStream(stream);
        break;
    }
  }

  #reshard(stream: StreamRow, { shards, nextShard }: Resharding): void {
    const kinesis = this.#kinesis;
    for (const shard of shards) {
      kinesis.shards.put(shard);
      if (shard.closedMs !== undefined) kinesis.tellReaders(stream.arn, shardKey(shard.stream, shard.index));
    }
    kinesis.streams.put({ ...stream, nextShard });
    this.scheduleTrim(stream);
  }

  #dropStream(stream: StreamRow): void {
    const { consumers, deps, streams, subscriptions } = this.#kinesis;
    this.records.begin(stream.arn, stream.account);
    for (const consumer of consumers.by.stream.range(stream.arn)) consumers.delete(consumer.arn);
    deps.timers.cancel(trimId(stream.arn));
    streams.delete(stream.arn);
    deps.store.afterCommit(() => subscriptions.streamDeleted(stream));
  }

  *#dropShards(stream: string): Generator<undefined> {
    const { log, scaling, shards, throughput } = this.#kinesis;
    for (const shard of shards.by.number.range(stream)) {
      const key = shardKey(stream, shard.index);
      yield* log.drop(key);
      throughput?.forget(key);
      scaling.forget(key);
      shards.delete(key);
      yield;
    }
  }

  #finishConsumer(arn: string): void {
    const { consumers } = this.#kinesis;
    const consumer = consumers.get(arn);
    if (consumer?.status === "DELETING") consumers.delete(arn);
    else if (consumer) consumers.put({ ...consumer, status: "ACTIVE" });
  }

  #finishChannel(arn: string): void {
    const { channels } = this.#kinesis;
    const channel = channels.get(arn);
    if (channel?.status === "DELETING") channels.delete(arn);
    else if (channel) channels.put({ ...channel, status: "ACTIVE" });
  }

  #trim(arn: string): void {
    const { log, now, shards, streams, throughput } = this.#kinesis;
    const stream = streams.get(arn);
    if (stream === undefined) return;
    const expiredMs = this.#kinesis.expiredMs(stream);
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const shard of shards.by.number.range(arn)) {
      const key = shardKey(arn, shard.index);
      const nextMs = log.trim(key, expiredMs) ?? Number.POSITIVE_INFINITY;
      oldestMs = Math.min(oldestMs, nextMs, shard.closedMs ?? Number.POSITIVE_INFINITY);
      if (!this.#kinesis.isExpired(stream, shard)) continue;
      for (const _ of log.drop(key));
      throughput?.forget(key);
      shards.delete(key);
    }
    if (oldestMs === Number.POSITIVE_INFINITY) return;
    this.#scheduleTrimAt(stream, Math.max(now + trimPauseMs, oldestMs + stream.retentionHours * hourMs));
  }

  #scheduleTrimAt(stream: StreamRow, dueMs: number): void {
    const { arn, account } = stream;
    this.#kinesis.deps.timers.schedule({ id: trimId(arn), account, dueMs, kind: "kinesis.trim", payload: arn });
  }
}

function trimId(streamArn: string): string {
  return `kinesis.trim ${streamArn}`;
}
