/** Changes to a stream besides its shards: retention, encryption, monitoring, mode, record size and distribution. */
import {
  DecreaseStreamRetentionPeriod$,
  type DecreaseStreamRetentionPeriodCommand,
  DisableEnhancedMonitoring$,
  type DisableEnhancedMonitoringCommand,
  EnableEnhancedMonitoring$,
  type EnableEnhancedMonitoringCommand,
  IncreaseStreamRetentionPeriod$,
  type IncreaseStreamRetentionPeriodCommand,
  StartStreamEncryption$,
  type StartStreamEncryptionCommand,
  StopStreamEncryption$,
  type StopStreamEncryptionCommand,
  UpdateMaxRecordSize$,
  type UpdateMaxRecordSizeCommand,
  UpdateStreamMode$,
  type UpdateStreamModeCommand,
  UpdateStreamRecordDistributionStrategy$,
  type UpdateStreamRecordDistributionStrategyCommand,
  UpdateStreamWarmThroughput$,
  type UpdateStreamWarmThroughputCommand,
} from "@aws-sdk/client-kinesis";
import { changedAgain } from "./changes.ts";
import { inStream, invalidArgument, validation } from "./errors.ts";
import { type Kinesis, operation } from "./kinesis.ts";
import { checkOnDemandCount, checkShardQuota, checkWarmThroughput, warmShards } from "./limits.ts";
import { shownWarmThroughput } from "./streams.ts";
import type { Distribution, Pending, StreamMode, StreamRow } from "./tables.ts";

const shortestHours = 24;
const maxRetentionHours = 8760;
const maxModesPerDay = 2;
const maxEncryptionsPerDay = 25;
const settings = { kind: "settings" } as const;
const allMetrics = [
  "IncomingBytes",
  "IncomingRecords",
  "OutgoingBytes",
  "OutgoingRecords",
  "WriteProvisionedThroughputExceeded",
  "ReadProvisionedThroughputExceeded",
  "IteratorAgeMilliseconds",
];

export const increaseStreamRetentionPeriod = operation<IncreaseStreamRetentionPeriodCommand>(
  IncreaseStreamRetentionPeriod$,
  (input, context) => {
    const { service } = context;
    const stream = service.activeStreamOf(input, context);
    const hours = checkHours(input.RetentionPeriodHours);
    if (hours < stream.retentionHours) {
      throw invalidArgument(
        `Requested retention period (${hours} hours) for stream ${stream.name} can not be shorter than existing retention period (${stream.retentionHours} hours). Use DecreaseRetentionPeriod API.`,
      );
    }
    // What has expired by now stays expired.
    service.lifecycle.trimNow(stream);
    service.lifecycle.changeStream({ ...stream, retentionHours: hours }, settings);
  },
);

export const decreaseStreamRetentionPeriod = operation<DecreaseStreamRetentionPeriodCommand>(
  DecreaseStreamRetentionPeriod$,
  (input, context) => {
    const { service } = context;
    const stream = service.activeStreamOf(input, context);
    const hours = checkHours(input.RetentionPeriodHours);
    if (hours > stream.retentionHours) {
      throw invalidArgument(
        `Requested retention period (${hours} hours) for stream ${stream.name} can not be longer than existing retention period (${stream.retentionHours} hours). Use IncreaseRetentionPeriod API.`,
      );
    }
    const shorter = { ...stream, retentionHours: hours };
    service.lifecycle.changeStream(shorter, settings);
    service.lifecycle.trimNow(shorter);
  },
);

export const startStreamEncryption = operation<StartStreamEncryptionCommand>(
  StartStreamEncryption$,
  (input, context) => {
    const { service } = context;
    const stream = service.activeStreamOf(input, context);
    checkEncryptionType(input.EncryptionType);
    const changed = changedAgain(stream, "encryption", maxEncryptionsPerDay, service.now);
    service.lifecycle.changeStream({ ...changed, keyId: input.KeyId }, settings);
  },
);

export const stopStreamEncryption = operation<StopStreamEncryptionCommand>(StopStreamEncryption$, (input, context) => {
  const { service } = context;
  const stream = service.activeStreamOf(input, context);
  checkEncryptionType(input.EncryptionType);
  const changed = changedAgain(stream, "encryption", maxEncryptionsPerDay, service.now);
  service.lifecycle.changeStream({ ...changed, keyId: undefined }, settings);
});

export const enableEnhancedMonitoring = operation<EnableEnhancedMonitoringCommand>(
  EnableEnhancedMonitoring$,
  (input, context) => {
    const { service } = context;
    const stream = service.activeStreamOf(input, context);
    const named = metricsOf(input.ShardLevelMetrics);
    const metrics = allMetrics.filter((metric) => stream.metrics.includes(metric) || named.has(metric));
    service.streams.put({ ...stream, metrics });
    return shownMetrics(stream, metrics);
  },
);

export const disableEnhancedMonitoring = operation<DisableEnhancedMonitoringCommand>(
  DisableEnhancedMonitoring$,
  (input, context) => {
    const { service } = context;
    const stream = service.activeStreamOf(input, context);
    const named = metricsOf(input.ShardLevelMetrics);
    const metrics = stream.metrics.filter((metric) => !named.has(metric));
    service.streams.put({ ...stream, metrics });
    return shownMetrics(stream, metrics);
  },
);

export const updateStreamMode = operation<UpdateStreamModeCommand>(UpdateStreamMode$, (input, context) => {
  const { service } = context;
  const stream = service.activeStreamOf(input, context);
  const mode = (input.StreamModeDetails?.StreamMode ?? stream.mode) as StreamMode;
  const warm = input.WarmThroughputMiBps;
  if (warm !== undefined && mode === "PROVISIONED") throw onDemandOnly(stream, "WarmThroughputMiBps");
  if (mode === stream.mode) return;
  if (mode === "ON_DEMAND") {
    checkOnDemandCount(service, stream.account, stream.region);
    checkWarmThroughput(service, stream.account, stream.region, warm);
  } else {
    checkShardQuota(service, stream.account, stream.region, service.openShardCount(stream));
  }
  const changed: StreamRow = {
    ...changedAgain(stream, "mode", maxModesPerDay, service.now),
    mode,
    warmMiBps: warm,
    distribution: mode === "ON_DEMAND" ? stream.distribution : "USER_PARTITION_KEY",
  };
  service.lifecycle.changeStream(changed, warm === undefined ? settings : warming(service, stream, warm));
});

export const updateStreamWarmThroughput = operation<UpdateStreamWarmThroughputCommand>(
  UpdateStreamWarmThroughput$,
  (input, context) => {
    const { service } = context;
    const stream = service.activeStreamOf(input, context);
    if (stream.mode !== "ON_DEMAND") throw onDemandOnly(stream, "UpdateStreamWarmThroughput");
    checkWarmThroughput(service, stream.account, stream.region, input.WarmThroughputMiBps);
    const shown = shownWarmThroughput(service, stream);
    const changed = { ...stream, warmMiBps: input.WarmThroughputMiBps };
    service.lifecycle.changeStream(changed, warming(service, stream, input.WarmThroughputMiBps));
    return {
      StreamName: stream.name,
      StreamARN: stream.arn,
      WarmThroughput: { ...shown, TargetMiBps: input.WarmThroughputMiBps },
    };
  },
);

export const updateMaxRecordSize = operation<UpdateMaxRecordSizeCommand>(UpdateMaxRecordSize$, (input, context) => {
  const { service } = context;
  const stream = service.activeStreamOf(input, context);
  service.lifecycle.changeStream({ ...stream, maxRecordKiB: input.MaxRecordSizeInKiB ?? 1024 }, settings);
});

export const updateStreamRecordDistributionStrategy = operation<UpdateStreamRecordDistributionStrategyCommand>(
  UpdateStreamRecordDistributionStrategy$,
  (input, context) => {
    const { service } = context;
    const stream = service.activeStreamOf(input, context);
    const distribution = input.RecordDistributionStrategy as Distribution;
    if (stream.mode !== "ON_DEMAND") {
      throw invalidArgument(
        `RecordDistributionStrategy is only supported for streams with the on-demand capacity mode; ${inStream(stream)} is provisioned.`,
      );
    }
    service.streams.put({ ...stream, distribution });
  },
);

/** Opens more shards if the warm throughput needs them; none are removed. */
function warming(service: Kinesis, stream: StreamRow, mibps: number | undefined): Pending {
  const shardCount = warmShards(mibps);
  return shardCount > service.openShardCount(stream) ? { kind: "scale", shardCount } : settings;
}

function checkHours(hours = 0): number {
  if (hours < shortestHours) {
    throw invalidArgument(
      `Minimum allowed retention period is ${shortestHours} hours. Requested retention period (${hours} hours) is too short.`,
    );
  }
  if (hours > maxRetentionHours) {
    throw invalidArgument(
      `Maximum allowed retention period is ${maxRetentionHours} hours. Requested retention period (${hours} hours) is too long.`,
    );
  }
  return hours;
}

function checkEncryptionType(type: string | undefined): void {
  if (type !== "KMS") throw invalidArgument(`EncryptionType must be KMS, not ${type}.`);
}

function metricsOf(named: readonly string[] | undefined): ReadonlySet<string> {
  return new Set(named?.includes("ALL") ? allMetrics : named);
}

function shownMetrics(before: StreamRow, metrics: readonly string[]) {
  return {
    StreamName: before.name,
    StreamARN: before.arn,
    CurrentShardLevelMetrics: [...before.metrics] as never[],
    DesiredShardLevelMetrics: [...metrics] as never[],
  };
}

function onDemandOnly(stream: StreamRow, what: string): Error {
  return validation(
    `${what} is only supported for streams with the on-demand capacity mode, not for ${inStream(stream)}.`,
  );
}
