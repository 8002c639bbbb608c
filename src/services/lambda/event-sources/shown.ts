/** Mappings in the form of the API. */
import type { EventSourceMappingConfiguration } from "@aws-sdk/client-lambda";
import { isBetween } from "./event-sources.ts";
import { sourcePlace } from "./sources.ts";
import { type MappingRow, mappingArn } from "./tables.ts";

const minuteMs = 60_000;

export function mappingOf(row: MappingRow): EventSourceMappingConfiguration {
  const { settings, startingMs } = row;
  const isStream = sourcePlace(row.source)?.kind === "kinesis";
  // The time of a stream's mapping is truncated to the minute once it is stable [recorded].
  const modifiedMs = isStream && !isBetween(row.state) ? row.modifiedMs - (row.modifiedMs % minuteMs) : row.modifiedMs;
  return {
    UUID: row.uuid,
    ...settings,
    StartingPositionTimestamp: startingMs === undefined ? undefined : new Date(startingMs),
    EventSourceArn: row.source,
    FunctionArn: row.functionArn,
    LastModified: new Date(modifiedMs),
    LastProcessingResult: isStream ? row.lastResult : undefined,
    State: row.state,
    StateTransitionReason: isStream ? "User action" : "USER_INITIATED",
    EventSourceMappingArn: mappingArn(row),
  };
}
