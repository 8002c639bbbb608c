/**
 * Moves messages out of a queue. The queue's news wakes it, so a waiting reader costs nothing. A message is deleted
 * after the target has taken it; one that failed comes back after its visibility timeout.
 */
import type { Timer } from "../engine/clock.ts";
import { type Consumer, codeOf, type Outcome, queueUrlOf, type Reader, type ReaderDeps } from "./drain.ts";
import { partsOf, type QueueRecord, queueRecord, type SqsMessage } from "./records.ts";

/** Batches on their way to the target at a time, unless the consumer allows fewer. */
const maxMovingByDefault = 32;
/** The pause before a batch is passed again to a target that had no capacity; it doubles each time. */
const firstPauseMs = 1000;
const maxPauseMs = 30_000;
const maxReceives = 8;
const maxInReceive = 10;

export interface QueueOptions {
  /** ARN of the queue. */
  readonly queue: string;
  readonly batchSize: number;
  /** How long a batch that is not full waits for more messages; 0 for not at all. */
  readonly windowMs: number;
  /** Batches on their way to the target at a time. Default: 32. */
  readonly maxMoving?: number | undefined;
}

export class QueueReader implements Reader {
  readonly #deps: ReaderDeps;
  readonly #consumer: Consumer<SqsMessage>;
  readonly #options: QueueOptions;
  readonly #queueUrl: string;
  readonly #underWay = new Set<Promise<void>>();
  readonly #pauses = new Set<() => void>();
  #gathering = 0;
  #moving = 0;
  #ignore: () => void = () => {};
  /** There may be something to read. */
  #news = false;
  #window: Timer | undefined;
  #windowOver = false;
  #stopped = false;

  constructor(deps: ReaderDeps, consumer: Consumer<SqsMessage>, options: QueueOptions) {
    this.#deps = deps;
    this.#consumer = consumer;
    this.#options = options;
    this.#queueUrl = queueUrlOf(options.queue);
  }

  start(): void {
    this.#ignore = this.#deps.arrivals.on(this.#options.queue, () => this.#wake());
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ignore();
    this.#window?.cancel();
    for (const end of [...this.#pauses]) end();
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #wake(): void {
    this.#news = true;
    this.#gatherMore();
  }

  /** Another receive in parallel, as long as receives find something: on disk they share a write. */
  #gatherMore(): void {
    const maxGathering = this.#options.windowMs === 0 ? maxReceives : 1;
    if (!this.#news || this.#stopped || this.#gathering >= maxGathering || !this.#hasRoom(1)) return;
    this.#gathering += 1;
    this.#track(this.#deps.clock.track(this.#gather()), () => {
      this.#gathering -= 1;
    });
  }

  /** Whether this many more receives may lead to batches: each one under way may find one. */
  #hasRoom(more: number): boolean {
    const { maxMoving = maxMovingByDefault } = this.#options;
    return this.#moving + this.#gathering + more <= maxMoving;
  }

  async #gather(): Promise<void> {
    try {
      while (this.#news && !this.#stopped && this.#hasRoom(0)) {
        this.#news = false;
        if (!(await this.#isBatchReady())) continue;
        const receivedMs = this.#deps.clock.now();
        const messages = await this.#receive();
        if (messages.length === 0) continue;
        this.#news = true;
        this.#moving += 1;
        this.#track(this.#move(messages, receivedMs), () => {
          this.#moving -= 1;
        });
        this.#gatherMore();
      }
    } catch (error) {
      // The queue is gone, or refuses for now: its next message wakes the reader.
      this.#news = false;
      throw error;
    }
  }

  #track(work: Promise<void>, onEnd: () => void): void {
    const { clock } = this.#deps;
    const tracked = work
      .catch((error: unknown) => {
        if (codeOf(error) === undefined) clock.report(error);
      })
      .then(() => {
        onEnd();
        this.#underWay.delete(tracked);
        this.#gatherMore();
      });
    this.#underWay.add(tracked);
  }

  /** Always without a window; else once a whole batch waits, or the window of the first message is over. */
  async #isBatchReady(): Promise<boolean> {
    if (this.#options.windowMs === 0) return true;
    const over = this.#windowOver;
    this.#windowOver = false;
    const waiting = over ? this.#options.batchSize : await this.#waiting();
    if (waiting >= this.#options.batchSize) {
      this.#window?.cancel();
      this.#window = undefined;
      return true;
    }
    if (waiting > 0 && this.#window === undefined) {
      const { clock } = this.#deps;
      this.#window = clock.at(clock.now() + this.#options.windowMs, () => {
        this.#window = undefined;
        this.#windowOver = true;
        this.#wake();
      });
    }
    return false;
  }

  #waiting(): Promise<number> {
    return this.#attribute("ApproximateNumberOfMessages");
  }

  /** 0 for a queue that is gone. */
  async #visibilityMs(): Promise<number> {
    try {
      return (await this.#attribute("VisibilityTimeout")) * 1000;
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      return 0;
    }
  }

  async #attribute(name: string): Promise<number> {
    const input = { QueueUrl: this.#queueUrl, AttributeNames: [name] };
    const answer = await this.#deps.call("sqs", "GetQueueAttributes", input);
    return Number((answer as { Attributes?: Record<string, string> }).Attributes?.[name] ?? 0);
  }

  async #receive(): Promise<SqsMessage[]> {
    const all: SqsMessage[] = [];
    while (all.length < this.#options.batchSize) {
      const asked = Math.min(maxInReceive, this.#options.batchSize - all.length);
      const answer = await this.#deps.call("sqs", "ReceiveMessage", {
        QueueUrl: this.#queueUrl,
        MaxNumberOfMessages: asked,
        WaitTimeSeconds: 0,
        MessageSystemAttributeNames: ["All"],
        MessageAttributeNames: ["All"],
      });
      const { Messages = [] } = answer as { Messages?: SqsMessage[] };
      all.push(...Messages);
      if (Messages.length < asked) break;
    }
    return all;
  }

  async #move(messages: readonly SqsMessage[], receivedMs: number): Promise<void> {
    const passing: QueueRecord[] = [];
    const dropped: QueueRecord[] = [];
    const { clock } = this.#deps;
    const consumer = this.#consumer;
    for (const message of messages) {
      const record = queueRecord(message, consumer);
      (consumer.passes(record) ? passing : dropped).push(record);
    }
    consumer.onFiltered(dropped);
    await clock.track(this.#delete(dropped));
    for (const part of partsOf(passing)) {
      const { failed, failure } = await this.#execute(part, receivedMs);
      const through = part.filter((_, place) => !failed.has(place));
      consumer.onDelivered(through);
      if (failure !== undefined) {
        // What failed comes back after its visibility timeout, unless the queue's own redrive policy removes it.
        const nextMs = Math.max(clock.now(), receivedMs + (await clock.track(this.#visibilityMs())));
        for (const place of failed) consumer.onFailed(part[place] as QueueRecord, failure, nextMs);
      }
      await clock.track(this.#delete(through));
    }
  }

  /** Passes a part to the target, repeatedly if it has no capacity, as long as the messages stay invisible. */
  async #execute(part: readonly QueueRecord[], receivedMs: number): Promise<Outcome> {
    const { clock } = this.#deps;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(maxPauseMs, pauseMs * 2)) {
      const outcome = await clock.trackOutside(this.#consumer.execute(part));
      if (outcome.throttled !== true) return outcome;
      const visibleMs = receivedMs + (await clock.track(this.#visibilityMs()));
      if (clock.now() + pauseMs >= visibleMs || !(await this.#pause(pauseMs))) return outcome;
    }
  }

  /**
   * Waits on the clock, without counting as work in flight, which would stop time. Returns false when a stop ended it.
   */
  #pause(ms: number): Promise<boolean> {
    if (this.#stopped) return Promise.resolve(false);
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      const end = () => {
        timer.cancel();
        this.#pauses.delete(end);
        resolve(!this.#stopped);
      };
      const timer = clock.at(clock.now() + ms, end);
      this.#pauses.add(end);
    });
  }

  async #delete(records: readonly QueueRecord[]): Promise<void> {
    for (let from = 0; from < records.length; from += maxInReceive) {
      const Entries = records
        .slice(from, from + maxInReceive)
        .map(({ receiptHandle }, i) => ({ Id: String(i), ReceiptHandle: receiptHandle }));
      try {
        const input = { QueueUrl: this.#queueUrl, Entries };
        await this.#deps.call("sqs", "DeleteMessageBatch", input);
      } catch (error) {
        // The queue was deleted with its messages.
        if (codeOf(error) === undefined) throw error;
      }
    }
  }
}
