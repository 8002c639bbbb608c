/** Notes on records that did not get through, and why; shown among the deliveries. */
import type { DeliveryEngine } from "../delivery/engine.ts";
import type { OwnAttempt } from "../delivery/types.ts";
import type { Consumer, SourceRecord } from "./drain.ts";

/** Cost of keeping a record's name, in characters. */
const idWeight = 100;

/** The consumer of a source, as notes name it. */
export interface Drainer extends Pick<OwnAttempt, "account" | "region" | "service" | "target" | "kind"> {
  /** Its ARN. */
  readonly arn: string;
  /** For sentences: `pipe`, `event source mapping`. */
  readonly name: string;
  /** ARN of the queue it reads; undefined for a stream. */
  readonly queue: string | undefined;
}

export function notesOf(
  delivery: DeliveryEngine,
  drainer: Drainer,
): Pick<Consumer<never>, "onFiltered" | "onDelivered" | "onFailed"> {
  const { account, region, service, target, arn, name, queue, kind } = drainer;
  const keyOf = (record: SourceRecord) => `${arn} ${nameOf(record)}`;
  const attemptWith = (record: SourceRecord): OwnAttempt => {
    const message = queue === undefined ? undefined : { queue, id: nameOf(record) };
    return { key: keyOf(record), account, region, service, source: arn, target, kind, message };
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
    onDelivered: (records) => delivery.noteDelivered(records, keyOf),
    onFailed: (first, failure, nextMs) => delivery.noteFailed(attemptWith(first), failure, nextMs),
  };
}

/** The id or sequence number of a record in its source. */
function nameOf({ ids: [name = ""] }: SourceRecord): string {
  return name;
}
