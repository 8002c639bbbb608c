/** Messages and records in the form their consumers see (Pipes user guides of the sources, example events). */
import type { EventValue } from "../events/pattern/index.ts";
import type { SourceEvent } from "./drain.ts";
import { base64Of, eventIdOf, type SqsAttribute, type SqsMessage, type StreamItem } from "./records.ts";

/** What an event shows of its reader: the source's ARN as configured, its region, its role. */
export interface Reading {
  readonly source: string;
  readonly region: string;
  readonly roleArn: string;
}

export function queueEvent(message: SqsMessage, { source, region }: Omit<Reading, "roleArn">): SourceEvent {
  const messageAttributes: Record<string, EventValue> = {};
  for (const [name, value] of Object.entries(message.MessageAttributes ?? {})) {
    messageAttributes[name] = shownAttribute(value);
  }
  return {
    messageId: message.MessageId ?? "",
    receiptHandle: message.ReceiptHandle ?? "",
    body: message.Body ?? "",
    attributes: { ...message.Attributes },
    messageAttributes,
    md5OfBody: message.MD5OfBody ?? "",
    eventSource: "aws:sqs",
    eventSourceARN: source,
    awsRegion: region,
  };
}

function shownAttribute({ DataType = "String", StringValue, BinaryValue }: SqsAttribute): EventValue {
  return {
    ...(StringValue === undefined ? {} : { stringValue: StringValue }),
    ...(BinaryValue === undefined ? {} : { binaryValue: base64Of(BinaryValue) }),
    stringListValues: [],
    binaryListValues: [],
    dataType: DataType,
  };
}

export function streamEvent(item: StreamItem, { source, region, roleArn }: Reading): SourceEvent {
  return {
    kinesisSchemaVersion: "1.0",
    partitionKey: item.PartitionKey ?? "",
    sequenceNumber: item.SequenceNumber ?? "",
    data: item.Data === undefined ? "" : base64Of(item.Data),
    approximateArrivalTimestamp: (item.ApproximateArrivalTimestamp?.getTime() ?? 0) / 1000,
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    eventID: eventIdOf(item),
    eventName: "aws:kinesis:record",
    invokeIdentityArn: roleArn,
    awsRegion: region,
    eventSourceARN: source,
  };
}
