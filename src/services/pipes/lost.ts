/** Notes of records that did not get through a pipe, and why. */
import type { OwnAttempt } from "../../delivery/types.ts";
import type { Failure, SourceRecord } from "../../sources/drain.ts";
import type { Pipes } from "./pipes.ts";
import { sourcePlace } from "./places.ts";
import type { PipeRow } from "./tables.ts";

/** What keeping a record's name costs, in characters. */
const idWeight = 100;

/** Records that no filter let through. */
export function noteFiltered(pipes: Pipes, pipe: PipeRow, records: readonly SourceRecord[]): void {
  if (records.length === 0) return;
  const { account, region, arn, target } = pipe;
  const names = records.map(nameOf);
  pipes.deps.delivery.noteLost({
    account,
    region,
    service: "pipes",
    status: "filtered",
    count: records.length,
    weight: records.length * idWeight,
    source: () => arn,
    target: () => target,
    reason: (place) => `No filter of the pipe let the record ${names[place]} through.`,
  });
}

/** A record or batch that enrichment or target refused. @param nextMs when it is tried again; undefined: never */
export function noteFailed(
  pipes: Pipes,
  pipe: PipeRow,
  first: SourceRecord,
  failure: Failure,
  nextMs: number | undefined,
): void {
  pipes.deps.delivery.noteFailed(attemptWith(pipe, first), failure, nextMs);
}

/** What may have failed before got through. */
export function noteDelivered(pipes: Pipes, pipe: PipeRow, records: readonly SourceRecord[]): void {
  for (const record of records) pipes.deps.delivery.noteDelivered(attemptWith(pipe, record));
}

function attemptWith(pipe: PipeRow, record: SourceRecord): OwnAttempt {
  const { account, region, arn, target } = pipe;
  const id = nameOf(record);
  const message = sourcePlace(pipe.source)?.kind === "sqs" ? { queue: pipe.source, id } : undefined;
  return { key: `${arn} ${id}`, account, region, service: "pipes", source: arn, target, kind: "pipe", message };
}

/** The id or the sequence number by which its source names a record. */
function nameOf({ ids: [name = ""] }: SourceRecord): string {
  return name;
}
