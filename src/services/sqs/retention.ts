/** What a queue deletes as time passes, whether or not anybody reads it. */
import { Sweep } from "../../engine/sweep.ts";
import type { Sqs } from "./sqs.ts";
import {
  type DeduplicationRow,
  type DeletedQueueRow,
  isInFlight,
  type MessageRow,
  type QueueRow,
  type ReceiveAttemptRow,
} from "./tables.ts";

/** How long the name of a deleted queue cannot be reused, with `--strict`. */
const deletedMs = 60_000;

export class Retention {
  /** By queue: messages past their retention. */
  readonly messages: Sweep<MessageRow>;
  /** By queue: expired deduplication ids. */
  readonly deduplications: Sweep<DeduplicationRow>;
  /** By queue: expired receive attempts. */
  readonly receiveAttempts: Sweep<ReceiveAttemptRow>;
  /** Names of deleted queues, under `""`. */
  readonly deletedQueues: Sweep<DeletedQueueRow>;
  readonly #sqs: Sqs;

  constructor(sqs: Sqs) {
    this.#sqs = sqs;
    const { store, clock } = sqs.deps;
    const { messages, deduplications, receiveAttempts, deletedQueues } = sqs;
    this.messages = new Sweep(store, clock, {
      first: (queue) => messages.by.sent.first(queue),
      endMs: (message) => this.#endMs(message),
      drop: (message) => this.#drop(message),
      keys: () => messages.by.sent.groups(),
    });
    this.deduplications = new Sweep(store, clock, {
      first: (queue) => deduplications.by.expiry.first(queue),
      endMs: (row) => row.expiresMs,
      drop: (row) => deduplications.delete(row.key),
      keys: () => deduplications.by.expiry.groups(),
    });
    this.receiveAttempts = new Sweep(store, clock, {
      first: (queue) => receiveAttempts.by.expiry.first(queue),
      endMs: (row) => row.expiresMs,
      drop: (row) => receiveAttempts.delete(row.key),
      keys: () => receiveAttempts.by.expiry.groups(),
    });
    this.deletedQueues = new Sweep(store, clock, {
      first: (key) => deletedQueues.by.deleted.first(key),
      endMs: (row) => row.deletedMs + deletedMs,
      drop: (row) => deletedQueues.delete(row.arn),
      keys: () => deletedQueues.by.deleted.groups(),
    });
  }

  /** Call it when a message has arrived in a queue, in whatever way, or the queue's retention was changed. */
  expect(queue: QueueRow, sentMs: number): void {
    this.messages.expect(queue.arn, sentMs + retentionMs(queue));
  }

  /** A message of a deleted queue has already expired. */
  #endMs(message: MessageRow): number {
    const queue = this.#sqs.queues.get(message.queue);
    return queue === undefined ? 0 : message.sentMs + retentionMs(queue);
  }

  #drop(message: MessageRow): void {
    const queue = this.#sqs.queues.get(message.queue);
    // Before the backlog is found to be used up: they belong to it already.
    if (queue !== undefined) this.#sqs.endDelays(queue, this.#sqs.now);
    const endMs = this.#endMs(message);
    this.#sqs.noteGone(message.queue, "expired", [message], 1);
    this.#sqs.deleteMessage(message);
    if (isInFlight(message)) this.#sqs.fairness.endedEarlier(message, Math.min(message.availableMs, endMs));
  }
}

export function retentionMs(queue: QueueRow): number {
  return queue.numbers.MessageRetentionPeriod * 1000;
}
