/**
 * What batch operations of SQS and SNS have in common: the request is checked as a whole, then each entry on its own.
 */
import type { AwsError } from "../../protocols/error.ts";

const maxEntries = 10;

interface Entry {
  readonly Id: string | undefined;
}

/** How a service words the errors of a batch. */
export interface BatchErrors {
  empty(): AwsError;
  tooMany(count: number, most: number): AwsError;
  invalidId(id: string): AwsError;
  repeatedId(id: string): AwsError;
}

/** Checks a batch in AWS's order: not empty, at most ten entries, each id well formed, no id twice. @throws AwsError */
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

/** The entry of a batch's answer for an entry that failed. */
export function failedEntry(Id: string, error: AwsError) {
  return { Id, SenderFault: error.fault === "client", Code: error.queryCode, Message: error.message };
}
