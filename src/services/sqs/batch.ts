/** SQS's error messages for batches, and entries processed one by one. */
import {
  BatchEntryIdsNotDistinct$,
  EmptyBatchRequest$,
  InvalidBatchEntryId$,
  TooManyEntriesInBatchRequest$,
} from "@aws-sdk/client-sqs";
import { AwsError } from "../../../protocols/error.ts";
import { type BatchErrors, checkBatch as checkEntries, failedEntry } from "../../calls/batch.ts";

interface Entry {
  readonly Id: string | undefined;
}

/**
 * @param entryName the element's name in Query, for the error about an empty batch.
 * @throws AwsError EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId, BatchEntryIdsNotDistinct
 */
export function checkBatch<E extends Entry>(entries: readonly E[] | undefined, entryName: string): readonly E[] {
  return checkEntries(entries, {
    ...errors,
    empty: () => AwsError.of(EmptyBatchRequest$, `There should be at least one ${entryName} in the request.`),
  });
}

const errors: Omit<BatchErrors, "empty"> = {
  tooMany: (count, most) =>
    AwsError.of(
      TooManyEntriesInBatchRequest$,
      `Maximum number of entries per request are ${most}. You have sent ${count}.`,
    ),
  invalidId: () =>
    AwsError.of(
      InvalidBatchEntryId$,
      "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
    ),
  repeatedId: (id) => AwsError.of(BatchEntryIdsNotDistinct$, `Id ${id} repeated.`),
};

/** Processes each entry by itself: an AwsError fails only that entry. */
export function eachEntry<E extends Entry>(
  entries: readonly E[],
  run: (entry: E) => void,
): { Successful: { Id: string }[]; Failed: ReturnType<typeof failedEntry>[] } {
  const Successful: { Id: string }[] = [];
  const Failed: ReturnType<typeof failedEntry>[] = [];
  for (const entry of entries) {
    const Id = entry.Id as string;
    try {
      run(entry);
      Successful.push({ Id });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push(failedEntry(Id, error));
    }
  }
  return { Successful, Failed };
}
