import type { Clock, ClockState } from "./clock.ts";
import { clearInterval, setInterval } from "./real-time.ts";
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

/** How much of the time that was told may be unknown after a crash. */
const SAVED_EVERY_MS = 10_000;

/**
 * Lets a durable store carry the clock over restarts: takes up the mode and the time (virtual) or the distance from the
 * system's time (real) that were kept, and keeps them at each move from here on. To be called before timers start. In
 * real mode the time is kept as well, while things change, so that a system's clock that was set back meanwhile does not
 * make everything wait again that has waited. Answers how to end that.
 */
export function restoreClock(store: Store, clock: Clock): () => void {
  if (!store.durable) return () => {};
  const rows = store.table(clockTable);
  const kept = rows.get("clock");
  if (kept !== undefined) clock.restore(kept);
  const save = () => store.transaction(() => rows.put({ id: "clock", ...clock.state() }));
  clock.onChange(save);
  let commits = store.commits;
  const timer = setInterval(() => {
    if (clock.mode === "virtual" || store.commits === commits) return;
    try {
      save();
    } catch {
      // The disk refuses, of which others hear who want something of it.
    }
    commits = store.commits;
  }, SAVED_EVERY_MS).unref();
  return () => clearInterval(timer);
}
