/**
 * Answers that name the records which failed (Lambda developer guide, "Reporting batch item failures"; Pipes user
 * guide, "Batching and concurrency").
 */
import type { SourceRecord } from "./drain.ts";

/**
 * The identifiers in an answer's `batchItemFailures`; an empty or missing one is undefined. Empty for an answer that
 * reports no failures.
 * @throws SyntaxError when the answer is not JSON, TypeError when `batchItemFailures` is not a list: the whole batch
 * failed.
 */
export function namedFailures(answer: string): readonly unknown[] | undefined {
  const value: unknown = answer === "" ? null : JSON.parse(answer);
  if (typeof value !== "object" || value === null) return undefined;
  const { batchItemFailures: failures } = value as { batchItemFailures?: unknown };
  if (failures === undefined || failures === null) return undefined;
  if (!Array.isArray(failures)) throw new TypeError("batchItemFailures is not a list.");
  return failures.map((item: unknown) => (item as { itemIdentifier?: unknown } | null)?.itemIdentifier || undefined);
}

/** The indexes of the named records. An identifier that matches none of them fails the whole batch. */
export function placesOf(ids: readonly unknown[], batch: readonly SourceRecord[]): ReadonlySet<number> {
  const places = new Map<unknown, number>();
  for (const [place, record] of batch.entries()) {
    // Records from one aggregate share a sequence number, which refers to the first of them.
    for (const id of record.ids) if (!places.has(id)) places.set(id, place);
  }
  const failed = new Set<number>();
  for (const id of ids) {
    const place = places.get(id);
    if (place === undefined) return new Set(batch.keys());
    failed.add(place);
  }
  return failed;
}
