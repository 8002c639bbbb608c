/** ReceiveMessage. */
import { ReceiveMessage$, type ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { Cause } from "../../calls/cause.ts";
import type { OperationContext } from "../../calls/operation.ts";
import type { ContentRow, GivenMessage } from "./contents.ts";
import { invalidValue, overLimit, queueDoesNotExist, unknownAttribute } from "./errors.ts";
import { attributesMd5, selectAttributes, shownAttributes } from "./message-attributes.ts";
import { receiptHandle } from "./receipt-handle.ts";
import { sequenceNumber } from "./send.ts";
import { operation, type Sqs } from "./sqs.ts";
import { isFifo, isInFlight, type MessageRow, type QueueRow, type Received } from "./tables.ts";

const maxInFlight = 120_000;
const attemptWindowMs = 5 * 60_000;

const systemAttributeNames = new Set([
  "All",
  "SenderId",
  "SentTimestamp",
  "ApproximateReceiveCount",
  "ApproximateFirstReceiveTimestamp",
  "SequenceNumber",
  "MessageDeduplicationId",
  "MessageGroupId",
  "AWSTraceHeader",
  "DeadLetterQueueSourceArn",
]);

interface Ask {
  readonly max: number;
  readonly visibilityMs: number;
  readonly attemptId: string | undefined;
  readonly shortPoll: boolean;
}

export const receiveMessage = operation<ReceiveMessageCommand>(ReceiveMessage$, (input, context) => {
  const { service } = context;
  const queue = service.queueOf(input.QueueUrl, context, "ReceiveMessage");
  service.throughput.spend(queue, "receive");
  const max = within(
    input.MaxNumberOfMessages ?? 1,
    "MaxNumberOfMessages",
    1,
    10,
    "Must be between 1 and 10, if provided.",
  );
  const waitSeconds = within(
    input.WaitTimeSeconds ?? queue.numbers.ReceiveMessageWaitTimeSeconds,
    "WaitTimeSeconds",
    0,
    20,
    "Must be >= 0 and <= 20, if provided.",
  );
  const visibilitySeconds = within(
    input.VisibilityTimeout ?? queue.numbers.VisibilityTimeout,
    "VisibilityTimeout",
    0,
    43_200,
    "Must be >= 0 and <= 43200, if provided.",
  );
  const wanted = wantedSystemAttributes(input.AttributeNames, input.MessageSystemAttributeNames);
  const attemptId = isFifo(queue.arn) ? input.ReceiveRequestAttemptId : undefined;
  if (attemptId !== undefined && !/^[!-~]{1,128}$/.test(attemptId)) {
    const reason =
      "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.";
    throw invalidValue(attemptId, "ReceiveRequestAttemptId", reason);
  }
  const ask: Ask = { max, visibilityMs: visibilitySeconds * 1000, attemptId, shortPoll: waitSeconds === 0 };
  const isInner = context.protocol === undefined;
  const show = (found: readonly GivenMessage[]) => ({
    Messages:
      found.length === 0
        ? undefined
        : found.map((each) => shown(each, queue, wanted, input.MessageAttributeNames, isInner)),
  });
  const deadlineMs = service.now + waitSeconds * 1000;
  const poll = (): GivenMessage[] | Promise<GivenMessage[]> => {
    const found = attempt();
    if (found.length > 0 || ask.shortPoll) return found;
    const leftMs = deadlineMs - service.now;
    if (leftMs <= 0) return found;
    return service.longPolls.wait(queue.arn, leftMs, context.signal, attempt);
  };
  // Attributes may change during a poll, so each attempt reads the queue again.
  const attempt = () => {
    const current = service.current(queue);
    if (!current) throw queueDoesNotExist(context.protocol);
    return receive(service, current, ask, context);
  };
  const found = service.kms.isThere ? pollWithKey(service, queue, context, poll) : poll();
  return found instanceof Promise ? found.then(show) : show(found);
});

/** Thrown by an attempt that finds messages whose key needs a call of KMS first. */
class KeyNeeded extends Error {}

/**
 * Polls until there is an answer; whenever there are messages that need the queue's key, KMS is called first.
 * @throws AwsError as `Kms.ask`
 */
async function pollWithKey(
  service: Sqs,
  queue: QueueRow,
  context: OperationContext,
  poll: () => GivenMessage[] | Promise<GivenMessage[]>,
): Promise<GivenMessage[]> {
  for (;;) {
    try {
      return await context.invocation.cause.run(() => service.deps.store.transaction(poll));
    } catch (error) {
      if (!(error instanceof KeyNeeded)) throw error;
    }
    const current = service.current(queue);
    if (current) await service.kms.ask(current, "consume", context);
    if (context.signal.aborted) return [];
  }
}

function within(value: number, parameter: string, min: number, max: number, reason: string): number {
  if (value >= min && value <= max) return value;
  throw invalidValue(value, parameter, reason);
}

/** Receives up to `ask.max` messages for their visibility timeout. Runs in a transaction. */
function receive(service: Sqs, queue: QueueRow, ask: Ask, context: OperationContext): GivenMessage[] {
  if (service.purges.isRunning(queue.arn)) return [];
  const now = service.now;
  service.settle(queue, now);
  if (service.kms.mustAsk(queue, "consume", context) && service.counts(queue).visible > 0) throw new KeyNeeded();
  const repeated = ask.attemptId === undefined ? undefined : repeatAttempt(service, queue, ask.attemptId, ask, now);
  if (repeated) return withContents(service, repeated);
  if (service.messages.by.inFlight.size(queue.arn) >= maxInFlight) {
    if (isFifo(queue.arn) || !ask.shortPoll) return [];
    throw overLimit(`Too many messages in flight: the queue has reached ${maxInFlight}.`);
  }
  const taken = isFifo(queue.arn) ? takeFifo(service, queue, ask, now) : takeStandard(service, queue, ask, now);
  if (ask.attemptId !== undefined && taken.length > 0) rememberAttempt(service, queue, ask, taken, now);
  return withContents(service, taken);
}

function withContents(service: Sqs, messages: readonly MessageRow[]): GivenMessage[] {
  return messages.map((message) => ({ message, content: service.contentOf(message) }));
}

function takeStandard(service: Sqs, queue: QueueRow, ask: Ask, now: number): MessageRow[] {
  const taken: MessageRow[] = [];
  const fair = service.groups.hasTenants(queue.arn);
  while (taken.length < ask.max) {
    const next = fair ? service.groups.nextFair(queue.arn) : service.messages.by.available.first(queue.arn);
    if (!next) break;
    const message = giveOut(service, queue, next, now, ask);
    if (message) taken.push(message);
  }
  release(service, taken, ask);
  return taken;
}

function takeFifo(service: Sqs, queue: QueueRow, ask: Ask, now: number): MessageRow[] {
  const taken: MessageRow[] = [];
  // A group that was served or emptied is not ready any more, so each comes once.
  for (const row of service.groups.ready(queue.arn)) {
    const before = taken.length;
    for (const message of service.groups.available(row)) {
      const given = giveOut(service, queue, message, now, ask);
      if (given) taken.push(given);
      if (taken.length === ask.max) break;
    }
    if (taken.length > before) service.groups.served(row);
    if (taken.length === ask.max) break;
  }
  release(service, taken, ask);
  return taken;
}

/** Marks a message as received; one that was received often enough goes to the dead-letter queue instead. */
function giveOut(service: Sqs, queue: QueueRow, message: MessageRow, now: number, ask: Ask): MessageRow | undefined {
  const { redrive } = queue;
  const { count, countBefore, firstMs } = message.received ?? { count: 0, countBefore: 0, firstMs: now };
  if (redrive && count - countBefore >= redrive.maxReceiveCount) {
    const target = service.queues.get(redrive.deadLetterTargetArn);
    if (target) {
      service.deadLetter(message, queue, target);
      return undefined;
    }
  }
  const given: MessageRow = {
    ...message,
    // Even with a timeout of zero a message must not come twice in one answer; `release` ends it.
    availableMs: now + Math.max(ask.visibilityMs, 1),
    received: { count: count + 1, countBefore, firstMs, latestMs: now },
  };
  service.putMessage(given);
  return given;
}

function release(service: Sqs, taken: readonly MessageRow[], ask: Ask): void {
  if (ask.visibilityMs > 0) return;
  for (const message of taken) service.putMessage({ ...message, availableMs: 0 });
}

function attemptKey(queue: QueueRow, attemptId: string): string {
  return `${queue.arn}\n${attemptId}`;
}

function rememberAttempt(service: Sqs, queue: QueueRow, ask: Ask, taken: readonly MessageRow[], now: number): void {
  const expiresMs = now + attemptWindowMs;
  service.receiveAttempts.put({
    key: attemptKey(queue, ask.attemptId as string),
    account: queue.account,
    queue: queue.arn,
    messages: taken.map(({ serial, received }) => ({ serial, receiveCount: (received as Received).count })),
    availableMs: now + ask.visibilityMs,
    expiresMs,
  });
  service.retention.receiveAttempts.expect(queue.arn, expiresMs);
}

/**
 * The answer of an earlier receive with the same attempt id, with its visibility timeout restarted; undefined when
 * there was none or its messages have become visible again.
 * @throws AwsError InvalidParameterValue when one of its messages was deleted or changed since.
 */
function repeatAttempt(
  service: Sqs,
  queue: QueueRow,
  attemptId: string,
  ask: Ask,
  now: number,
): MessageRow[] | undefined {
  const { receiveAttempts } = service;
  service.retention.receiveAttempts.run(queue.arn);
  const attempt = receiveAttempts.get(attemptKey(queue, attemptId));
  if (!attempt) return undefined;
  if (attempt.availableMs <= now) {
    receiveAttempts.delete(attempt.key);
    return undefined;
  }
  const messages = attempt.messages.map(({ serial, receiveCount }) => {
    const message = service.messages.get(serial);
    const same = message?.queue === queue.arn && message.received?.count === receiveCount;
    if (!same || !isInFlight(message) || message.availableMs !== attempt.availableMs) {
      throw invalidValue(
        attemptId,
        "ReceiveRequestAttemptId",
        "The receiveRequestAttemptId is not valid anymore since the receive call is not retryable.",
      );
    }
    return message;
  });
  const availableMs = now + ask.visibilityMs;
  const again = messages.map((message) => {
    const received = { ...(message.received as Received), latestMs: now };
    return { ...message, availableMs, received };
  });
  for (const message of again) service.putMessage(message);
  receiveAttempts.put({ ...attempt, availableMs });
  return again;
}

function wantedSystemAttributes(
  names: readonly string[] | undefined,
  systemNames: readonly string[] | undefined,
): ReadonlySet<string> | undefined {
  if (!names?.length && !systemNames?.length) return undefined;
  const wanted = new Set([...(names ?? []), ...(systemNames ?? [])]);
  for (const name of wanted) if (!systemAttributeNames.has(name)) throw unknownAttribute(name);
  return wanted;
}

function shown(
  { message, content }: GivenMessage,
  queue: QueueRow,
  wanted: ReadonlySet<string> | undefined,
  wantedAttributes: readonly string[] | undefined,
  isInner: boolean,
) {
  const selected = selectAttributes(content.attributes, wantedAttributes);
  return {
    // Only for our services: AWS has no such member, and clients do not see it.
    cause: isInner ? (content.cause ?? Cause.from().text) : undefined,
    MessageId: content.id,
    ReceiptHandle: receiptHandle(message, content.id, queue),
    MD5OfBody: content.bodyMd5,
    Body: content.body,
    Attributes: wanted && (systemAttributes(message, content, wanted) as never),
    MD5OfMessageAttributes: selected && attributesMd5(selected),
    MessageAttributes: selected && shownAttributes(selected),
  };
}

export function systemAttributes(
  message: MessageRow,
  content: ContentRow,
  wanted: ReadonlySet<string>,
): Record<string, string> | undefined {
  const all: Record<string, string | undefined> = {
    SenderId: content.senderId,
    SentTimestamp: String(message.firstSentMs ?? message.sentMs),
    ApproximateReceiveCount: String(message.received?.count),
    ApproximateFirstReceiveTimestamp: String(message.received?.firstMs),
    SequenceNumber: isFifo(message.queue) ? sequenceNumber(message.serial) : undefined,
    MessageDeduplicationId: content.deduplicationId,
    MessageGroupId: message.group,
    AWSTraceHeader: content.traceHeader,
    DeadLetterQueueSourceArn: message.deadLetterSource,
  };
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined && (wanted.has("All") || wanted.has(name))) attributes[name] = value;
  }
  return Object.keys(attributes).length === 0 ? undefined : attributes;
}
