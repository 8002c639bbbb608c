/** What SNS deletes as time passes, whether or not anybody publishes. */
import { dayMs } from "../../engine/duration.ts";
import { Sweep } from "../../engine/sweep.ts";
import type { Sns } from "./sns.ts";
import type { DeduplicationRow, EndedRow } from "./tables.ts";

/** How long a subscription waits for confirmation, and how long an unsubscription by link can be undone. */
export const pendingMs = 3 * dayMs;

export class Retention {
  /** By topic: expired deduplication ids. */
  readonly deduplications: Sweep<DeduplicationRow>;
  /** Unsubscriptions that can no longer be undone, under `""`. */
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
