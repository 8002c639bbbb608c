/** DeleteMessage and ChangeMessageVisibility, one by one and in batches: operations with a receipt handle. */
import {
  ChangeMessageVisibility$,
  ChangeMessageVisibilityBatch$,
  type ChangeMessageVisibilityBatchCommand,
  type ChangeMessageVisibilityCommand,
  DeleteMessage$,
  DeleteMessageBatch$,
  type DeleteMessageBatchCommand,
  type DeleteMessageCommand,
} from "@aws-sdk/client-sqs";
import { checkBatch, eachEntry } from "./batch.ts";
import { invalidValue, missingParameter, receiptHandleIsInvalid } from "./errors.ts";
import { parseReceiptHandle } from "./receipt-handle.ts";
import { operation, type Sqs } from "./sqs.ts";
import { isFifo, isInFlight, type MessageRow, type QueueRow, type Received } from "./tables.ts";

const maxVisibilitySeconds = 43_200;

export const deleteMessage = operation<DeleteMessageCommand>(DeleteMessage$, (input, context) => {
  const { service } = context;
  const queue = service.queueOf(input.QueueUrl, context, "DeleteMessage");
  service.throughput.spend(queue, "delete");
  remove(service, queue, input.ReceiptHandle);
});

export const deleteMessageBatch = operation<DeleteMessageBatchCommand>(DeleteMessageBatch$, (input, context) => {
  const { service } = context;
  const queue = service.queueOf(input.QueueUrl, context, "DeleteMessage");
  service.throughput.spend(queue, "delete");
  const entries = checkBatch(input.Entries, "DeleteMessageBatchRequestEntry");
  return present(eachEntry(entries, (entry) => remove(service, queue, entry.ReceiptHandle)));
});

export const changeMessageVisibility = operation<ChangeMessageVisibilityCommand>(
  ChangeMessageVisibility$,
  (input, context) => {
    const { service } = context;
    const queue = service.queueOf(input.QueueUrl, context, "ChangeMessageVisibility");
    service.throughput.spend(queue, "changeVisibility");
    changeVisibility(service, queue, input.ReceiptHandle, input.VisibilityTimeout);
  },
);

export const changeMessageVisibilityBatch = operation<ChangeMessageVisibilityBatchCommand>(
  ChangeMessageVisibilityBatch$,
  (input, context) => {
    const { service } = context;
    const queue = service.queueOf(input.QueueUrl, context, "ChangeMessageVisibility");
    service.throughput.spend(queue, "changeVisibility");
    const entries = checkBatch(input.Entries, "ChangeMessageVisibilityBatchRequestEntry");
    return present(
      eachEntry(entries, (entry) => changeVisibility(service, queue, entry.ReceiptHandle, entry.VisibilityTimeout)),
    );
  },
);

/** Empty lists are left out of the answer. */
function present(result: ReturnType<typeof eachEntry>) {
  return {
    Successful: result.Successful.length > 0 ? result.Successful : undefined,
    Failed: result.Failed.length > 0 ? result.Failed : undefined,
  } as never;
}

function remove(service: Sqs, queue: QueueRow, handle: string | undefined): void {
  const { message, current } = find(service, queue, handle);
  if (isFifo(queue.arn) && message && !current) throw expired(handle);
  if (message === undefined) return;
  service.noteLeft(message, "The message was deleted from its queue.");
  service.deleteMessage(message);
}

function changeVisibility(
  service: Sqs,
  queue: QueueRow,
  handle: string | undefined,
  seconds: number | undefined,
): void {
  if (seconds === undefined) throw missingParameter("VisibilityTimeout");
  if (seconds < 0 || seconds > maxVisibilitySeconds) {
    throw invalidValue(seconds, "VisibilityTimeout", `Must be >= 0 and <= ${maxVisibilitySeconds}, if provided.`);
  }
  const { message, current, latest } = find(service, queue, handle);
  if (isFifo(queue.arn) && message && !current) throw expired(handle);
  // The latest handle also works after its visibility timeout has ended, and hides the message again.
  if (!message || !(latest || isInFlight(message))) {
    throw invalidValue(
      handle,
      "ReceiptHandle",
      "Message does not exist or is not available for visibility timeout change.",
    );
  }
  const now = service.now;
  const endMs = now + seconds * 1000;
  // At the end of the twelve hours nothing is left to extend, so the bound itself is excluded.
  if (seconds > 0 && endMs >= (message.received as Received).latestMs + maxVisibilitySeconds * 1000) {
    const reason = `Total VisibilityTimeout for the message is beyond the limit [${maxVisibilitySeconds} seconds]`;
    throw invalidValue(seconds, "VisibilityTimeout", reason);
  }
  service.putMessage({ ...message, availableMs: seconds === 0 ? 0 : endMs });
}

function expired(handle: string | undefined) {
  return invalidValue(handle, "ReceiptHandle", "The receipt handle has expired.");
}

interface Found {
  /** Absent when the message is gone. */
  readonly message: MessageRow | undefined;
  /** Whether the handle belongs to the latest receive. */
  readonly latest: boolean;
  /** Whether its visibility timeout has not ended either. */
  readonly current: boolean;
}

/** @throws AwsError ReceiptHandleIsInvalid for a text that is not a handle, or a handle of another queue. */
function find(service: Sqs, queue: QueueRow, handle: string | undefined): Found {
  if (handle === undefined || handle === "") throw missingParameter("ReceiptHandle");
  const receipt = parseReceiptHandle(handle);
  if (!receipt) throw receiptHandleIsInvalid(`The input receipt handle "${handle}" is not a valid receipt handle.`);
  if (receipt.queueSerial !== queue.serial) {
    throw receiptHandleIsInvalid(`The receipt handle "${handle}" is not valid for this queue.`);
  }
  service.settle(queue, service.now);
  const message = service.messages.get(receipt.serial);
  if (message?.queue !== queue.arn) return { message: undefined, latest: false, current: false };
  const latest = message.received?.count === receipt.receiveCount;
  return { message, latest, current: latest && isInFlight(message) };
}
