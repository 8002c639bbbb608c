/** Deliveries as they are shown. */
import type { DeliveryRow } from "./tables.ts";
import type { KeptAttempt, KeptDelivery } from "./types.ts";

/** Attempts kept per delivery. */
const keptAttempts = 20;
const previewChars = 1024;

type Tries = Pick<DeliveryRow, "attemptCount" | "attempts">;

/** A delivery's attempts with one more. */
export function withAttempt(row: Tries, attempt: KeptAttempt): Tries {
  return {
    attemptCount: row.attemptCount + 1,
    attempts: row.attempts.length === 0 ? [attempt] : [...row.attempts.slice(1 - keptAttempts), attempt],
  };
}

/** The record of a delivery. */
export function recordOf(row: DeliveryRow, status: KeptDelivery["status"], tries: Tries): KeptDelivery {
  const { account, region, service, source, target, kind } = row.request;
  const last = status === "delivered" ? undefined : tries.attempts.at(-1);
  return {
    id: row.id,
    account,
    region,
    service,
    source,
    target,
    kind,
    status,
    acceptedMs: row.acceptedMs,
    nextAttemptMs: status === "pending" ? row.nextMs : undefined,
    attemptCount: tries.attemptCount,
    attempts: tries.attempts,
    reason: last && `${last.code}: ${last.message}`,
    deadLetter: row.deadLetter,
  };
}

/** A real copy: a slice would keep the whole payload in memory. */
export function previewOf(payload: string): string {
  return payload.length <= previewChars ? payload : Buffer.from(payload.slice(0, previewChars)).toString();
}

/** Merges sequences that are sorted newest first. */
export function* newestOf(sources: readonly Iterator<KeptDelivery>[]): IterableIterator<KeptDelivery> {
  const heads = sources.map((source) => ({ source, next: source.next() }));
  for (;;) {
    let newest: { head: (typeof heads)[number]; record: KeptDelivery } | undefined;
    for (const head of heads) {
      if (head.next.done) continue;
      const record = head.next.value;
      if (newest === undefined || record.acceptedMs > newest.record.acceptedMs) newest = { head, record };
    }
    if (newest === undefined) return;
    yield newest.record;
    newest.head.next = newest.head.source.next();
  }
}
