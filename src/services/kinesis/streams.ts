/** Streams: create, describe, list and delete. */
import {
  CreateStream$,
  type CreateStreamCommand,
  type CreateStreamCommandInput,
  DeleteStream$,
  type DeleteStreamCommand,
  DescribeStream$,
  type DescribeStreamCommand,
  DescribeStreamSummary$,
  type DescribeStreamSummaryCommand,
  ListStreams$,
  type ListStreamsCommand,
} from "@aws-sdk/client-kinesis";
import type { OperationContext } from "../../calls/operation.ts";
import { takePage } from "../../calls/page.ts";
import { invalidArgument, limitExceeded, resourceInUse, validation } from "./errors.ts";
import { type Kinesis, operation, shardIndexIn, streamArn } from "./kinesis.ts";
import { checkOnDemandCount, checkShardQuota, checkWarmThroughput, warmShards } from "./limits.ts";
import { readToken, writeToken } from "./next-token.ts";
import { shownCreation, shownShard } from "./shown.ts";
import type { Distribution, ShardRow, StreamMode, StreamRow } from "./tables.ts";
import { checkTags } from "./tags.ts";

const maxPerPage = 100;
const maxCreating = 5;

export const createStream = operation<CreateStreamCommand>(CreateStream$, (input, context) => {
  const { service, account, region } = context;
  const arn = streamArn(account, region, input.StreamName ?? "");
  return service.lifecycle.records.afterwards(arn, () => context.invocation.cause.run(() => create(input, context)));
});

function create(input: CreateStreamCommandInput, context: OperationContext<Kinesis>): void {
  const { service, account, region } = context;
  const name = input.StreamName ?? "";
  const arn = streamArn(account, region, name);
  if (service.streams.has(arn)) throw resourceInUse(`Stream ${name} under account ${account} already exists.`);
  // Without a shard count and mode, a stream is on-demand.
  const usual = input.ShardCount === undefined ? "ON_DEMAND" : "PROVISIONED";
  const mode = (input.StreamModeDetails?.StreamMode ?? usual) as StreamMode;
  const distribution = (input.RecordDistributionStrategy ?? "USER_PARTITION_KEY") as Distribution;
  checkMode(service, mode, input, context);
  if (mode === "PROVISIONED" && distribution === "AUTO") {
    throw invalidArgument(
      "RecordDistributionStrategy AUTO is only supported for streams with the on-demand capacity mode.",
    );
  }
  const { now } = service;
  const creating = service.streams.by.creating.size(`${account} ${region}`);
  if (creating >= maxCreating) {
    throw limitExceeded(
      `This request would exceed the limit of ${maxCreating} streams in CREATING state for the account ${account} in ${region}.`,
    );
  }
  const shardCount = mode === "PROVISIONED" ? (input.ShardCount ?? 0) : warmShards(input.WarmThroughputMiBps);
  const tags = checkTags({ name, account }, {}, input.Tags);
  const stream: StreamRow = {
    arn,
    account,
    region,
    name,
    serial: service.deps.store.nextSerial(),
    createdMs: now,
    status: "CREATING",
    pending: undefined,
    mode,
    retentionHours: 24,
    keyId: undefined,
    metrics: [],
    maxRecordKiB: input.MaxRecordSizeInKiB ?? 1024,
    warmMiBps: input.WarmThroughputMiBps,
    distribution,
    tags,
    policy: undefined,
    nextShard: 0,
    changes: { mode: [], shardCount: [], encryption: [] },
  };
  service.lifecycle.changeStream(stream, { kind: "create", shardCount });
}

export const describeStream = operation<DescribeStreamCommand>(DescribeStream$, (input, context) => {
  const { service } = context;
  const start = input.ExclusiveStartShardId;
  const after = start === undefined ? undefined : shardIndexIn(start, input, context);
  const stream = service.streamOf(input, context);
  const limit = Math.min(input.Limit ?? maxPerPage, maxPerPage);
  const { items, more } = takePage(shardsAfter(service, stream, after), limit);
  return {
    StreamDescription: {
      ...shownStream(stream),
      Shards: items.map(shownShard),
      HasMoreShards: more,
    },
  };
});

export const describeStreamSummary = operation<DescribeStreamSummaryCommand>(
  DescribeStreamSummary$,
  (input, context) => {
    const { service } = context;
    const stream = service.streamOf(input, context);
    const onDemand = stream.mode === "ON_DEMAND";
    return {
      StreamDescriptionSummary: {
        ...shownStream(stream),
        OpenShardCount: stream.status === "CREATING" ? undefined : service.openShardCount(stream),
        ConsumerCount: service.consumers.by.stream.size(stream.arn),
        ChannelCount: service.channels.by.stream.size(stream.arn),
        MaxRecordSizeInKiB: stream.maxRecordKiB,
        WarmThroughput: onDemand ? shownWarmThroughput(service, stream) : undefined,
        RecordDistributionStrategy: onDemand ? stream.distribution : undefined,
        // For our own readers, which must distinguish a stream from a later one with its name.
        ...(context.protocol === undefined ? { serial: stream.serial } : {}),
      },
    };
  },
);

export const listStreams = operation<ListStreamsCommand>(ListStreams$, (input, context) => {
  const { service, account, region } = context;
  if (input.NextToken !== undefined && input.ExclusiveStartStreamName !== undefined) {
    throw invalidArgument("ExclusiveStartStreamName and NextToken cannot be provided together.");
  }
  const token =
    input.NextToken === undefined ? undefined : readToken<{ after: string }>(service, "streams", input.NextToken);
  const after = token?.after ?? input.ExclusiveStartStreamName;
  const streams = service.streams.by.name.range(`${account} ${region}`, after === undefined ? {} : { gt: after });
  const { items, more } = takePage(streams, Math.min(input.Limit ?? maxPerPage, maxPerPage));
  return {
    StreamNames: items.map(({ name }) => name),
    HasMoreStreams: more,
    NextToken: more ? writeToken(service, "streams", { after: items.at(-1)?.name ?? "" }) : undefined,
    StreamSummaries: items.map((stream) => ({
      StreamName: stream.name,
      StreamARN: stream.arn,
      StreamStatus: stream.status,
      StreamModeDetails: { StreamMode: stream.mode },
      StreamCreationTimestamp: shownCreation(stream.createdMs),
    })),
  };
});

export const deleteStream = operation<DeleteStreamCommand>(DeleteStream$, (input, context) => {
  const { service } = context;
  const stream = service.streamOf(input, context);
  const { name, account, status } = stream;
  if (status === "DELETING") {
    throw resourceInUse(`Stream ${name} under account ${account} not ACTIVE, instead in state ${status}`);
  }
  if (service.channels.by.stream.size(stream.arn) > 0) {
    throw resourceInUse(`Stream ${name} under account ${account} has channels. Delete them first.`);
  }
  if (service.consumers.by.stream.size(stream.arn) > 0 && input.EnforceConsumerDeletion !== true) {
    throw resourceInUse(
      `Stream ${name} under account ${account} has enhanced fan-out consumers registered. Deregister them or set EnforceConsumerDeletion.`,
    );
  }
  service.lifecycle.changeStream(stream, { kind: "delete" });
});

/** Open and closed shards ordered by id, without expired ones. */
export function* shardsAfter(service: Kinesis, stream: StreamRow, after: number | undefined): Generator<ShardRow> {
  if (stream.status === "CREATING") return;
  for (const shard of service.shards.by.number.range(stream.arn, after === undefined ? {} : { gt: after })) {
    if (!service.isExpired(stream, shard)) yield shard;
  }
}

export function shownWarmThroughput(service: Kinesis, stream: StreamRow) {
  const current = Math.max(service.openShardCount(stream), 4);
  return { TargetMiBps: stream.warmMiBps ?? current, CurrentMiBps: current };
}

/** The common part of both descriptions of a stream. */
function shownStream(stream: StreamRow) {
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    StreamStatus: stream.status,
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: shownCreation(stream.createdMs),
    EnhancedMonitoring: [{ ShardLevelMetrics: [...stream.metrics] as never[] }],
    EncryptionType: stream.keyId === undefined ? ("NONE" as const) : ("KMS" as const),
    KeyId: stream.keyId,
  };
}

/** Checks what depends on the mode before anything is created, however large the numbers are. */
function checkMode(
  service: Kinesis,
  mode: StreamMode,
  input: { ShardCount?: number | undefined; WarmThroughputMiBps?: number | undefined },
  { account, region }: { account: string; region: string },
): void {
  if (mode === "ON_DEMAND") {
    if (input.ShardCount !== undefined) {
      throw validation("ShardCount cannot be specified for a stream with the ON_DEMAND capacity mode.");
    }
    checkOnDemandCount(service, account, region);
    checkWarmThroughput(service, account, region, input.WarmThroughputMiBps);
    return;
  }
  if (input.WarmThroughputMiBps !== undefined) {
    throw validation("WarmThroughputMiBps is only supported for streams with the on-demand capacity mode.");
  }
  if (input.ShardCount === undefined) {
    throw validation("ShardCount must be specified for a stream with the PROVISIONED capacity mode.");
  }
  checkShardQuota(service, account, region, input.ShardCount);
}
