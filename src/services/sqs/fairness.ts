/**
 * Which tenants of a standard queue are noisy (SQS developer guide: how fair queues work). What is known of their past
 * lives in memory alone, so after a restart processing time is counted from zero.
 */
import type { Clock } from "../../engine/clock.ts";
import type { Store } from "../../engine/store.ts";
import type { Table } from "../../engine/table.ts";
import { ProcessingTime } from "./processing-time.ts";
import { groupKey, isFifo, type MessageRow, type messageTable } from "./tables.ts";

export type Messages = Table<MessageRow, keyof typeof messageTable.indexes & string, number>;

/** A tenant is noisy with more than this share of all messages in flight or of the recent processing time … */
const noisyShare = 0.1;
/** … of those in flight with at least so many of its own … */
const noisyInFlight = 30;
/** … and no longer once it has sent nothing for so long. */
const silentMs = 5 * 60_000;

interface Tenant {
  /** Since its backlog began; undefined while it has none. */
  time: ProcessingTime | undefined;
  /** When its latest message came; a delayed one comes when its delay ends. */
  cameMs: number;
}

interface WatchedQueue {
  readonly time: ProcessingTime;
  /** Up to when flights that had ended unseen have been taken back, whether or not that transaction was undone. */
  landedMs: number;
  /** Tenants with messages that are available or in flight, so there are no more than rows in the store. */
  readonly tenants: Map<string, Tenant>;
}

export class Fairness {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #messages: Messages;
  /** Queues that had a tenant. */
  readonly #queues = new Map<string, WatchedQueue>();

  constructor(store: Store, clock: Clock, messages: Messages) {
    this.#store = store;
    this.#clock = clock;
    this.#messages = messages;
  }

  /**
   * To be called before a message is put or deleted: the numbers in flight are those of the time that has passed, so
   * what is counted stays right when the transaction is undone.
   */
  beforeChange({ queue, group, sentMs, availableMs, delayed }: MessageRow): void {
    if (group === undefined && this.#queues.size === 0) return;
    let watched = this.#queues.get(queue);
    if (!watched && (group === undefined || isFifo(queue))) return;
    const now = this.#clock.now();
    if (!watched) {
      watched = { time: new ProcessingTime(now), landedMs: now, tenants: new Map() };
      this.#queues.set(queue, watched);
    }
    watched.time.pass(this.#messages.by.inFlight.size(queue), now);
    if (group === undefined) return;
    const { by } = this.#messages;
    const key = groupKey(queue, group);
    const inFlight = by.inFlightOfTenant.size(key);
    const hasBacklog = by.inGroup.size(key) > 0;
    let tenant = watched.tenants.get(group);
    if (!tenant) {
      if (availableMs > 0 && !hasBacklog && inFlight === 0) return;
      const newest: MessageRow | undefined = by.inGroup.range(key, { reverse: true }).next().value;
      tenant = { time: undefined, cameMs: newest?.sentMs ?? sentMs };
      watched.tenants.set(group, tenant);
    }
    tenant.time?.pass(inFlight, now);
    if (tenant.time === undefined && (availableMs === 0 || hasBacklog)) {
      this.#store.afterCommit(() => this.#backlogBegan(queue, group));
    }
    if (!delayed) tenant.cameMs = Math.max(tenant.cameMs, sentMs);
  }

  /** To be called after a message became available whose delay ended then. */
  delayEnded({ queue, group }: MessageRow, endMs: number): void {
    const tenant = group === undefined ? undefined : this.#queues.get(queue)?.tenants.get(group);
    if (tenant) tenant.cameMs = Math.max(tenant.cameMs, endMs);
  }

  /**
   * Takes back what was counted of a flight after its end, by the end of its visibility timeout or of its retention. To be
   * called after the message's change.
   */
  endedEarlier({ queue, group }: MessageRow, endMs: number): void {
    const watched = this.#queues.get(queue);
    if (!watched) return;
    const fromMs = Math.max(endMs, watched.landedMs);
    watched.time.endedEarlier(fromMs);
    if (group !== undefined) watched.tenants.get(group)?.time?.endedEarlier(fromMs);
  }

  /** To be called when all flights that have ended by now were taken back. */
  landed(queue: string, now: number): void {
    const watched = this.#queues.get(queue);
    if (watched) watched.landedMs = now;
  }

  inFlight(queue: string, group: string): number {
    return this.#messages.by.inFlightOfTenant.size(groupKey(queue, group));
  }

  isNoisy(queue: string, group: string): boolean {
    const now = this.#clock.now();
    const watched = this.#queues.get(queue);
    const tenant = watched?.tenants.get(group);
    if (tenant && now - tenant.cameMs >= silentMs) return false;
    const own = this.inFlight(queue, group);
    const all = this.#messages.by.inFlight.size(queue);
    if (own >= noisyInFlight && own > all * noisyShare) return true;
    if (!watched || !tenant?.time) return false;
    watched.time.pass(all, now);
    tenant.time.pass(own, now);
    return tenant.time.recentMs > watched.time.recentMs * noisyShare;
  }

  /** Whether there is anything to forget of a tenant. */
  knows(queue: string, group: string): boolean {
    return this.#queues.get(queue)?.tenants.has(group) ?? false;
  }

  /** Forgets the past of a tenant whose backlog is used up, and all of it when nothing is in flight either. */
  backlogEnded(queue: string, group: string): void {
    const { by } = this.#messages;
    const key = groupKey(queue, group);
    const tenants = this.#queues.get(queue)?.tenants;
    const tenant = tenants?.get(group);
    if (!tenants || !tenant || by.inGroup.size(key) > 0) return;
    if (by.inFlightOfTenant.size(key) > 0) tenant.time = undefined;
    else tenants.delete(group);
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

  /** After the commit: what is undone begins no backlog. */
  #backlogBegan(queue: string, group: string): void {
    const tenant = this.#queues.get(queue)?.tenants.get(group);
    if (!tenant || this.#messages.by.inGroup.size(groupKey(queue, group)) === 0) return;
    tenant.time ??= new ProcessingTime(this.#clock.now());
  }
}
