/** What the batch operations check of a request as a whole, in AWS's order. */
import {
  BatchEntryIdsNotDistinct$,
  EmptyBatchRequest$,
  InvalidBatchEntryId$,
  TooManyEntriesInBatchRequest$,
} from "@aws-sdk/client-sqs";
import { AwsError, type ErrorSchema } from "../../../protocols/error.ts";

const maxEntries = 10;

interface Entry {
  readonly Id: string | undefined;
}

/**
 * @param entryName the element's name over Query, which the error for an empty batch tells.
 * @throws AwsError EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId, BatchEntryIdsNotDistinct
 */
export function checkBatch<E extends Entry>(entries: readonly E[] | undefined, entryName: string): readonly E[] {
  if (entries === undefined || entries.length === 0) {
    throw AwsError.of(EmptyBatchRequest$ as ErrorSchema, `There should be at least one ${entryName} in the request.`);
  }
  if (entries.length > maxEntries) {
    const message = `Maximum number of entries per request are ${maxEntries}. You have sent ${entries.length}.`;
    throw AwsError.of(TooManyEntriesInBatchRequest$ as ErrorSchema, message);
  }
  for (const { Id } of entries) {
    if (Id !== undefined && /^[\w-]{1,80}$/.test(Id)) continue;
    throw AwsError.of(
      InvalidBatchEntryId$ as ErrorSchema,
      "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
    );
  }
  const ids = new Set<string | undefined>();
  for (const { Id } of entries) {
    if (ids.has(Id)) throw AwsError.of(BatchEntryIdsNotDistinct$ as ErrorSchema, `Id ${Id} repeated.`);
    ids.add(Id);
  }
  return entries;
}

/** Runs each entry on its own: an AwsError fails that entry and no other. */
export function eachEntry<E extends Entry>(
  entries: readonly E[],
  run: (entry: E) => void,
): { Successful: { Id: string }[]; Failed: { Id: string; SenderFault: boolean; Code: string; Message: string }[] } {
  const Successful: { Id: string }[] = [];
  const Failed: { Id: string; SenderFault: boolean; Code: string; Message: string }[] = [];
  for (const entry of entries) {
    const Id = entry.Id as string;
    try {
      run(entry);
      Successful.push({ Id });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id, SenderFault: error.fault === "client", Code: error.queryCode, Message: error.message });
    }
  }
  return { Successful, Failed };
}
