/** What SNS lets go of with time, whether or not anybody publishes. */
import { dayMs } from "../../engine/duration.ts";
import { Sweep } from "../../engine/sweep.ts";
import type { Sns } from "./sns.ts";
import type { DeduplicationRow, EndedRow } from "./tables.ts";

/** How long a subscription waits for its confirmation, and one that was ended by a link for being taken back. */
export const pendingMs = 3 * dayMs;

export class Retention {
  /** By topic: deduplication ids past their window. */
  readonly deduplications: Sweep<DeduplicationRow>;
  /** Subscriptions that can no longer be taken back, under `""`. */
  readonly ended: Sweep<EndedRow>;

  constructor({ deps: { store, clock }, deduplications, ended }: Sns) {
    this.deduplications = new Sweep(store, clock, {
      first: (topic) => deduplications.by.expiry.first(topic),
      endMs: (row) => row.expiresMs,
      drop: (row) => deduplications.delete(row.key),
      keys: () => deduplications.by.expiry.groups(),
    });
    this.ended = new Sweep(store, clock, {
      first: (key) => ended.by.ended.first(key),
      endMs: (row) => row.endedMs + pendingMs,
      drop: (row) => ended.delete(row.arn),
      keys: () => ended.by.ended.groups(),
    });
  }
}
