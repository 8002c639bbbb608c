/** The settings of mappings: what each kind of source supports, with defaults and limits. */
import type {
  CreateEventSourceMappingCommandInput,
  FilterCriteria,
  UpdateEventSourceMappingCommandInput,
} from "@aws-sdk/client-lambda";
import { filterOf } from "../../../sources/filters.ts";
import { invalidParameter } from "../errors.ts";
import type { SourcePlace } from "./sources.ts";
import type { MappingSettings } from "./tables.ts";

type Given = CreateEventSourceMappingCommandInput & UpdateEventSourceMappingCommandInput;

const maxFilters = 5;
const maxFifoBatch = 10;
/** Larger batches from a queue need a batching window. */
const maxBatchWithoutWindow = 10;
const leastAgeSeconds = 60;

/** Only for streams. */
const streamMembers = [
  "StartingPosition",
  "StartingPositionTimestamp",
  "ParallelizationFactor",
  "MaximumRecordAgeInSeconds",
  "MaximumRetryAttempts",
  "BisectBatchOnFunctionError",
  "TumblingWindowInSeconds",
] as const;
/** Only for queues. */
const queueMembers = ["ScalingConfig", "ProvisionedPollerConfig"] as const;
/** Only for brokers, which Busbar does not implement. */
const brokerMembers = [
  "Topics",
  "Queues",
  "SourceAccessConfigurations",
  "AmazonManagedKafkaEventSourceConfig",
  "SelfManagedKafkaEventSourceConfig",
  "DocumentDBEventSourceConfig",
] as const;

/**
 * The settings after a call.
 * @param before the current ones; undefined for a new mapping.
 * @throws AwsError InvalidParameterValueException
 */
export function mappingSettings(
  given: Partial<Given>,
  place: SourcePlace,
  before: MappingSettings | undefined,
): MappingSettings {
  const isQueue = place.kind === "sqs";
  for (const name of [...brokerMembers, ...(isQueue ? streamMembers : queueMembers)]) {
    if (given[name] !== undefined) throw unsupported(name);
  }
  const settings: MappingSettings = {
    BatchSize: given.BatchSize ?? before?.BatchSize ?? (isQueue ? 10 : 100),
    MaximumBatchingWindowInSeconds: given.MaximumBatchingWindowInSeconds ?? before?.MaximumBatchingWindowInSeconds ?? 0,
    FunctionResponseTypes: given.FunctionResponseTypes ?? before?.FunctionResponseTypes ?? [],
    FilterCriteria: filtersOf(given.FilterCriteria, before?.FilterCriteria),
    KMSKeyArn: given.KMSKeyArn ?? before?.KMSKeyArn,
    MetricsConfig: given.MetricsConfig ?? before?.MetricsConfig,
    ...(isQueue ? queueSettings(given, before) : streamSettings(given, before)),
  };
  if (isQueue) checkQueue(settings, place);
  return settings;
}

function queueSettings({ ScalingConfig, ProvisionedPollerConfig }: Partial<Given>, before?: MappingSettings) {
  const isCleared = ScalingConfig !== undefined && ScalingConfig.MaximumConcurrency === undefined;
  return {
    ScalingConfig: isCleared ? undefined : (ScalingConfig ?? before?.ScalingConfig),
    ProvisionedPollerConfig: ProvisionedPollerConfig ?? before?.ProvisionedPollerConfig,
  };
}

function streamSettings(given: Partial<Given>, before?: MappingSettings) {
  const age = given.MaximumRecordAgeInSeconds;
  if (age !== undefined && age !== -1 && age < leastAgeSeconds) {
    throw invalidParameter("MaximumRecordAgeInSeconds must be -1 or between 60 and 604800.");
  }
  const { StartingPosition = before?.StartingPosition, StartingPositionTimestamp: at } = given;
  if (StartingPosition === undefined) {
    throw invalidParameter(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  }
  if (before === undefined && (StartingPosition === "AT_TIMESTAMP") !== (at !== undefined)) {
    throw invalidParameter(
      at === undefined
        ? "StartingPositionTimestamp is required when StartingPosition is AT_TIMESTAMP."
        : "StartingPositionTimestamp is only valid when StartingPosition is AT_TIMESTAMP.",
    );
  }
  return {
    StartingPosition,
    ParallelizationFactor: given.ParallelizationFactor ?? before?.ParallelizationFactor ?? 1,
    MaximumRecordAgeInSeconds: age ?? before?.MaximumRecordAgeInSeconds ?? -1,
    MaximumRetryAttempts: given.MaximumRetryAttempts ?? before?.MaximumRetryAttempts ?? -1,
    BisectBatchOnFunctionError: given.BisectBatchOnFunctionError ?? before?.BisectBatchOnFunctionError ?? false,
    TumblingWindowInSeconds: given.TumblingWindowInSeconds ?? before?.TumblingWindowInSeconds ?? 0,
    DestinationConfig: given.DestinationConfig ?? before?.DestinationConfig ?? { OnFailure: {} },
  };
}

/** An empty list removes the filters. @throws AwsError InvalidParameterValueException */
function filtersOf(given: FilterCriteria | undefined, before: FilterCriteria | undefined): FilterCriteria | undefined {
  if (given === undefined) return before;
  const { Filters = [] } = given;
  if (Filters.length === 0) return undefined;
  if (Filters.length > maxFilters) throw invalidParameter(`A mapping can have ${maxFilters} filters at most.`);
  try {
    filterOf(Filters.map(({ Pattern = "" }) => Pattern));
  } catch {
    throw invalidParameter("Invalid filter pattern definition.");
  }
  return { Filters };
}

function checkQueue(settings: MappingSettings, { fifo }: SourcePlace): void {
  const { BatchSize, MaximumBatchingWindowInSeconds: window, ScalingConfig, ProvisionedPollerConfig } = settings;
  if (fifo && window > 0) throw invalidParameter("Batching window is not supported for FIFO queues.");
  if (fifo && BatchSize > maxFifoBatch) {
    throw invalidParameter(`Batch size for FIFO queues must be ${maxFifoBatch} or less.`);
  }
  if (BatchSize > maxBatchWithoutWindow && window === 0) {
    throw invalidParameter(
      `Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than ${maxBatchWithoutWindow}`,
    );
  }
  if (ScalingConfig !== undefined && ProvisionedPollerConfig !== undefined) {
    throw invalidParameter(
      "Provisioned mode for SQS ESM does not support maximum concurrency feature. Use MaximumPollers as the control mechanism and remove maximum concurrency.",
    );
  }
}

export function unsupported(member: string): Error {
  return invalidParameter(`Unsupported ${member} parameter for given event source mapping type.`);
}
