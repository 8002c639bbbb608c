/**
 * Answers that name the records which failed (Lambda developer guide, "Reporting batch item failures"; Pipes user guide,
 * "Batching and concurrency").
 */
import type { SourceRecord } from "./drain.ts";

/**
 * The identifiers an answer names in `batchItemFailures`; one that is empty or missing is undefined. Nothing for an
 * answer that reports no failures.
 * @throws SyntaxError when the answer is no JSON, TypeError when `batchItemFailures` is no list: the whole batch failed
 */
export function namedFailures(answer: string): readonly unknown[] | undefined {
  const value: unknown = answer === "" ? null : JSON.parse(answer);
  if (typeof value !== "object" || value === null) return undefined;
  const { batchItemFailures: failures } = value as { batchItemFailures?: unknown };
  if (failures === undefined || failures === null) return undefined;
  if (!Array.isArray(failures)) throw new TypeError("batchItemFailures is not a list.");
  return failures.map((item: unknown) => (item as { itemIdentifier?: unknown } | null)?.itemIdentifier || undefined);
}

/** The places of the records that are named. An identifier of none of them fails the whole batch. */
export function placesOf(ids: readonly unknown[], batch: readonly SourceRecord[]): ReadonlySet<number> {
  const places = new Map<unknown, number>();
  for (const [place, record] of batch.entries()) {
    // Records that came as one have one number: it stands for the first of them.
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
