/** Where reading of a shard begins: the five types of GetShardIterator and SubscribeToShard. */
import { inStream, invalidArgument } from "./errors.ts";
import type { Kinesis } from "./kinesis.ts";
import { type PlaceInShard, parseSequenceNumber, shardIdOf } from "./sequence-number.ts";
import { type ShardRow, type StreamRow, shardKey } from "./tables.ts";

export interface StartingPosition {
  readonly type: string;
  readonly sequenceNumber: string | undefined;
  readonly timestamp: Date | undefined;
}

/** The counter of the first record to read. @throws AwsError InvalidArgumentException with AWS's message. */
export function counterOf(
  kinesis: Kinesis,
  stream: StreamRow,
  shard: ShardRow,
  { type, sequenceNumber, timestamp }: StartingPosition,
  operation: string,
): number {
  const key = shardKey(stream.arn, shard.index);
  const numbered = type === "AT_SEQUENCE_NUMBER" || type === "AFTER_SEQUENCE_NUMBER";
  if (numbered !== (sequenceNumber !== undefined)) {
    const ending = numbered ? "and no StartingSequenceNumber." : "and also a StartingSequenceNumber.";
    throw invalidArgument(
      `Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ${type} ${ending}`,
    );
  }
  if (type === "TRIM_HORIZON") return 1;
  if (type === "LATEST") return kinesis.log.end(key);
  if (type === "AT_TIMESTAMP") return counterAtTime(kinesis, key, timestamp);
  const place = placeOfNumber(stream, shard, sequenceNumber as string, operation);
  const { counter } = place;
  const after = type === "AFTER_SEQUENCE_NUMBER";
  if (after && counter === Number.POSITIVE_INFINITY) {
    throw invalidArgument(
      "Invalid SequenceNumber for ShardIteratorType AFTER_SEQUENCE_NUMBER, SequenceNumber has reached max possible value for the shard.",
    );
  }
  return Math.min(after || isBehindRecord(kinesis, key, place) ? counter + 1 : counter, kinesis.log.end(key));
}

/** Whether a number is greater than that of the record with its counter, as a subscription's continuation number is. */
function isBehindRecord(kinesis: Kinesis, key: string, { counter, seconds }: PlaceInShard): boolean {
  const arrivalMs = kinesis.log.arrivalAt(key, counter);
  return arrivalMs !== undefined && Math.floor(arrivalMs / 1000) < seconds;
}

function counterAtTime(kinesis: Kinesis, key: string, timestamp: Date | undefined): number {
  if (timestamp === undefined) {
    throw invalidArgument(
      "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.",
    );
  }
  const [ms, now] = [timestamp.getTime(), kinesis.now];
  if (ms > now) {
    throw invalidArgument(
      `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ${ms}, currentTimestampInMillis: ${now}`,
    );
  }
  return kinesis.log.counterAt(key, ms);
}

/** What a number means that this shard has returned or could return. */
function placeOfNumber(stream: StreamRow, shard: ShardRow, text: string, operation: string): PlaceInShard {
  const id = shardIdOf(shard.index);
  const parsed = parseSequenceNumber(text);
  const invalid = (reason: string) =>
    invalidArgument(
      `StartingSequenceNumber ${parsed?.text ?? text} used in ${operation} on shard ${id} in ${inStream(stream)} is invalid${reason}.`,
    );
  if (parsed === undefined) throw invalid("");
  const { shardIndex, place } = parsed;
  if (shardIndex !== shard.index) {
    throw invalidArgument(
      `Invalid StartingSequenceNumber. It encodes ${shardIdOf(shardIndex)}, while it was used in a call to a shard with ${id}`,
    );
  }
  if (place?.createdSeconds !== shard.createdSeconds) throw invalid(" because it did not come from this stream");
  return place;
}
