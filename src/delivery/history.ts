/** What became of deliveries and messages: the latest of each outcome, and totals. */

import type { Notes } from "../calls/notes.ts";
import { isoTime } from "../engine/iso-time.ts";
import { withoutSecrets } from "../outside/secrets.ts";
import { LostMessages } from "./lost-messages.ts";
import type { DeliveryNews } from "./news.ts";
import { OwnAttempts } from "./own-attempts.ts";
import { RecentlyDelivered, recordsOf, type Taken, type TakenAll } from "./recently-delivered.ts";
import { newestOf } from "./records.ts";
import {
  type DeliveryEnd,
  type DeliveryFilter,
  type DeliveryRecord,
  type DeliveryStatus,
  deliveryStatuses,
  type Gone,
  type KeptDelivery,
  type Lost,
  type OwnAttempt,
} from "./types.ts";

const kept = 1000;

export type DeliveryCounts = Record<DeliveryStatus, number>;

export class History {
  readonly #delivered = new RecentlyDelivered(kept);
  readonly #lost = new LostMessages();
  readonly #own = new OwnAttempts();
  readonly #notes: Notes;
  #counts = noCounts();
  readonly #watchers = new Set<(news: DeliveryNews) => void>();

  /** Calls the watcher for each delivery that ends until the returned function is called. */
  watch(watcher: (news: DeliveryNews) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #tell(records: Iterable<DeliveryNews>): void {
    for (const { id, account, region, service, source, target, kind, status, reason } of records) {
      const told = { source, target: withoutSecrets(target), reason: reason && withoutSecrets(reason) };
      for (const watcher of this.#watchers) watcher({ id, account, region, service, kind, status, ...told });
    }
  }

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** Adds a delivery that succeeded at once, at the first attempt. */
  addTaken(taken: Taken): void {
    this.#counts.delivered += 1;
    this.#delivered.add(taken);
    if (this.#watchers.size > 0) this.#tell(recordsOf(taken));
  }

  /**
   * Adds a successful attempt by a service that retries by itself, only because a policy objects to it: the record
   * carries the remark.
   */
  addNoted({ id, account, region, service, source, target, kind }: Omit<Taken, "acceptedMs">, timeMs: number): void {
    this.#delivered.add({ id, account, region, service, source, target, kind, acceptedMs: timeMs });
  }

  /** Adds the deliveries of a fan-out that succeeded at once, at the first attempt. */
  addTakenAll(taken: TakenAll): void {
    this.#counts.delivered += taken.ids.length - taken.failures.size;
    this.#delivered.add(taken);
    if (this.#watchers.size > 0) this.#tell(recordsOf(taken));
  }

  addDelivered(record: KeptDelivery): void {
    this.#counts.delivered += 1;
    this.#delivered.add(record);
    if (this.#watchers.size > 0) this.#tell([record]);
  }

  countFailed({ delivery, failure }: DeliveryEnd): void {
    this.#counts.failed += 1;
    const reason = failure === undefined ? undefined : `${failure.code}: ${failure.message}`;
    if (this.#watchers.size > 0) this.#tell([{ ...delivery, status: "failed", reason }]);
  }

  addLost(lost: Lost, timeMs: number): void {
    this.#counts[lost.status] += lost.count;
    this.#lost.add(lost, timeMs);
  }

  addGone(gone: Gone, timeMs: number): void {
    this.#counts[gone.status] += gone.count;
    this.#lost.addGone(gone, timeMs);
    const { source, reason, messageIds, status } = gone;
    this.#counts.failed += this.#own.left(source, status === "purged" ? undefined : messageIds, `${reason}.`);
  }

  /**
   * Adds a failed attempt by a service that retries by itself.
   * @param nextMs time of the next attempt; undefined when there is none.
   */
  ownFailed(attempt: OwnAttempt, code: string, message: string, timeMs: number, nextMs: number | undefined): void {
    if (this.#own.failed(attempt, code, message, timeMs, nextMs)) this.#counts.failed += 1;
  }

  /** Notes that an attempt succeeded after failures; those that never failed have no record. */
  ownSucceeded(key: string, timeMs: number): void {
    const record = this.#own.succeeded(key, timeMs);
    if (record !== undefined) this.addDelivered(record);
  }

  /** Whether any attempt by a service that retries by itself has failed, as far as is remembered. */
  get hasOwnFailures(): boolean {
    return !this.#own.isEmpty;
  }

  /** Whether somebody still retries a message of this queue. */
  awaits(queue: string): boolean {
    return this.#own.awaits(queue);
  }

  /** Notes that messages have left their queue, which ends all retries of them. */
  addLeft(queue: string, ids: readonly string[], reason: string): void {
    this.#counts.failed += this.#own.left(queue, ids, reason);
  }

  /** Notes that a source that retried by itself is gone. */
  addGivenUp(source: string, reason: string): void {
    this.#counts.failed += this.#own.givenUp(source, reason);
  }

  /**
   * How many deliveries and messages ended in which way since the start or the last reset.
   * @param pending how many are waiting.
   */
  counts(pending: number): DeliveryCounts {
    return { ...this.#counts, pending: pending + this.#own.pending };
  }

  /** Forgets everything, or what belongs to one account; counts remain until everything is forgotten. */
  clear(account: string | undefined): void {
    const keep = account === undefined ? undefined : (record: { account: string }) => record.account !== account;
    this.#delivered.clear(keep);
    this.#lost.clear(keep);
    this.#own.clear(keep);
    if (account === undefined) this.#counts = noCounts();
  }

  /** The records that match the filter, newest first, from here and from the outbox. */
  list(filter: DeliveryFilter, ...outbox: readonly Iterator<KeptDelivery>[]): DeliveryRecord[] {
    const found: DeliveryRecord[] = [];
    const notes = this.#notes.byId();
    const limit = filter.limit ?? 100;
    const kept = [this.#delivered.newestFirst(), this.#lost.newestFirst(filter), this.#own.newestFirst()];
    const sources = [...outbox, ...kept];
    for (const record of newestOf(sources)) {
      if (filter.account !== undefined && record.account !== filter.account) continue;
      if (filter.source !== undefined && record.source !== filter.source) continue;
      if (filter.target !== undefined && record.target !== filter.target) continue;
      if (filter.status !== undefined && record.status !== filter.status) continue;
      found.push(shown(record, notes.get(record.id)));
      if (found.length === limit) break;
    }
    return found;
  }
}

/** A record without secrets in its target or in its reasons for failure. */
function shown(kept: KeptDelivery, policy: string | undefined): DeliveryRecord {
  const { target, reason, attempts, acceptedMs, nextAttemptMs, ...record } = kept;
  return {
    ...record,
    acceptedAt: isoTime(acceptedMs),
    nextAttemptAt: nextAttemptMs === undefined ? undefined : isoTime(nextAttemptMs),
    ...(policy === undefined ? {} : { policy }),
    target: withoutSecrets(target),
    reason: reason === undefined ? undefined : withoutSecrets(reason),
    attempts: attempts.map(({ timeMs, message, ...attempt }) => ({
      time: isoTime(timeMs),
      ...attempt,
      ...(message === undefined ? {} : { message: withoutSecrets(message) }),
    })),
  };
}

function noCounts(): DeliveryCounts {
  return Object.fromEntries(deliveryStatuses.map((status) => [status, 0])) as DeliveryCounts;
}
