/** Takes the delivery engine's messages for queues of any account and region. */
import { Blob64 } from "../../../protocols/blob.ts";
import { currentCause } from "../../calls/cause.ts";
import { actingUserId } from "../../calls/identity.ts";
import { signatureChars } from "../../delivery/copies.ts";
import {
  type Delivery,
  DeliveryFailure,
  type MessageAttributes,
  type Receiver,
  type Shared,
} from "../../delivery/types.ts";
import type { Uuids } from "../../engine/random.ts";
import { md5Hex } from "./digest.ts";
import { type Checked, check, putNew } from "./send.ts";
import type { Sqs } from "./sqs.ts";
import { isFifo, type QueueRow } from "./tables.ts";

/** Sender ids of AWS services. */
const senderIds: Readonly<Record<string, string>> = {
  sns: "AIDAISMY7JYY5F7RTT6AO",
  eventbridge: "AIDAJQR6QDGQ7PATMSYEY",
};

const noFailures: ReadonlyMap<number, DeliveryFailure> = new Map();

/** @throws DeliveryFailure, or AwsError as SendMessage. */
export function deliverToQueue(sqs: Sqs, delivery: Delivery<"sqs">): { MessageId: string } {
  const { parameters } = delivery;
  const queue = sqs.queues.get(delivery.target);
  if (queue === undefined) throw noQueue();
  const refusal = sqs.access.refusalOf(queue, delivery);
  if (refusal !== undefined) throw refusal;
  const checked = checkSent(queue, delivery);
  const copy = parameters.copy && { ...parameters.copy, own: delivery.source };
  const size = copy === undefined ? checked.size : checked.size + signatureChars + copy.own.length;
  if (size > queue.numbers.MaximumMessageSize) throw tooLong(queue);
  const { traceHeader } = parameters;
  const senderId = senderIds[delivery.service] ?? actingUserId(delivery, delivery.source);
  const { id } = putNew(sqs, traceHeader === undefined ? checked : { ...checked, traceHeader }, senderId, copy);
  return { MessageId: id };
}

/**
 * Takes a fan-out's deliveries to standard queues: what they share is checked once.
 * @returns the indexes of those that cannot be delivered, with the reason.
 * @throws AwsError as SendMessage, about what they share; Error for a FIFO queue, which takes deliveries one by one.
 */
export function deliverToQueues(
  sqs: Sqs,
  shared: Shared<"sqs">,
  receivers: readonly Receiver[],
  ids: Uuids,
): ReadonlyMap<number, DeliveryFailure> {
  let failures: Map<number, DeliveryFailure> | undefined;
  const fails = (place: number, failure: DeliveryFailure) => {
    failures ??= new Map();
    failures.set(place, failure);
  };
  const { copy, traceHeader = currentCause()?.sentTrace } = shared.parameters;
  const cause = currentCause()?.withTrace(traceHeader);
  const now = sqs.now;
  const messageIds = sqs.deps.random.fork("messages").uuids(receivers.length);
  let checked: Checked | undefined;
  let bodyMd5 = "";
  for (let place = 0; place < receivers.length; place += 1) {
    const receiver = receivers[place] as Receiver;
    const { account, source, target } = receiver;
    const queue = sqs.queues.get(target);
    if (queue === undefined) {
      fails(place, noQueue());
      continue;
    }
    if (isFifo(queue.arn)) throw new Error(`${queue.arn} takes its messages one by one`);
    const refusal = sqs.access.refusalOfReceiver(queue, shared, receiver, ids, place);
    if (refusal !== undefined) {
      fails(place, refusal);
      continue;
    }
    if (checked === undefined) {
      checked = checkSent(queue, shared);
      if (copy === undefined) bodyMd5 = md5Hex(checked.body);
    }
    const { body, size, attributes, group } = checked;
    const { MaximumMessageSize, DelaySeconds } = queue.numbers;
    if ((copy === undefined ? size : size + signatureChars + source.length) > MaximumMessageSize) {
      fails(place, tooLong(queue));
      continue;
    }
    const serial = sqs.deps.store.nextSerial();
    sqs.addMessage(
      queue,
      {
        queue: queue.arn,
        serial,
        sentMs: now,
        availableMs: DelaySeconds > 0 ? now + DelaySeconds * 1000 : 0,
        delayed: DelaySeconds > 0,
        received: undefined,
        group,
        deadLetterSource: undefined,
      },
      {
        serial,
        account: queue.account,
        id: messageIds.at(place),
        body,
        bodyMd5,
        attributes,
        traceHeader,
        senderId: senderIds[shared.service] ?? actingUserId({ ...shared, account }, source),
        deduplicationId: undefined,
        cause: cause?.textOfNext("delivery", ids.at(place)),
        copy: copy && { own: source, ownAt: copy.ownAt, signatureAt: copy.signatureAt },
      },
    );
  }
  return failures ?? noFailures;
}

/** @throws AwsError as SendMessage, except for the size */
function checkSent(queue: QueueRow, { payload, parameters }: Pick<Shared<"sqs">, "payload" | "parameters">): Checked {
  const { messageAttributes, messageGroupId, messageDeduplicationId } = parameters;
  return check(queue, {
    MessageBody: payload,
    MessageAttributes: messageAttributes && sentAttributes(messageAttributes),
    MessageGroupId: messageGroupId,
    MessageDeduplicationId: messageDeduplicationId,
  });
}

function noQueue(): DeliveryFailure {
  const message = "The specified queue does not exist.";
  return new DeliveryFailure("AWS.SimpleQueueService.NonExistentQueue", message, false);
}

function tooLong({ numbers }: QueueRow): DeliveryFailure {
  const message = `Message must be shorter than ${numbers.MaximumMessageSize} bytes.`;
  return new DeliveryFailure("InvalidParameterValue", message, false);
}

function sentAttributes(attributes: MessageAttributes) {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      BinaryValue === undefined ? { DataType, StringValue } : { DataType, BinaryValue: Blob64.fromBase64(BinaryValue) },
    ]),
  );
}
