/** What batch operations of SQS and SNS have in common: the request is checked as a whole, then each entry by itself. */
import type { AwsError } from "../../protocols/error.ts";

const maxEntries = 10;

interface Entry {
  readonly Id: string | undefined;
}

/** A service's own words for what is wrong with a batch. */
export interface BatchErrors {
  empty(): AwsError;
  tooMany(count: number, most: number): AwsError;
  invalidId(id: string): AwsError;
  repeatedId(id: string): AwsError;
}

/** Checks a batch in AWS's order: some entries, not more than ten, each id well formed, no id twice. @throws AwsError */
export function checkBatch<E extends Entry>(entries: readonly E[] | undefined, errors: BatchErrors): readonly E[] {
  if (entries === undefined || entries.length === 0) throw errors.empty();
  if (entries.length > maxEntries) throw errors.tooMany(entries.length, maxEntries);
  for (const { Id = "" } of entries) if (!/^[\w-]{1,80}$/.test(Id)) throw errors.invalidId(Id);
  const ids = new Set<string>();
  for (const { Id = "" } of entries) {
    if (ids.has(Id)) throw errors.repeatedId(Id);
    ids.add(Id);
  }
  return entries;
}

/** How a batch answers for an entry that failed. */
export function failedEntry(Id: string, error: AwsError) {
  return { Id, SenderFault: error.fault === "client", Code: error.queryCode, Message: error.message };
}
