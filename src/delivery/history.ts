/** What became of deliveries and messages, to be looked at: the last of each outcome, and how many there were in all. */

import { withoutSecrets } from "../outside/secrets.ts";
import { LostMessages } from "./lost-messages.ts";
import { RecentlyDelivered, type Taken, type TakenAll } from "./recently-delivered.ts";
import { newestOf, withAttempt } from "./records.ts";
import {
  type DeliveryFilter,
  type DeliveryRecord,
  type DeliveryStatus,
  deliveryStatuses,
  type Gone,
  type Lost,
  type OwnAttempt,
} from "./types.ts";

const kept = 1000;

export type DeliveryCounts = Record<DeliveryStatus, number>;

export class History {
  readonly #delivered = new RecentlyDelivered(kept);
  readonly #lost = new LostMessages();
  /** Of those who try again by themselves, by their keys, oldest first. */
  readonly #own = new Map<string, DeliveryRecord>();
  #counts = noCounts();

  /** One that was delivered at the first attempt, at once. */
  addTaken(taken: Taken): void {
    this.#counts.delivered += 1;
    this.#delivered.add(taken);
  }

  /** The deliveries of a fan-out that were delivered at the first attempt, at once. */
  addTakenAll(taken: TakenAll): void {
    this.#counts.delivered += taken.ids.length - taken.failures.size;
    this.#delivered.add(taken);
  }

  addDelivered(record: DeliveryRecord): void {
    this.#counts.delivered += 1;
    this.#delivered.add(record);
  }

  countFailed(): void {
    this.#counts.failed += 1;
  }

  addLost(lost: Lost, timeMs: number): void {
    this.#counts[lost.status] += lost.count;
    this.#lost.add(lost, timeMs);
  }

  addGone(gone: Gone, timeMs: number): void {
    this.#counts[gone.status] += gone.count;
    this.#lost.addGone(gone, timeMs);
  }

  /** Somebody's own attempt failed. @param nextMs when it is made again; undefined: never */
  ownFailed(attempt: OwnAttempt, code: string, message: string, timeMs: number, nextMs: number | undefined): void {
    const { key, ...order } = attempt;
    const before = this.#own.get(key);
    const tries = withAttempt(before ?? { attemptCount: 0, attempts: [] }, {
      timeMs,
      outcome: "failed",
      code,
      message,
    });
    this.#own.delete(key);
    const record: DeliveryRecord = {
      ...order,
      ...tries,
      id: key,
      status: nextMs === undefined ? "failed" : "pending",
      acceptedMs: before?.acceptedMs ?? timeMs,
      nextAttemptMs: nextMs,
      reason: `${code}: ${message}`,
    };
    if (nextMs === undefined) this.#counts.failed += 1;
    this.#own.set(key, record);
    if (this.#own.size > kept) this.#own.delete(this.#own.keys().next().value as string);
  }

  /** What had failed before got through; nothing is known of those that never failed. */
  ownSucceeded(key: string, timeMs: number): void {
    const before = this.#own.get(key);
    if (before?.status !== "pending") return;
    this.#own.delete(key);
    const tries = withAttempt(before, { timeMs, outcome: "delivered" });
    this.addDelivered({ ...before, ...tries, status: "delivered", nextAttemptMs: undefined, reason: undefined });
  }

  /** How many deliveries and messages came to each end since the start or the last reset. @param pending those that wait */
  counts(pending: number): DeliveryCounts {
    let own = 0;
    for (const { status } of this.#own.values()) if (status === "pending") own += 1;
    return { ...this.#counts, pending: pending + own };
  }

  /** Forgets everything, or what belongs to one account; counts stay until everything is forgotten. */
  clear(account: string | undefined): void {
    const keep = account === undefined ? undefined : (record: { account: string }) => record.account !== account;
    this.#delivered.clear(keep);
    this.#lost.clear(keep);
    for (const [key, record] of this.#own) if (keep?.(record) !== true) this.#own.delete(key);
    if (account === undefined) this.#counts = noCounts();
  }

  /** What the filter asks for, newest first, of what is kept here and of the outbox. */
  list(filter: DeliveryFilter, ...outbox: readonly Iterator<DeliveryRecord>[]): DeliveryRecord[] {
    const found: DeliveryRecord[] = [];
    const limit = filter.limit ?? 100;
    const own = [...this.#own.values()].sort((a, b) => b.acceptedMs - a.acceptedMs).values();
    const sources = [...outbox, this.#delivered.newestFirst(), this.#lost.newestFirst(filter), own];
    for (const record of newestOf(sources)) {
      if (filter.account !== undefined && record.account !== filter.account) continue;
      if (filter.source !== undefined && record.source !== filter.source) continue;
      if (filter.target !== undefined && record.target !== filter.target) continue;
      if (filter.status !== undefined && record.status !== filter.status) continue;
      found.push(shown(record));
      if (found.length === limit) break;
    }
    return found;
  }
}

/** A record without what is secret in its target or in the reasons of its failures. */
function shown(record: DeliveryRecord): DeliveryRecord {
  const { target, reason, attempts } = record;
  return {
    ...record,
    target: withoutSecrets(target),
    reason: reason === undefined ? undefined : withoutSecrets(reason),
    attempts: attempts.map((one) =>
      one.message !== undefined ? { ...one, message: withoutSecrets(one.message) } : one,
    ),
  };
}

function noCounts(): DeliveryCounts {
  return Object.fromEntries(deliveryStatuses.map((status) => [status, 0])) as DeliveryCounts;
}
