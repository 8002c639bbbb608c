/**
 * Message groups that have something to receive. On FIFO, groups take turns and a group is blocked while its first
 * message is in flight; on a standard queue a group is a tenant of a fair queue.
 */
import type { Store } from "../../engine/store.ts";
import type { Fairness, Messages } from "./fairness.ts";
import { accountOf, type GroupRow, groupKey, groupTable, isFifo, type MessageRow } from "./tables.ts";

export class Groups {
  readonly #store: Store;
  readonly #messages: Messages;
  readonly #fairness: Fairness;
  readonly #groups;

  constructor(store: Store, messages: Messages, fairness: Fairness) {
    this.#store = store;
    this.#messages = messages;
    this.#fairness = fairness;
    this.#groups = store.table(groupTable);
  }

  /** Updates a group's row after one of its messages changed. */
  refresh({ queue, group }: MessageRow): void {
    if (group === undefined) return;
    const key = groupKey(queue, group);
    const first = this.#messages.by.inGroup.first(key);
    const row = this.#groups.get(key);
    const fifo = isFifo(queue);
    if (!first) {
      if (row) this.#groups.delete(key);
      if (!fifo && this.#fairness.knows(queue, group)) {
        this.#store.afterCommit(() => this.#fairness.backlogEnded(queue, group));
      }
      return;
    }
    const position = fifo ? (row?.position ?? this.#store.nextSerial()) : first.serial;
    const ready = first.availableMs === 0;
    if (row?.position === position && row.ready === ready) return;
    this.#groups.put({ queue, account: accountOf(queue), group, position, ready });
  }

  /** Groups with something to receive, FIFO ones in the order of their turns. */
  ready(queue: string): IterableIterator<GroupRow> {
    return this.#groups.by.ready.range(queue);
  }

  /** A group's messages in order, up to the first that is in flight or delayed, which blocks all after it. */
  *available(row: GroupRow): IterableIterator<MessageRow> {
    for (const message of this.#messages.by.inGroup.range(groupKey(row.queue, row.group))) {
      if (message.availableMs > 0) return;
      yield message;
    }
  }

  /** Moves a FIFO group to the end of the line. */
  served(row: GroupRow): void {
    const current = this.#groups.get(groupKey(row.queue, row.group));
    if (current) this.#groups.put({ ...current, position: this.#store.nextSerial() });
  }

  hasTenants(queue: string): boolean {
    return this.#groups.by.ready.size(queue) > 0;
  }

  /**
   * The next message of a fair queue: the oldest of the quiet tenants, where a message without a group is a tenant of
   * its own; when only noisy ones are left, the one of the tenant with the fewest in flight.
   */
  nextFair(queue: string): MessageRow | undefined {
    const { by } = this.#messages;
    const ungrouped = by.available.first(queue);
    let calmest: GroupRow | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    // At most nine tenants can each have more than a tenth, of messages in flight or of time, so this ends soon.
    for (const tenant of this.#groups.by.ready.range(queue)) {
      if (ungrouped && tenant.position > ungrouped.serial) return ungrouped;
      if (!this.#fairness.isNoisy(queue, tenant.group)) return this.#firstOf(tenant);
      const inFlight = this.#fairness.inFlight(queue, tenant.group);
      if (inFlight < fewest) {
        fewest = inFlight;
        calmest = tenant;
      }
    }
    return ungrouped ?? (calmest && this.#firstOf(calmest));
  }

  clear(queue: string): void {
    for (const row of this.#groups.by.queue.range(queue)) this.#groups.delete(groupKey(queue, row.group));
    this.#store.afterCommit(() => this.#fairness.forgetQueue(queue));
  }

  #firstOf(row: GroupRow): MessageRow | undefined {
    return this.#messages.by.inGroup.first(groupKey(row.queue, row.group));
  }
}
