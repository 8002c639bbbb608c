/**
 * Moves messages out of a queue. It is woken by the queue's news, so a pipe that waits costs nothing; a message is
 * deleted after the target has it, and one that failed comes back by its visibility timeout.
 */
import type { Timer } from "../../engine/clock.ts";
import { failureOf } from "./errors.ts";
import type { Reader } from "./lifecycle.ts";
import { noteDelivered, noteFailed, noteFiltered } from "./lost.ts";
import type { Pipes } from "./pipes.ts";
import type { Run } from "./run.ts";
import { type SqsMessage, type SqsSourceRecord, sqsRecord } from "./source-records.ts";
import { queueUrlOf } from "./target-calls.ts";

/** Batches on their way to the target at a time. */
const mostMoving = 32;
const mostReceives = 8;
const mostInReceive = 10;
/** What functions take; a batch with more goes in parts. */
const mostPayloadBytes = 6 * 1024 * 1024;

export class SqsReader implements Reader {
  readonly #pipes: Pipes;
  readonly #run: Run;
  readonly #queueUrl: string;
  readonly #batchSize: number;
  readonly #windowMs: number;
  readonly #underWay = new Set<Promise<void>>();
  #gathering = 0;
  #moving = 0;
  #ignore: () => void = () => {};
  /** There may be something to read. */
  #news = false;
  #window: Timer | undefined;
  #windowOver = false;
  #stopped = false;

  constructor(pipes: Pipes, run: Run) {
    this.#pipes = pipes;
    this.#run = run;
    this.#queueUrl = queueUrlOf(run.pipe.source);
    const { BatchSize = 10, MaximumBatchingWindowInSeconds = 0 } = run.pipe.sourceParameters.SqsQueueParameters ?? {};
    this.#batchSize = BatchSize;
    this.#windowMs = MaximumBatchingWindowInSeconds * 1000;
  }

  start(): void {
    this.#ignore = this.#pipes.deps.arrivals.on(this.#run.pipe.source, () => this.#wake());
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ignore();
    this.#window?.cancel();
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #wake(): void {
    this.#news = true;
    this.#gatherMore();
  }

  /** Another receive side by side with those under way, as long as they find something: on disk they share a write. */
  #gatherMore(): void {
    const mostGathering = this.#windowMs === 0 ? mostReceives : 1;
    if (!this.#news || this.#stopped || this.#gathering >= mostGathering || this.#moving >= mostMoving) return;
    this.#gathering += 1;
    this.#track(this.#pipes.deps.clock.track(this.#gather()), () => {
      this.#gathering -= 1;
    });
  }

  async #gather(): Promise<void> {
    try {
      while (this.#news && !this.#stopped && this.#moving < mostMoving) {
        this.#news = false;
        if (!(await this.#isBatchReady())) continue;
        const messages = await this.#receive();
        if (messages.length === 0) continue;
        this.#news = true;
        this.#moving += 1;
        this.#track(this.#pipes.deps.clock.trackOutside(this.#move(messages)), () => {
          this.#moving -= 1;
        });
        this.#gatherMore();
      }
    } catch (error) {
      // The queue is gone, or refuses for now: its next news comes with its next message.
      this.#news = false;
      throw error;
    }
  }

  #track(work: Promise<void>, onEnd: () => void): void {
    const { clock } = this.#pipes.deps;
    const tracked = work
      .catch((error: unknown) => {
        if (failureOf(error) === undefined) clock.report(error);
      })
      .then(() => {
        onEnd();
        this.#underWay.delete(tracked);
        this.#gatherMore();
      });
    this.#underWay.add(tracked);
  }

  /** Without a window always; else once a whole batch waits, or the window of the first message is over. */
  async #isBatchReady(): Promise<boolean> {
    if (this.#windowMs === 0) return true;
    const over = this.#windowOver;
    this.#windowOver = false;
    const waiting = over ? this.#batchSize : await this.#waiting();
    if (waiting >= this.#batchSize) {
      this.#window?.cancel();
      this.#window = undefined;
      return true;
    }
    if (waiting > 0 && this.#window === undefined) {
      const { clock } = this.#pipes.deps;
      this.#window = clock.at(clock.now() + this.#windowMs, () => {
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
      if (failureOf(error) === undefined) throw error;
      return 0;
    }
  }

  async #attribute(name: string): Promise<number> {
    const input = { QueueUrl: this.#queueUrl, AttributeNames: [name] };
    const answer = await this.#pipes.call("sqs", "GetQueueAttributes", input, this.#run.pipe);
    return Number((answer as { Attributes?: Record<string, string> }).Attributes?.[name] ?? 0);
  }

  async #receive(): Promise<SqsMessage[]> {
    const all: SqsMessage[] = [];
    while (all.length < this.#batchSize) {
      const asked = Math.min(mostInReceive, this.#batchSize - all.length);
      const answer = await this.#pipes.call(
        "sqs",
        "ReceiveMessage",
        {
          QueueUrl: this.#queueUrl,
          MaxNumberOfMessages: asked,
          WaitTimeSeconds: 0,
          MessageSystemAttributeNames: ["All"],
          MessageAttributeNames: ["All"],
        },
        this.#run.pipe,
      );
      const { Messages = [] } = answer as { Messages?: SqsMessage[] };
      all.push(...Messages);
      if (Messages.length < asked) break;
    }
    return all;
  }

  async #move(messages: readonly SqsMessage[]): Promise<void> {
    const passing: SqsSourceRecord[] = [];
    const dropped: SqsSourceRecord[] = [];
    for (const message of messages) {
      const record = sqsRecord(message, this.#run.pipe);
      (this.#run.passes(record) ? passing : dropped).push(record);
    }
    const { pipe } = this.#run;
    noteFiltered(this.#pipes, pipe, dropped);
    await this.#delete(dropped);
    for (const part of partsOf(passing)) {
      const { failed, failure } = await this.#run.execute(part);
      const through = part.filter((_, place) => !failed.has(place));
      noteDelivered(this.#pipes, pipe, through);
      if (failure !== undefined) {
        // What failed comes back by its visibility timeout, unless the queue's own redrive policy takes it away.
        const nextMs = this.#pipes.now + (await this.#visibilityMs());
        for (const place of failed) noteFailed(this.#pipes, pipe, part[place] as SqsSourceRecord, failure, nextMs);
      }
      await this.#delete(through);
    }
  }

  async #delete(records: readonly SqsSourceRecord[]): Promise<void> {
    for (let from = 0; from < records.length; from += mostInReceive) {
      const Entries = records
        .slice(from, from + mostInReceive)
        .map(({ receiptHandle }, i) => ({ Id: String(i), ReceiptHandle: receiptHandle }));
      try {
        const input = { QueueUrl: this.#queueUrl, Entries };
        await this.#pipes.call("sqs", "DeleteMessageBatch", input, this.#run.pipe);
      } catch (error) {
        // The queue was deleted with its messages.
        if (failureOf(error) === undefined) throw error;
      }
    }
  }
}

function* partsOf(records: readonly SqsSourceRecord[]): Iterable<SqsSourceRecord[]> {
  let part: SqsSourceRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    if (part.length > 0 && bytes + record.size > mostPayloadBytes) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(record);
    bytes += record.size;
  }
  if (part.length > 0) yield part;
}
