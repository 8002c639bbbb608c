/** Messages and records as a pipe sees them (Pipes user guides of the sources, example events). */
import { Blob64 } from "../../../protocols/blob.ts";
import type { EventValue } from "../../events/pattern/index.ts";
import type { SourceRecord } from "./run.ts";
import type { PipeRow } from "./tables.ts";

/** A message as ReceiveMessage answers it. */
export interface SqsMessage {
  /** The text of what led to it, for services of ours. */
  readonly cause?: string;
  readonly MessageId?: string;
  readonly ReceiptHandle?: string;
  readonly Body?: string;
  readonly MD5OfBody?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<Record<string, SqsAttribute>>;
}

interface SqsAttribute {
  readonly DataType?: string;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array | Blob64;
}

export interface SqsSourceRecord extends SourceRecord {
  readonly receiptHandle: string;
  /** Of the event's text, roughly. */
  readonly size: number;
}

export function sqsRecord(message: SqsMessage, { source, region }: PipeRow): SqsSourceRecord {
  const { MessageId = "", ReceiptHandle = "", Body = "" } = message;
  const messageAttributes: Record<string, EventValue> = {};
  for (const [name, value] of Object.entries(message.MessageAttributes ?? {})) {
    messageAttributes[name] = shownAttribute(value);
  }
  const event = {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: { ...message.Attributes },
    messageAttributes,
    md5OfBody: message.MD5OfBody ?? "",
    eventSource: "aws:sqs",
    eventSourceARN: source,
    awsRegion: region,
  };
  // Names, ids and attributes besides the body stay well below this.
  const size = Buffer.byteLength(JSON.stringify(Body)) + 4096;
  return { event, ids: [MessageId], cause: message.cause, receiptHandle: ReceiptHandle, size };
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

/** A record as GetRecords answers it. */
export interface StreamRecord {
  readonly SequenceNumber?: string;
  readonly ApproximateArrivalTimestamp?: Date;
  readonly Data?: Uint8Array | Blob64;
  readonly PartitionKey?: string;
}

export interface StreamSourceRecord extends SourceRecord {
  readonly sequenceNumber: string;
  readonly arrivedMs: number;
  readonly partitionKey: string;
}

export function streamRecord(record: StreamRecord, shard: string, pipe: PipeRow): StreamSourceRecord {
  const { SequenceNumber: sequenceNumber = "", PartitionKey: partitionKey = "" } = record;
  const arrivedMs = record.ApproximateArrivalTimestamp?.getTime() ?? 0;
  const eventID = `${shard}:${sequenceNumber}`;
  const event = {
    kinesisSchemaVersion: "1.0",
    partitionKey,
    sequenceNumber,
    data: record.Data === undefined ? "" : base64Of(record.Data),
    approximateArrivalTimestamp: arrivedMs / 1000,
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    eventID,
    eventName: "aws:kinesis:record",
    invokeIdentityArn: pipe.roleArn,
    awsRegion: pipe.region,
    eventSourceARN: pipe.source,
  };
  return { event, ids: [sequenceNumber, eventID], sequenceNumber, arrivedMs, partitionKey };
}

function base64Of(bytes: Uint8Array | Blob64): string {
  return bytes instanceof Blob64 ? bytes.base64 : Buffer.from(bytes).toString("base64");
}

/** Records of one partition key stay together and in order. */
export function lanesOf(batch: readonly StreamSourceRecord[], count: number): StreamSourceRecord[][] {
  const lanes = Array.from({ length: count }, (): StreamSourceRecord[] => []);
  for (const record of batch) {
    let hash = 0;
    for (let i = 0; i < record.partitionKey.length; i++) hash = (hash * 31 + record.partitionKey.charCodeAt(i)) >>> 0;
    (lanes[hash % count] as StreamSourceRecord[]).push(record);
  }
  return lanes.filter(({ length }) => length > 0);
}
