/** Takes what the delivery engine brings to a queue, of any account and region. */
import { Blob64 } from "../../../protocols/blob.ts";
import { actingUserId } from "../../calls/identity.ts";
import { signatureChars } from "../../delivery/copies.ts";
import { type Delivery, DeliveryFailure, type MessageAttributes } from "../../delivery/types.ts";
import { check, putNew } from "./send.ts";
import type { Sqs } from "./sqs.ts";

/** Identities as which AWS services send. */
const senderIds: Readonly<Record<string, string>> = {
  sns: "AIDAISMY7JYY5F7RTT6AO",
  eventbridge: "AIDAJQR6QDGQ7PATMSYEY",
};

/** @throws DeliveryFailure, or AwsError as SendMessage. */
export function deliverToQueue(sqs: Sqs, delivery: Delivery<"sqs">): { MessageId: string } {
  const { parameters } = delivery;
  const queue = sqs.queues.get(delivery.target);
  if (queue === undefined) {
    const message = "The specified queue does not exist.";
    throw new DeliveryFailure("AWS.SimpleQueueService.NonExistentQueue", message, false);
  }
  const { messageAttributes, traceHeader } = parameters;
  const checked = check(queue, {
    MessageBody: delivery.payload,
    MessageAttributes: messageAttributes && sentAttributes(messageAttributes),
    MessageGroupId: parameters.messageGroupId,
    MessageDeduplicationId: parameters.messageDeduplicationId,
  });
  const { copy } = parameters;
  const size = copy === undefined ? checked.size : checked.size + signatureChars + copy.own.length;
  if (size > queue.numbers.MaximumMessageSize) {
    const limit = queue.numbers.MaximumMessageSize;
    throw new DeliveryFailure("InvalidParameterValue", `Message must be shorter than ${limit} bytes.`, false);
  }
  const senderId = senderIds[delivery.service] ?? actingUserId(delivery, delivery.source);
  const { id } = putNew(sqs, traceHeader === undefined ? checked : { ...checked, traceHeader }, senderId, copy);
  return { MessageId: id };
}

function sentAttributes(attributes: MessageAttributes) {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      BinaryValue === undefined ? { DataType, StringValue } : { DataType, BinaryValue: Blob64.fromBase64(BinaryValue) },
    ]),
  );
}
