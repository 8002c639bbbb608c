import type { QueueName } from "./clients.ts";

/** What was answered for and has to come to pass, what has, and how often each thing happened. */
export class Ledger {
  readonly counts: Record<string, number> = {};
  /** Answers so far. */
  answers = 0;
  /** By the queue in which it has to come out. */
  readonly owed = new Map<QueueName, Set<string>>();
  /** Messages whose deletion was answered for. */
  readonly deleted = new Set<string>();
  /** Messages somebody has received to delete, and did not live to hear the answer: there or not. */
  readonly inDoubt = new Set<string>();
  /** FIFO: how far each group was sent and received. */
  readonly lastSent = new Map<string, number>();
  readonly lastReceived = new Map<string, number>();
  /** Records of the stream that have to be there, and those that were read. */
  readonly records = new Set<string>();
  readonly sequences = new Map<string, string>();
  /** Executions that have to end. */
  readonly executions = new Set<string>();
  /** Functions that have to be there, with the digest of their code, and those whose deletion was answered for. */
  readonly functions = new Map<string, string>();
  readonly goneFunctions = new Set<string>();
  #next = 0;

  newId(kind: string): string {
    this.#next += 1;
    return `${kind}-${this.#next}`;
  }

  count(what: string, times = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + times;
  }

  owe(queue: QueueName, id: string): void {
    this.count(queue);
    // Another client may have received and deleted it before its sender heard that it was sent.
    if (this.deleted.has(id)) return;
    let ids = this.owed.get(queue);
    if (ids === undefined) {
      ids = new Set();
      this.owed.set(queue, ids);
    }
    ids.add(id);
  }
}
