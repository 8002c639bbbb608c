/**
 * Messages and records in the form for functions (Lambda developer guide, "Using Lambda with Amazon SQS", "… with
 * Kinesis").
 */
import type { EventValue } from "../../../events/pattern/index.ts";
import type { SourceEvent } from "../../../sources/drain.ts";
import type { SqsMessage, StreamItem } from "../../../sources/records.ts";
import { queueEvent, type Reading, streamEvent } from "../../../sources/source-events.ts";

export function lambdaQueueEvent(message: SqsMessage, reading: Reading): SourceEvent {
  const { messageAttributes, md5OfBody, ...event } = queueEvent(message, reading);
  const { messageId, receiptHandle, body, attributes, ...rest } = event;
  return {
    messageId: messageId as EventValue,
    receiptHandle: receiptHandle as EventValue,
    body: body as EventValue,
    attributes: attributes as EventValue,
    messageAttributes: tidied(messageAttributes as MessageAttributes),
    md5OfMessageAttributes: message.MD5OfMessageAttributes ?? null,
    md5OfBody: md5OfBody as EventValue,
    ...rest,
  };
}

type MessageAttributes = Readonly<Record<string, { readonly [name: string]: EventValue }>>;

/** Numbers without superfluous zeros: `007.50` becomes `7.5` [recorded]. */
function tidied(attributes: MessageAttributes): { [name: string]: EventValue } {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, attribute]) => {
      const { stringValue, dataType } = attribute;
      const isNumber = typeof dataType === "string" && /^Number(\.|$)/.test(dataType);
      if (!isNumber || typeof stringValue !== "string") return [name, attribute];
      return [name, { ...attribute, stringValue: tidyNumber(stringValue) }];
    }),
  );
}

function tidyNumber(text: string): string {
  const [, sign = "", whole = "", fraction = ""] = /^([+-]?)0*(\d*?)(?:\.(\d*?)0*)?$/.exec(text) ?? [];
  if (whole === "" && fraction === "") return /^[+-]?[0.]+$/.test(text) ? "0" : text;
  return `${sign === "-" ? "-" : ""}${whole || "0"}${fraction === "" ? "" : `.${fraction}`}`;
}

const kinesisMembers = [
  "kinesisSchemaVersion",
  "partitionKey",
  "sequenceNumber",
  "data",
  "approximateArrivalTimestamp",
] as const;

export function lambdaStreamEvent(item: StreamItem, reading: Reading): SourceEvent {
  const flat = streamEvent(item, reading);
  const kinesis = Object.fromEntries(kinesisMembers.map((name) => [name, flat[name] as EventValue]));
  const { eventSource, eventVersion, eventID, eventName, invokeIdentityArn, awsRegion, eventSourceARN } = flat;
  const around = { eventSource, eventVersion, eventID, eventName, invokeIdentityArn, awsRegion, eventSourceARN };
  return { kinesis, ...(around as { [name: string]: EventValue }) };
}

/** A record in the form for filters: the members of a stream's record are on the same level as those around them. */
export function filteredView({ kinesis, ...rest }: SourceEvent): SourceEvent {
  return typeof kinesis === "object" && kinesis !== null && !Array.isArray(kinesis) ? { ...rest, ...kinesis } : rest;
}
