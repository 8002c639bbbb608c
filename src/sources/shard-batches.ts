/**
 * Processes batches of one shard in order: each is tried until the target has taken it or a limit is reached (Pipes
 * user guide, "Error handling"; Lambda developer guide, "Using Lambda with Kinesis": retries, record age, bisection,
 * partial failures, destinations).
 */
import { type Consumer, codeOf, type Failure, type Outcome, queueUrlOf, type ReaderDeps } from "./drain.ts";
import { lanesOf, maxPayloadBytes, partsOf, type StreamItem, type StreamRecord } from "./records.ts";

const maxRetryMs = 60_000;

export interface BatchOptions {
  readonly stream: string;
  /** Infinite means as long as the stream keeps records. */
  readonly maxAgeMs: number;
  /** Infinite means until the records are too old. */
  readonly maxRetries: number;
  /** The pause before the first retry; doubles with each further one, up to a minute. */
  readonly firstRetryMs: number;
  readonly bisects: boolean;
  /** Parts of a batch processed in parallel; records of one partition key stay in order. */
  readonly lanes: number;
  /** Who is told of batches that were given up. */
  readonly onFailure?: FailureDestination | undefined;
}

export interface FailureDestination {
  /** ARN of a queue or a topic. */
  readonly arn: string;
  /** The text of the notification. */
  describe(lost: LostBatch): string;
}

/** A batch that was given up: where its records are, not what they contain. */
export interface LostBatch {
  readonly condition: "RetryAttemptsExhausted" | "RecordAgeExceeded";
  /** How often it was tried. */
  readonly tries: number;
  /** The last failure, and the target's id for that attempt; undefined where there was none. */
  readonly failure: Failure | undefined;
  readonly requestId: string | undefined;
  readonly batch: {
    readonly shardId: string;
    readonly startSequenceNumber: string;
    readonly endSequenceNumber: string;
    readonly approximateArrivalOfFirstRecord: string;
    readonly approximateArrivalOfLastRecord: string;
    readonly batchSize: number;
    readonly streamArn: string;
  };
}

interface Attempt extends Omit<Outcome, "failed"> {
  readonly rest: StreamRecord[];
}

export class ShardBatches {
  readonly #deps: ReaderDeps;
  readonly #consumer: Consumer<StreamItem>;
  readonly #options: BatchOptions;
  readonly #shard: string;
  /** Moves the cursor past a record. */
  readonly #keep: (record: StreamRecord) => void;
  readonly #waits = new Set<() => void>();
  #stopped = false;

  constructor(
    deps: ReaderDeps,
    consumer: Consumer<StreamItem>,
    options: BatchOptions,
    shard: string,
    keep: (record: StreamRecord) => void,
  ) {
    this.#deps = deps;
    this.#consumer = consumer;
    this.#options = options;
    this.#shard = shard;
    this.#keep = keep;
  }

  /** Ends all waits; attempts under way run to their end. */
  stop(): void {
    this.#stopped = true;
    for (const end of [...this.#waits]) end();
  }

  /** Resolves when all of the batch is delivered or given up, or when a stop interrupts it. */
  async take(batch: StreamRecord[]): Promise<void> {
    const { lanes } = this.#options;
    if (lanes === 1) return this.#deliverParts(batch, true);
    await Promise.all(lanesOf(batch, lanes).map((lane) => this.#deliverParts(lane, false)));
    if (!this.#stopped) this.#keep(batch.at(-1) as StreamRecord);
  }

  /**
   * Delivers parts that each fit one payload. A record that does not fit by itself is given up at once [recorded for
   * Lambda].
   */
  async #deliverParts(batch: readonly StreamRecord[], keeps: boolean): Promise<void> {
    for (const part of partsOf(batch)) {
      const [first] = part as [StreamRecord];
      if (this.#stopped) return;
      if (first.size <= maxPayloadBytes) await this.#deliver(part, keeps);
      else {
        const message = `The record alone exceeds the ${maxPayloadBytes} bytes of a payload.`;
        this.#consumer.onFailed(first, { code: "RecordTooLarge", message }, undefined);
        await this.#deps.clock.track(this.#giveUp(part, "RetryAttemptsExhausted", 1, keeps));
      }
    }
  }

  /** @param keeps whether the cursor follows each record; false when lanes run in parallel. */
  async #deliver(batch: StreamRecord[], keeps: boolean): Promise<void> {
    const { clock } = this.#deps;
    const { bisects, maxRetries, firstRetryMs } = this.#options;
    const parts = [batch];
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      let retries = 0;
      let pauses = 0;
      let noted: StreamRecord | undefined;
      while (part.length > 0 && !this.#stopped) {
        const attempt: Attempt = await clock.trackOutside(this.#attempt(part, retries, keeps));
        const { rest, failure } = attempt;
        if (noted !== undefined && noted !== rest[0]) this.#consumer.onDelivered([noted]);
        if (failure === undefined || rest.length === 0) break;
        part = rest;
        const [first] = rest as [StreamRecord];
        noted = first;
        if (attempt.throttled === true) {
          pauses += 1;
        } else if (bisects && part.length > 1) {
          const middle = part.length >> 1;
          parts.unshift(part.slice(middle));
          part = part.slice(0, middle);
          retries = 0;
          pauses = 0;
        } else {
          retries += 1;
          pauses += 1;
          if (retries > maxRetries) {
            this.#consumer.onFailed(first, failure, undefined);
            await clock.track(this.#giveUp(part, "RetryAttemptsExhausted", retries, keeps, attempt));
            break;
          }
        }
        const waitMs = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.max(0, Math.min(pauses, 20) - 1));
        this.#consumer.onFailed(first, failure, clock.now() + waitMs);
        await this.#wait(waitMs);
      }
    }
  }

  /**
   * Makes one attempt; returns what must be tried again: everything from the first failed record on, and why it failed.
   */
  async #attempt(part: StreamRecord[], tries: number, keeps: boolean): Promise<Attempt> {
    const oldestMs = this.#deps.clock.now() - this.#options.maxAgeMs;
    const firstYoung = part.findIndex(({ arrivedMs }) => arrivedMs >= oldestMs);
    if (firstYoung !== 0) {
      const tooOld = firstYoung < 0 ? part : part.slice(0, firstYoung);
      const message = `${tooOld.length} records are older than the maximum record age.`;
      this.#consumer.onFailed(tooOld[0] as StreamRecord, { code: "RecordAgeExceeded", message }, undefined);
      await this.#giveUp(tooOld, "RecordAgeExceeded", Math.max(1, tries), keeps);
      if (firstYoung < 0) return { rest: [], failure: undefined };
      part = part.slice(firstYoung);
    }
    const passing = part.filter((record) => this.#consumer.passes(record));
    if (passing.length > 0) {
      const { failed, ...outcome } = await this.#consumer.execute(passing);
      const first = Math.min(...failed);
      if (failed.size > 0) {
        const place = part.indexOf(passing[first] as StreamRecord);
        const { sequenceNumber } = part[place] as StreamRecord;
        const done = part.slice(0, place).findLast((record) => record.sequenceNumber !== sequenceNumber);
        if (done !== undefined && keeps) this.#keep(done);
        this.#noteFiltered(part.slice(0, place), passing);
        return { rest: part.slice(place), ...outcome };
      }
    }
    this.#noteFiltered(part, passing);
    if (keeps) this.#keep(part.at(-1) as StreamRecord);
    return { rest: [], failure: undefined };
  }

  #noteFiltered(part: readonly StreamRecord[], passing: readonly StreamRecord[]): void {
    if (passing.length === part.length) return;
    const passed = new Set(passing);
    this.#consumer.onFiltered(part.filter((record) => !passed.has(record)));
  }

  /** Tells the destination, if any, and moves past the records. */
  async #giveUp(
    part: readonly StreamRecord[],
    condition: LostBatch["condition"],
    tries: number,
    keeps: boolean,
    { failure, requestId }: Partial<Attempt> = {},
  ): Promise<void> {
    const [first, last] = [part[0] as StreamRecord, part.at(-1) as StreamRecord];
    const { onFailure, stream } = this.#options;
    if (onFailure !== undefined) {
      const batch = {
        shardId: this.#shard,
        startSequenceNumber: first.sequenceNumber,
        endSequenceNumber: last.sequenceNumber,
        approximateArrivalOfFirstRecord: new Date(first.arrivedMs).toISOString(),
        approximateArrivalOfLastRecord: new Date(last.arrivedMs).toISOString(),
        batchSize: part.length,
        streamArn: stream,
      };
      await this.#tell(onFailure.arn, onFailure.describe({ condition, tries, failure, requestId, batch }));
    }
    if (keeps) this.#keep(last);
  }

  async #tell(arn: string, text: string): Promise<void> {
    try {
      if (arn.split(":")[2] === "sns") {
        await this.#deps.call("sns", "Publish", { TopicArn: arn, Message: text });
      } else {
        await this.#deps.call("sqs", "SendMessage", { QueueUrl: queueUrlOf(arn), MessageBody: text });
      }
    } catch (error) {
      // The destination is gone: the records are skipped as if there were none.
      if (codeOf(error) === undefined) throw error;
    }
  }

  /** Waits on the clock; a stop ends it. Does not count as work in flight, which would stop time. */
  #wait(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    const { clock } = this.#deps;
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
