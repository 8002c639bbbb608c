/**
 * On-demand streams scale by themselves: a shard that takes more than 500 KB per second for a minute is split in the
 * middle within 15 minutes. What shards take is counted in memory; a pending split is a durable timer.
 */
import { hashFrom, numberOf } from "./hash-key.ts";
import { hasData, type Kinesis } from "./kinesis.ts";
import type { Route } from "./routes.ts";
import { type ShardRow, type StreamRow, shardKey } from "./tables.ts";

const minuteMs = 60_000;
const hotBytes = 500_000 * 60;
const splitDelayMs = 15 * minuteMs;
/** AWS's default write capacity of an on-demand stream ends at 200 MB/s, at 1 MB/s a shard. */
const maxShards = 200;

export class OnDemandScaling {
  readonly #kinesis: Kinesis;
  readonly #minutes = new WeakMap<ShardRow, { minute: number; bytes: number }>();

  constructor(kinesis: Kinesis) {
    this.#kinesis = kinesis;
    kinesis.deps.timers.on("kinesis.grow", ({ payload }) => {
      const { stream, shard } = payload as { stream: string; shard: number };
      this.#grow(stream, shard);
    });
  }

  /** Counts what was put into a shard of an on-demand stream, in the transaction of the put. */
  taken(stream: StreamRow, { shard, key }: Route, bytes: number, nowMs: number): void {
    const minute = Math.floor(nowMs / minuteMs);
    let count = this.#minutes.get(shard);
    if (count?.minute !== minute) this.#minutes.set(shard, (count = { minute, bytes: 0 }));
    count.bytes += bytes;
    if (count.bytes <= hotBytes) return;
    const { timers } = this.#kinesis.deps;
    const id = timerId(key);
    if (timers.get(id) !== undefined) return;
    const payload = { stream: stream.arn, shard: shard.index };
    timers.schedule({ id, account: stream.account, dueMs: nowMs + splitDelayMs, kind: "kinesis.grow", payload });
  }

  /**
   * Drops the count of a deleted shard, so that a later one under its key does not inherit it. Inside a transaction.
   */
  forget(shard: string): void {
    this.#kinesis.deps.timers.cancel(timerId(shard));
  }

  #grow(arn: string, index: number): void {
    const { lifecycle, shards, streams } = this.#kinesis;
    const stream = streams.get(arn);
    const shard = shards.get(shardKey(arn, index));
    if (stream === undefined || shard === undefined || shard.closedMs !== undefined) return;
    if (stream.mode !== "ON_DEMAND" || !hasData(stream) || stream.pending !== undefined) return;
    if (this.#kinesis.openShardCount(stream) >= maxShards) return;
    const middle = (numberOf(shard.start) + numberOf(shard.end) + 1n) / 2n;
    if (middle > numberOf(shard.start)) lifecycle.splitNow(stream, shard, hashFrom(middle));
  }
}

function timerId(shard: string): string {
  return `kinesis.grow ${shard}`;
}
