/** SendMessage and SendMessageBatch. */

import {
  BatchRequestTooLong$,
  InvalidMessageContents$,
  SendMessage$,
  SendMessageBatch$,
  type SendMessageBatchCommand,
  type SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { AwsError } from "../../../protocols/error.ts";
import { currentCause } from "../../calls/cause.ts";
import type { OperationContext } from "../../calls/operation.ts";
import type { Copy } from "../../delivery/copies.ts";
import { sha256Hex } from "../../engine/digest.ts";
import { checkBatch } from "./batch.ts";
import type { ContentRow } from "./contents.ts";
import { findOriginal, remember } from "./deduplication.ts";
import { md5Hex } from "./digest.ts";
import { invalidParameterValue, invalidValue, missingParameter } from "./errors.ts";
import { attributesMd5, checkAttributes, hasOnlyAllowedCharacters, type SentAttribute } from "./message-attributes.ts";
import { operation, type Sqs } from "./sqs.ts";
import { isFifo, type QueueRow } from "./tables.ts";

const maxDelaySeconds = 900;
const maxBatchBytes = 1_048_576;
const wrongForQueueType = "The request include parameter that is not valid for this queue type";

const noGroup = "The request must contain the parameter MessageGroupId.";

/** The common members of SendMessage and of an entry of SendMessageBatch. */
interface Sent {
  readonly MessageBody: string | undefined;
  readonly DelaySeconds?: number | undefined;
  readonly MessageAttributes?: Readonly<Record<string, SentAttribute>> | undefined;
  readonly MessageSystemAttributes?: Readonly<Record<string, SentAttribute | undefined>> | undefined;
  readonly MessageDeduplicationId?: string | undefined;
  readonly MessageGroupId?: string | undefined;
}

export interface Checked {
  readonly queue: QueueRow;
  readonly body: string;
  readonly size: number;
  readonly attributes: ContentRow["attributes"];
  /** The attributes as sent, if they are stored in another form. */
  readonly asSent?: ContentRow["attributes"];
  readonly traceHeader: string | undefined;
  readonly delaySeconds: number;
  readonly group: string | undefined;
  readonly deduplicationId: string | undefined;
}

export const sendMessage = operation<SendMessageCommand>(SendMessage$, (input, context) => {
  const queue = context.service.queueOf(input.QueueUrl, context, "SendMessage");
  context.service.throughput.spend(queue, "send");
  const checked = check(queue, input);
  if (checked.size > queue.numbers.MaximumMessageSize) {
    throw invalidParameterValue(`One or more parameters are invalid. Reason: ${tooLong(queue)}`);
  }
  const { kms } = context.service;
  if (!kms.mustAsk(queue, "produce", context)) return accept(checked, context);
  return kms.afterAsking(queue, "produce", context, () => accept(checked, context));
});

export const sendMessageBatch = operation<SendMessageBatchCommand>(SendMessageBatch$, (input, context) => {
  const queue = context.service.queueOf(input.QueueUrl, context, "SendMessage");
  context.service.throughput.spend(queue, "send");
  const entries = checkBatch(input.Entries, "SendMessageBatchRequestEntry");
  const total = entries.reduce((sum, entry) => sum + roughSize(entry), 0);
  if (total > maxBatchBytes) {
    const message = `Batch requests cannot be longer than ${maxBatchBytes} bytes. You have sent ${total} bytes.`;
    throw AwsError.of(BatchRequestTooLong$, message);
  }
  // Missing parameters that a FIFO queue requires fail the whole call, before any entry is accepted.
  if (isFifo(queue.arn)) {
    for (const entry of entries) {
      if (!entry.MessageGroupId) throw invalidParameterValue(noGroup);
      checkFifoIds(queue, entry);
    }
  }
  const { kms } = context.service;
  if (!kms.mustAsk(queue, "produce", context)) return sendAll(queue, entries, context);
  return kms.afterAsking(queue, "produce", context, () => sendAll(queue, entries, context));
});

function sendAll(
  queue: QueueRow,
  entries: readonly (Sent & { Id: string | undefined })[],
  context: OperationContext<Sqs>,
) {
  const successful: object[] = [];
  const failed: object[] = [];
  for (const entry of entries) {
    try {
      const checked = check(queue, entry);
      if (checked.size > queue.numbers.MaximumMessageSize) {
        throw invalidParameterValue(`One or more parameters cannot be validated. Reason: ${tooLong(queue)}`);
      }
      successful.push({ Id: entry.Id, ...accept(checked, context) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      failed.push({ Id: entry.Id, SenderFault: true, Code: error.queryCode, Message: entryMessage(error) });
    }
  }
  return {
    Successful: successful.length > 0 ? (successful as never) : undefined,
    Failed: failed.length > 0 ? (failed as never) : undefined,
  };
}

/** In a batch, a parameter of the wrong queue type is reported without its value. */
function entryMessage(error: AwsError): string {
  return error.message.endsWith(`${wrongForQueueType}.`) ? wrongForQueueType : error.message;
}

function tooLong(queue: QueueRow): string {
  return `Message must be shorter than ${queue.numbers.MaximumMessageSize} bytes.`;
}

/** Checks a message for a queue. @throws AwsError as SendMessage, except for the size. */
export function check(queue: QueueRow, sent: Sent): Checked {
  const body = sent.MessageBody;
  if (body === undefined || body === "") throw missingParameter("MessageBody");
  const fifo = isFifo(queue.arn);
  if (fifo) checkFifoIds(queue, sent);
  else if (sent.MessageDeduplicationId !== undefined) {
    throw invalidValue(sent.MessageDeduplicationId, "MessageDeduplicationId", `${wrongForQueueType}.`);
  }
  checkId("MessageGroupId", sent.MessageGroupId);
  checkId("MessageDeduplicationId", sent.MessageDeduplicationId);
  const delaySeconds = checkDelay(queue, fifo, sent.DelaySeconds);
  const { attributes, asSent, size } = checkAttributes(sent.MessageAttributes);
  const traceHeader = checkSystemAttributes(sent.MessageSystemAttributes);
  const bytes = bytesOf(body);
  if (bytes === undefined) {
    throw AwsError.of(
      InvalidMessageContents$,
      "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
    );
  }
  return {
    queue,
    body,
    size: bytes + size,
    attributes,
    asSent,
    traceHeader,
    delaySeconds,
    group: sent.MessageGroupId,
    deduplicationId: fifo ? (sent.MessageDeduplicationId ?? sha256Hex(body)) : undefined,
  };
}

/** The body checked last: the copies of a message often share one text. */
let lastBody: { readonly text: string; readonly bytes: number | undefined; md5?: string } = { text: "", bytes: 0 };

/** The length of a body in UTF-8; undefined when it has characters that SQS does not allow. */
function bytesOf(text: string): number | undefined {
  if (lastBody.text !== text) {
    lastBody = { text, bytes: hasOnlyAllowedCharacters(text) ? Buffer.byteLength(text) : undefined };
  }
  return lastBody.bytes;
}

function md5Of(text: string): string {
  if (lastBody.text !== text) return md5Hex(text);
  lastBody.md5 ??= md5Hex(text);
  return lastBody.md5;
}

function checkFifoIds(queue: QueueRow, sent: Sent): void {
  if (sent.MessageGroupId === undefined || sent.MessageGroupId === "") throw missingParameter("MessageGroupId");
  if (sent.MessageDeduplicationId === undefined && queue.texts["ContentBasedDeduplication"] !== "true") {
    throw invalidParameterValue(
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
  }
}

function checkId(parameter: string, id: string | undefined): void {
  if (id === undefined || /^[!-~]{1,128}$/.test(id)) return;
  const reason = `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`;
  throw invalidValue(id, parameter, reason);
}

function checkDelay(queue: QueueRow, fifo: boolean, seconds: number | undefined): number {
  if (seconds === undefined) return queue.numbers.DelaySeconds;
  if (seconds < 0 || seconds > maxDelaySeconds) {
    throw invalidValue(seconds, "DelaySeconds", `DelaySeconds must be >= 0 and <= ${maxDelaySeconds}.`);
  }
  if (!fifo) return seconds;
  if (seconds > 0) throw invalidValue(seconds, "DelaySeconds", `${wrongForQueueType}.`);
  return queue.numbers.DelaySeconds;
}

function checkSystemAttributes(sent: Sent["MessageSystemAttributes"]): string | undefined {
  if (sent === undefined) return undefined;
  for (const [name, attribute] of Object.entries(sent)) {
    if (name !== "AWSTraceHeader") {
      throw invalidParameterValue(`Message system attribute name '${name}' is invalid.`);
    }
    if (attribute?.DataType !== "String" || !attribute.StringValue) {
      throw invalidParameterValue(
        `The message system attribute '${name}' must contain non-empty message attribute value for message attribute type 'String'.`,
      );
    }
  }
  return sent["AWSTraceHeader"]?.StringValue;
}

/**
 * Stores a checked message, or finds the one that it duplicates.
 * @param copy what turns a body shared by copies into this message's; it has no MD5 yet.
 */
export function putNew(
  service: Sqs,
  checked: Checked,
  senderId: string,
  copy?: Copy,
): { readonly id: string; readonly serial: number; readonly bodyMd5: string } {
  const { queue, body, attributes } = checked;
  const sender = currentCause();
  const traceHeader = checked.traceHeader ?? sender?.sentTrace;
  const cause = traceHeader === sender?.sentTrace ? sender : sender?.withTrace(traceHeader);
  const now = service.now;
  const bodyMd5 = copy === undefined ? md5Of(body) : "";
  const original = checked.deduplicationId === undefined ? undefined : findOriginal(service, checked);
  if (original) return { id: original.messageId, serial: original.serial, bodyMd5 };
  const id = service.deps.random.fork("messages").uuid();
  const serial = service.deps.store.nextSerial();
  const { account } = queue;
  const { deduplicationId } = checked;
  service.addMessage(
    queue,
    {
      queue: queue.arn,
      serial,
      sentMs: now,
      availableMs: checked.delaySeconds > 0 ? now + checked.delaySeconds * 1000 : 0,
      delayed: checked.delaySeconds > 0,
      received: undefined,
      group: checked.group,
      deadLetterSource: undefined,
    },
    {
      serial,
      account,
      id,
      body,
      bodyMd5,
      attributes,
      traceHeader,
      senderId,
      deduplicationId,
      cause: cause?.text,
      copy,
    },
  );
  if (deduplicationId !== undefined) remember(service, checked, id, serial);
  return { id, serial, bodyMd5 };
}

/** Stores a checked message and returns SendMessage's answer. */
function accept(checked: Checked, context: OperationContext<Sqs>) {
  const { queue, attributes, asSent = attributes, traceHeader } = checked;
  const { id, serial, bodyMd5 } = putNew(context.service, checked, context.principal.userId);
  return {
    MessageId: id,
    MD5OfMessageBody: bodyMd5,
    MD5OfMessageAttributes: asSent && attributesMd5(asSent),
    MD5OfMessageSystemAttributes:
      traceHeader === undefined
        ? undefined
        : attributesMd5({ AWSTraceHeader: { DataType: "String", StringValue: traceHeader } }),
    SequenceNumber: isFifo(queue.arn) ? sequenceNumber(serial) : undefined,
  };
}

/** Twenty digits, increasing with gaps, as on AWS. */
export function sequenceNumber(serial: number): string {
  return `188${String(BigInt(serial) * 256n).padStart(17, "0")}`;
}

/** The entry's share of the batch limit; refused entries count as well. */
function roughSize(entry: Sent): number {
  let size = Buffer.byteLength(entry.MessageBody ?? "");
  for (const [name, attribute] of Object.entries(entry.MessageAttributes ?? {})) {
    size += Buffer.byteLength(name) + Buffer.byteLength(attribute?.DataType ?? "");
    size += Buffer.byteLength(attribute?.StringValue ?? "") + (attribute?.BinaryValue?.length ?? 0);
  }
  return size;
}
