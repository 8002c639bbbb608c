/** What is submitted to the delivery engine, protocol by protocol. */

import { jsonObject } from "../../../protocols/unknown-json.ts";
import type { QueueParameters } from "../../delivery/kinds.ts";
import type { DeliveryRequest, MessageAttributes, Receiver, RetryPolicy, Way } from "../../delivery/types.ts";
import { sha256Hex } from "../../engine/digest.ts";
import { type FilterPolicy, type FilterPolicyScope, parseFilterPolicy } from "../../events/filter-policy/index.ts";
import { effectivePolicy, httpRetry } from "./delivery-policy.ts";
import { statusHandler, wantsStatus } from "./feedback.ts";
import { confirmationEnvelope, type Notification } from "./notification.ts";
import type { Sns } from "./sns.ts";
import type { SubscriptionRow, TopicRow } from "./tables.ts";

/** For AWS services as endpoints: 100,015 attempts over 23 days. */
export const serviceRetry: RetryPolicy = {
  phases: [
    { count: 3, minMs: 0, maxMs: 0, curve: "constant" },
    { count: 2, minMs: 1000, maxMs: 1000, curve: "constant" },
    { count: 10, minMs: 1000, maxMs: 20_000, curve: "exponential" },
    { count: 100_000, minMs: 20_000, maxMs: 20_000, curve: "constant" },
  ],
};

/** For endpoints that reach people: 50 attempts over 6 hours. */
const personRetry: RetryPolicy = {
  phases: [
    { count: 2, minMs: 10_000, maxMs: 10_000, curve: "constant" },
    { count: 10, minMs: 10_000, maxMs: 600_000, curve: "exponential" },
    { count: 38, minMs: 600_000, maxMs: 600_000, curve: "constant" },
  ],
};

/** A subscription with the precomputed parts of its deliveries. */
export interface Subscriber {
  readonly row: SubscriptionRow;
  readonly filter: FilterPolicy | undefined;
  readonly raw: boolean;
  readonly deadLetterArn: string | undefined;
  /** The receiver of its copies. */
  readonly receiver: Receiver;
  /** HTTP: the settings under this topic's attributes. */
  http: { readonly topic: TopicRow; readonly retry: RetryPolicy; readonly contentType: string } | undefined;
}

export function subscriberOf(row: SubscriptionRow): Subscriber {
  const { attributes } = row;
  const redrive = attributes["RedrivePolicy"];
  const policy = attributes["FilterPolicy"];
  const scope = (attributes["FilterPolicyScope"] ?? "MessageAttributes") as FilterPolicyScope;
  const target = redrive === undefined ? undefined : jsonObject(redrive)?.["deadLetterTargetArn"];
  const deadLetterArn = typeof target === "string" ? target : undefined;
  return {
    row,
    filter: policy === undefined ? undefined : parseFilterPolicy(policy, scope),
    raw: attributes["RawMessageDelivery"] === "true",
    deadLetterArn,
    receiver: {
      account: row.account,
      source: row.arn,
      target: row.endpoint,
      // The dead letter of a copy is a copy, too.
      deadLetter: deadLetterArn === undefined ? undefined : { arn: deadLetterArn },
    },
    http: undefined,
  };
}

/** The delivery of a notification to a subscriber. */
export function deliveryOf(sns: Sns, subscriber: Subscriber, notification: Notification): DeliveryRequest {
  const { row, raw, deadLetterArn } = subscriber;
  const { topic, published } = notification;
  const { protocol } = row;
  const body = raw ? notification.textFor(protocol) : undefined;
  return {
    account: row.account,
    region: topic.region,
    service: "sns",
    source: row.arn,
    target: row.endpoint,
    retry: serviceRetry,
    ...(body === undefined ? formOf(sns, subscriber, notification) : rawForm(subscriber, notification, body)),
    deadLetter:
      deadLetterArn === undefined
        ? undefined
        : {
            arn: deadLetterArn,
            body: body ?? notification.envelope(row),
            // What the queue would have received.
            attributes: body !== undefined && row.protocol === "sqs" ? published.attributes : undefined,
            ...(deadLetterArn.endsWith(".fifo")
              ? { messageGroupId: published.groupId, messageDeduplicationId: published.deduplicationId }
              : {}),
          },
    orderKey: topic.fifo ? published.groupId : undefined,
    notify: wantsStatus(topic, protocol) ? statusHandler : undefined,
  };
}

type Form = Way & Pick<DeliveryRequest, "payload"> & Partial<Pick<DeliveryRequest, "retry">>;

function formOf(sns: Sns, subscriber: Subscriber, notification: Notification): Form {
  const { row } = subscriber;
  const { topic, published } = notification;
  switch (row.protocol) {
    case "sqs":
      return {
        kind: "sqs",
        payload: notification.envelope(row),
        parameters: queueParameters(subscriber, notification),
      };
    case "http":
    case "https":
      return webForm(subscriber, notification, notification.envelope(row));
    case "lambda":
      return { kind: "lambda", payload: notification.lambdaEvent(row), parameters: {} };
    case "firehose":
      return { kind: "firehose", payload: notification.firehoseRecord(row), parameters: {} };
    case "email-json":
      return {
        kind: "mailbox",
        payload: notification.envelope(row),
        retry: personRetry,
        parameters: mailParameters(topic, "email-json", published.subject),
      };
    case "email":
      return {
        kind: "mailbox",
        payload: `${notification.textFor("email")}\n\n--\nIf you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:\n${published.origin ?? row.origin}/?Action=Unsubscribe&SubscriptionArn=${row.arn}\n`,
        retry: personRetry,
        parameters: mailParameters(topic, "email", published.subject),
      };
    case "sms":
      return smsForm(notification.textFor("sms"), topic.attributes["DisplayName"], published.attributes);
    default:
      return pushForm(sns, row.endpoint, notification);
  }
}

function rawForm(subscriber: Subscriber, notification: Notification, payload: string): Form {
  const { protocol } = subscriber.row;
  if (protocol === "http" || protocol === "https") return webForm(subscriber, notification, payload);
  if (protocol === "firehose") return { kind: "firehose", payload, parameters: {} };
  const messageAttributes = notification.published.attributes;
  return {
    kind: "sqs",
    payload,
    parameters: { ...queueParameters(subscriber, notification), messageAttributes },
  };
}

function queueParameters({ row }: Subscriber, { topic, published, replayed }: Notification): QueueParameters {
  const { traceHeader, groupId, deduplicationId, messageId } = published;
  const fifoQueue = row.endpoint.endsWith(".fifo");
  return {
    traceHeader,
    // A standard topic passes the group on to a standard queue, for fair queues; a FIFO topic does not.
    messageGroupId: fifoQueue || !topic.fifo ? groupId : undefined,
    // A replayed message would be a duplicate of itself within five minutes.
    messageDeduplicationId: !fifoQueue
      ? undefined
      : replayed
        ? sha256Hex(`${messageId} ${row.replay?.id}`)
        : deduplicationId,
  };
}

function webForm(subscriber: Subscriber, { topic, published }: Notification, payload: string): Form {
  const { row, raw } = subscriber;
  const { retry, contentType } = webSettings(subscriber, topic);
  return {
    kind: "http",
    payload,
    retry,
    parameters: {
      headers: {
        ...webHeaders("Notification", published.messageId, topic.arn, contentType),
        "x-amz-sns-subscription-arn": row.arn,
        ...(raw ? { "x-amz-sns-rawdelivery": "true" } : {}),
      },
    },
  };
}

/** Computed again when the topic's row has changed. */
function webSettings(subscriber: Subscriber, topic: TopicRow): NonNullable<Subscriber["http"]> {
  if (subscriber.http?.topic !== topic) {
    const policy = effectivePolicy(topic.attributes["DeliveryPolicy"], subscriber.row.attributes["DeliveryPolicy"]);
    subscriber.http = { topic, retry: httpRetry(policy), contentType: policy.requestPolicy.headerContentType };
  }
  return subscriber.http;
}

function webHeaders(type: string, messageId: string, topicArn: string, contentType: string): Record<string, string> {
  return {
    "x-amz-sns-message-type": type,
    "x-amz-sns-message-id": messageId,
    "x-amz-sns-topic-arn": topicArn,
    "Content-Type": contentType,
    "User-Agent": "Amazon Simple Notification Service Agent",
    "Accept-Encoding": "gzip,deflate",
    Connection: "Keep-Alive",
  };
}

function mailParameters(topic: TopicRow, channel: string, subject = "AWS Notification Message") {
  const name = topic.attributes["DisplayName"] || "AWS Notifications";
  return { channel, subject, from: `${name} <no-reply@sns.amazonaws.com>` };
}

function smsForm(text: string, displayName: string | undefined, attributes: MessageAttributes): Form {
  return {
    kind: "sms",
    payload: displayName ? `${displayName}> ${text}` : text,
    retry: personRetry,
    parameters: { channel: "sms", attributes },
  };
}

function pushForm(sns: Sns, endpointArn: string, notification: Notification): Form {
  const platform = sns.applications.get(sns.endpoints.get(endpointArn)?.applicationArn ?? "")?.platform ?? "";
  return {
    kind: "push",
    parameters: {},
    payload: pushPayload(platform, notification.textFor(platform), notification),
    retry: personRetry,
  };
}

/** A message written for the platform is its payload; any other is wrapped in the platform's format. */
function pushPayload(platform: string, text: string, { published }: Notification): string {
  if (published.messages?.[platform] !== undefined) return text;
  if (/^(APNS|MACOS)/.test(platform)) return JSON.stringify({ aps: { alert: text } });
  if (platform === "GCM" || platform === "ADM") return JSON.stringify({ data: { message: text } });
  return text;
}

/** The delivery of a message published directly to a phone number or a mobile endpoint. */
export function directDelivery(
  sns: Sns,
  place: { readonly account: string; readonly region: string },
  target: { readonly phone: string } | { readonly endpointArn: string },
  notification: Notification,
): DeliveryRequest {
  const phone = "phone" in target ? target.phone : undefined;
  const form =
    "phone" in target
      ? smsForm(notification.textFor("sms"), undefined, notification.published.attributes)
      : pushForm(sns, target.endpointArn, notification);
  return {
    account: place.account,
    region: place.region,
    service: "sns",
    source: phone ?? (target as { endpointArn: string }).endpointArn,
    target: phone ?? (target as { endpointArn: string }).endpointArn,
    retry: personRetry,
    ...form,
  };
}

/** The message that asks an endpoint to confirm, or tells it that it is unsubscribed. */
export function confirmationDelivery(
  sns: Sns,
  topic: TopicRow,
  row: SubscriptionRow,
  type: "SubscriptionConfirmation" | "UnsubscribeConfirmation",
): DeliveryRequest {
  const { messageId, message, subscribeUrl, envelope } = confirmationEnvelope(sns, topic, row, type);
  const base = { account: row.account, region: topic.region, service: "sns", source: row.arn, target: row.endpoint };
  switch (row.protocol) {
    case "http":
    case "https": {
      const { retry, contentType } = webSettings(subscriberOf(row), topic);
      const headers = webHeaders(type, messageId, topic.arn, contentType);
      if (type === "UnsubscribeConfirmation") headers["x-amz-sns-subscription-arn"] = row.arn;
      return { ...base, kind: "http", payload: envelope, retry, parameters: { headers } };
    }
    case "email":
    case "email-json": {
      const subject =
        type === "SubscriptionConfirmation"
          ? "AWS Notification - Subscription Confirmation"
          : "AWS Notification - Unsubscribe Confirmation";
      const payload = row.protocol === "email" ? `${message}\n\n${subscribeUrl}\n` : envelope;
      const parameters = mailParameters(topic, row.protocol, subject);
      return { ...base, kind: "mailbox", payload, retry: personRetry, parameters };
    }
    case "sqs":
      return {
        ...base,
        kind: "sqs",
        payload: envelope,
        retry: serviceRetry,
        parameters: row.endpoint.endsWith(".fifo")
          ? { messageGroupId: row.arn, messageDeduplicationId: messageId }
          : {},
      };
    default:
      return { ...base, kind: "lambda", payload: envelope, parameters: {}, retry: serviceRetry };
  }
}
