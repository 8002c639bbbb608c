/** Purges of large queues, some messages at a time: as on AWS, what was sent before is gone a little later. */
import type { Sqs } from "./sqs.ts";
import type { QueueRow } from "./tables.ts";

const timerKind = "sqs.purge";
/** Messages removed in one step: a few milliseconds. Queues with no more of them are purged at once. */
const messagesPerStep = 1_000;

export class Purges {
  readonly #sqs: Sqs;

  constructor(sqs: Sqs) {
    this.#sqs = sqs;
    sqs.deps.timers.on(timerKind, ({ payload }) => {
      const { queue, below } = payload as { queue: string; below: number };
      this.#step(queue, below);
    });
  }

  /** Removes all messages the queue has now. Inside a transaction. */
  begin(queue: QueueRow): void {
    if (this.#sqs.messages.by.sent.size(queue.arn) <= messagesPerStep) this.#sqs.clearQueue(queue.arn);
    else this.#goOn(queue, this.#sqs.deps.store.nextSerial());
  }

  /** A queue that is deleted has nothing left to purge. Inside a transaction. */
  forget(queueArn: string): void {
    this.#sqs.deps.timers.cancel(`${timerKind} ${queueArn}`);
  }

  #goOn({ arn, account }: QueueRow, below: number): void {
    this.#sqs.deps.timers.schedule({
      id: `${timerKind} ${arn}`,
      account,
      dueMs: this.#sqs.now,
      kind: timerKind,
      payload: { queue: arn, below },
    });
  }

  #step(arn: string, below: number): void {
    const queue = this.#sqs.queues.get(arn);
    if (queue === undefined) return;
    let left = messagesPerStep;
    for (const message of this.#sqs.messages.by.sent.range(arn)) {
      // Sent since, or moved here since.
      if (message.serial > below) continue;
      if (left === 0) {
        this.#goOn(queue, below);
        return;
      }
      this.#sqs.deleteMessage(message);
      left -= 1;
    }
  }
}
