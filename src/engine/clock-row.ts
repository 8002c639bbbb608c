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

/** How much of the time that was handed out may be lost in a crash. */
const SAVED_EVERY_MS = 10_000;

/**
 * Lets a durable store carry the clock over restarts: restores the mode and the time (virtual) or the offset from the
 * system's time (real), and saves them at each move from here on. Call it before timers start. In real mode the time
 * itself is saved too, while things change, so that setting the system's clock back does not repeat waits that are
 * over.
 * @returns a function that stops saving.
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
      // The disk refuses writes; whoever needs it will hear of that.
    }
    commits = store.commits;
  }, SAVED_EVERY_MS).unref();
  return () => clearInterval(timer);
}
