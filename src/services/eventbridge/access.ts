/** Checks permissions on a bus against its policy. */
import { AwsError } from "../../../protocols/error.ts";
import type { CallQuestion } from "../../access/questions.ts";
import { notAuthorized } from "../../access/refusal.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { type Delivery, DeliveryFailure } from "../../delivery/types.ts";
import type { EventBridge } from "./eventbridge.ts";
import type { BusRow } from "./tables.ts";

/** The condition keys of an event that a client puts on a bus (EventBridge user guide: IAM policy conditions). */
export function entryKeys({ Source, DetailType }: { Source?: string | undefined; DetailType?: string | undefined }) {
  return { "events:source": Source, "events:detail-type": DetailType, "events:eventbusinvocation": "false" };
}

/** @throws AwsError AccessDeniedException */
export function checkMay(
  bus: BusRow,
  context: OperationContext<EventBridge>,
  question: Omit<CallQuestion, "action"> = {},
): void {
  if (bus.account === context.account && bus.policy === undefined) return;
  const action = `events:${context.operation}`;
  const { guard } = context.service.deps;
  const refusal = guard.refusalOfCall(bus, bus.policy, context, { ...question, action });
  if (refusal === undefined) return;
  const message = notAuthorized(refusal, action, question.resource ?? bus.arn);
  throw AwsError.unmodeled({ name: "AccessDeniedException", message });
}

/** Checks what a rule or another service sends to a bus. @throws DeliveryFailure */
export function checkDelivered(service: EventBridge, bus: BusRow, delivery: Delivery<"events">): void {
  const action = "events:PutEvents";
  const refusal = service.deps.guard.refusalOfDelivery(bus, bus.policy, delivery, delivery.id, { action });
  if (refusal === undefined) return;
  throw new DeliveryFailure("NO_PERMISSIONS", notAuthorized(refusal, action, bus.arn), false);
}
