/** What became of deliveries and messages, to be looked at: the last of each outcome, and how many there were in all. */

import { Ring } from "../engine/ring.ts";
import { withoutSecrets } from "../outside/secrets.ts";
import { newestOf } from "./records.ts";
import type { DeliveryFilter, DeliveryRecord } from "./types.ts";

const kept = 1000;

export class History {
  readonly #delivered = new Ring<DeliveryRecord>(kept);
  readonly #unmatched = new Ring<DeliveryRecord>(kept);

  addDelivered(record: DeliveryRecord): void {
    this.#delivered.add(record);
  }

  addUnmatched(record: DeliveryRecord): void {
    this.#unmatched.add(record);
  }

  /** Forgets everything, or what belongs to one account. */
  clear(account: string | undefined): void {
    const keep = account === undefined ? undefined : (record: DeliveryRecord) => record.account !== account;
    this.#delivered.clear(keep);
    this.#unmatched.clear(keep);
  }

  /** What the filter asks for, newest first, of what is kept here and of the outbox. */
  list(filter: DeliveryFilter, ...outbox: readonly Iterator<DeliveryRecord>[]): DeliveryRecord[] {
    const found: DeliveryRecord[] = [];
    const limit = filter.limit ?? 100;
    const sources = [...outbox, this.#delivered.newestFirst(), this.#unmatched.newestFirst()];
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
