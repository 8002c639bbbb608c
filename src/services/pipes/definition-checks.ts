/** Checks by CreatePipe and UpdatePipe beyond the model's constraints, and the defaults they fill in. */
import type { PipeSourceParameters, PipeTargetParameters } from "@aws-sdk/client-pipes";
import { parseArn } from "../../calls/arn.ts";
import { InvalidTransform, parseJsonPath, parsePipeTemplate } from "../../events/input-transform/index.ts";
import { InvalidEventPattern, parseEvent, parsePattern } from "../../events/pattern/index.ts";
import { invalidField, validation } from "./errors.ts";
import { enrichmentPlace, type SourcePlace, sourcePlace, type TargetPlace, targetPlace } from "./places.ts";
import type { PipeDefinition } from "./tables.ts";

const defaultBatch = { sqs: 10, kinesis: 100, elsewhere: 100 } as const;
const forever = -1;

/**
 * The definition with its defaults.
 * @throws AwsError ValidationException
 */
export function checked(definition: PipeDefinition): PipeDefinition {
  const source = sourcePlace(definition.source);
  if (source === undefined) throw invalidField("Source", `${definition.source} is not a supported source.`);
  const target = targetPlace(definition.target);
  if (target === undefined) throw invalidField("Target", `${definition.target} is not a supported target.`);
  const enrichment = definition.enrichment === undefined ? undefined : enrichmentPlace(definition.enrichment);
  if (definition.enrichment !== undefined && enrichment === undefined) {
    throw invalidField("Enrichment", `${definition.enrichment} is not a supported enrichment.`);
  }
  checkTarget(definition, target);
  checkTemplate("EnrichmentParameters.InputTemplate", definition.enrichmentParameters?.InputTemplate);
  const taker =
    enrichment === undefined
      ? { role: "target", arn: definition.target, place: target }
      : { role: "enrichment", arn: definition.enrichment as string, place: enrichment };
  const sourceParameters = checkedSource(definition, source, taker);
  return { ...definition, sourceParameters };
}

/** The first to take a pipe's batches: its enrichment, or else its target. */
interface Taker {
  readonly role: string;
  readonly arn: string;
  readonly place: TargetPlace;
}

function checkedSource(
  { source, sourceParameters: given, startingMs }: PipeDefinition,
  place: SourcePlace,
  taker: Taker,
): PipeSourceParameters {
  const maxRecords = taker.place.maxRecords ?? Number.POSITIVE_INFINITY;
  const { FilterCriteria, ...blocks } = given;
  const names = Object.entries(blocks).flatMap(([name, block]) => (block === undefined ? [] : [name]));
  const foreign = names.find((name) => !(place.blocks as readonly string[]).includes(name));
  if (foreign !== undefined) throw invalidField(`SourceParameters.${foreign}`, "Parameter does not fit the source.");
  if (place.blockRequired && names.length === 0) {
    throw invalidField(`SourceParameters.${place.blocks[0]}`, "Missing required parameter.");
  }
  checkFilters(FilterCriteria, place.kind);
  const batchSize = Math.min(defaultBatch[place.kind], maxRecords);
  const filters = FilterCriteria?.Filters?.length ? { FilterCriteria } : {};
  if (place.kind === "sqs") {
    const SqsQueueParameters = {
      BatchSize: batchSize,
      MaximumBatchingWindowInSeconds: 0,
      ...present(blocks.SqsQueueParameters),
    };
    checkBatch(SqsQueueParameters.BatchSize, taker);
    const { BatchSize, MaximumBatchingWindowInSeconds: window } = SqsQueueParameters;
    if (BatchSize > 10 && source.endsWith(".fifo")) {
      throw invalidField("SourceParameters.SqsQueueParameters.BatchSize", "BatchSize of a FIFO queue is at most 10.");
    }
    if (BatchSize > 10 && window < 1) {
      const text = "A BatchSize greater than 10 needs a MaximumBatchingWindowInSeconds of at least 1.";
      throw invalidField("SourceParameters.SqsQueueParameters.MaximumBatchingWindowInSeconds", text);
    }
    return { ...filters, SqsQueueParameters };
  }
  if (place.kind === "elsewhere") {
    checkAge(blocks.DynamoDBStreamParameters);
    return { ...filters, ...blocks };
  }
  const stream = blocks.KinesisStreamParameters as NonNullable<typeof blocks.KinesisStreamParameters>;
  const KinesisStreamParameters = {
    BatchSize: batchSize,
    MaximumBatchingWindowInSeconds: 0,
    MaximumRecordAgeInSeconds: forever,
    MaximumRetryAttempts: forever,
    ParallelizationFactor: 1,
    ...present(stream),
    StartingPosition: stream.StartingPosition,
  };
  checkBatch(KinesisStreamParameters.BatchSize, taker);
  const age = KinesisStreamParameters.MaximumRecordAgeInSeconds;
  if (age !== forever && age < 60) {
    const text = `[numeric instance is lower than the required minimum (minimum: 60, found: ${age})]`;
    throw invalidField("SourceParameters.KinesisStreamParameters.MaximumRecordAgeInSeconds", text);
  }
  checkAge(KinesisStreamParameters);
  const timed = stream.StartingPosition === "AT_TIMESTAMP";
  if (timed !== (startingMs !== undefined)) {
    const text = timed ? "Missing required parameter." : "Only AT_TIMESTAMP takes a timestamp.";
    throw invalidField("SourceParameters.KinesisStreamParameters.StartingPositionTimestamp", text);
  }
  return { ...filters, KinesisStreamParameters };
}

/** The members that are set: an undefined one must not hide a default. */
function present<T extends object>(members: T | undefined): { [Key in keyof T]?: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(members ?? {}).filter(([, value]) => value !== undefined)) as never;
}

function checkBatch(size: number, { role, arn, place }: Taker): void {
  const { maxRecords } = place;
  if (maxRecords === undefined || size <= maxRecords) return;
  throw validation(
    `The configured batch size ${size} is greater than the max supported batch size ${maxRecords} for ${role} ${kindName(arn)}.`,
  );
}

/** What messages call a target: by the type of its resource where a service has several, else by the service. */
function kindName(arn: string): string {
  const { service = "", resource = "" } = parseArn(arn) ?? {};
  return service === "events" ? (resource.split("/")[0] ?? "") : service;
}

/** A record must have time to be batched before it is given up for its age. */
function checkAge(stream: { MaximumRecordAgeInSeconds?: number; MaximumBatchingWindowInSeconds?: number } | undefined) {
  const { MaximumRecordAgeInSeconds: age = forever, MaximumBatchingWindowInSeconds: window = 0 } = stream ?? {};
  if (age === forever || window < age) return;
  throw validation("MaximumBatchingWindowInSeconds must be less than MaximumRecordAgeInSeconds.");
}

function checkFilters(criteria: PipeSourceParameters["FilterCriteria"], kind: SourcePlace["kind"]): void {
  for (const { Pattern } of criteria?.Filters ?? []) {
    if (Pattern === undefined) throw invalidField("SourceParameters.FilterCriteria", "A filter needs a Pattern.");
    try {
      parsePattern(Pattern, { pipe: true });
    } catch (error) {
      if (error instanceof InvalidEventPattern) throw validation(error.message);
      throw error;
    }
    if (kind === "kinesis" && Array.isArray((parseEvent(Pattern) as { data?: unknown }).data)) {
      throw validation("Event pattern is not valid. Reason: the data of a stream can only be filtered as JSON.");
    }
  }
}

function checkTarget({ target, targetParameters: given }: PipeDefinition, place: TargetPlace): void {
  const { InputTemplate, ...blocks } = given ?? {};
  checkTemplate("TargetParameters.InputTemplate", InputTemplate);
  const named = Object.entries(blocks).flatMap(([name, block]) => (block === undefined ? [] : [name]));
  const foreign = named.find((name) => name !== place.block);
  if (foreign !== undefined) throw invalidField(`TargetParameters.${foreign}`, "Parameter does not fit the target.");
  if (place.blockRequired && named.length === 0) {
    throw invalidField(`TargetParameters.${place.block}`, "Missing required parameter.");
  }
  if (place.kind === "sqs" && target.endsWith(".fifo") && !blocks.SqsQueueParameters?.MessageGroupId) {
    throw invalidField("TargetParameters.SqsQueueParameters.MessageGroupId", "Missing required parameter.");
  }
  if (/^aws\./.test(blocks.EventBridgeEventBusParameters?.Source ?? "")) {
    throw invalidField("TargetParameters.EventBridgeEventBusParameters.Source", "Source must not begin with aws.");
  }
  const block = place.block === undefined ? undefined : blocks[place.block];
  for (const [name, value] of Object.entries(block ?? {})) checkPaths(`TargetParameters.${place.block}.${name}`, value);
}

/** Texts that look like paths must be valid ones. */
function checkPaths(name: string, value: unknown): void {
  if (typeof value === "string" && isPath(value)) {
    try {
      parseJsonPath(value);
    } catch (error) {
      if (error instanceof InvalidTransform) throw invalidField(name, error.message);
      throw error;
    }
  } else if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) checkPaths(name, item);
  }
}

/** Whether a parameter's text is treated as a path into the record. */
export function isPath(text: string): boolean {
  return /^\$[.[]/.test(text);
}

function checkTemplate(name: string, template: PipeTargetParameters["InputTemplate"]): void {
  if (template === undefined) return;
  try {
    parsePipeTemplate(template);
  } catch (error) {
    if (error instanceof InvalidTransform) throw invalidField(name, error.message);
    throw error;
  }
}
