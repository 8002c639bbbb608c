/** Messages and records as a pipe sees them (Pipes user guides of the sources, example events). */
import type { EventValue } from "../../events/pattern/index.ts";
import type { SourceEvent } from "../../sources/drain.ts";
import { base64Of, eventIdOf, type SqsAttribute, type SqsMessage, type StreamItem } from "../../sources/records.ts";
import type { PipeRow } from "./tables.ts";

export function queueEvent(message: SqsMessage, { source, region }: PipeRow): SourceEvent {
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

export function streamEvent(item: StreamItem, pipe: PipeRow): SourceEvent {
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
    invokeIdentityArn: pipe.roleArn,
    awsRegion: pipe.region,
    eventSourceARN: pipe.source,
  };
}
