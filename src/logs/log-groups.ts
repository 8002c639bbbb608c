/** CloudWatch Logs, as far as services write to it: the events of log groups, kept for inspection. */

import { numberOf, textOf } from "../../protocols/unknown-json.ts";
import { parseArn } from "../calls/arn.ts";
import { type Delivery, DeliveryFailure } from "../delivery/types.ts";
import type { Clock } from "../engine/clock.ts";
import { isoTime } from "../engine/iso-time.ts";
import { defineTextTable } from "../engine/packed-table.ts";
import type { Store } from "../engine/store.ts";
import { defineTable } from "../engine/table.ts";

export interface LogEvent {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  /** Name of the log group. */
  readonly group: string;
  readonly stream: string;
  /** ARN of what wrote it. */
  readonly source: string;
  /** The time given by the writer, ISO 8601. */
  readonly timestamp: string;
  /** When it arrived, on the emulator's clock, ISO 8601. */
  readonly ingestedAt: string;
  readonly message: string;
}

/** Epoch milliseconds given by the writer. */
interface Stamped {
  readonly timestampMs: number;
}

interface LogEventRow extends Omit<LogEvent, "message" | "timestamp" | "ingestedAt">, Stamped {
  readonly ingestedMs: number;
  readonly serial: number;
  /** Length of its message in characters. */
  readonly size: number;
}

export interface LogFilter {
  readonly account?: string | undefined;
  readonly group?: string | undefined;
  readonly stream?: string | undefined;
  readonly source?: string | undefined;
  /** Default: 100. */
  readonly limit?: number | undefined;
}

/** Events kept per group, so that a busy one does not displace others. */
const keptOfGroup = 1000;
/** Events and characters kept for all groups together; messages are outside the heap. */
const [keptOfAll, keptChars] = [50_000, 64 * 1024 * 1024];
/** The range of ECMAScript time values. */
const maxDateMs = 8.64e15;

const logTable = defineTable<LogEventRow>()({
  name: "delivery.logs",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: {
    arrival: { group: () => "", order: (row) => row.serial },
    group: { group: groupKey, order: (row) => row.serial },
  },
});

/** Messages of events: with payloads of executions, a thousand of them are too much for the heap. */
const messageTable = defineTextTable("delivery.logMessages");

export class LogGroups {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #rows;
  readonly #messages;
  /** Characters of all messages. */
  #chars = 0;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#rows = store.table(logTable);
    this.#messages = store.packedTable(messageTable);
    this.recount();
  }

  /** To be called after a reset has deleted rows. */
  recount(): void {
    this.#chars = 0;
    for (const { size = 0 } of this.#rows.values()) this.#chars += size;
  }

  /** Writes an event. Inside a transaction. */
  put(event: Omit<LogEvent, "timestamp" | "ingestedAt"> & Stamped): void {
    const { id, account, region, group: name, stream, source, timestampMs, message } = event;
    const serial = this.#store.nextSerial();
    this.#messages.put({ serial, account, text: message });
    const place = { account, region, group: name, stream, source };
    const row: LogEventRow = { id, ...place, timestampMs, ingestedMs: this.#clock.now(), serial, size: message.length };
    this.#rows.put(row);
    this.#chars += row.size;
    const { group } = this.#rows.by;
    if (group.size(groupKey(row)) > keptOfGroup) this.#forget(group.first(groupKey(row)) as LogEventRow);
    while (this.#rows.size > 1 && (this.#chars > keptChars || this.#rows.size > keptOfAll)) {
      this.#forget(this.#rows.by.arrival.first("") as LogEventRow);
    }
  }

  /** Takes a delivery of kind `logs`, inside a transaction. */
  deliver(delivery: Delivery<"logs">): void {
    const { parameters } = delivery;
    const group = parseArn(delivery.target);
    const { timestampMs, message } =
      parameters.structured === true
        ? structured(delivery.payload)
        : { timestampMs: parameters.timestampMs, message: delivery.payload };
    this.put({
      id: delivery.id,
      account: group?.account || delivery.account,
      region: group?.region || delivery.region,
      group: group?.resource.replace(/^log-group:/, "").replace(/:\*$/, "") ?? delivery.target,
      stream: parameters.stream ?? delivery.id,
      source: delivery.source,
      timestampMs,
      message,
    });
  }

  /** The stored events (at most 1,000 per group, with a bound for all), newest first. */
  list(filter: LogFilter = {}): LogEvent[] {
    const found: LogEvent[] = [];
    for (const { serial, size: _size, timestampMs, ingestedMs, ...event } of this.#rows.by.arrival.range("", {
      reverse: true,
    })) {
      if (filter.account !== undefined && event.account !== filter.account) continue;
      if (filter.group !== undefined && event.group !== filter.group) continue;
      if (filter.stream !== undefined && event.stream !== filter.stream) continue;
      if (filter.source !== undefined && event.source !== filter.source) continue;
      const message = this.#messages.get(serial)?.text ?? "";
      found.push({ ...event, timestamp: isoTime(timestampMs), ingestedAt: isoTime(ingestedMs), message });
      if (found.length === (filter.limit ?? 100)) break;
    }
    return found;
  }

  #forget({ id, serial, size = 0 }: LogEventRow): void {
    this.#chars -= size;
    this.#rows.delete(id);
    this.#messages.delete(serial);
  }
}

function groupKey({ account, region, group }: Pick<LogEvent, "account" | "region" | "group">): string {
  return `${account} ${region} ${group}`;
}

/** @throws DeliveryFailure when the payload has no numeric timestamp and message. */
function structured(payload: string): { timestampMs: number; message: string } {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    value = undefined;
  }
  const { timestamp: given, message }: { timestamp?: unknown; message?: unknown } = value ?? {};
  const timestampMs = typeof given === "string" && !/^\d+$/.test(given) ? Date.parse(given) : numberOf(given);
  if (given === undefined || !(Math.abs(timestampMs) <= maxDateMs) || message === undefined) {
    throw new DeliveryFailure("INVALID_JSON", "A log group takes objects with timestamp and message.", false);
  }
  return { timestampMs, message: textOf(message) };
}
