/** The rows Pipes keeps. */

import type {
  PipeEnrichmentParameters,
  PipeLogConfiguration,
  PipeSourceParameters,
  PipeState,
  PipeTargetParameters,
} from "@aws-sdk/client-pipes";
import { placeKey } from "../../calls/place.ts";
import { defineTable } from "../../engine/table.ts";
import type { Cursor } from "../../sources/cursors.ts";

/** The configuration of a pipe. */
export interface PipeDefinition {
  readonly description: string | undefined;
  readonly source: string;
  /** Defaults filled in; a starting timestamp is in `startingMs`. */
  readonly sourceParameters: PipeSourceParameters;
  readonly startingMs: number | undefined;
  readonly enrichment: string | undefined;
  readonly enrichmentParameters: PipeEnrichmentParameters | undefined;
  readonly target: string;
  readonly targetParameters: PipeTargetParameters | undefined;
  readonly roleArn: string;
  readonly logConfiguration: PipeLogConfiguration | undefined;
  readonly kmsKeyIdentifier: string | undefined;
}

export interface PipeRow extends PipeDefinition {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly desiredState: "RUNNING" | "STOPPED" | "DELETED";
  readonly currentState: PipeState;
  readonly stateReason: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly modifiedMs: number;
  /** Distinguishes it from an earlier pipe of the same name. */
  readonly serial: number;
}

/** How far a pipe has read in a shard of its stream. */
export interface CursorRow extends Cursor {
  /** ARN of the pipe and id of the shard. */
  readonly key: string;
  readonly account: string;
  readonly pipe: string;
}

export const pipeTable = defineTable<PipeRow>()({
  name: "pipes.pipes",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { name: { group: placeKey, order: (row) => row.name } },
});

export const cursorTable = defineTable<CursorRow>()({
  name: "pipes.cursors",
  key: (row) => row.key,
  account: (row) => row.account,
  indexes: { pipe: { group: (row) => row.pipe, order: (row) => row.shard } },
});

export function cursorKey(pipe: string, shard: string): string {
  return `${pipe}\n${shard}`;
}
