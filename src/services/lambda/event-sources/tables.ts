/** The rows of event source mappings. */
import type {
  DestinationConfig,
  EventSourceMappingMetricsConfig,
  EventSourcePosition,
  FilterCriteria,
  FunctionResponseType,
  ProvisionedPollerConfig,
  ScalingConfig,
} from "@aws-sdk/client-lambda";
import { formatArn } from "../../../calls/arn.ts";
import { placeKey } from "../../../calls/place.ts";
import { defineTable } from "../../../engine/table.ts";
import type { Cursor } from "../../../sources/cursors.ts";

/** The configuration of a mapping, as members of the API; undefined for what its kind of source does not have. */
export interface MappingSettings {
  readonly BatchSize: number;
  readonly MaximumBatchingWindowInSeconds: number;
  readonly FunctionResponseTypes: FunctionResponseType[];
  readonly FilterCriteria?: FilterCriteria | undefined;
  readonly KMSKeyArn?: string | undefined;
  readonly MetricsConfig?: EventSourceMappingMetricsConfig | undefined;
  readonly ScalingConfig?: ScalingConfig | undefined;
  readonly ProvisionedPollerConfig?: ProvisionedPollerConfig | undefined;
  readonly StartingPosition?: EventSourcePosition | undefined;
  readonly ParallelizationFactor?: number | undefined;
  readonly MaximumRecordAgeInSeconds?: number | undefined;
  readonly MaximumRetryAttempts?: number | undefined;
  readonly BisectBatchOnFunctionError?: boolean | undefined;
  readonly TumblingWindowInSeconds?: number | undefined;
  readonly DestinationConfig?: DestinationConfig | undefined;
}

export type MappingState = "Creating" | "Enabling" | "Enabled" | "Disabling" | "Disabled" | "Updating" | "Deleting";

export interface MappingRow {
  readonly uuid: string;
  readonly account: string;
  readonly region: string;
  /** Orders mappings by creation. */
  readonly serial: number;
  /** ARN of a queue, a stream or a stream's consumer. */
  readonly source: string;
  /** Qualified as given. */
  readonly functionArn: string;
  readonly settings: MappingSettings;
  /** For AT_TIMESTAMP, in epoch ms. */
  readonly startingMs: number | undefined;
  /** What the user wants; `state` follows. */
  readonly enabled: boolean;
  readonly state: MappingState;
  readonly modifiedMs: number;
  /** The result of the last batch from a stream. */
  readonly lastResult: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** How far a mapping has read in a shard of its stream. */
export interface CursorRow extends Cursor {
  /** The mapping's UUID and the shard's id. */
  readonly key: string;
  readonly account: string;
  readonly mapping: string;
}

/**
 * The function's state for an open tumbling window of a shard, or of one of its lanes (Lambda developer guide,
 * "Tumbling windows").
 */
export interface WindowRow {
  readonly key: string;
  readonly account: string;
  readonly mapping: string;
  readonly shard: string;
  readonly startMs: number;
  /** JSON text of the state returned by the function. */
  readonly state: string;
}

export const mappingTable = defineTable<MappingRow>()({
  name: "lambda.mappings",
  key: (row) => row.uuid,
  account: (row) => row.account,
  indexes: {
    made: { group: placeKey, order: (row) => row.serial },
    source: { group: (row) => row.source, order: (row) => row.serial },
  },
});

export const cursorTable = defineTable<CursorRow>()({
  name: "lambda.cursors",
  key: (row) => row.key,
  account: (row) => row.account,
  indexes: { mapping: { group: (row) => row.mapping, order: (row) => row.shard } },
});

export const windowTable = defineTable<WindowRow>()({
  name: "lambda.windows",
  key: (row) => row.key,
  account: (row) => row.account,
  indexes: { mapping: { group: (row) => row.mapping, order: (row) => row.key } },
});

/** Key of a mapping's rows for a shard. */
export function shardKey(mapping: string, shard: string): string {
  return `${mapping}\n${shard}`;
}

/** Key of an open window: parallel batches each have one. */
export function windowKey(mapping: string, shard: string, lane: number): string {
  return lane === 0 ? shardKey(mapping, shard) : `${shardKey(mapping, shard)}\n${lane}`;
}

export function mappingArn({ region, account, uuid }: Pick<MappingRow, "region" | "account" | "uuid">): string {
  return formatArn("lambda", region, account, `event-source-mapping:${uuid}`);
}
