/** Times as they are shown to people and programs. */

/** The last time that four digits of year can say, so that every time shown is one that can be sent. */
export const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Epoch milliseconds as ISO 8601; what lies beyond the last time that can be said is shown as that. */
export function isoTime(epochMs: number): string {
  return new Date(Math.min(epochMs, lastMs)).toISOString();
}
