/** Where in a shard reading begins: the five types of GetShardIterator and of SubscribeToShard. */
import { invalidArgument } from "./errors.ts";
import type { Kinesis } from "./kinesis.ts";
import { parseSequenceNumber, shardIdOf } from "./sequence-number.ts";
import { type ShardRow, type StreamRow, shardKey } from "./tables.ts";

export interface StartingPosition {
  readonly type: string;
  readonly sequenceNumber: string | undefined;
  readonly timestamp: Date | undefined;
}

/** The counter of the record to read first. @throws AwsError InvalidArgumentException as AWS words it. */
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
  const counter = counterOfNumber(stream, shard, sequenceNumber as string, operation);
  return Math.min(type === "AT_SEQUENCE_NUMBER" ? counter : counter + 1, kinesis.log.end(key));
}

function counterAtTime(kinesis: Kinesis, key: string, timestamp: Date | undefined): number {
  if (timestamp === undefined) {
    throw invalidArgument("Must specify a timestamp when the ShardIteratorType is AT_TIMESTAMP.");
  }
  const [ms, now] = [timestamp.getTime(), kinesis.now];
  if (ms > now) {
    throw invalidArgument(
      `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ${ms}, currentTimestampInMillis: ${now}`,
    );
  }
  return kinesis.log.counterAt(key, ms);
}

/** The counter in a number that this shard has given out or could give out. */
function counterOfNumber(stream: StreamRow, shard: ShardRow, text: string, operation: string): number {
  const id = shardIdOf(shard.index);
  const invalid = (reason: string) =>
    invalidArgument(
      `StartingSequenceNumber ${text} used in ${operation} on shard ${id} in stream ${stream.name} under account ${stream.account} is invalid${reason}.`,
    );
  const parsed = parseSequenceNumber(text);
  if (parsed === undefined) throw invalid("");
  if (parsed.shardIndex !== shard.index) {
    if (parsed.shardIndex >= stream.nextShard) throw invalid(" because it did not come from this stream");
    throw invalidArgument(
      `Invalid StartingSequenceNumber. It encodes ${shardIdOf(parsed.shardIndex)}, while it was used in a call to ${id}`,
    );
  }
  if (parsed.createdSeconds !== shard.createdSeconds) throw invalid(" because it did not come from this stream");
  return parsed.counter;
}
