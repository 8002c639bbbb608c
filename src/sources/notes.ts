/** Notes of records that did not get through to whom they were read for, and why: they are looked up like deliveries. */
import type { DeliveryEngine } from "../delivery/engine.ts";
import type { OwnAttempt } from "../delivery/types.ts";
import type { Consumer, SourceRecord } from "./drain.ts";

/** What keeping a record's name costs, in characters. */
const idWeight = 100;

/** Whoever has a source drained, as the notes name it. */
export interface Drainer extends Pick<OwnAttempt, "account" | "region" | "service" | "target" | "kind"> {
  /** Its ARN. */
  readonly arn: string;
  /** For sentences: `pipe`, `event source mapping`. */
  readonly name: string;
  /** ARN of the queue it drains; undefined for a stream. */
  readonly queue: string | undefined;
}

export function notesOf(
  delivery: DeliveryEngine,
  drainer: Drainer,
): Pick<Consumer<never>, "onFiltered" | "onDelivered" | "onFailed"> {
  const { account, region, service, target, arn, name, queue, kind } = drainer;
  const attemptWith = (record: SourceRecord): OwnAttempt => {
    const id = nameOf(record);
    const message = queue === undefined ? undefined : { queue, id };
    return { key: `${arn} ${id}`, account, region, service, source: arn, target, kind, message };
  };
  return {
    onFiltered(records) {
      if (records.length === 0) return;
      const names = records.map(nameOf);
      delivery.noteLost({
        account,
        region,
        service,
        status: "filtered",
        count: records.length,
        weight: records.length * idWeight,
        source: () => arn,
        target: () => target,
        reason: (place) => `No filter of the ${name} let the record ${names[place]} through.`,
      });
    },
    onDelivered(records) {
      for (const record of records) delivery.noteDelivered(attemptWith(record));
    },
    onFailed: (first, failure, nextMs) => delivery.noteFailed(attemptWith(first), failure, nextMs),
  };
}

/** The id or the sequence number by which its source names a record. */
function nameOf({ ids: [name = ""] }: SourceRecord): string {
  return name;
}
