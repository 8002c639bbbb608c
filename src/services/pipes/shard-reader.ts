/**
 * Reads one shard: batches in order, each tried until the target has taken it or the pipe's limits end it (Pipes user
 * guide, "Error handling": retries, record age, bisection, partial failures, dead letters).
 */

import { parseArn } from "../../calls/arn.ts";
import type { Timer } from "../../engine/clock.ts";
import { failureOf, PipeFailure } from "./errors.ts";
import { noteDelivered, noteFailed, noteFiltered } from "./lost.ts";
import type { Pipes } from "./pipes.ts";
import { streamArnOf } from "./places.ts";
import type { Run } from "./run.ts";
import { lanesOf, type StreamRecord, type StreamSourceRecord, streamRecord } from "./source-records.ts";
import type { CursorRow } from "./tables.ts";
import { queueUrlOf } from "./target-calls.ts";

const firstRetryMs = 1000;
const longestRetryMs = 60_000;
const mostInRead = 10_000;
/** Empty answers of a shard that is not at its end, before the next news is waited for. */
const mostEmptyReads = 10;

interface Attempt {
  readonly rest: StreamSourceRecord[];
  readonly failure: PipeFailure | undefined;
}

type Condition = "RetryAttemptsExhausted" | "RecordAgeExceeded";

export class ShardReader {
  readonly #pipes: Pipes;
  readonly #run: Run;
  readonly #onDone: () => void;
  readonly #batchSize: number;
  readonly #windowMs: number;
  readonly #maxAgeMs: number;
  readonly #maxRetries: number;
  readonly #bisects: boolean;
  readonly #lanes: number;
  readonly #deadLetterArn: string | undefined;
  readonly #waits = new Set<() => void>();
  #cursor: CursorRow;
  #iterator: string | undefined;
  #buffer: StreamSourceRecord[] = [];
  #news = false;
  #pump: Promise<void> | undefined;
  #window: Timer | undefined;
  #windowOver = false;
  #stopped = false;

  constructor(pipes: Pipes, run: Run, cursor: CursorRow, retentionMs: number, onDone: () => void) {
    this.#pipes = pipes;
    this.#run = run;
    this.#cursor = cursor;
    this.#onDone = onDone;
    const parameters = run.pipe.sourceParameters.KinesisStreamParameters;
    const { MaximumRecordAgeInSeconds: age = -1, MaximumRetryAttempts: retries = -1 } = parameters ?? {};
    this.#batchSize = parameters?.BatchSize ?? 100;
    this.#windowMs = (parameters?.MaximumBatchingWindowInSeconds ?? 0) * 1000;
    this.#maxAgeMs = Math.min(retentionMs, age < 0 ? Number.POSITIVE_INFINITY : age * 1000);
    this.#maxRetries = retries < 0 ? Number.POSITIVE_INFINITY : retries;
    this.#bisects = parameters?.OnPartialBatchItemFailure === "AUTOMATIC_BISECT";
    this.#lanes = parameters?.ParallelizationFactor ?? 1;
    this.#deadLetterArn = parameters?.DeadLetterConfig?.Arn;
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
    for (const end of [...this.#waits]) end();
    await this.#pump;
  }

  async #read(): Promise<void> {
    const { clock } = this.#pipes.deps;
    try {
      while (this.#news && !this.#stopped) {
        this.#news = false;
        const ended = await clock.track(this.#fill());
        const { length } = this.#buffer;
        if (length > 0 && (length >= this.#batchSize || this.#windowMs === 0 || this.#windowOver || ended)) {
          this.#news = true;
          await this.#takeBatch();
        } else if (length > 0) this.#beginWindow();
        else if (ended) {
          this.#finish();
          return;
        }
      }
    } catch (error) {
      // Everything behind the cursor is read anew: what was in memory may not have got through.
      this.#iterator = undefined;
      this.#buffer = [];
      this.#news = false;
      const failure = failureOf(error);
      if (failure === undefined) clock.report(error);
      // Read too fast for the stream's limits, or the disk refuses. A stream that is gone does not come back.
      if (!this.#stopped && failure?.code !== "ResourceNotFoundException") {
        clock.at(clock.now() + firstRetryMs, () => this.wake());
      }
    }
  }

  /** Reads on until a batch is full or nothing more is there; true at the shard's end. */
  async #fill(): Promise<boolean> {
    for (let empty = 0; this.#buffer.length < this.#batchSize && empty < mostEmptyReads; ) {
      this.#iterator ??= await this.#newIterator();
      const Limit = Math.min(mostInRead, this.#batchSize - this.#buffer.length);
      const answer = await this.#getRecords(this.#iterator, Limit);
      if (answer === undefined) continue;
      const { Records = [], NextShardIterator, MillisBehindLatest = 0 } = answer;
      for (const record of Records) this.#buffer.push(streamRecord(record, this.#cursor.shard, this.#run.pipe));
      this.#iterator = NextShardIterator;
      if (NextShardIterator === undefined) return true;
      if (Records.length === 0) {
        if (MillisBehindLatest === 0) return false;
        empty += 1;
      }
    }
    return false;
  }

  /** Undefined for an iterator that has expired. */
  async #getRecords(ShardIterator: string, Limit: number) {
    try {
      return (await this.#pipes.call("kinesis", "GetRecords", { ShardIterator, Limit }, this.#run.pipe)) as {
        Records?: StreamRecord[];
        NextShardIterator?: string;
        MillisBehindLatest?: number;
      };
    } catch (error) {
      if (failureOf(error)?.code !== "ExpiredIteratorException") throw error;
      this.#iterator = undefined;
      return undefined;
    }
  }

  async #newIterator(): Promise<string> {
    const { pipe } = this.#run;
    const { shard, fromMs } = this.#cursor;
    const sequenceNumber = this.#buffer.at(-1)?.sequenceNumber ?? this.#cursor.sequenceNumber;
    const position =
      sequenceNumber !== undefined
        ? { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: sequenceNumber }
        : fromMs !== undefined
          ? { ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(fromMs) }
          : { ShardIteratorType: "TRIM_HORIZON" };
    const input = { StreamARN: streamArnOf(pipe.source), ShardId: shard, ...position };
    const answer = (await this.#pipes.call("kinesis", "GetShardIterator", input, pipe)) as {
      ShardIterator?: string;
    };
    return answer.ShardIterator as string;
  }

  #beginWindow(): void {
    const { clock } = this.#pipes.deps;
    this.#window ??= clock.at(clock.now() + this.#windowMs, () => {
      this.#window = undefined;
      this.#windowOver = true;
      this.wake();
    });
  }

  async #takeBatch(): Promise<void> {
    this.#window?.cancel();
    this.#window = undefined;
    this.#windowOver = false;
    const batch = this.#buffer.splice(0, this.#batchSize);
    if (this.#lanes === 1) {
      await this.#deliver(batch, true);
    } else {
      await Promise.all(lanesOf(batch, this.#lanes).map((lane) => this.#deliver(lane, false)));
      if (!this.#stopped) this.#keep(batch.at(-1) as StreamSourceRecord);
    }
    if (this.#stopped) this.#buffer = [];
  }

  /** Takes a batch to its end: delivered, given up, or left by a stop. */
  async #deliver(batch: StreamSourceRecord[], keeps: boolean): Promise<void> {
    const { clock } = this.#pipes.deps;
    const parts = [batch];
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      let retries = 0;
      let noted: StreamSourceRecord | undefined;
      while (part.length > 0 && !this.#stopped) {
        const { rest, failure }: Attempt = await clock.trackOutside(this.#attempt(part, keeps));
        if (noted !== undefined && noted !== rest[0]) noteDelivered(this.#pipes, this.#run.pipe, [noted]);
        if (failure === undefined || rest.length === 0) break;
        part = rest;
        const [first] = rest as [StreamSourceRecord];
        noted = first;
        if (this.#bisects && part.length > 1) {
          const middle = part.length >> 1;
          parts.unshift(part.slice(middle));
          part = part.slice(0, middle);
          retries = 0;
        } else {
          retries += 1;
          if (retries > this.#maxRetries) {
            noteFailed(this.#pipes, this.#run.pipe, first, failure, undefined);
            await clock.track(this.#giveUp(part, "RetryAttemptsExhausted", keeps));
            break;
          }
        }
        const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.max(0, Math.min(retries, 20) - 1));
        noteFailed(this.#pipes, this.#run.pipe, first, failure, clock.now() + waitMs);
        await this.#wait(waitMs);
      }
    }
  }

  /** One attempt; answers what is left to be tried: everything from the first record that failed, and why it did. */
  async #attempt(part: StreamSourceRecord[], keeps: boolean): Promise<Attempt> {
    const oldestMs = this.#pipes.now - this.#maxAgeMs;
    const firstYoung = part.findIndex(({ arrivedMs }) => arrivedMs >= oldestMs);
    if (firstYoung !== 0) {
      const tooOld = firstYoung < 0 ? part : part.slice(0, firstYoung);
      const failure = new PipeFailure("RecordAgeExceeded", `${tooOld.length} records are older than the pipe takes.`);
      noteFailed(this.#pipes, this.#run.pipe, tooOld[0] as StreamSourceRecord, failure, undefined);
      await this.#giveUp(tooOld, "RecordAgeExceeded", keeps);
      if (firstYoung < 0) return { rest: [], failure: undefined };
      part = part.slice(firstYoung);
    }
    const passing = part.filter((record) => this.#run.passes(record));
    if (passing.length > 0) {
      const { failed, failure } = await this.#run.execute(passing);
      const first = Math.min(...failed);
      if (failed.size > 0) {
        const place = part.indexOf(passing[first] as StreamSourceRecord);
        if (place > 0 && keeps) this.#keep(part[place - 1] as StreamSourceRecord);
        this.#noteFiltered(part.slice(0, place), passing);
        return { rest: part.slice(place), failure };
      }
    }
    this.#noteFiltered(part, passing);
    if (keeps) this.#keep(part.at(-1) as StreamSourceRecord);
    return { rest: [], failure: undefined };
  }

  #noteFiltered(part: readonly StreamSourceRecord[], passing: readonly StreamSourceRecord[]): void {
    if (passing.length === part.length) return;
    const passed = new Set(passing);
    const filtered = part.filter((record) => !passed.has(record));
    noteFiltered(this.#pipes, this.#run.pipe, filtered);
  }

  /** Sends the dead letter, which tells where the records are and not what they are, and goes on behind them. */
  async #giveUp(part: readonly StreamSourceRecord[], condition: Condition, keeps: boolean): Promise<void> {
    const [first, last] = [part[0] as StreamSourceRecord, part.at(-1) as StreamSourceRecord];
    const { pipe } = this.#run;
    const arn = this.#deadLetterArn;
    if (arn !== undefined) {
      const body = JSON.stringify({
        context: { partnerResourceArn: pipe.arn, condition },
        version: "1.0",
        timestamp: new Date(this.#pipes.now).toISOString(),
        KinesisBatchInfo: {
          shardId: this.#cursor.shard,
          startSequenceNumber: first.sequenceNumber,
          endSequenceNumber: last.sequenceNumber,
          approximateArrivalOfFirstRecord: new Date(first.arrivedMs).toISOString(),
          approximateArrivalOfLastRecord: new Date(last.arrivedMs).toISOString(),
          batchSize: part.length,
          streamArn: streamArnOf(pipe.source),
        },
      });
      try {
        if (parseArn(arn)?.service === "sns") {
          await this.#pipes.call("sns", "Publish", { TopicArn: arn, Message: body }, pipe);
        } else {
          await this.#pipes.call("sqs", "SendMessage", { QueueUrl: queueUrlOf(arn), MessageBody: body }, pipe);
        }
      } catch (error) {
        // The dead-letter queue is gone: the records are skipped as without one.
        if (failureOf(error) === undefined) throw error;
      }
    }
    if (keeps) this.#keep(last);
  }

  #keep({ sequenceNumber }: StreamSourceRecord): void {
    this.#put({ ...this.#cursor, sequenceNumber });
  }

  #finish(): void {
    this.#put({ ...this.#cursor, done: true });
    this.#stopped = true;
    this.#onDone();
  }

  /** A cursor that is gone was deleted with its pipe. */
  #put(cursor: CursorRow): void {
    const { cursors, deps } = this.#pipes;
    this.#cursor = cursor;
    deps.store.transaction(() => {
      if (cursors.has(cursor.key)) cursors.put(cursor);
    });
  }

  /** Waits on the clock; a stop ends it. What waits is no work in flight, or time would stand. */
  #wait(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    const { clock } = this.#pipes.deps;
    return new Promise((resolve) => {
      const end = () => {
        timer.cancel();
        this.#waits.delete(end);
        resolve();
      };
      const timer = clock.at(clock.now() + ms, end);
      this.#waits.add(end);
    });
  }
}
