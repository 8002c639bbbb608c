/** Takes the delivery engine's payloads for streams of any account and region: one record per delivery. */
import { Blob64 } from "../../../protocols/blob.ts";
import { type Delivery, DeliveryFailure } from "../../delivery/types.ts";
import { checkDelivered } from "./access.ts";
import { rateExceeded, streamNotFound } from "./errors.ts";
import { hasData, type Kinesis } from "./kinesis.ts";
import { appendRecords, recordOf, routeOf, sizeOf } from "./put.ts";
import { sequenceNumber, shardIdOf } from "./sequence-number.ts";

const maxKeyLength = 256;

/** @throws DeliveryFailure, or AwsError as PutRecord. */
export function deliverToStream(
  service: Kinesis,
  delivery: Delivery<"kinesis">,
): { ShardId: string; SequenceNumber: string } {
  const { partitionKey } = delivery.parameters;
  const stream = service.stream(delivery.target);
  if (stream === undefined || !hasData(stream)) {
    const { message } = streamNotFound({ name: delivery.target.split("/")[1] ?? "", account: delivery.account });
    throw new DeliveryFailure("ResourceNotFoundException", message, false);
  }
  checkDelivered(service, stream, delivery);
  if (partitionKey.length === 0 || partitionKey.length > maxKeyLength) {
    const message = `A partition key has 1 to ${maxKeyLength} characters, not ${partitionKey.length}.`;
    throw new DeliveryFailure("ValidationException", message, false);
  }
  const entry = { Data: Blob64.fromBytes(Buffer.from(delivery.payload)), PartitionKey: partitionKey };
  const record = recordOf(stream, entry, "partitionKey");
  const route = routeOf(service, stream, entry);
  const { now } = service;
  const shardId = shardIdOf(route.shard.index);
  if (service.throughput?.write(route.key, sizeOf(record), now) === false) {
    throw new DeliveryFailure("ProvisionedThroughputExceededException", rateExceeded(shardId, stream), true);
  }
  const counter = appendRecords(service, stream, route, [record], now);
  return { ShardId: shardId, SequenceNumber: sequenceNumber(route.shard, counter, now) };
}
