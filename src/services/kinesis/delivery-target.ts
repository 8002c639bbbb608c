/** Takes the delivery engine's payloads for streams of any account and region: one record per delivery. */
import { Blob64 } from "../../../protocols/blob.ts";
import { type Batch, type BatchEntry, type Delivery, DeliveryFailure } from "../../delivery/types.ts";
import type { Uuids } from "../../engine/random.ts";
import { refusalInBatch, refusalOf } from "./access.ts";
import { rateExceeded, streamNotFound } from "./errors.ts";
import { hasData, type Kinesis } from "./kinesis.ts";
import { type Appended, Gathered, recordOf, routeOf, sizeOf } from "./put.ts";
import { shardIdOf } from "./sequence-number.ts";
import type { StreamRow } from "./tables.ts";

const maxKeyLength = 256;

/** @throws DeliveryFailure, or AwsError as PutRecord. */
export function deliverToStream(service: Kinesis, delivery: Delivery<"kinesis">): Appended {
  const refusalAt: RefusalAt = (stream) => refusalOf(service, stream, delivery);
  const [result] = append(service, delivery, [delivery], refusalAt);
  if (result?.status === "fulfilled") return result.value;
  throw result?.reason;
}

/** @throws DeliveryFailure when none can be delivered. */
export function deliverBatch(
  service: Kinesis,
  batch: Batch<"kinesis">,
  entries: readonly BatchEntry<"kinesis">[],
  ids: Uuids,
): readonly PromiseSettledResult<Appended>[] {
  return append(service, batch, entries, (stream, place) => refusalInBatch(service, stream, batch, ids, place));
}

/** Why the delivery at a place is refused, if it is. */
type RefusalAt = (stream: StreamRow, place: number) => DeliveryFailure | undefined;

function append(
  service: Kinesis,
  { target, account }: Pick<Batch, "target" | "account">,
  entries: readonly BatchEntry<"kinesis">[],
  refusalAt: RefusalAt,
): readonly PromiseSettledResult<Appended>[] {
  const stream = service.stream(target);
  if (stream === undefined || !hasData(stream)) {
    const { message } = streamNotFound({ name: target.split("/")[1] ?? "", account });
    throw new DeliveryFailure("ResourceNotFoundException", message, false);
  }
  const { now } = service;
  const results: PromiseSettledResult<Appended>[] = new Array(entries.length);
  const gathered = new Gathered();
  for (let place = 0; place < entries.length; place++) {
    try {
      const refusal = refusalAt(stream, place);
      if (refusal !== undefined) throw refusal;
      accept(service, stream, entries[place] as BatchEntry<"kinesis">, place, gathered, now);
    } catch (reason) {
      results[place] = { status: "rejected", reason };
    }
  }
  gathered.append(service, stream, now, (place, value) => {
    results[place] = { status: "fulfilled", value };
  });
  return results;
}

/** @throws DeliveryFailure, or AwsError as PutRecord. */
function accept(
  service: Kinesis,
  stream: StreamRow,
  { payload, parameters: { partitionKey } }: BatchEntry<"kinesis">,
  place: number,
  gathered: Gathered,
  now: number,
): void {
  if (partitionKey.length === 0 || partitionKey.length > maxKeyLength) {
    const message = `A partition key has 1 to ${maxKeyLength} characters, not ${partitionKey.length}.`;
    throw new DeliveryFailure("ValidationException", message, false);
  }
  const entry = { Data: Blob64.fromBytes(Buffer.from(payload)), PartitionKey: partitionKey };
  const record = recordOf(stream, entry, "partitionKey");
  const route = routeOf(service, stream, entry);
  if (service.throughput?.write(route.key, sizeOf(record), now) === false) {
    const message = rateExceeded(shardIdOf(route.shard.index), stream);
    throw new DeliveryFailure("ProvisionedThroughputExceededException", message, true);
  }
  gathered.add(route, record, place);
}
