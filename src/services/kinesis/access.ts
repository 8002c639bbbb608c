/** Checks permissions on a stream or a consumer against its policy. */
import { AccessDeniedException$ } from "@aws-sdk/client-kinesis";
import { AwsError } from "../../../protocols/error.ts";
import { notAuthorized, type Refusal } from "../../access/refusal.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { type Batch, type Delivery, DeliveryFailure } from "../../delivery/types.ts";
import type { Uuids } from "../../engine/random.ts";
import type { Kinesis } from "./kinesis.ts";
import type { ConsumerRow, StreamRow } from "./tables.ts";

/** @throws AwsError AccessDeniedException */
export function checkMay(row: StreamRow | ConsumerRow, context: OperationContext<Kinesis>): void {
  if (row.account === context.account && row.policy === undefined) return;
  const action = `kinesis:${context.operation}`;
  const refusal = context.service.deps.guard.refusalOfCall(row, row.policy, context, { action });
  if (refusal) throw AwsError.of(AccessDeniedException$, notAuthorized(refusal, action, row.arn));
}

const action = "kinesis:PutRecord";

/** Why a delivery is refused, if it is. */
export function refusalOf(
  { deps }: Kinesis,
  stream: StreamRow,
  delivery: Delivery<"kinesis">,
): DeliveryFailure | undefined {
  return failureOf(stream, deps.guard.refusalOfDelivery(stream, stream.policy, delivery, delivery.id, { action }));
}

/** As `refusalOf`, for the one at `place` of a batch. */
export function refusalInBatch(
  { deps }: Kinesis,
  stream: StreamRow,
  batch: Batch<"kinesis">,
  ids: Uuids,
  place: number,
): DeliveryFailure | undefined {
  return failureOf(stream, deps.guard.refusalOfReceiver(stream, stream.policy, batch, batch, ids, place, action));
}

function failureOf({ arn }: StreamRow, refusal: Refusal | undefined): DeliveryFailure | undefined {
  return refusal && new DeliveryFailure("AccessDeniedException", notAuthorized(refusal, action, arn), false);
}
