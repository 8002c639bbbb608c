/** Messages and records as their services return them, and as readers pass them on. */
import { Blob64 } from "../../protocols/blob.ts";
import type { Consumer, SourceRecord } from "./drain.ts";

/** The largest payload that functions accept; a larger batch is split. */
export const maxPayloadBytes = 6 * 1024 * 1024;
/** Names, ids and attributes around the payload stay well below this. */
const aroundBytes = 4096;

/** A message as returned by ReceiveMessage. */
export interface SqsMessage {
  /** The text of what caused its sending; only for calls by our services. */
  readonly cause?: string;
  readonly MessageId?: string;
  readonly ReceiptHandle?: string;
  readonly Body?: string;
  readonly MD5OfBody?: string;
  readonly MD5OfMessageAttributes?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<Record<string, SqsAttribute>>;
}

export interface SqsAttribute {
  readonly DataType?: string;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array | Blob64;
}

interface Sized {
  /** Approximate size of the event's text in bytes. */
  readonly size: number;
}

export interface QueueRecord extends SourceRecord, Sized {
  readonly receiptHandle: string;
}

export function queueRecord(message: SqsMessage, consumer: Consumer<SqsMessage>): QueueRecord {
  const { MessageId = "", ReceiptHandle: receiptHandle = "", Body = "", cause } = message;
  const size = Buffer.byteLength(JSON.stringify(Body)) + aroundBytes;
  return { event: consumer.eventOf(message), ids: [MessageId], cause, receiptHandle, size };
}

/** A record as returned by GetRecords, and its shard. */
export interface StreamItem {
  readonly shard: string;
  readonly SequenceNumber?: string;
  readonly ApproximateArrivalTimestamp?: Date;
  readonly Data?: Uint8Array | Blob64;
  readonly PartitionKey?: string;
}

export interface StreamRecord extends SourceRecord, Sized {
  readonly sequenceNumber: string;
  readonly arrivedMs: number;
  readonly partitionKey: string;
}

export function streamRecord(item: StreamItem, consumer: Consumer<StreamItem>): StreamRecord {
  const { SequenceNumber: sequenceNumber = "", PartitionKey: partitionKey = "" } = item;
  const arrivedMs = item.ApproximateArrivalTimestamp?.getTime() ?? 0;
  const ids = [sequenceNumber, eventIdOf(item)];
  const size = Math.ceil((item.Data?.length ?? 0) / 3) * 4 + aroundBytes;
  return { event: consumer.eventOf(item), ids, sequenceNumber, arrivedMs, partitionKey, size };
}

export function eventIdOf({ shard, SequenceNumber = "" }: StreamItem): string {
  return `${shard}:${SequenceNumber}`;
}

export function base64Of(bytes: Uint8Array | Blob64): string {
  return bytes instanceof Blob64 ? bytes.base64 : Buffer.from(bytes).toString("base64");
}

/** Splits a batch into parts that each fit one payload. */
export function* partsOf<Item extends Sized>(records: readonly Item[]): Iterable<Item[]> {
  let part: Item[] = [];
  let bytes = 0;
  for (const record of records) {
    if (part.length > 0 && bytes + record.size > maxPayloadBytes) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(record);
    bytes += record.size;
  }
  if (part.length > 0) yield part;
}

/** The lane of a record, of `lanes` in parallel: those of one partition key stay together and in order. */
export function laneOf({ partitionKey }: StreamRecord, count: number): number {
  let hash = 0;
  for (let i = 0; i < partitionKey.length; i++) hash = (hash * 31 + partitionKey.charCodeAt(i)) >>> 0;
  return hash % count;
}

/** Splits a batch into parallel parts. */
export function lanesOf(batch: readonly StreamRecord[], count: number): StreamRecord[][] {
  const lanes = Array.from({ length: count }, (): StreamRecord[] => []);
  for (const record of batch) (lanes[laneOf(record, count)] as StreamRecord[]).push(record);
  return lanes.filter(({ length }) => length > 0);
}
