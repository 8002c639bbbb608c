/** Reads one shard: collects its records into batches, and stores how far it has read. */
import type { Timer } from "../engine/clock.ts";
import { recordsIn } from "./aggregates.ts";
import type { Cursor, Cursors } from "./cursors.ts";
import { type Consumer, codeOf, type ReaderDeps } from "./drain.ts";
import { type StreamItem, type StreamRecord, streamRecord } from "./records.ts";
import { type BatchOptions, ShardBatches } from "./shard-batches.ts";

const retryMs = 1000;
const maxInRead = 10_000;
/** Empty answers from an open shard before the reader waits for news. */
const maxEmptyReads = 10;

export interface ShardOptions extends BatchOptions {
  readonly batchSize: number;
  /** How long a batch that is not full waits for more records; 0 for not at all. */
  readonly windowMs: number;
  /** Whether records aggregated by a producer library are passed on one by one. */
  readonly takesApart: boolean;
}

export interface ShardListener {
  /** The shard has been read to its end. */
  onDone(): void;
  /** The stream is gone; there may be another with its name. */
  onGone(): void;
}

export class ShardReader {
  readonly #deps: ReaderDeps;
  readonly #consumer: Consumer<StreamItem>;
  readonly #options: ShardOptions;
  readonly #cursors: Cursors;
  readonly #listener: ShardListener;
  readonly #batches: ShardBatches;
  #cursor: Cursor;
  #iterator: string | undefined;
  #buffer: StreamRecord[] = [];
  #news = false;
  #pump: Promise<void> | undefined;
  #window: Timer | undefined;
  #windowOver = false;
  #stopped = false;

  constructor(
    deps: ReaderDeps,
    consumer: Consumer<StreamItem>,
    options: ShardOptions,
    cursors: Cursors,
    cursor: Cursor,
    listener: ShardListener,
  ) {
    this.#deps = deps;
    this.#consumer = consumer;
    this.#options = options;
    this.#cursors = cursors;
    this.#cursor = cursor;
    this.#listener = listener;
    this.#batches = new ShardBatches(deps, consumer, options, cursor.shard, ({ sequenceNumber }) =>
      this.#move({ ...this.#cursor, sequenceNumber }),
    );
  }

  wake(): void {
    this.#news = true;
    if (this.#stopped || this.#pump !== undefined) return;
    this.#pump = this.#read().finally(() => {
      this.#pump = undefined;
      if (this.#news) this.wake();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#window?.cancel();
    this.#batches.stop();
    await this.#pump;
  }

  async #read(): Promise<void> {
    const { clock } = this.#deps;
    const { batchSize, windowMs } = this.#options;
    try {
      while (this.#news && !this.#stopped) {
        this.#news = false;
        const ended = await clock.track(this.#fill());
        const { length } = this.#buffer;
        if (length > 0 && (length >= batchSize || windowMs === 0 || this.#windowOver || ended)) {
          this.#news = true;
          await this.#takeBatch();
        } else if (length > 0) this.#beginWindow();
        else if (ended) {
          this.#move({ ...this.#cursor, done: true });
          this.#stopped = true;
          this.#listener.onDone();
        }
      }
    } catch (error) {
      // Everything after the cursor is read again: what was in memory may not have got through.
      this.#iterator = undefined;
      this.#buffer = [];
      this.#news = false;
      const code = codeOf(error);
      if (code === undefined) clock.report(error);
      if (this.#stopped) return;
      if (code === "ResourceNotFoundException") this.#listener.onGone();
      // Reading exceeded the stream's limits, or the disk refuses writes.
      else clock.at(clock.now() + retryMs, () => this.wake());
    }
  }

  /** Reads until a batch is full or nothing more is there; returns true at the shard's end. */
  async #fill(): Promise<boolean> {
    const { batchSize } = this.#options;
    for (let empty = 0; this.#buffer.length < batchSize && empty < maxEmptyReads; ) {
      this.#iterator ??= await this.#newIterator();
      const answer = await this.#getRecords(this.#iterator, Math.min(maxInRead, batchSize - this.#buffer.length));
      if (answer === undefined) continue;
      const { Records = [], NextShardIterator, MillisBehindLatest = 0 } = answer;
      const { shard } = this.#cursor;
      for (const record of Records) {
        const item = { ...record, shard };
        for (const one of this.#options.takesApart ? recordsIn(item) : [item]) {
          this.#buffer.push(streamRecord(one, this.#consumer));
        }
      }
      this.#iterator = NextShardIterator;
      if (NextShardIterator === undefined) return true;
      if (Records.length === 0) {
        if (MillisBehindLatest === 0) return false;
        empty += 1;
      }
    }
    return false;
  }

  /** Undefined for an expired iterator. */
  async #getRecords(ShardIterator: string, Limit: number) {
    try {
      return (await this.#deps.call("kinesis", "GetRecords", { ShardIterator, Limit })) as {
        Records?: Omit<StreamItem, "shard">[];
        NextShardIterator?: string;
        MillisBehindLatest?: number;
      };
    } catch (error) {
      if (codeOf(error) !== "ExpiredIteratorException") throw error;
      this.#iterator = undefined;
      return undefined;
    }
  }

  async #newIterator(): Promise<string> {
    const { shard, fromMs } = this.#cursor;
    const sequenceNumber = this.#buffer.at(-1)?.sequenceNumber ?? this.#cursor.sequenceNumber;
    const position =
      sequenceNumber !== undefined
        ? { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: sequenceNumber }
        : fromMs !== undefined
          ? { ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(fromMs) }
          : { ShardIteratorType: "TRIM_HORIZON" };
    const input = { StreamARN: this.#options.stream, ShardId: shard, ...position };
    const answer = (await this.#deps.call("kinesis", "GetShardIterator", input)) as { ShardIterator?: string };
    return answer.ShardIterator as string;
  }

  #beginWindow(): void {
    const { clock } = this.#deps;
    this.#window ??= clock.at(clock.now() + this.#options.windowMs, () => {
      this.#window = undefined;
      this.#windowOver = true;
      this.wake();
    });
  }

  async #takeBatch(): Promise<void> {
    this.#window?.cancel();
    this.#window = undefined;
    this.#windowOver = false;
    const buffer = this.#buffer;
    let size = this.#options.batchSize;
    // Records from one aggregate stay together: the cursor cannot stop between them.
    while (size < buffer.length && buffer[size]?.sequenceNumber === buffer[size - 1]?.sequenceNumber) size += 1;
    await this.#batches.take(buffer.splice(0, size));
    if (this.#stopped) this.#buffer = [];
  }

  #move(cursor: Cursor): void {
    this.#cursor = cursor;
    this.#cursors.move(cursor);
  }
}
