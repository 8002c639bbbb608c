/** The rows Scheduler keeps, and their indexes. */

import type { Target } from "@aws-sdk/client-scheduler";
import type { FromWire } from "../../../protocols/blob.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import { defineTable } from "../../engine/table.ts";

export type TargetSpec = FromWire<Target> & { readonly Arn: string; readonly RoleArn: string };

export interface GroupRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly state: "ACTIVE" | "DELETING";
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** What UpdateSchedule replaces as a whole. */
export interface ScheduleDefinition {
  readonly expression: string;
  readonly timeZone: string;
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
  /** Minutes of a flexible time window; 0 when it is off. */
  readonly windowMinutes: number;
  readonly description: string | undefined;
  readonly state: "ENABLED" | "DISABLED";
  readonly kmsKeyArn: string | undefined;
  readonly deleteAfterCompletion: boolean;
  readonly target: TargetSpec;
}

export interface ScheduleRow extends ScheduleDefinition {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly group: string;
  readonly name: string;
  readonly createdMs: number;
  readonly modifiedMs: number;
  /** Distinguishes it from an earlier schedule of the same name and from itself before an update. */
  readonly serial: number;
}

/** A request that was carried out, in case it is repeated with the same client token. */
export interface TokenRow {
  /** Account, region, operation and token. */
  readonly key: string;
  readonly account: string;
  /** Digest of the request. */
  readonly request: string;
  /** The ARN that was returned. */
  readonly arn: string;
  readonly expiresMs: number;
}

export const groupTable = defineTable<GroupRow>()({
  name: "scheduler.groups",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { name: { group: placeKey, order: (row) => row.name } },
});

export const scheduleTable = defineTable<ScheduleRow>()({
  name: "scheduler.schedules",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { name: { group: (row) => schedulesKey(row, row.group), order: (row) => row.name } },
});

export const tokenTable = defineTable<TokenRow>()({
  name: "scheduler.tokens",
  key: (row) => row.key,
  account: (row) => row.account,
  indexes: { expiry: { group: () => "", order: (row) => row.expiresMs } },
});

/** The index group of the schedules in a schedule group. */
export function schedulesKey(place: Place, group: string): string {
  return `${placeKey(place)} ${group}`;
}
