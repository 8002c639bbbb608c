/** Publish and PublishBatch. */
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
import { AwsError } from "../../../protocols/error.ts";
import { type BatchErrors, checkBatch, failedEntry } from "../../calls/batch.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { checkMay, topicFor } from "./access.ts";
import { directDelivery } from "./deliveries.ts";
import { invalidParameter } from "./errors.ts";
import { type Content, checkContent, checkOrdering, maxMessageBytes } from "./message.ts";
import { checkMessageAttributes } from "./message-attributes.ts";
import { Notification } from "./notification.ts";
import { type Attributes, accept, publishedOf, publisherOf } from "./publication.ts";
import { checkArn, operation, type Sns } from "./sns.ts";
import type { Published, TopicRow } from "./tables.ts";

const maxSmsChars = 1600;

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
  if (topic === undefined && arn !== undefined) checkEndpoint(service, arn);
  const content = checkContent(input);
  if (topic) checkOrdering(topic, input);
  const attributes = checkMessageAttributes(input.MessageAttributes);
  if (content.size + attributes.size > maxMessageBytes) throw invalidParameter("Message too long");
  if (PhoneNumber !== undefined) return toPhone(PhoneNumber, content, attributes, context);
  if (topic === undefined && isEndpoint(arn as string)) return toEndpoint(arn as string, content, attributes, context);
  const published = service.topicOf(arn, context, parameter);
  checkMay(published, context, "Publish");
  return accept(published, input, content, attributes, publisherOf(context));
});

export const publishBatch = operation<PublishBatchCommand>(PublishBatch$, (input, context) => {
  const entries = checkBatch(input.PublishBatchRequestEntries, batchErrors);
  const topic = topicFor(input.TopicArn, context, "Publish");
  // A fault in an entry's attributes fails the call before any entry is accepted; on a FIFO topic, where the order
  // would have a gap, so does any other fault.
  const checked = entries.map((entry) => {
    if (topic.fifo) {
      checkContent(entry);
      checkOrdering(topic, entry);
    }
    return { entry, attributes: checkMessageAttributes(entry.MessageAttributes) };
  });
  const total = checked.reduce(
    (sum, { entry, attributes }) => sum + Buffer.byteLength(entry.Message ?? "") + attributes.size,
    0,
  );
  if (total > maxMessageBytes) {
    const message = "The length of all the messages put together is more than the limit.";
    throw AwsError.of(BatchRequestTooLongException$, message);
  }
  const Successful: { Id: string; MessageId: string; SequenceNumber?: string | undefined }[] = [];
  const Failed: ReturnType<typeof failedEntry>[] = [];
  for (const { entry, attributes } of checked) {
    const Id = entry.Id as string;
    try {
      const content = checkContent(entry);
      if (!topic.fifo) checkOrdering(topic, entry);
      Successful.push({ Id, ...accept(topic, entry, content, attributes, publisherOf(context)) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push(failedEntry(Id, error));
    }
  }
  return { Successful, Failed };
});

const batchErrors: BatchErrors = {
  empty: () => AwsError.of(EmptyBatchRequestException$, "The batch request doesn't contain any entries."),
  tooMany: () =>
    AwsError.of(TooManyEntriesInBatchRequestException$, "The batch request contains more entries than permissible."),
  invalidId(id) {
    const fault = /^[\w-]{81,}$/.test(id) ? "is too long" : "contains an impermissible character";
    return AwsError.of(InvalidBatchEntryIdException$, `The Id of a batch entry in the batch request ${fault}: ${id}`);
  },
  repeatedId: () =>
    AwsError.of(BatchEntryIdsNotDistinctException$, "Two or more batch entries in the request have the same Id."),
};

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

function isEndpoint(arn: string): boolean {
  return /:endpoint\//.test(arn);
}

/** A mobile endpoint is checked before the message. */
function checkEndpoint(service: Sns, arn: string): void {
  if (!isEndpoint(arn)) return;
  const endpoint = service.endpoints.get(arn);
  const application = endpoint && service.applications.get(endpoint.applicationArn);
  if (!endpoint || !application) {
    throw invalidParameter("TargetArn", "No endpoint found for the target arn specified");
  }
  if (application.attributes["Enabled"] === "false") {
    throw AwsError.of(PlatformApplicationDisabledException$, "Platform application is disabled");
  }
  if (endpoint.attributes["Enabled"] === "false") {
    throw AwsError.of(EndpointDisabledException$, "Endpoint is disabled");
  }
}

function toEndpoint(arn: string, content: Content, { attributes }: Attributes, context: OperationContext<Sns>) {
  const { service } = context;
  const published = publishedOf(content, attributes, publisherOf(context));
  submitDirect(service, context, { endpointArn: arn }, published);
  return { MessageId: published.messageId };
}

/** A message without a topic: phones and mobile endpoints see no topic attributes. */
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
