/** The errors of Kinesis with AWS's messages. */
import {
  DryRunOperationException$,
  ExpiredIteratorException$,
  ExpiredNextTokenException$,
  InvalidArgumentException$,
  LimitExceededException$,
  ProvisionedThroughputExceededException$,
  ResourceInUseException$,
  ResourceNotFoundException$,
  ValidationException$,
} from "@aws-sdk/client-kinesis";
import { AwsError } from "../../../protocols/error.ts";
import { javaDate } from "../../../protocols/validate.ts";

export function invalidArgument(message: string): AwsError {
  return AwsError.of(InvalidArgumentException$, message);
}

export function validation(message: string): AwsError {
  return AwsError.of(ValidationException$, message);
}

export function resourceNotFound(message: string): AwsError {
  return AwsError.of(ResourceNotFoundException$, message);
}

export function resourceInUse(message: string): AwsError {
  return AwsError.of(ResourceInUseException$, message);
}

export function limitExceeded(message: string): AwsError {
  return AwsError.of(LimitExceededException$, message);
}

export function throughputExceeded(shardId: string, stream: StreamName): AwsError {
  return AwsError.of(ProvisionedThroughputExceededException$, rateExceeded(shardId, stream));
}

export function rateExceeded(shardId: string, stream: StreamName): string {
  return `Rate exceeded for shard ${shardId} in ${inStream(stream)}.`;
}

export function expiredIterator(createdMs: number, now: number): AwsError {
  return AwsError.of(
    ExpiredIteratorException$,
    `Iterator expired. The iterator was created at time ${javaDate(new Date(createdMs))} while right now it is ${javaDate(new Date(now))} which is further in the future than the tolerated delay of 300000 milliseconds.`,
  );
}

export function expiredToken(): AwsError {
  return AwsError.of(ExpiredNextTokenException$, "The provided NextToken has expired.");
}

/** The answer to a request with DryRun that would have succeeded. */
export function dryRun(operation: string): AwsError {
  return AwsError.of(
    DryRunOperationException$,
    `DryRunOperation validation succeeded while calling ${operation} operation.: Request would have succeeded, but DryRun flag is set.`,
  );
}

interface StreamName {
  readonly name: string;
  readonly account: string;
}

/** `stream {name} under account {account}`, as in most messages. */
export function inStream({ name, account }: StreamName): string {
  return `stream ${name} under account ${account}`;
}

/** The error for readers when the shard or the stream does not exist. */
export function shardDoesNotExist(shardId: string, stream: StreamName): AwsError {
  return resourceNotFound(`Shard ${shardId} in ${inStream(stream)} does not exist`);
}

/** The error for an id that no shard can have, and for splitting or merging a shard that does not exist. */
export function shardNotFound(shardId: string, stream: StreamName): AwsError {
  return resourceNotFound(`Could not find shard ${shardId} in ${inStream(stream)}.`);
}

export function streamNotFound(stream: StreamName): AwsError {
  return resourceNotFound(`Stream ${stream.name} under account ${stream.account} not found.`);
}
