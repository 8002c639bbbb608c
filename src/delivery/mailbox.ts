/** Collects messages that would leave AWS: SMS, email, mobile push, and Firehose records. */
import { textOf } from "../../protocols/unknown-json.ts";
import type { Clock } from "../engine/clock.ts";
import { isoTime } from "../engine/iso-time.ts";
import type { Store } from "../engine/store.ts";
import { defineTable } from "../engine/table.ts";
import type { Details } from "./kinds.ts";
import type { Delivery } from "./types.ts";

export interface MailboxMessage {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  /** `sms`, `email`, `email-json`, `application`, `firehose` … */
  readonly channel: string;
  /** Phone number, address, endpoint ARN or stream ARN. */
  readonly to: string;
  /** ARN of what sent it. */
  readonly source: string;
  readonly body: string;
  /** What else the channel has: subject, sender, platform, message attributes. */
  readonly details: Readonly<Record<string, unknown>>;
  /** When it was sent, on the emulator's clock, ISO 8601. */
  readonly sentAt: string;
}

interface MailboxRow extends Omit<MailboxMessage, "sentAt"> {
  readonly timeMs: number;
  readonly serial: number;
}

export interface MailboxFilter {
  readonly account?: string | undefined;
  readonly channel?: string | undefined;
  readonly to?: string | undefined;
  /** Default: 100. */
  readonly limit?: number | undefined;
}

const keptMessages = 1000;

const mailboxTable = defineTable<MailboxRow>()({
  name: "delivery.mailbox",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { arrival: { group: () => "", order: (row) => row.serial } },
});

export class Mailbox {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #rows;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#rows = store.table(mailboxTable);
  }

  /**
   * Takes a delivery that would leave AWS, inside a transaction. The parameter `channel` defaults to the kind; all
   * others are kept as details.
   */
  deliver(delivery: Delivery<"mailbox" | "firehose" | "sms" | "push">): void {
    const { channel = delivery.kind, ...details } = delivery.parameters as Details;
    this.#rows.put({
      id: delivery.id,
      account: delivery.account,
      region: delivery.region,
      channel: textOf(channel),
      to: delivery.target,
      source: delivery.source,
      body: delivery.payload,
      details,
      timeMs: this.#clock.now(),
      serial: this.#store.nextSerial(),
    });
    if (this.#rows.size > keptMessages) this.#rows.delete((this.#rows.by.arrival.first("") as MailboxRow).id);
  }

  /** The stored messages (at most 1,000), newest first. */
  list(filter: MailboxFilter = {}): MailboxMessage[] {
    const found: MailboxMessage[] = [];
    for (const { serial: _serial, timeMs, ...message } of this.#rows.by.arrival.range("", { reverse: true })) {
      if (filter.account !== undefined && message.account !== filter.account) continue;
      if (filter.channel !== undefined && message.channel !== filter.channel) continue;
      if (filter.to !== undefined && message.to !== filter.to) continue;
      found.push({ ...message, sentAt: isoTime(timeMs) });
      if (found.length === (filter.limit ?? 100)) break;
    }
    return found;
  }
}
