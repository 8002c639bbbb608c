/**
 * Message groups that have something to give out. On FIFO a group takes its turn among the others and is held back
 * while its first message is in flight; on a standard queue a group is a tenant of a fair queue.
 */
import type { Store } from "../../engine/store.ts";
import type { Table } from "../../engine/table.ts";
import {
  accountOf,
  type GroupRow,
  groupKey,
  groupTable,
  isFifo,
  type MessageRow,
  type messageTable,
} from "./tables.ts";

type Messages = Table<MessageRow, keyof typeof messageTable.indexes & string, number>;

/** A tenant is noisy from this many messages of its own in flight … */
const noisyInFlight = 30;
/** … that are more than this share of all in flight. */
const noisyShare = 0.1;

export class Groups {
  readonly #store: Store;
  readonly #messages: Messages;
  readonly #groups;

  constructor(store: Store, messages: Messages) {
    this.#store = store;
    this.#messages = messages;
    this.#groups = store.table(groupTable);
  }

  /** Brings a group's row up to date after one of its messages changed. */
  refresh({ queue, group }: MessageRow): void {
    if (group === undefined) return;
    const key = groupKey(queue, group);
    const first = this.#messages.by.inGroup.first(key);
    const row = this.#groups.get(key);
    if (!first) {
      if (row) this.#groups.delete(key);
      return;
    }
    const fifo = isFifo(queue);
    const position = fifo ? (row?.position ?? this.#store.nextSerial()) : first.serial;
    const ready = first.availableMs === 0;
    if (row?.position === position && row.ready === ready) return;
    this.#groups.put({ queue, account: accountOf(queue), group, position, ready });
  }

  /** Groups with something to give out, FIFO ones in the order of their turns. */
  ready(queue: string): IterableIterator<GroupRow> {
    return this.#groups.by.ready.range(queue);
  }

  /** A group's messages in order, up to the first that is in flight or delayed: that one holds back all behind it. */
  *available(row: GroupRow): IterableIterator<MessageRow> {
    for (const message of this.#messages.by.inGroup.range(groupKey(row.queue, row.group))) {
      if (message.availableMs > 0) return;
      yield message;
    }
  }

  /** Sends a FIFO group to the end of the line. */
  served(row: GroupRow): void {
    const current = this.#groups.get(groupKey(row.queue, row.group));
    if (current) this.#groups.put({ ...current, position: this.#store.nextSerial() });
  }

  hasTenants(queue: string): boolean {
    return this.#groups.by.ready.size(queue) > 0;
  }

  /**
   * The message a fair queue gives out next: the oldest of quiet tenants, a message without a group being a tenant
   * of its own; when only noisy ones are left, that of the tenant with fewest in flight.
   */
  nextFair(queue: string): MessageRow | undefined {
    const { by } = this.#messages;
    const ungrouped = by.available.first(queue);
    const total = by.inFlight.size(queue);
    let calmest: GroupRow | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    // Ten tenants cannot each have more than a tenth of what is in flight, so this ends soon.
    for (const tenant of this.#groups.by.ready.range(queue)) {
      if (ungrouped && tenant.position > ungrouped.serial) return ungrouped;
      const inFlight = by.inFlightOfTenant.size(groupKey(queue, tenant.group));
      if (inFlight < noisyInFlight || inFlight <= total * noisyShare) return this.#firstOf(tenant);
      if (inFlight < fewest) {
        fewest = inFlight;
        calmest = tenant;
      }
    }
    return ungrouped ?? (calmest && this.#firstOf(calmest));
  }

  clear(queue: string): void {
    for (const row of this.#groups.by.queue.range(queue)) this.#groups.delete(groupKey(queue, row.group));
  }

  #firstOf(row: GroupRow): MessageRow | undefined {
    return this.#messages.by.inGroup.first(groupKey(row.queue, row.group));
  }
}
