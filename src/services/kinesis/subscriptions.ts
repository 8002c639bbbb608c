/**
 * SubscribeToShard: records pushed as soon as they are put. A subscription reads the log when its consumer is ready for
 * the next event, so a slow one delays only itself and costs no more than the event under way.
 */
import type { SubscribeToShardCommandOutput } from "@aws-sdk/client-kinesis";
import type { AwsError } from "../../../protocols/error.ts";
import type { ToWire } from "../../calls/operation.ts";
import type { Timer } from "../../engine/clock.ts";
import { resourceInUse, streamNotFound } from "./errors.ts";
import type { Kinesis } from "./kinesis.ts";
import type { StoredRecord } from "./records.ts";
import { continuationNumber, shardIdOf } from "./sequence-number.ts";
import { childShards, millisBehindLatest, shownRecords } from "./shown.ts";
import { type ConsumerRow, type ShardRow, type StreamRow, shardKey } from "./tables.ts";
import { fanOutMs } from "./throughput.ts";

export type SubscriptionEvent =
  ToWire<SubscribeToShardCommandOutput["EventStream"]> extends infer Stream
    ? NonNullable<Stream> extends AsyncIterable<infer Event>
      ? Event
      : never
    : never;

const lifeMs = 300_000;
/** How long a new subscription cannot be taken over, in ms. */
const takeoverMs = 5000;
/** An event without records is sent after this long without any, so that readers see the stream is alive. */
const idleMs = 5000;
const eventRecords = 10_000;
const eventBytes = 1024 * 1024;

/** The latest subscription of a consumer to a shard, even if it has ended. */
interface Latest {
  readonly subscription: Subscription;
  readonly startedMs: number;
}

export class Subscriptions {
  readonly #kinesis: Kinesis;
  readonly #latest = new Map<string, Latest>();
  readonly #ofShard = new Map<string, Set<Subscription>>();
  #stopped = false;

  constructor(kinesis: Kinesis) {
    this.#kinesis = kinesis;
  }

  /**
   * Opens a subscription; an older one of the same consumer and shard ends with ResourceInUseException in its stream.
   * @throws AwsError ResourceInUseException within five seconds of the older one's start.
   */
  open(consumer: ConsumerRow, stream: StreamRow, shard: ShardRow, counter: number): Subscription {
    const { now } = this.#kinesis;
    // A consumer created again within a second has the previous one's ARN.
    const key = `${consumer.serial} ${shard.index}`;
    const taken = `Another active subscription exists for this consumer: ${stream.account}:${stream.name}:${shardIdOf(shard.index)}:${consumer.name}`;
    const older = this.#latest.get(key);
    if (older !== undefined && Math.abs(now - older.startedMs) < takeoverMs) throw resourceInUse(taken);
    older?.subscription.fail(resourceInUse(taken));
    const watched = shardKey(stream.arn, shard.index);
    const subscription = new Subscription(this.#kinesis, consumer, shard, counter, () => {
      const others = this.#ofShard.get(watched);
      others?.delete(subscription);
      if (others?.size === 0) this.#ofShard.delete(watched);
      // Kept until it could have been taken over.
      this.#kinesis.deps.clock.at(now + takeoverMs, () => {
        if (this.#latest.get(key)?.subscription === subscription) this.#latest.delete(key);
      });
    });
    this.#latest.set(key, { subscription, startedMs: now });
    let ofShard = this.#ofShard.get(watched);
    if (ofShard === undefined) this.#ofShard.set(watched, (ofShard = new Set()));
    ofShard.add(subscription);
    if (this.#stopped) subscription.end();
    return subscription;
  }

  /** Call it in a transaction that put records into a shard or closed it. */
  touched(shard: string): void {
    const watching = this.#ofShard.get(shard);
    if (watching === undefined) return;
    const { store } = this.#kinesis.deps;
    store.afterCommit(() => {
      for (const subscription of watching) subscription.look();
    });
  }

  streamDeleted(stream: StreamRow): void {
    for (const subscription of this.#all()) {
      if (subscription.consumer.stream === stream.arn) subscription.fail(streamNotFound(stream));
    }
  }

  /** Ends the subscriptions of a deleted consumer. */
  consumerDeleted(consumer: ConsumerRow): void {
    for (const subscription of this.#all()) if (subscription.consumer.serial === consumer.serial) subscription.end();
  }

  endAll(account?: string): void {
    for (const subscription of this.#all()) {
      if (account === undefined || subscription.consumer.account === account) subscription.end();
    }
    if (account === undefined) this.#latest.clear();
  }

  stop(): void {
    this.#stopped = true;
    this.endAll();
  }

  #all(): Subscription[] {
    return [...this.#ofShard.values()].flatMap((subscriptions) => [...subscriptions]);
  }
}

class Subscription implements AsyncIterableIterator<SubscriptionEvent> {
  readonly consumer: ConsumerRow;
  readonly #kinesis: Kinesis;
  readonly #shard: ShardRow;
  readonly #key: string;
  readonly #onEnd: () => void;
  readonly #lifetime: Timer;
  #heartbeat: Timer | undefined;
  #counter: number;
  #lastEventMs = Number.NEGATIVE_INFINITY;
  /** With throughput limits: nothing is sent before this time. */
  #readyMs = Number.NEGATIVE_INFINITY;
  #ended = false;
  #failure: AwsError | undefined;
  #wake: (() => void) | undefined;

  constructor(kinesis: Kinesis, consumer: ConsumerRow, shard: ShardRow, counter: number, onEnd: () => void) {
    const { clock } = kinesis.deps;
    this.consumer = consumer;
    this.#kinesis = kinesis;
    this.#shard = shard;
    this.#key = shardKey(shard.stream, shard.index);
    this.#counter = counter;
    this.#onEnd = onEnd;
    this.#lifetime = clock.at(clock.now() + lifeMs, () => this.end());
    this.#beat();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Resolves with the next event: records, the end of the shard, or an empty one after a while. */
  async next(): Promise<IteratorResult<SubscriptionEvent, undefined>> {
    for (;;) {
      if (this.#failure !== undefined) {
        const failure = this.#failure;
        this.#failure = undefined;
        throw failure;
      }
      if (this.#ended) return { done: true, value: undefined };
      const event = this.#event();
      if (event !== undefined) {
        // Nobody may see a record that a crash could take back.
        await this.#kinesis.deps.store.untilDurable();
        return { done: false, value: event };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async return(): Promise<IteratorResult<SubscriptionEvent, undefined>> {
    this.end();
    return { done: true, value: undefined };
  }

  /** Wakes the waiting reader, since something may have changed. */
  look(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#lifetime.cancel();
    this.#heartbeat?.cancel();
    this.#onEnd();
    this.look();
  }

  /** Ends the stream with an exception. */
  fail(error: AwsError): void {
    if (this.#ended) return;
    this.#failure = error;
    this.end();
  }

  #event(): SubscriptionEvent | undefined {
    const { log, now, shards, streams, throughput } = this.#kinesis;
    const stream = streams.get(this.consumer.stream);
    const shard = shards.get(this.#key);
    if (stream === undefined || shard === undefined) {
      this.end();
      return undefined;
    }
    if (now < this.#readyMs) return undefined;
    const limits = { records: eventRecords, bytes: eventBytes, expiredMs: this.#kinesis.expiredMs(stream) };
    const reading = log.read(this.#key, this.#counter, limits);
    const finished = reading.atEnd && shard.closedMs !== undefined;
    const idle = now - this.#lastEventMs >= idleMs;
    if (reading.records.length === 0 && !finished && !idle) return undefined;
    this.#counter = reading.next;
    this.#lastEventMs = now;
    if (throughput !== undefined && reading.bytes > 0) this.#holdBack(now + fanOutMs(reading.bytes));
    if (finished) this.end();
    return {
      SubscribeToShardEvent: {
        Records: shownRecords(shard, reading.records),
        ContinuationSequenceNumber: finished ? undefined : this.#continuation(reading.records.at(-1), now),
        MillisBehindLatest: millisBehindLatest(reading, now),
        ChildShards: finished ? childShards(this.#kinesis, shard) : undefined,
      },
    } as SubscriptionEvent;
  }

  /**
   * The number at or after which to continue: after the last record's, or one that encodes the time if none was sent.
   */
  #continuation(last: StoredRecord | undefined, now: number): string {
    return continuationNumber(this.#shard, this.#counter - 1, last?.arrivalMs ?? now);
  }

  #holdBack(untilMs: number): void {
    this.#readyMs = untilMs;
    this.#kinesis.deps.clock.at(untilMs, () => this.look());
  }

  #beat(): void {
    const { clock } = this.#kinesis.deps;
    this.#heartbeat = clock.at(clock.now() + idleMs, () => {
      this.#beat();
      this.look();
    });
  }
}
