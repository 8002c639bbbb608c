/** Checks permissions on a queue against its policy. */
import type { Guard } from "../../access/guard.ts";
import { notAuthorized, type Refusal } from "../../access/refusal.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { type Delivery, DeliveryFailure, type Receiver, type Shared } from "../../delivery/types.ts";
import type { Uuids } from "../../engine/random.ts";
import { accessDenied } from "./errors.ts";
import { ownerActions, type SqsAction } from "./policy.ts";
import type { QueueRow } from "./tables.ts";

export class Access {
  readonly #guard: Guard;

  constructor(guard: Guard) {
    this.#guard = guard;
  }

  /** Whether the caller may do this to the queue. */
  isAllowed(queue: QueueRow, context: OperationContext, action: SqsAction): boolean {
    return this.#refusal(queue, context, action) === undefined;
  }

  /** @throws AwsError AccessDenied, with IAM's message. */
  check(queue: QueueRow, context: OperationContext, action: SqsAction): void {
    const refusal = this.#refusal(queue, context, action);
    if (refusal) throw accessDenied(words(refusal, queue, action));
  }

  /** Why the queue refuses a service's message, if it does. */
  refusalOf(queue: QueueRow, delivery: Delivery<"sqs">): DeliveryFailure | undefined {
    const question = { action: "sqs:SendMessage" };
    const refusal = this.#guard.refusalOfDelivery(queue, queue.texts["Policy"], delivery, delivery.id, question);
    return refusal && refused(refusal, queue);
  }

  /** As `refusalOf`, for one of many messages, whose id is at `place` in `ids`. */
  refusalOfReceiver(
    queue: QueueRow,
    shared: Shared<"sqs">,
    receiver: Receiver,
    ids: Uuids,
    place: number,
  ): DeliveryFailure | undefined {
    const policy = queue.texts["Policy"];
    const refusal = this.#guard.refusalOfReceiver(queue, policy, shared, receiver, ids, place, "sqs:SendMessage");
    return refusal && refused(refusal, queue);
  }

  #refusal(queue: QueueRow, context: OperationContext, action: SqsAction): Refusal | undefined {
    const question = { action: `sqs:${action}`, ownersOnly: ownerActions.has(action) };
    return this.#guard.refusalOfCall(queue, queue.texts["Policy"], context, question);
  }
}

/** SQS writes action names in lower case. */
function words(refusal: Refusal, queue: QueueRow, action: SqsAction): string {
  return notAuthorized(refusal, `sqs:${action.toLowerCase()}`, queue.arn);
}

function refused(refusal: Refusal, queue: QueueRow): DeliveryFailure {
  return new DeliveryFailure("AccessDenied", words(refusal, queue, "SendMessage"), false);
}
