/** Shows the messages in a queue without receiving them. */
import type { StoredAttribute } from "./contents.ts";
import { systemAttributes } from "./receive.ts";
import type { Sqs } from "./sqs.ts";
import { isInFlight, type MessageRow, type QueueRow } from "./tables.ts";

/** A message in the form of Lambda's events from SQS, with its state. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly body: string;
  readonly md5OfBody: string;
  /** System attributes, `SentTimestamp` and the like. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Binary values in base64. */
  readonly messageAttributes: Readonly<Record<string, StoredAttribute>>;
  readonly state: "visible" | "delayed" | "inFlight";
  readonly receiveCount: number;
  /** ISO 8601. */
  readonly sentAt: string;
  /** When its delay or its visibility timeout ends, ISO 8601; absent when it is visible. */
  readonly visibleAt: string | undefined;
}

export interface QueueFilter {
  /** ARN of a queue. */
  readonly queue?: string | undefined;
  /** Or its name, in a place. */
  readonly name?: string | undefined;
  readonly account?: string | undefined;
  /** Undefined: any region, if only one of the account's queues has this name. */
  readonly region?: string | undefined;
  readonly state?: QueuedMessage["state"] | undefined;
  /** Default: 100. */
  readonly limit?: number | undefined;
}

/** The queue's messages, oldest first; undefined when there is no such queue. */
export function queuedMessages(service: Sqs, filter: QueueFilter): QueuedMessage[] | undefined {
  const queue = wantedQueue(service, filter);
  if (queue === undefined) return undefined;
  const found: QueuedMessage[] = [];
  const now = service.now;
  for (const message of service.messages.by.sent.range(queue.arn)) {
    const one = shown(service, message, now);
    if (filter.state !== undefined && one.state !== filter.state) continue;
    found.push(one);
    if (found.length === (filter.limit ?? 100)) break;
  }
  return found;
}

function wantedQueue(service: Sqs, { queue, name = "", account, region }: QueueFilter): QueueRow | undefined {
  if (queue !== undefined) return service.queues.get(queue);
  const named = [...service.queues.by.bareName.range(name)].filter((one) => one.account === account);
  const wanted = named.filter((one) => one.region === region);
  return wanted[0] ?? (region === undefined && named.length === 1 ? named[0] : undefined);
}

function shown(service: Sqs, message: MessageRow, now: number): QueuedMessage {
  const content = service.contentOf(message);
  // Until somebody reads the queue, a row says that it waits even after its time has come.
  const waits = message.availableMs > now;
  const attributes = systemAttributes(message, content, new Set(["All"])) ?? {};
  if (message.received === undefined) {
    attributes["ApproximateReceiveCount"] = "0";
    delete attributes["ApproximateFirstReceiveTimestamp"];
  }
  return {
    messageId: content.id,
    body: content.body,
    md5OfBody: content.bodyMd5,
    attributes,
    messageAttributes: content.attributes ?? {},
    state: !waits ? "visible" : isInFlight(message) ? "inFlight" : "delayed",
    receiveCount: message.received?.count ?? 0,
    sentAt: new Date(message.sentMs).toISOString(),
    visibleAt: waits ? new Date(message.availableMs).toISOString() : undefined,
  };
}
