/** Empties queues that hold too much for one turn of the event loop. */
import type { Table } from "../../engine/table.ts";
import type { Sqs } from "./sqs.ts";
import { accountOf, type PurgeRow, purgeTable } from "./tables.ts";

/** Up to this many messages are deleted at once. */
const maxAtOnce = 1000;
/** Messages deleted between two looks at the time. */
const maxInARow = 50;
/** The wait before the next try after a failure; all tries fail while the disk refuses writes. */
const retryMs = 1000;

/**
 * A queue that is being purged returns and counts nothing until the last message from before the purge is deleted, so
 * nobody sees it partly purged; messages sent meanwhile appear then. The purge is a row, so a restart continues it.
 */
export class Purges {
  readonly #sqs: Sqs;
  readonly #rows: Table<PurgeRow, never>;

  constructor(sqs: Sqs) {
    this.#sqs = sqs;
    this.#rows = sqs.deps.store.table(purgeTable);
    for (const { queue } of this.#rows.values()) this.#goOn(queue);
  }

  isRunning(queueArn: string): boolean {
    return this.#rows.size > 0 && this.#rows.has(queueArn);
  }

  /** Deletes every message of a queue with everything remembered about them. In a transaction. */
  begin(queueArn: string): void {
    const { messages, receiveAttempts, deps } = this.#sqs;
    for (const row of receiveAttempts.by.expiry.range(queueArn)) receiveAttempts.delete(row.key);
    const isRunning = this.isRunning(queueArn);
    const count = messages.by.sent.size(queueArn);
    if (count > 0 && !isRunning) this.#sqs.noteGone(queueArn, "purged", messages.by.sent.range(queueArn), count);
    this.#rows.put({ queue: queueArn, account: accountOf(queueArn), before: deps.store.nextSerial() });
    if (count <= maxAtOnce) this.#step(queueArn, () => false);
    else if (!isRunning) deps.store.afterCommit(() => this.#goOn(queueArn));
  }

  #goOn(queueArn: string): void {
    const { clock, store } = this.#sqs.deps;
    const { turns } = clock;
    const next = (): void => {
      try {
        store.transaction(() => this.#step(queueArn, () => turns.spent));
      } catch (error) {
        clock.report(error);
        clock.at(clock.now() + retryMs, () => turns.soon(next));
        return;
      }
      if (this.isRunning(queueArn)) turns.soon(next);
    };
    turns.soon(next);
  }

  /** Deletes messages until the time is up, or none is left, which ends the purge. */
  #step(queueArn: string, isOver: () => boolean): void {
    const { messages, deduplications, longPolls } = this.#sqs;
    const before = this.#rows.get(queueArn)?.before;
    if (before === undefined) return;
    let count = 0;
    const mustRest = () => {
      count += 1;
      return count % maxInARow === 0 && isOver();
    };
    for (const message of messages.by.sent.range(queueArn)) {
      if (message.serial > before) continue;
      this.#sqs.deleteMessage(message);
      if (mustRest()) return;
    }
    for (const row of deduplications.by.expiry.range(queueArn)) {
      if (row.serial > before) continue;
      deduplications.delete(row.key);
      if (mustRest()) return;
    }
    this.#rows.delete(queueArn);
    longPolls.touched(queueArn);
  }
}
