/** Publishes a checked message. */

import { currentCause } from "../../calls/cause.ts";
import type { OperationContext } from "../../calls/operation.ts";
import type { Delivery } from "../../delivery/types.ts";
import { sha256Hex } from "../../engine/digest.ts";
import { checkDelivered } from "./access.ts";
import { notFound } from "./errors.ts";
import { type Content, checkContent, checkOrdering, type Sent } from "./message.ts";
import { checkMessageAttributes } from "./message-attributes.ts";
import type { Sns } from "./sns.ts";
import type { Published, TopicRow } from "./tables.ts";

const deduplicationWindowMs = 5 * 60_000;

export type Attributes = ReturnType<typeof checkMessageAttributes>;

/** The publisher: its identity, the origin by which the outermost client reaches us, and the trace it sent. */
export interface Publisher {
  readonly service: Sns;
  readonly origin: string | undefined;
  readonly traceHeader: string | undefined;
}

export function publisherOf({ service, invocation }: OperationContext<Sns>): Publisher {
  return { service, origin: invocation.origin, traceHeader: invocation.cause.sentTrace };
}

/** Accepts a checked message, or answers for the original if it is a duplicate. */
export function accept(
  topic: TopicRow,
  sent: Sent,
  content: Content,
  { attributes }: Attributes,
  publisher: Publisher,
): { MessageId: string; SequenceNumber?: string | undefined } {
  const { service } = publisher;
  const now = service.now;
  const deduplicationId = topic.fifo ? (sent.MessageDeduplicationId ?? sha256Hex(sent.Message as string)) : undefined;
  const key = deduplicationId === undefined ? undefined : deduplicationKey(topic, sent, deduplicationId);
  const original = key === undefined ? undefined : findOriginal(service, topic, key);
  if (original) return { MessageId: original.messageId, SequenceNumber: original.sequenceNumber };
  const messageId = service.deps.random.fork("messages").uuid();
  const sequenceNumber = topic.fifo ? sequenceNumberOf(service.deps.store.nextSerial()) : undefined;
  if (key !== undefined) {
    const expiresMs = now + deduplicationWindowMs;
    service.deduplications.put({
      key,
      account: topic.account,
      topicArn: topic.arn,
      messageId,
      sequenceNumber: sequenceNumber as string,
      expiresMs,
    });
    service.retention.deduplications.expect(topic.arn, expiresMs);
  }
  const published: Published = {
    ...publishedOf(content, attributes, publisher),
    messageId,
    groupId: sent.MessageGroupId,
    deduplicationId,
    sequenceNumber,
  };
  if (topic.archivingSinceMs !== undefined) service.archive.add(topic, published);
  service.fanOut.publish(topic, published);
  return { MessageId: messageId, SequenceNumber: sequenceNumber };
}

/** A message as stored, with an id of its own. */
export function publishedOf(
  { message, messages, subject }: Content,
  attributes: Published["attributes"],
  { service, origin, traceHeader }: Publisher,
): Published {
  return {
    messageId: service.deps.random.fork("messages").uuid(),
    message,
    messages,
    subject,
    attributes,
    timestampMs: service.now,
    groupId: undefined,
    deduplicationId: undefined,
    sequenceNumber: undefined,
    traceHeader,
    origin,
  };
}

/** The target kind `sns`: publishes for other services. @throws AwsError as Publish */
export function deliverToTopic(service: Sns, delivery: Delivery<"sns">): { MessageId: string } {
  const { subject, messageAttributes, messageGroupId, messageDeduplicationId } = delivery.parameters;
  const topic = service.topics.get(delivery.target);
  if (topic === undefined) throw notFound("Topic");
  checkDelivered(service, topic, delivery);
  const sent: Sent = {
    Message: delivery.payload,
    Subject: subject,
    MessageGroupId: messageGroupId,
    MessageDeduplicationId: messageDeduplicationId,
  };
  const content = checkContent(sent);
  checkOrdering(topic, sent);
  const cause = currentCause();
  const publisher = { service, origin: cause?.origin, traceHeader: cause?.sentTrace };
  return accept(topic, sent, content, checkMessageAttributes(messageAttributes), publisher);
}

function findOriginal(service: Sns, topic: TopicRow, key: string) {
  service.retention.deduplications.run(topic.arn);
  return service.deduplications.get(key);
}

/** Ids are unique per topic, or per group with FifoThroughputScope MessageGroup. */
function deduplicationKey(topic: TopicRow, { MessageGroupId }: Sent, id: string): string {
  const scope = topic.attributes["FifoThroughputScope"] === "MessageGroup" ? MessageGroupId : "";
  return `${topic.arn}\n${scope}\n${id}`;
}

/** Twenty digits, increasing with gaps, as on AWS. */
function sequenceNumberOf(serial: number): string {
  return String(10n ** 19n + BigInt(serial) * 1000n);
}
