/** Publish's checks of a message, whatever it is published to. */
import { jsonObject, textOf } from "../../../protocols/unknown-json.ts";
import { invalidParameter } from "./errors.ts";
import type { SentAttribute } from "./message-attributes.ts";
import type { Published, TopicRow } from "./tables.ts";

export const maxMessageBytes = 262_144;

/** The common members of Publish and of an entry of PublishBatch. */
export interface Sent {
  readonly Message: string | undefined;
  readonly Subject?: string | undefined;
  readonly MessageStructure?: string | undefined;
  readonly MessageAttributes?: Readonly<Record<string, SentAttribute>> | undefined;
  readonly MessageDeduplicationId?: string | undefined;
  readonly MessageGroupId?: string | undefined;
}

export type Content = Pick<Published, "message" | "messages" | "subject"> & { readonly size: number };

/** Checks message, subject and structure, in this order. @throws AwsError InvalidParameter */
export function checkContent({ Message = "", Subject, MessageStructure }: Sent): Content {
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
    if (protocol === "default" && (typeof text !== "object" || text === null)) messages[protocol] = textOf(text);
    else if (typeof text === "string" && protocols.has(protocol)) messages[protocol] = text;
  }
  const message = messages["default"];
  if (message === undefined) {
    throw invalidParameter("Message Structure - No default entry in JSON message body");
  }
  delete messages["default"];
  return { message, messages, subject: Subject, size };
}

/** Keys that a message of structure json may have; others are ignored. */
const protocols = new Set(
  (
    "default email email-json sqs lambda http https sms firehose " +
    "APNS APNS_SANDBOX APNS_VOIP APNS_VOIP_SANDBOX MACOS MACOS_SANDBOX GCM ADM BAIDU MPNS WNS"
  ).split(" "),
);

function isSubject(subject: string): boolean {
  return subject.length <= 100 && /^[!-~\p{L}\p{N}\p{P}\p{S}][^\p{Cc}\u2028\u2029]*$/u.test(subject);
}

/** Checks group and deduplication id. @throws AwsError InvalidParameter */
export function checkOrdering(topic: TopicRow, { MessageGroupId, MessageDeduplicationId }: Sent): void {
  if (topic.fifo) {
    if (MessageGroupId === undefined) {
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
    `The ${parameter} parameter can only include alphanumeric and punctuation characters. 1 to 128 in length`,
  );
}
