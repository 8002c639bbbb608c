/**
 * Receives that wait. A poll is answered as soon as a message can be received, for whatever reason: a send, a group
 * that is unblocked, or a visibility timeout or delay that ends.
 */
import type { Timer } from "../../engine/clock.ts";
import { clearTimeout, setTimeout } from "../../engine/real-time.ts";
import type { GivenMessage } from "./contents.ts";
import type { Sqs } from "./sqs.ts";
import { isFifo } from "./tables.ts";

/**
 * Real time after which a wait on a clock that stands still is reported; a test that moves the clock does so sooner.
 */
const patienceMs = 2000;

interface Poll {
  /** Tries to receive, in a transaction; an empty answer means to keep waiting. */
  readonly attempt: () => GivenMessage[];
  readonly finish: (messages: GivenMessage[] | Error) => void;
}

interface WaitingQueue {
  readonly polls: Set<Poll>;
  /** Armed for the next message of the queue that becomes available as time passes. */
  alarm: Timer | undefined;
  /** How often messages of the queue were changed, and the change at which the polls were last tried. */
  touches: number;
  checked: number;
  /** The polls are being tried: changes made by their own receives must not start another round inside the first. */
  looking: boolean;
}

export class LongPolls {
  readonly #sqs: Sqs;
  readonly #queues = new Map<string, WaitingQueue>();
  #stopped = false;
  #announced = false;

  constructor(sqs: Sqs) {
    this.#sqs = sqs;
    sqs.deps.arrivals.onFirstReader((source) => {
      if (source.split(":")[2] === "sqs") this.#arm(source, this.#waiting(source));
    });
  }

  /**
   * Waits up to `waitMs` for `attempt` to find messages; returns none when the time is up, the client is gone or the
   * emulator stops.
   */
  wait(queueArn: string, waitMs: number, signal: AbortSignal, attempt: () => GivenMessage[]): Promise<GivenMessage[]> {
    if (this.#stopped || signal.aborted) return Promise.resolve([]);
    const waiting = this.#waiting(queueArn);
    return new Promise((resolve, reject) => {
      const { clock } = this.#sqs.deps;
      const poll: Poll = {
        attempt,
        finish: (result) => {
          deadline.cancel();
          if (patience !== undefined) clearTimeout(patience);
          signal.removeEventListener("abort", leave);
          waiting.polls.delete(poll);
          this.#forget(queueArn, waiting);
          if (result instanceof Error) reject(result);
          else resolve(result);
        },
      };
      const leave = () => poll.finish([]);
      const deadline = clock.at(clock.now() + waitMs, leave);
      const patience =
        clock.mode === "virtual" && !this.#announced
          ? setTimeout(() => this.#announce(queueArn), patienceMs).unref()
          : undefined;
      signal.addEventListener("abort", leave);
      waiting.polls.add(poll);
      this.#arm(queueArn, waiting);
    });
  }

  /** Called inside a transaction that has changed a message of the queue. */
  touched(queueArn: string): void {
    if (this.#queues.size === 0) return;
    const waiting = this.#queues.get(queueArn);
    if (!waiting) return;
    waiting.touches += 1;
    const touch = waiting.touches;
    // One round serves all changes of a transaction. What is undone never gets here, so nothing may wait for it.
    this.#sqs.deps.store.afterCommit(() => {
      if (waiting.checked < touch) this.#check(queueArn, waiting);
    });
  }

  /** Ends every poll with an empty answer, or those on an account's queues. */
  endAll(account?: string): void {
    for (const [arn, { polls }] of [...this.#queues]) {
      if (account !== undefined && arn.split(":")[4] !== account) continue;
      for (const poll of [...polls]) poll.finish([]);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.endAll();
  }

  /** Reports once what would otherwise look like a test that hangs. */
  #announce(queueArn: string): void {
    if (this.#announced) return;
    this.#announced = true;
    this.#sqs.deps.onNotice(
      `A receive with WaitTimeSeconds waits for a message of ${queueArn}, and the clock is virtual: no time passes until somebody moves it, so the wait ends when a message is sent or the clock is moved.`,
    );
  }

  #waiting(queueArn: string): WaitingQueue {
    let waiting = this.#queues.get(queueArn);
    if (!waiting) {
      waiting = { polls: new Set(), alarm: undefined, touches: 0, checked: 0, looking: false };
      this.#queues.set(queueArn, waiting);
    }
    return waiting;
  }

  #check(queueArn: string, waiting: WaitingQueue): void {
    if (waiting.looking) return;
    waiting.looking = true;
    do {
      waiting.checked = waiting.touches;
      this.#look(waiting);
    } while (waiting.checked < waiting.touches && waiting.polls.size > 0);
    waiting.looking = false;
    const { arrivals } = this.#sqs.deps;
    if (arrivals.hasReader(queueArn)) {
      this.#settle(queueArn);
      if (this.#hasVisible(queueArn)) this.#sqs.deps.store.afterDurable(() => arrivals.notify(queueArn));
      this.#arm(queueArn, waiting);
    } else if (waiting.polls.size > 0) this.#arm(queueArn, waiting);
    else this.#forget(queueArn, waiting);
  }

  /** Serves the oldest poll first; if it finds nothing, neither will the others. */
  #look(waiting: WaitingQueue): void {
    for (const poll of [...waiting.polls]) {
      if (!waiting.polls.has(poll)) continue;
      let messages: GivenMessage[];
      try {
        messages = this.#sqs.deps.store.transaction(poll.attempt);
      } catch (error) {
        poll.finish(error as Error);
        continue;
      }
      if (messages.length === 0) return;
      poll.finish(messages);
    }
  }

  /** Forgets a queue without polls. */
  #forget(queueArn: string, waiting: WaitingQueue): void {
    if (waiting.polls.size > 0 || this.#sqs.deps.arrivals.hasReader(queueArn)) return;
    waiting.alarm?.cancel();
    this.#queues.delete(queueArn);
  }

  /** Makes messages available that are due, so that the next alarm is for later even if no reader takes them now. */
  #settle(queueArn: string): void {
    if (this.#nextMs(queueArn) > this.#sqs.now) return;
    const queue = this.#sqs.queues.get(queueArn);
    if (queue) this.#sqs.deps.store.transaction(() => this.#sqs.settle(queue, this.#sqs.now));
  }

  #hasVisible(queueArn: string): boolean {
    const { by } = this.#sqs.messages;
    if (this.#sqs.purges.isRunning(queueArn)) return false;
    return by.sent.size(queueArn) > by.inFlight.size(queueArn) + by.delayed.size(queueArn);
  }

  /** When the next message becomes available as time passes; infinite when none does. */
  #nextMs(queueArn: string): number {
    const { by } = this.#sqs.messages;
    const delayed = by.delayed.first(queueArn)?.availableMs ?? Number.POSITIVE_INFINITY;
    const inFlight = by.inFlight.first(queueArn)?.availableMs ?? Number.POSITIVE_INFINITY;
    return Math.min(delayed, inFlight, this.#nextExpiry(queueArn));
  }

  #arm(queueArn: string, waiting: WaitingQueue): void {
    const next = this.#nextMs(queueArn);
    waiting.alarm?.cancel();
    waiting.alarm =
      next === Number.POSITIVE_INFINITY
        ? undefined
        : this.#sqs.deps.clock.at(next, () => this.#check(queueArn, waiting));
  }

  /** On FIFO a message whose retention ends while it is in flight unblocks its group. */
  #nextExpiry(queueArn: string): number {
    const queue = isFifo(queueArn) ? this.#sqs.queues.get(queueArn) : undefined;
    const oldest = queue && this.#sqs.messages.by.sent.first(queueArn);
    return oldest ? oldest.sentMs + queue.numbers.MessageRetentionPeriod * 1000 : Number.POSITIVE_INFINITY;
  }
}
