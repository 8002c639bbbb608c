/** Messages to standard queues: the copies of one message share their text and are submitted together. */
import type { Receiver, Shared } from "../../delivery/types.ts";
import { type Subscriber, serviceRetry } from "./deliveries.ts";
import { statusHandler, wantsStatus } from "./feedback.ts";
import type { Notification } from "./notification.ts";

/** Queues that get the same text: the message itself, or an envelope with one origin. */
export interface CopyGroup {
  readonly raw: boolean;
  readonly origin: string;
  readonly subscribers: Subscriber[];
  readonly receivers: Receiver[];
}

/** The receivers of a message. */
export interface Audience {
  readonly copies: readonly CopyGroup[];
  readonly others: readonly Subscriber[];
}

export function audienceOf(subscribers: Iterable<Subscriber>): Audience {
  const copies = new Map<string, CopyGroup>();
  const others: Subscriber[] = [];
  for (const subscriber of subscribers) {
    const { row, raw, receiver } = subscriber;
    if (row.protocol !== "sqs" || row.endpoint.endsWith(".fifo")) {
      others.push(subscriber);
      continue;
    }
    const key = `${raw} ${row.origin}`;
    let group = copies.get(key);
    if (group === undefined) copies.set(key, (group = { raw, origin: row.origin, subscribers: [], receivers: [] }));
    group.subscribers.push(subscriber);
    group.receivers.push(receiver);
  }
  return { copies: [...copies.values()], others };
}

/** What the copies for a group share. For standard topics; the signature is made when a copy is first read. */
export function copyFor(group: CopyGroup, notification: Notification): Shared<"sqs"> {
  const { topic, published } = notification;
  const { groupId: messageGroupId, traceHeader, attributes: messageAttributes } = published;
  const draft = group.raw ? undefined : notification.copyFor(group);
  return {
    region: topic.region,
    service: "sns",
    kind: "sqs",
    retry: serviceRetry,
    notify: wantsStatus(topic, "sqs") ? statusHandler : undefined,
    payload: draft?.text ?? notification.textFor("sqs"),
    parameters: {
      messageGroupId,
      traceHeader,
      messageAttributes: draft === undefined ? messageAttributes : undefined,
      copy: draft?.places,
    },
  };
}
