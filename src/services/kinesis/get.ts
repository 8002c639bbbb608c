/** GetShardIterator and GetRecords. */
import {
  GetRecords$,
  type GetRecordsCommand,
  GetShardIterator$,
  type GetShardIteratorCommand,
} from "@aws-sdk/client-kinesis";
import { checkMay } from "./access.ts";
import { dryRun, expiredIterator, invalidArgument, shardDoesNotExist, throughputExceeded } from "./errors.ts";
import { checkRegion, hasData, type Kinesis, namedStream, operation, shardIndexIn } from "./kinesis.ts";
import { counterOf } from "./positions.ts";
import { shardIdOf } from "./sequence-number.ts";
import { decodeIterator, encodeIterator, iteratorLifeMs } from "./shard-iterator.ts";
import { childShards, millisBehindLatest, shownRecords } from "./shown.ts";
import { type ShardRow, type StreamRow, shardKey } from "./tables.ts";

const maxRecords = 10_000;
const maxBytes = 10 * 1024 * 1024;

export const getShardIterator = operation<GetShardIteratorCommand>(GetShardIterator$, (input, context) => {
  const { service } = context;
  const index = shardIndexIn(input.ShardId ?? "", input, context);
  const named = namedStream(input, context);
  const stream = service.stream(named.arn);
  // AWS only mentions the shard, whichever of the two is missing.
  if (stream === undefined || !hasData(stream)) throw shardDoesNotExist(shardIdOf(index), named);
  const shard = service.readableShard(stream, index);
  const position = {
    type: input.ShardIteratorType ?? "",
    sequenceNumber: input.StartingSequenceNumber,
    timestamp: input.Timestamp,
  };
  const counter = counterOf(service, stream, shard, position, "GetShardIterator");
  if (input.DryRun) throw dryRun("GetShardIterator");
  return { ShardIterator: iteratorAt(service, stream, shard, counter) };
});

export const getRecords = operation<GetRecordsCommand>(GetRecords$, (input, context) => {
  const { service } = context;
  const { now } = service;
  const iterator = decodeIterator(input.ShardIterator ?? "");
  if (iterator === undefined) throw invalidArgument("Invalid ShardIterator.");
  if (now - iterator.createdMs > iteratorLifeMs) throw expiredIterator(iterator.createdMs, now);
  const stream = service.stream(iterator.streamArn);
  if (input.StreamARN !== undefined) checkRegion(input.StreamARN, context);
  if (input.StreamARN !== undefined && input.StreamARN !== iterator.streamArn) {
    throw invalidArgument("The ShardIterator does not belong to the stream of StreamARN.");
  }
  if (stream?.serial !== iterator.streamSerial || !hasData(stream)) {
    throw shardDoesNotExist(shardIdOf(iterator.shardIndex), namedStream({ StreamARN: iterator.streamArn }, context));
  }
  checkMay(stream, context);
  const shard = service.readableShard(stream, iterator.shardIndex);
  const key = shardKey(stream.arn, shard.index);
  const { throughput } = service;
  if (throughput?.mayRead(key, now) === false) throw throughputExceeded(shardIdOf(shard.index), stream);
  if (input.DryRun) throw dryRun("GetRecords");
  const limits = { records: input.Limit ?? maxRecords, bytes: maxBytes, expiredMs: service.expiredMs(stream) };
  const reading = service.log.read(key, iterator.counter, limits);
  throughput?.read(key, reading.bytes, now);
  const finished = reading.atEnd && shard.closedMs !== undefined;
  return {
    Records: shownRecords(shard, reading.records),
    NextShardIterator: finished ? undefined : iteratorAt(service, stream, shard, reading.next),
    MillisBehindLatest: millisBehindLatest(reading, now),
    ChildShards: finished ? childShards(service, shard) : undefined,
  };
});

function iteratorAt(service: Kinesis, stream: StreamRow, shard: ShardRow, counter: number): string {
  const { random } = service.deps;
  return encodeIterator(
    {
      streamArn: stream.arn,
      streamSerial: stream.serial,
      shardIndex: shard.index,
      counter,
      createdMs: service.now,
    },
    random.fork("iterators").bytes(8),
  );
}
