/** Publish and PublishBatch. */
import { createHash } from "node:crypto";
import {
  BatchEntryIdsNotDistinctException$,
  BatchRequestTooLongException$,
  EmptyBatchRequestException$,
  EndpointDisabledException$,
  InvalidBatchEntryIdException$,
  PlatformApplicationDisabledException$,
  Publish$,
  PublishBatch$,
  type PublishBatchCommand,
  type PublishCommand,
  TooManyEntriesInBatchRequestException$,
} from "@aws-sdk/client-sns";
import { AwsError, type ErrorSchema } from "../../../protocols/error.ts";
import type { Delivery } from "../../core/delivery/types.ts";
import type { OperationContext } from "../../core/operation.ts";
import { directDelivery } from "./deliveries.ts";
import { invalidParameter, notFound } from "./errors.ts";
import { jsonObject } from "./json.ts";
import { checkMessageAttributes, type SentAttribute } from "./message-attributes.ts";
import { Notification } from "./notification.ts";
import { checkArn, operation, type Sns } from "./sns.ts";
import type { Published, TopicRow } from "./tables.ts";

const maxMessageBytes = 262_144;
const maxSmsChars = 1600;
const maxEntries = 10;
const deduplicationWindowMs = 5 * 60_000;

/** What Publish and an entry of PublishBatch have in common. */
interface Sent {
  readonly Message: string | undefined;
  readonly Subject?: string | undefined;
  readonly MessageStructure?: string | undefined;
  readonly MessageAttributes?: Readonly<Record<string, SentAttribute>> | undefined;
  readonly MessageDeduplicationId?: string | undefined;
  readonly MessageGroupId?: string | undefined;
}

type Content = Pick<Published, "message" | "messages" | "subject"> & { readonly size: number };
type Attributes = ReturnType<typeof checkMessageAttributes>;

/** Who publishes: a client whose request tells where we can be reached, or a service of ours. */
interface Publisher {
  readonly service: Sns;
  readonly origin: string | undefined;
  readonly traceHeader: string | undefined;
}

function publisherOf({ service, request, origin }: OperationContext<Sns>): Publisher {
  const trace = request?.headers["x-amzn-trace-id"];
  return {
    service,
    origin: request === undefined ? undefined : origin,
    traceHeader: typeof trace === "string" ? trace : undefined,
  };
}

export const publish = operation<PublishCommand>(Publish$, (input, context) => {
  const { service } = context;
  const { TopicArn, TargetArn, PhoneNumber } = input;
  const given = [TopicArn, TargetArn, PhoneNumber].filter((target) => target !== undefined);
  if (given.length === 0) throw invalidParameter("TopicArn or TargetArn", "no value for required parameter");
  if (given.length > 1) {
    throw invalidParameter("TopicArn, TargetArn or PhoneNumber", "only one of them can be given");
  }
  if (PhoneNumber !== undefined && !/^\+[1-9]\d{1,14}$/.test(PhoneNumber)) {
    throw invalidParameter("PhoneNumber", `${PhoneNumber} is not valid to publish to`);
  }
  const parameter = TopicArn === undefined ? "TargetArn" : "TopicArn";
  const arn = TopicArn ?? TargetArn;
  const topic = arn === undefined ? undefined : service.topics.get(arn);
  if (arn !== undefined && topic === undefined) checkArn(arn, parameter);
  const content = checkContent(input);
  if (topic) checkOrdering(topic, input);
  const attributes = checkMessageAttributes(input.MessageAttributes);
  if (content.size + attributes.size > maxMessageBytes) throw invalidParameter("Message too long");
  if (PhoneNumber !== undefined) return toPhone(PhoneNumber, content, attributes, context);
  if (topic === undefined && /:endpoint\//.test(arn as string))
    return toEndpoint(arn as string, content, attributes, context);
  return accept(service.topicOf(arn, context, parameter), input, content, attributes, publisherOf(context));
});

export const publishBatch = operation<PublishBatchCommand>(PublishBatch$, (input, context) => {
  const { service } = context;
  const entries = checkBatch(input.PublishBatchRequestEntries ?? []);
  const topic = service.topicOf(input.TopicArn, context);
  // What is wrong with the order or the attributes of one entry fails the call, before any entry is taken.
  const checked = entries.map((entry) => {
    checkOrdering(topic, entry);
    return { entry, attributes: checkMessageAttributes(entry.MessageAttributes) };
  });
  const total = checked.reduce(
    (sum, { entry, attributes }) => sum + Buffer.byteLength(entry.Message ?? "") + attributes.size,
    0,
  );
  if (total > maxMessageBytes) {
    const message = "The length of all the messages put together is more than the limit.";
    throw AwsError.of(BatchRequestTooLongException$ as ErrorSchema, message);
  }
  const Successful: { Id: string; MessageId: string; SequenceNumber?: string | undefined }[] = [];
  const Failed: { Id: string; Code: string; Message: string; SenderFault: boolean }[] = [];
  for (const { entry, attributes } of checked) {
    const Id = entry.Id as string;
    try {
      Successful.push({ Id, ...accept(topic, entry, checkContent(entry), attributes, publisherOf(context)) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id, Code: error.queryCode, Message: error.message, SenderFault: error.fault === "client" });
    }
  }
  return { Successful, Failed };
});

function checkBatch<Entry extends { readonly Id: string | undefined }>(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length === 0) {
    const message = "The batch request doesn't contain any entries.";
    throw AwsError.of(EmptyBatchRequestException$ as ErrorSchema, message);
  }
  if (entries.length > maxEntries) {
    const message = "The batch request contains more entries than permissible.";
    throw AwsError.of(TooManyEntriesInBatchRequestException$ as ErrorSchema, message);
  }
  if (!entries.every(({ Id }) => Id !== undefined && /^[\w-]{1,80}$/.test(Id))) {
    const message = "The Id of a batch entry in a batch request doesn't abide by the specification.";
    throw AwsError.of(InvalidBatchEntryIdException$ as ErrorSchema, message);
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    const message = "Two or more batch entries in the request have the same Id.";
    throw AwsError.of(BatchEntryIdsNotDistinctException$ as ErrorSchema, message);
  }
  return entries;
}

/** Message, subject and structure, in this order. */
function checkContent({ Message = "", Subject, MessageStructure }: Sent): Content {
  if (Message === "") throw invalidParameter("Empty message");
  const size = Buffer.byteLength(Message);
  if (size > maxMessageBytes) throw invalidParameter("Message too long");
  if (Subject !== undefined && !isSubject(Subject)) throw invalidParameter("Subject");
  if (MessageStructure === undefined || MessageStructure === "") {
    return { message: Message, messages: undefined, subject: Subject, size };
  }
  if (MessageStructure !== "json") throw invalidParameter("MessageStructure");
  const parsed = jsonObject(Message);
  if (parsed === undefined) {
    throw invalidParameter("Message Structure - JSON message body failed to parse");
  }
  const messages: Record<string, string> = Object.create(null);
  for (const [protocol, text] of Object.entries(parsed)) {
    if (typeof text === "string" && protocols.has(protocol)) messages[protocol] = text;
  }
  const message = messages["default"];
  if (message === undefined) {
    throw invalidParameter("Message Structure - No default entry in JSON message body");
  }
  delete messages["default"];
  return { message, messages, subject: Subject, size };
}

/** Keys a message of structure json may have; others are ignored. */
const protocols = new Set(
  (
    "default email email-json sqs lambda http https sms firehose " +
    "APNS APNS_SANDBOX APNS_VOIP APNS_VOIP_SANDBOX MACOS MACOS_SANDBOX GCM ADM BAIDU MPNS WNS"
  ).split(" "),
);

function isSubject(subject: string): boolean {
  return subject.length <= 100 && /^[!-~\p{L}\p{N}\p{P}\p{S}][^\p{Cc}\u2028\u2029]*$/u.test(subject);
}

function checkOrdering(topic: TopicRow, { MessageGroupId, MessageDeduplicationId }: Sent): void {
  if (topic.fifo) {
    if (MessageGroupId === undefined || MessageGroupId === "") {
      throw invalidParameter("The MessageGroupId parameter is required for FIFO topics");
    }
    if (MessageDeduplicationId === undefined && topic.attributes["ContentBasedDeduplication"] !== "true") {
      throw invalidParameter(
        "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
      );
    }
  } else if (MessageDeduplicationId !== undefined) {
    throw invalidParameter(
      "MessageDeduplicationId",
      "The request includes MessageDeduplicationId parameter that is not valid for this topic type",
    );
  }
  checkId("MessageGroupId", MessageGroupId);
  checkId("MessageDeduplicationId", MessageDeduplicationId);
}

function checkId(parameter: string, id: string | undefined): void {
  if (id === undefined || /^[!-~]{1,128}$/.test(id)) return;
  throw invalidParameter(
    parameter,
    `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

/** Takes a checked message, or finds that it is a duplicate and answers as for the original. */
function accept(
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
  const original = key === undefined ? undefined : findOriginal(service, topic, key, now);
  if (original) return { MessageId: original.messageId, SequenceNumber: original.sequenceNumber };
  const messageId = service.deps.random.uuid();
  const sequenceNumber = topic.fifo ? sequenceNumberOf(service.deps.store.nextSerial()) : undefined;
  if (key !== undefined) {
    service.deduplications.put({
      key,
      account: topic.account,
      topicArn: topic.arn,
      messageId,
      sequenceNumber: sequenceNumber as string,
      expiresMs: now + deduplicationWindowMs,
    });
  }
  const published: Published = {
    ...publishedOf(content, attributes, publisher),
    messageId,
    groupId: sent.MessageGroupId,
    deduplicationId,
    sequenceNumber,
  };
  if (topic.archivingSinceMs !== undefined) service.replays.archive(topic, published);
  service.fanOut.publish(topic, published);
  return { MessageId: messageId, SequenceNumber: sequenceNumber };
}

function publishedOf(
  { message, messages, subject }: Content,
  attributes: Published["attributes"],
  { service, origin, traceHeader }: Publisher,
): Published {
  return {
    messageId: service.deps.random.uuid(),
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

/** What a delivery of kind `sns` has as its parameters. Its target is the topic's ARN. */
export interface SnsParameters {
  readonly subject?: string | undefined;
  readonly messageGroupId?: string | undefined;
  readonly messageDeduplicationId?: string | undefined;
  readonly traceHeader?: string | undefined;
}

/** The target kind `sns`: what other services publish. @throws AwsError as Publish */
export function deliverToTopic(service: Sns, delivery: Delivery): { MessageId: string } {
  const { subject, messageGroupId, messageDeduplicationId, traceHeader } = (delivery.parameters ?? {}) as SnsParameters;
  const topic = service.topics.get(delivery.target);
  if (topic === undefined) throw notFound("Topic");
  const sent: Sent = {
    Message: delivery.payload,
    Subject: subject,
    MessageGroupId: messageGroupId,
    MessageDeduplicationId: messageDeduplicationId,
  };
  const content = checkContent(sent);
  checkOrdering(topic, sent);
  return accept(topic, sent, content, checkMessageAttributes(undefined), { service, origin: undefined, traceHeader });
}

function findOriginal(service: Sns, topic: TopicRow, key: string, now: number) {
  const { deduplications } = service;
  for (const expired of deduplications.by.expiry.range(topic.arn, { lte: now })) deduplications.delete(expired.key);
  return deduplications.get(key);
}

/** Ids are one space in a topic, or in each group with FifoThroughputScope MessageGroup. */
function deduplicationKey(topic: TopicRow, { MessageGroupId }: Sent, id: string): string {
  const scope = topic.attributes["FifoThroughputScope"] === "MessageGroup" ? MessageGroupId : "";
  return `${topic.arn}\n${scope}\n${id}`;
}

/** Twenty digits, rising with gaps, as AWS's. */
function sequenceNumberOf(serial: number): string {
  return String(10n ** 19n + BigInt(serial) * 1000n);
}

function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function toPhone(phone: string, content: Content, { attributes }: Attributes, context: OperationContext<Sns>) {
  const { service } = context;
  const published = publishedOf(content, attributes, publisherOf(context));
  if (content.message.length > maxSmsChars) throw invalidParameter("Message too long");
  checkSmsAttributes(attributes);
  submitDirect(service, context, { phone }, published);
  return { MessageId: published.messageId };
}

function checkSmsAttributes(attributes: Published["attributes"]): void {
  const type = attributes["AWS.SNS.SMS.SMSType"]?.StringValue;
  if (type !== undefined && type !== "Promotional" && type !== "Transactional") {
    throw invalidParameter("MessageAttributes", `AWS.SNS.SMS.SMSType ${type} is not valid`);
  }
  const sender = attributes["AWS.SNS.SMS.SenderID"]?.StringValue;
  if (sender !== undefined && !/^(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}$/.test(sender)) {
    throw invalidParameter("MessageAttributes", `AWS.SNS.SMS.SenderID ${sender} is not valid`);
  }
}

function toEndpoint(arn: string, content: Content, { attributes }: Attributes, context: OperationContext<Sns>) {
  const { service } = context;
  const endpoint = service.endpoints.get(arn);
  const application = endpoint && service.applications.get(endpoint.applicationArn);
  if (!endpoint || !application) {
    throw invalidParameter("TargetArn", "No endpoint found for the target arn specified");
  }
  if (application.attributes["Enabled"] === "false") {
    throw AwsError.of(PlatformApplicationDisabledException$ as ErrorSchema, "Platform application is disabled");
  }
  if (endpoint.attributes["Enabled"] === "false") {
    throw AwsError.of(EndpointDisabledException$ as ErrorSchema, "Endpoint is disabled");
  }
  const published = publishedOf(content, attributes, publisherOf(context));
  submitDirect(service, context, { endpointArn: arn }, published);
  return { MessageId: published.messageId };
}

/** A message without a topic: nothing of a topic's shows in what phones and mobile endpoints get. */
function submitDirect(
  service: Sns,
  place: { readonly account: string; readonly region: string },
  target: { readonly phone: string } | { readonly endpointArn: string },
  published: Published,
): void {
  const topic: TopicRow = {
    ...place,
    arn: "",
    name: "",
    fifo: false,
    attributes: {},
    tags: {},
    deletedSubscriptions: 0,
    dataProtectionPolicy: undefined,
    archivingSinceMs: undefined,
  };
  service.deps.delivery.submit(directDelivery(service, place, target, new Notification(service, topic, published)));
}
