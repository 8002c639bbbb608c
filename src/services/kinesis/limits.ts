/** Quotas of an account, DescribeLimits, and the account's settings. */

import {
  DescribeAccountSettings$,
  type DescribeAccountSettingsCommand,
  DescribeLimits$,
  type DescribeLimitsCommand,
  UpdateAccountSettings$,
  type UpdateAccountSettingsCommand,
} from "@aws-sdk/client-kinesis";
import { dayMs } from "../../engine/duration.ts";
import { invalidArgument, limitExceeded, validation } from "./errors.ts";
import { type Kinesis, operation } from "./kinesis.ts";
import type { AccountRow } from "./tables.ts";

const largeRegions = new Set(["us-east-1", "us-west-2", "eu-west-1"]);
const onDemandStreamLimit = 50;
const channelLimit = 100;
const onDemandShards = 4;
/** Most MiB/s that a stream's warm throughput can be set to: AWS's default write quota of on-demand streams. */
const maxWarmMiBps = 10_240;
/** A commitment can be ended 24 hours after its start. */
const commitmentMs = dayMs;

export const describeLimits = operation<DescribeLimitsCommand>(DescribeLimits$, (_input, context) => {
  const { service, account, region } = context;
  return {
    ShardLimit: shardLimit(region),
    OpenShardCount: provisionedShards(service, account, region),
    OnDemandStreamCount: service.streams.by.onDemand.size(`${account} ${region}`),
    OnDemandStreamCountLimit: onDemandStreamLimit,
    ChannelCount: service.channels.by.name.size(`${account} ${region}`),
    ChannelCountLimit: channelLimit,
  };
});

export const describeAccountSettings = operation<DescribeAccountSettingsCommand>(
  DescribeAccountSettings$,
  (_input, { service, account, region }) => ({
    MinimumThroughputBillingCommitment: shownCommitment(service.accounts.get(`${account} ${region}`)),
  }),
);

export const updateAccountSettings = operation<UpdateAccountSettingsCommand>(
  UpdateAccountSettings$,
  (input, { service, account, region }) => {
    const commitment = input.MinimumThroughputBillingCommitment?.Status ?? "DISABLED";
    const before = service.accounts.get(`${account} ${region}`);
    const { now } = service;
    if ((before?.commitment ?? "DISABLED") !== commitment) {
      if (commitment === "DISABLED" && now < (before?.startedMs ?? 0) + commitmentMs) {
        throw validation("MinimumThroughputBillingCommitment cannot be disabled before its earliest allowed end.");
      }
      const enabled = commitment === "ENABLED";
      service.accounts.put({
        account,
        region,
        commitment,
        startedMs: enabled ? now : before?.startedMs,
        endedMs: enabled ? undefined : now,
      });
    }
    return { MinimumThroughputBillingCommitment: shownCommitment(service.accounts.get(`${account} ${region}`)) };
  },
);

function shownCommitment(row: AccountRow | undefined) {
  const date = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms));
  const enabled = row?.commitment === "ENABLED";
  return {
    Status: row?.commitment ?? ("DISABLED" as const),
    StartedAt: date(row?.startedMs),
    EndedAt: date(row?.endedMs),
    EarliestAllowedEndAt: enabled && row.startedMs !== undefined ? new Date(row.startedMs + commitmentMs) : undefined,
  };
}

/** @throws AwsError LimitExceededException when this many more open shards exceed the account's quota. */
export function checkShardQuota(service: Kinesis, account: string, region: string, added: number): void {
  const current = provisionedShards(service, account, region);
  const limit = shardLimit(region);
  if (current + added <= limit) return;
  throw limitExceeded(
    `This request would exceed the shard limit for the account ${account} in ${region}. Current shard count for the account: ${current}. Limit: ${limit}. Number of additional shards that would have resulted from this request: ${added}. Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.`,
  );
}

export function checkOnDemandCount(service: Kinesis, account: string, region: string): void {
  if (service.streams.by.onDemand.size(`${account} ${region}`) < onDemandStreamLimit) return;
  throw limitExceeded(
    `This request would exceed the on-demand stream limit for the account ${account} in ${region}. Limit: ${onDemandStreamLimit}.`,
  );
}

export function checkChannelCount(service: Kinesis, account: string, region: string): void {
  if (service.channels.by.name.size(`${account} ${region}`) < channelLimit) return;
  throw limitExceeded(
    `This request would exceed the channel limit for the account ${account} in ${region}. Limit: ${channelLimit}.`,
  );
}

/** Warm throughput requires a throughput commitment of the account. */
export function checkWarmThroughput(
  service: Kinesis,
  account: string,
  region: string,
  mibps: number | undefined,
): void {
  if (mibps === undefined) return;
  if (service.accounts.get(`${account} ${region}`)?.commitment !== "ENABLED") {
    throw validation("Warm throughput needs MinimumThroughputBillingCommitment to be enabled for the account.");
  }
  if (mibps > maxWarmMiBps) throw invalidArgument(`WarmThroughputMiBps must be at most ${maxWarmMiBps}.`);
}

/** The shards of an on-demand stream for this warm throughput: 1 MiB/s each, at least four. */
export function warmShards(mibps: number | undefined): number {
  return Math.max(onDemandShards, Math.ceil(mibps ?? 0));
}

function shardLimit(region: string): number {
  return largeRegions.has(region) ? 20_000 : 6000;
}

/** Open shards of provisioned streams; on-demand ones have quotas of their own. */
function provisionedShards(service: Kinesis, account: string, region: string): number {
  let count = service.shards.by.openInRegion.size(`${account} ${region}`);
  for (const stream of service.streams.by.onDemand.range(`${account} ${region}`))
    count -= service.openShardCount(stream);
  for (const { mode, pending } of service.streams.by.creating.range(`${account} ${region}`)) {
    if (mode === "PROVISIONED" && pending?.kind === "create") count += pending.shardCount;
  }
  return count;
}
