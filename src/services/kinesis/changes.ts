/** Changes to a stream that AWS limits per 24 hours. */
import { dayMs } from "../../engine/duration.ts";
import { inStream, limitExceeded } from "./errors.ts";
import type { Changes, StreamRow } from "./tables.ts";

/**
 * The stream with one more change of this kind.
 * @throws AwsError LimitExceededException if there were `most` in the last 24 hours.
 */
export function changedAgain(stream: StreamRow, kind: keyof Changes, most: number, nowMs: number): StreamRow {
  const recent = stream.changes[kind].filter((ms) => ms > nowMs - dayMs);
  if (recent.length < most) return { ...stream, changes: { ...stream.changes, [kind]: [...recent, nowMs] } };
  throw limitExceeded(`Rate exceeded for ${inStream(stream)}.`);
}
