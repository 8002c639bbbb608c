/**
 * Which tenants of a standard queue are noisy (SQS developer guide: how fair queues work). What is known of their past
 * lives in memory alone, so after a restart processing time is counted anew.
 */
import type { Clock } from "../../engine/clock.ts";
import type { Table } from "../../engine/table.ts";
import { ProcessingTime } from "./processing-time.ts";
import { groupKey, isFifo, type MessageRow, type messageTable } from "./tables.ts";

export type Messages = Table<MessageRow, keyof typeof messageTable.indexes & string>;

/** A tenant is noisy with more than this share of all messages in flight or of the recent processing time … */
const noisyShare = 0.1;
/** … of those in flight with at least so many of its own … */
const noisyInFlight = 30;
/** … and no longer once it has sent nothing for so long. */
const silentMs = 5 * 60_000;

interface Tenant {
  readonly time: ProcessingTime;
  /** When it sent its latest message. */
  sentMs: number;
}

interface WatchedQueue {
  readonly time: ProcessingTime;
  /** Tenants with a backlog: with its end their past is forgotten, so there are no more than rows in the store. */
  readonly tenants: Map<string, Tenant>;
}

export class Fairness {
  readonly #clock: Clock;
  readonly #messages: Messages;
  /** Queues that had a tenant. */
  readonly #queues = new Map<string, WatchedQueue>();

  constructor(clock: Clock, messages: Messages) {
    this.#clock = clock;
    this.#messages = messages;
  }

  /**
   * To be called before a message is put or deleted: the numbers in flight are those of the time that has passed, so
   * what is counted stays right when the transaction is undone.
   */
  beforeChange({ queue, group, sentMs, availableMs }: MessageRow): void {
    if (group === undefined && this.#queues.size === 0) return;
    let watched = this.#queues.get(queue);
    if (!watched && (group === undefined || isFifo(queue))) return;
    const now = this.#clock.now();
    if (!watched) {
      watched = { time: new ProcessingTime(now), tenants: new Map() };
      this.#queues.set(queue, watched);
    }
    watched.time.pass(this.#messages.by.inFlight.size(queue), now);
    if (group === undefined) return;
    const { by } = this.#messages;
    const key = groupKey(queue, group);
    const tenant = watched.tenants.get(group);
    if (tenant) {
      tenant.time.pass(by.inFlightOfTenant.size(key), now);
      tenant.sentMs = Math.max(tenant.sentMs, sentMs);
    } else if (availableMs === 0 || by.inGroup.size(key) > 0) {
      const newest: MessageRow | undefined = by.inGroup.range(key, { reverse: true }).next().value;
      watched.tenants.set(group, {
        time: new ProcessingTime(now),
        sentMs: Math.max(newest?.sentMs ?? sentMs, sentMs),
      });
    }
  }

  /**
   * To be called after the change of a message that nobody had looked at since it left its flight, by the end of its
   * visibility timeout or of its retention.
   */
  endedEarlier({ queue, group }: MessageRow, endMs: number): void {
    const watched = this.#queues.get(queue);
    if (!watched) return;
    watched.time.endedEarlier(endMs);
    if (group !== undefined) watched.tenants.get(group)?.time.endedEarlier(endMs);
  }

  inFlight(queue: string, group: string): number {
    return this.#messages.by.inFlightOfTenant.size(groupKey(queue, group));
  }

  isNoisy(queue: string, group: string): boolean {
    const now = this.#clock.now();
    const watched = this.#queues.get(queue);
    const tenant = watched?.tenants.get(group);
    if (tenant && now - tenant.sentMs >= silentMs) return false;
    const own = this.inFlight(queue, group);
    const all = this.#messages.by.inFlight.size(queue);
    if (own >= noisyInFlight && own > all * noisyShare) return true;
    if (!watched || !tenant) return false;
    watched.time.pass(all, now);
    tenant.time.pass(own, now);
    return tenant.time.recentMs > watched.time.recentMs * noisyShare;
  }

  /** Forgets the past of a tenant whose backlog is used up. */
  forgetTenant(queue: string, group: string): void {
    this.#queues.get(queue)?.tenants.delete(group);
  }

  forgetQueue(queue: string): void {
    this.#queues.delete(queue);
  }

  /** Forgets all queues, or those of one account. */
  reset(account?: string): void {
    for (const queue of this.#queues.keys()) {
      if (account === undefined || queue.split(":")[4] === account) this.#queues.delete(queue);
    }
  }
}
