/** History events in chunks of JSON text. */
import type { Store } from "../../engine/store.ts";
import type { HistoryEvent } from "./asl/history.ts";
import { eventsTable } from "./tables.ts";

/** Events in one row: a page reads few rows, and little of what it does not need. */
const eventsPerRow = 100;

export class Histories {
  readonly #rows;

  constructor(store: Store) {
    this.#rows = store.table(eventsTable);
  }

  /** Inside a transaction. Ids follow one another. */
  append(execution: string, account: string, events: readonly HistoryEvent[]): void {
    for (let at = 0; at < events.length; at += eventsPerRow) {
      const part = events.length <= eventsPerRow ? events : events.slice(at, at + eventsPerRow);
      this.#rows.put({ execution, account, first: part[0]!.id, text: JSON.stringify(part) });
    }
  }

  /** The events from the one with this id on, or backwards from it. */
  *from(execution: string, id: number, reverse: boolean): IterableIterator<HistoryEvent> {
    const { execution: chunks } = this.#rows.by;
    const holding = chunks.range(execution, { lte: id, reverse: true }).next().value;
    const bounds = reverse ? { lte: id, reverse } : { gte: holding?.first ?? id };
    for (const row of chunks.range(execution, bounds)) {
      const events = JSON.parse(row.text) as HistoryEvent[];
      if (reverse) events.reverse();
      for (const event of events) if (reverse ? event.id <= id : event.id >= id) yield event;
    }
  }

  /** Inside a transaction. */
  forget(execution: string): void {
    for (const row of this.#rows.by.execution.range(execution)) this.#rows.delete(`${execution} ${row.first}`);
  }
}
