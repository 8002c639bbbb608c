/** Checks permissions on a stream or a consumer against its policy. */
import { AccessDeniedException$ } from "@aws-sdk/client-kinesis";
import { AwsError } from "../../../protocols/error.ts";
import { notAuthorized } from "../../access/refusal.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { type Delivery, DeliveryFailure } from "../../delivery/types.ts";
import type { Kinesis } from "./kinesis.ts";
import type { ConsumerRow, StreamRow } from "./tables.ts";

/** @throws AwsError AccessDeniedException */
export function checkMay(row: StreamRow | ConsumerRow, context: OperationContext<Kinesis>): void {
  if (row.account === context.account && row.policy === undefined) return;
  const action = `kinesis:${context.operation}`;
  const refusal = context.service.deps.guard.refusalOfCall(row, row.policy, context, { action });
  if (refusal) throw AwsError.of(AccessDeniedException$, notAuthorized(refusal, action, row.arn));
}

/** @throws DeliveryFailure */
export function checkDelivered(service: Kinesis, stream: StreamRow, delivery: Delivery<"kinesis">): void {
  const action = "kinesis:PutRecord";
  const refusal = service.deps.guard.refusalOfDelivery(stream, stream.policy, delivery, delivery.id, { action });
  if (refusal === undefined) return;
  throw new DeliveryFailure("AccessDeniedException", notAuthorized(refusal, action, stream.arn), false);
}
