/** The state of Kinesis: its tables, and what all operations share. */
import { parseArn, partitionOf } from "../../calls/arn.ts";
import { type OperationContext, operationsOf } from "../../calls/operation.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import { checkMay } from "./access.ts";
import { invalidArgument, resourceInUse, shardDoesNotExist, shardNotFound, streamNotFound } from "./errors.ts";
import { Lifecycle } from "./lifecycle.ts";
import { OnDemandScaling } from "./on-demand-scaling.ts";
import { Routes } from "./routes.ts";
import { shardIdOf, shardIndexOf } from "./sequence-number.ts";
import { ShardLog } from "./shard-log.ts";
import { Subscriptions } from "./subscriptions.ts";
import {
  accountTable,
  channelTable,
  consumerTable,
  type ShardRow,
  type StreamRow,
  shardKey,
  shardTable,
  streamTable,
} from "./tables.ts";
import { Throughput } from "./throughput.ts";

const hourMs = 3_600_000;

export interface StreamReference {
  readonly StreamName?: string | undefined;
  readonly StreamARN?: string | undefined;
}

export class Kinesis {
  readonly deps: ServiceDependencies;
  readonly streams;
  readonly shards;
  readonly consumers;
  readonly channels;
  readonly accounts;
  readonly log: ShardLog;
  readonly routes: Routes;
  readonly subscriptions: Subscriptions;
  readonly lifecycle: Lifecycle;
  readonly scaling: OnDemandScaling;
  /** Only with throughput limits (`--strict`). */
  readonly throughput: Throughput | undefined;

  constructor(dependencies: ServiceDependencies) {
    const { store, options } = dependencies;
    this.deps = dependencies;
    this.streams = store.table(streamTable);
    this.shards = store.table(shardTable);
    this.consumers = store.table(consumerTable);
    this.channels = store.table(channelTable);
    this.accounts = store.table(accountTable);
    this.log = new ShardLog(store);
    this.routes = new Routes(this.shards);
    this.subscriptions = new Subscriptions(this);
    this.lifecycle = new Lifecycle(this);
    this.scaling = new OnDemandScaling(this);
    this.throughput = options.strict ? new Throughput() : undefined;
  }

  get now(): number {
    return this.deps.clock.now();
  }

  /**
   * The stream that a request names by name, by ARN or by both.
   * @throws AwsError ResourceNotFoundException; InvalidArgumentException when it names none, or two;
   * AccessDeniedException
   */
  streamOf(reference: StreamReference, context: OperationContext<Kinesis>): StreamRow {
    const named = namedStream(reference, context);
    const stream = this.stream(named.arn) ?? fail(streamNotFound(named));
    checkMay(stream, context);
    return stream;
  }

  stream(arn: string): StreamRow | undefined {
    return this.streams.get(arn);
  }

  /** A stream whose records can be written and read: not one that is being created or deleted. */
  dataStreamOf(reference: StreamReference, context: OperationContext<Kinesis>): StreamRow {
    const stream = this.streamOf(reference, context);
    if (!hasData(stream)) throw streamNotFound(stream);
    return stream;
  }

  /** A stream that can be changed. @throws AwsError ResourceInUseException while another change is under way. */
  activeStreamOf(reference: StreamReference, context: OperationContext<Kinesis>): StreamRow {
    const stream = this.streamOf(reference, context);
    if (stream.status === "ACTIVE") return stream;
    throw resourceInUse(
      `Stream ${stream.name} under account ${stream.account} not ACTIVE, instead in state ${stream.status}`,
    );
  }

  /** Records and closed shards from this time (epoch ms) or before have expired. */
  expiredMs(stream: StreamRow): number {
    return this.now - stream.retentionHours * hourMs;
  }

  /** Whether a shard was closed so long ago that nothing in it is left. */
  isExpired(stream: StreamRow, shard: ShardRow): boolean {
    return shard.closedMs !== undefined && shard.closedMs <= this.expiredMs(stream);
  }

  shardOf(stream: StreamRow, index: number): ShardRow | undefined {
    return this.shards.get(shardKey(stream.arn, index));
  }

  /**
   * The shard with this index, open or closed.
   * @throws AwsError ResourceNotFoundException if there is none, or it has expired.
   */
  readableShard(stream: StreamRow, index: number): ShardRow {
    const shard = this.shardOf(stream, index);
    if (shard !== undefined && !this.isExpired(stream, shard)) return shard;
    throw shardDoesNotExist(shardIdOf(index), stream);
  }

  /** Call it in a transaction that put records into a shard or closed it: wakes its readers. */
  tellReaders(streamArn: string, shard: string): void {
    this.subscriptions.touched(shard);
    const { arrivals, store } = this.deps;
    if (arrivals.hasReader(streamArn)) store.afterDurable(() => arrivals.notify(streamArn));
  }

  /** Drops state kept outside the store. */
  reset(account?: string): void {
    this.subscriptions.endAll(account);
    if (account === undefined) this.throughput?.clear();
  }

  openShardCount(stream: StreamRow): number {
    return this.shards.by.open.size(stream.arn);
  }
}

export const operation = operationsOf<Kinesis>();

export function hasData(stream: StreamRow): boolean {
  return stream.status === "ACTIVE" || stream.status === "UPDATING";
}

interface NamedStream {
  readonly arn: string;
  readonly name: string;
  readonly account: string;
}

/** The stream that a request names, whether or not it exists. @throws AwsError InvalidArgumentException */
export function namedStream(
  { StreamName, StreamARN }: StreamReference,
  context: { readonly account: string; readonly region: string },
): NamedStream {
  const { account, region } = context;
  if (StreamARN === undefined) {
    if (StreamName === undefined) {
      throw invalidArgument("Stream arn and stream name can't be empty at the same time");
    }
    return { arn: streamArn(account, region, StreamName), name: StreamName, account };
  }
  const name = streamNameOf(StreamARN);
  if (StreamName !== undefined && StreamName !== name) {
    throw invalidArgument(`Input stream name ${StreamName} doesn't match the inferred name in stream arn ${name}`);
  }
  checkRegion(StreamARN, context);
  return { arn: StreamARN, name, account: parseArn(StreamARN)?.account ?? account };
}

/**
 * An endpoint only knows streams, consumers and channels of its own region.
 * @throws AwsError InvalidArgumentException
 */
export function checkRegion(arn: string, { region }: { readonly region: string }): void {
  if (parseArn(arn)?.region === region) return;
  throw invalidArgument(`The region specified in the ARN '${arn}' does not match the endpoint region`);
}

/**
 * The index in a shard id of a request, which is checked before the stream is.
 * @throws AwsError ResourceNotFoundException for what is not a shard id
 */
export function shardIndexIn(
  shardId: string,
  reference: StreamReference,
  context: { readonly account: string; readonly region: string },
): number {
  const index = shardIndexOf(shardId);
  if (index === undefined) throw shardNotFound(shardId, namedStream(reference, context));
  return index;
}

export function streamArn(account: string, region: string, name: string): string {
  return `arn:${partitionOf(region)}:kinesis:${region}:${account}:stream/${name}`;
}

/** The name in a stream's ARN, or in the ARN of one of its consumers. */
export function streamNameOf(arn: string): string {
  return parseArn(arn)?.resource.split("/")[1] ?? "";
}

function fail(error: Error): never {
  throw error;
}
