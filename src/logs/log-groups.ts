/** CloudWatch Logs as far as services write to it: the events of log groups, kept for inspection. */

import { numberOf, textOf } from "../../protocols/unknown-json.ts";
import { parseArn } from "../calls/arn.ts";
import { type Delivery, DeliveryFailure } from "../delivery/types.ts";
import type { Clock } from "../engine/clock.ts";
import { definePackedTable } from "../engine/packed-table.ts";
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
  /** Epoch milliseconds that the writer gave. */
  readonly timestampMs: number;
  /** Epoch milliseconds on the emulator's clock. */
  readonly ingestedMs: number;
  readonly message: string;
}

interface LogEventRow extends Omit<LogEvent, "message"> {
  readonly serial: number;
}

/** What an event says: with payloads of executions a thousand of them are more than memory should hold. */
interface LogMessageRow {
  readonly serial: number;
  readonly account: string;
  readonly message: string;
}

export interface LogFilter {
  readonly account?: string | undefined;
  readonly group?: string | undefined;
  readonly stream?: string | undefined;
  readonly source?: string | undefined;
  /** 100 unless told. */
  readonly limit?: number | undefined;
}

const keptEvents = 1000;
/** The range of ECMAScript time values. */
const maxDateMs = 8.64e15;

const logTable = defineTable<LogEventRow>()({
  name: "delivery.logs",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { arrival: { group: () => "", order: (row) => row.serial } },
});

const messageTable = definePackedTable<LogMessageRow>({
  name: "delivery.logMessages",
  serial: (row) => row.serial,
  account: (row) => row.account,
  head: ({ serial, account }) => `${serial} ${account}`,
  text: (row) => row.message,
  row: (head, message) => {
    const [serial, account] = head.split(" ") as [string, string];
    return { serial: Number(serial), account, message };
  },
});

export class LogGroups {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #rows;
  readonly #messages;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#rows = store.table(logTable);
    this.#messages = store.packedTable(messageTable);
  }

  /** Writes an event. Inside a transaction. */
  put({ message, ...event }: Omit<LogEvent, "ingestedMs">): void {
    const serial = this.#store.nextSerial();
    this.#messages.put({ serial, account: event.account, message });
    this.#rows.put({ ...event, ingestedMs: this.#clock.now(), serial });
    if (this.#rows.size > keptEvents) this.#forget(this.#rows.by.arrival.first("") as LogEventRow);
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

  /** The events kept (the last 1,000), newest first. */
  list(filter: LogFilter = {}): LogEvent[] {
    const found: LogEvent[] = [];
    for (const { serial, ...event } of this.#rows.by.arrival.range("", { reverse: true })) {
      if (filter.account !== undefined && event.account !== filter.account) continue;
      if (filter.group !== undefined && event.group !== filter.group) continue;
      if (filter.stream !== undefined && event.stream !== filter.stream) continue;
      if (filter.source !== undefined && event.source !== filter.source) continue;
      found.push({ ...event, message: this.#messages.get(serial)?.message ?? "" });
      if (found.length === (filter.limit ?? 100)) break;
    }
    return found;
  }

  #forget({ id, serial }: LogEventRow): void {
    this.#rows.delete(id);
    this.#messages.delete(serial);
  }
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
