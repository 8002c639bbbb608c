/** History events in chunks of JSON text, with long payloads stored separately. */
import type { Store } from "../../../engine/store.ts";
import type { HistoryEvent } from "../asl/history.ts";
import type { Json, JsonObject } from "../asl/json.ts";
import { eventsTable, eventTextTable } from "./event-tables.ts";

/** Events per row: a page reads few rows, and little that it does not need. */
const eventsPerRow = 100;

/** Longest payload, in characters, that is stored with its event. */
const maxLengthWithin = 2048;

/** Members of details that may be long; `assignedVariables` is an object, the others are texts. */
const longMembers = ["input", "output", "parameters", "cause", "assignedVariables"];

/** For how many executions the latest long payload is remembered: it is often the next one as well. */
const maxLatest = 1000;

/** An event as stored: its long payloads are empty, and are stored under these serials. */
type StoredEvent = HistoryEvent & { texts?: Record<string, number> };

export class Histories {
  readonly #store: Store;
  readonly #rows;
  readonly #texts;
  readonly #latest = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
    this.#rows = store.table(eventsTable);
    this.#texts = store.packedTable(eventTextTable);
  }

  /** Inside a transaction. Ids are consecutive. */
  append(execution: string, account: string, events: readonly HistoryEvent[]): void {
    for (let at = 0; at < events.length; at += eventsPerRow) {
      const part = events.length <= eventsPerRow ? events : events.slice(at, at + eventsPerRow);
      const texts: number[] = [];
      const text = JSON.stringify(part.map((event) => this.#parted(execution, account, event, texts)));
      this.#rows.put({ execution, account, first: part[0]!.id, text, texts: texts.length === 0 ? undefined : texts });
    }
  }

  /** The events from this id on, or backwards; without data their long payloads may be empty. */
  *from(execution: string, id: number, reverse: boolean, withData: boolean): IterableIterator<HistoryEvent> {
    const { execution: chunks } = this.#rows.by;
    const holding = chunks.range(execution, { lte: id, reverse: true }).next().value;
    const bounds = reverse ? { lte: id, reverse } : { gte: holding?.first ?? id };
    for (const row of chunks.range(execution, bounds)) {
      const events = JSON.parse(row.text) as StoredEvent[];
      if (reverse) events.reverse();
      for (const event of events) {
        if (reverse ? event.id <= id : event.id >= id) yield withData ? this.#whole(event) : event;
      }
    }
  }

  /** Inside a transaction. */
  forget(execution: string): void {
    this.#latest.delete(execution);
    for (const row of this.#rows.by.execution.range(execution)) {
      for (const serial of row.texts ?? []) this.#texts.delete(serial);
      this.#rows.delete(`${execution} ${row.first}`);
    }
  }

  /** The event without its long payloads; serials of new ones are added to `added`. */
  #parted(execution: string, account: string, event: HistoryEvent, added: number[]): StoredEvent {
    const { details } = event;
    if (details === undefined) return event;
    let parted: { details: JsonObject; texts: Record<string, number> } | undefined;
    for (const name of longMembers) {
      const value = details[name];
      if (value === undefined) continue;
      const text = typeof value === "string" ? value : JSON.stringify(value);
      if (text.length <= maxLengthWithin) continue;
      parted ??= { details: { ...details }, texts: {} };
      parted.details[name] = typeof value === "string" ? "" : {};
      parted.texts[name] = this.#keep(execution, account, text, added);
    }
    return parted === undefined ? event : { ...event, ...parted };
  }

  /** Stores a text and returns its serial; a large payload that a loop carries along is stored once. */
  #keep(execution: string, account: string, text: string, added: number[]): number {
    const latest = this.#latest.get(execution);
    const kept = latest === undefined ? undefined : this.#texts.get(latest);
    if (latest !== undefined && kept?.text === text) return latest;
    const serial = this.#store.nextSerial();
    this.#texts.put({ serial, account, text });
    added.push(serial);
    if (!this.#latest.has(execution) && this.#latest.size >= maxLatest) this.#latest.clear();
    this.#latest.set(execution, serial);
    return serial;
  }

  #whole({ texts, ...event }: StoredEvent): HistoryEvent {
    if (texts === undefined) return event;
    const details = { ...event.details };
    for (const [name, serial] of Object.entries(texts)) {
      const { text = "" } = this.#texts.get(serial) ?? {};
      details[name] = details[name] === "" ? text : (JSON.parse(text) as Json);
    }
    return { ...event, details };
  }
}
