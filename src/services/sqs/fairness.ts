/**
 * Finds the noisy tenants of a standard queue (SQS developer guide: how fair queues work). Their past is only kept in
 * memory, so after a restart processing time is counted from zero.
 */
import type { Clock } from "../../engine/clock.ts";
import type { Store } from "../../engine/store.ts";
import type { Table } from "../../engine/table.ts";
import { ProcessingTime } from "./processing-time.ts";
import { groupKey, isFifo, type MessageRow, type messageTable } from "./tables.ts";

export type Messages = Table<MessageRow, keyof typeof messageTable.indexes & string, number>;

/** A tenant is noisy with more than this share of all messages in flight or of the recent processing time … */
const noisyShare = 0.1;
/** … in flight only with at least this many of its own … */
const noisyInFlight = 30;
/** … and until it has sent nothing for this long. */
const silentMs = 5 * 60_000;

interface Tenant {
  /** Since its backlog began; undefined while it has none. */
  time: ProcessingTime | undefined;
  /** When its latest message arrived; a delayed one arrives when its delay ends. */
  cameMs: number;
}

interface WatchedQueue {
  readonly time: ProcessingTime;
  /** The time up to which flights that ended unnoticed have been corrected, even if that transaction was undone. */
  landedMs: number;
  /** Tenants with messages that are available or in flight, so there are never more than rows in the store. */
  readonly tenants: Map<string, Tenant>;
}

export class Fairness {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #messages: Messages;
  /** Queues that have had a tenant. */
  readonly #queues = new Map<string, WatchedQueue>();

  constructor(store: Store, clock: Clock, messages: Messages) {
    this.#store = store;
    this.#clock = clock;
    this.#messages = messages;
  }

  /**
   * Call it before a message is put or deleted: the numbers in flight then belong to the time that has passed, so that
   * the count stays right when the transaction is undone.
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

  /** Call it after a message became available because its delay ended then. */
  delayEnded({ queue, group }: MessageRow, endMs: number): void {
    const tenant = group === undefined ? undefined : this.#queues.get(queue)?.tenants.get(group);
    if (tenant) tenant.cameMs = Math.max(tenant.cameMs, endMs);
  }

  /**
   * Corrects the time counted for a flight beyond its end, which is the end of its visibility timeout or of its
   * retention. Call it after the message has changed.
   */
  endedEarlier({ queue, group }: MessageRow, endMs: number): void {
    const watched = this.#queues.get(queue);
    if (!watched) return;
    const fromMs = Math.max(endMs, watched.landedMs);
    watched.time.endedEarlier(fromMs);
    if (group !== undefined) watched.tenants.get(group)?.time?.endedEarlier(fromMs);
  }

  /** Call it when all flights that have ended by now were corrected. */
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

  /** Whether anything is remembered of a tenant. */
  knows(queue: string, group: string): boolean {
    return this.#queues.get(queue)?.tenants.has(group) ?? false;
  }

  /** Forgets the past of a tenant whose backlog is used up, and everything when nothing is in flight either. */
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

  /** After the commit, since a transaction that is undone begins no backlog. */
  #backlogBegan(queue: string, group: string): void {
    const tenant = this.#queues.get(queue)?.tenants.get(group);
    if (!tenant || this.#messages.by.inGroup.size(groupKey(queue, group)) === 0) return;
    tenant.time ??= new ProcessingTime(this.#clock.now());
  }
}
