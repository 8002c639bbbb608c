/** The rows of histories. */

import { defineTextTable } from "../../../engine/packed-table.ts";
import { defineTable } from "../../../engine/table.ts";

/** Consecutive history events as JSON text. */
export interface EventsRow {
  readonly execution: string;
  readonly account: string;
  /** Id of the first event. */
  readonly first: number;
  readonly text: string;
  /** Serials of the long payloads of these events. */
  readonly texts: readonly number[] | undefined;
}

export const eventsTable = defineTable<EventsRow>()({
  name: "states.events",
  key: (row) => `${row.execution} ${row.first}`,
  account: (row) => row.account,
  indexes: { execution: { group: (row) => row.execution, order: (row) => row.first } },
});

/** The long payloads of history events. */
export const eventTextTable = defineTextTable("states.eventTexts");
