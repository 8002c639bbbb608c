/** Times as they are shown to people and programs. */

/** The last time that fits four digits of year; later times could not be sent. */
export const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Epoch milliseconds as ISO 8601, at most the last time that fits. */
export function isoTime(epochMs: number): string {
  return new Date(Math.min(epochMs, lastMs)).toISOString();
}
