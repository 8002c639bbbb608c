import type { Clock, ClockState } from "./clock.ts";
import type { Store } from "./store.ts";
import { defineTable } from "./table.ts";

interface ClockRow extends ClockState {
  id: "clock";
}

const clockTable = defineTable<ClockRow>()({
  name: "clock",
  key: (row) => row.id,
  account: () => "",
  indexes: {},
  outlivesReset: true,
});

/**
 * Lets a durable store carry the clock over restarts: takes up the mode and the time (virtual) or the distance from the
 * system's time (real) that were kept, and keeps them at each move from here on. To be called before timers start.
 */
export function restoreClock(store: Store, clock: Clock): void {
  if (!store.durable) return;
  const rows = store.table(clockTable);
  const kept = rows.get("clock");
  if (kept !== undefined) clock.restore(kept);
  clock.onChange(() => store.transaction(() => rows.put({ id: "clock", ...clock.state() })));
}
