import { IANAZone } from "luxon";
import { dayMs } from "../../engine/duration.ts";

const minuteMs = 60_000;

/** Whether a name is one of the IANA time zone database (`Europe/Berlin`, `UTC`). */
export function isTimeZone(name: string): boolean {
  return /^[A-Za-z]/.test(name) && IANAZone.isValidZone(name);
}

/** How many milliseconds the zone's clocks are ahead of UTC at an instant. Throws `RangeError` for an unknown zone. */
function offsetMs(timeZone: string, atMs: number): number {
  if (timeZone === "UTC") return 0;
  const zone = IANAZone.create(timeZone);
  if (!zone.isValid) throw new RangeError(`Unknown time zone ${timeZone}`);
  return zone.offset(atMs) * minuteMs;
}

/** What the zone's clocks show at an instant, in milliseconds since 1970 on those clocks. */
export function clockMs(timeZone: string, atMs: number): number {
  return atMs + offsetMs(timeZone, atMs);
}

/**
 * The instant at which the zone's clocks show a time (milliseconds since 1970 on those clocks): the first one if they
 * show it twice, undefined if they never do, because it falls into the gap of a clock set forward.
 */
export function instantOf(timeZone: string, shownMs: number): number | undefined {
  if (timeZone === "UTC") return shownMs;
  const before = offsetMs(timeZone, shownMs - dayMs);
  const after = offsetMs(timeZone, shownMs + dayMs);
  if (before === after) return shownMs - before;
  // The larger offset belongs to the earlier instant.
  for (const offset of before > after ? [before, after] : [after, before]) {
    if (offsetMs(timeZone, shownMs - offset) === offset) return shownMs - offset;
  }
  return undefined;
}

/** As {@link instantOf}; a time inside a gap counts as later by the width of the gap. */
export function instantAtOrAfter(timeZone: string, shownMs: number): number {
  return instantOf(timeZone, shownMs) ?? shownMs - offsetMs(timeZone, shownMs - dayMs);
}
