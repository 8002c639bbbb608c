/** PutRecord and PutRecords. */
import { PutRecord$, type PutRecordCommand, PutRecords$, type PutRecordsCommand } from "@aws-sdk/client-kinesis";
import type { Blob64 } from "../../../protocols/blob.ts";
import { dryRun, inStream, invalidArgument, rateExceeded, throughputExceeded, validation } from "./errors.ts";
import { hashFromDecimal, hashOf } from "./hash-key.ts";
import { type Kinesis, operation } from "./kinesis.ts";
import type { NewRecord } from "./records.ts";
import type { Route } from "./routes.ts";
import { numbering, parseSequenceNumber, sequenceNumber, shardIdOf } from "./sequence-number.ts";
import type { StreamRow } from "./tables.ts";

const maxRequestBytes = 10 * 1024 * 1024;

interface Entry {
  readonly Data: Blob64 | undefined;
  readonly PartitionKey?: string | undefined;
  readonly ExplicitHashKey?: string | undefined;
}

export const putRecord = operation<PutRecordCommand>(PutRecord$, (input, context) => {
  const { service } = context;
  const stream = service.dataStreamOf(input, context);
  const record = recordOf(stream, input, "partitionKey");
  const route = routeOf(service, stream, input);
  checkOrdering(service, stream, input.SequenceNumberForOrdering);
  const { now } = service;
  const shardId = shardIdOf(route.shard.index);
  if (service.throughput?.write(route.key, sizeOf(record), now) === false) throw throughputExceeded(shardId, stream);
  if (input.DryRun) throw dryRun("PutRecord");
  const counter = appendRecords(service, stream, route, [record], now);
  return {
    ShardId: shardId,
    SequenceNumber: sequenceNumber(route.shard, counter, now),
    EncryptionType: stream.keyId === undefined ? undefined : "KMS",
  };
});

export const putRecords = operation<PutRecordsCommand>(PutRecords$, (input, context) => {
  const { service } = context;
  const stream = service.dataStreamOf(input, context);
  const entries = input.Records ?? [];
  const records = entries.map((entry, i) => recordOf(stream, entry, `records.${i + 1}.member.partitionKey`));
  const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
  if (bytes > maxRequestBytes) {
    throw invalidArgument(
      `Records size exceeds 10 MB limit: the request has ${bytes} bytes of data and partition keys.`,
    );
  }
  const { now } = service;
  const results: Result[] = new Array(records.length);
  const gathered = new Gathered();
  let failed = 0;
  for (const [i, record] of records.entries()) {
    const route = routeOf(service, stream, entries[i] as Entry);
    if (service.throughput?.write(route.key, sizeOf(record), now) === false) {
      const message = rateExceeded(shardIdOf(route.shard.index), stream);
      results[i] = { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: message };
      failed += 1;
      continue;
    }
    gathered.add(route, record, i);
  }
  if (input.DryRun) throw dryRun("PutRecords");
  gathered.append(service, stream, now, (place, appended) => {
    results[place] = appended;
  });
  return {
    FailedRecordCount: failed,
    Records: results,
    EncryptionType: stream.keyId === undefined ? undefined : "KMS",
  };
});

interface Result {
  ShardId?: string;
  SequenceNumber?: string;
  ErrorCode?: string;
  ErrorMessage?: string;
}

/** Where a record went. */
export interface Appended {
  readonly ShardId: string;
  readonly SequenceNumber: string;
}

interface OfShard {
  readonly route: Route;
  readonly records: NewRecord[];
  readonly places: number[];
}

/** Records for a stream, gathered by shard, so that each shard's log is written to once. */
export class Gathered {
  readonly #shards = new Map<string, OfShard>();

  /** @param place index of the record among all that are put together. */
  add(route: Route, record: NewRecord, place: number): void {
    let ofShard = this.#shards.get(route.key);
    if (ofShard === undefined) this.#shards.set(route.key, (ofShard = { route, records: [], places: [] }));
    ofShard.records.push(record);
    ofShard.places.push(place);
  }

  append(service: Kinesis, stream: StreamRow, now: number, each: (place: number, appended: Appended) => void): void {
    for (const { route, records, places } of this.#shards.values()) {
      const first = appendRecords(service, stream, route, records, now);
      const numberOf = numbering(route.shard);
      const ShardId = shardIdOf(route.shard.index);
      for (const [i, place] of places.entries()) each(place, { ShardId, SequenceNumber: numberOf(first + i, now) });
    }
  }
}

function appendRecords(service: Kinesis, stream: StreamRow, route: Route, records: NewRecord[], now: number): number {
  const counter = service.log.append(route.key, stream.account, records, now, stream.keyId !== undefined);
  service.lifecycle.scheduleTrim(stream);
  service.tellReaders(stream.arn, route.key);
  if (stream.mode === "ON_DEMAND") service.scaling.taken(stream, route, totalOf(records), now);
  return counter;
}

/**
 * A record in the form the stream stores. Only a stream that distributes records by itself accepts one without a key.
 */
export function recordOf(stream: StreamRow, { Data, PartitionKey }: Entry, path: string): NewRecord {
  if (PartitionKey === undefined && stream.distribution !== "AUTO") {
    throw validation(
      `1 validation error detected: Value null at '${path}' failed to satisfy constraint: Member must not be null`,
    );
  }
  const record = { partitionKey: PartitionKey, data: Data as Blob64 };
  const most = stream.maxRecordKiB * 1024;
  if (sizeOf(record) > most) {
    throw invalidArgument(
      `Record size of ${sizeOf(record)} bytes, data and partition key, exceeds the maximum record size of ${most} bytes of stream ${stream.name} under account ${stream.account}.`,
    );
  }
  return record;
}

export function routeOf(service: Kinesis, stream: StreamRow, { PartitionKey = "", ExplicitHashKey }: Entry): Route {
  if (stream.distribution === "AUTO") return service.routes.next(stream);
  if (ExplicitHashKey === undefined) return service.routes.forHash(stream, hashOf(PartitionKey));
  const hash = hashFromDecimal(ExplicitHashKey);
  if (hash !== undefined) return service.routes.forHash(stream, hash);
  throw invalidArgument(
    `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${ExplicitHashKey}`,
  );
}

/**
 * Checks the number that the record's own must exceed. A number from this stream is below the shard's next one anyway,
 * and one from another stream has no effect; only malformed and future ones are refused.
 */
function checkOrdering(service: Kinesis, stream: StreamRow, text: string | undefined): void {
  if (text === undefined) return;
  const parsed = parseSequenceNumber(text);
  const { createdSeconds = 0, seconds = 0 } = parsed?.place ?? {};
  if (parsed !== undefined && Math.max(createdSeconds, seconds) * 1000 <= service.now) return;
  throw invalidArgument(`ExclusiveMinimumSequenceNumber ${text} used in PutRecord on ${inStream(stream)} is invalid.`);
}

export function sizeOf({ partitionKey, data }: NewRecord): number {
  return data.length + (partitionKey === undefined ? 0 : Buffer.byteLength(partitionKey));
}

function totalOf(records: readonly NewRecord[]): number {
  return records.reduce((sum, record) => sum + sizeOf(record), 0);
}
