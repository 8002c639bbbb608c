/** Creates the reader of a mapping's source, with the mapping's settings. */
import { type Cursors, cursorsIn } from "../../../sources/cursors.ts";
import type { Consumer, Reader, ReaderDeps } from "../../../sources/drain.ts";
import { notesOf } from "../../../sources/notes.ts";
import { QueueReader } from "../../../sources/queue-reader.ts";
import { StreamReader } from "../../../sources/stream-reader.ts";
import { runOf } from "./batches.ts";
import type { EventSources } from "./event-sources.ts";
import { lambdaQueueEvent, lambdaStreamEvent } from "./events.ts";
import { failureDestination } from "./failure-records.ts";
import { sourcePlace } from "./sources.ts";
import { type MappingRow, mappingArn, shardKey } from "./tables.ts";

/** The first pause before a shard's batch is retried [recorded: about 0.2 s]. */
const firstRetryMs = 200;

export function readerOf(sources: EventSources, row: MappingRow): Reader {
  const { clock, arrivals, delivery } = sources.deps;
  const deps: ReaderDeps = {
    clock,
    arrivals,
    call: (service, operation, input) => sources.call(service, operation, input, row),
  };
  const { account, region, settings, source, functionArn: target } = row;
  const { kind, arn } = sourcePlace(source) ?? { kind: "sqs", arn: source };
  const windowMs = settings.MaximumBatchingWindowInSeconds * 1000;
  const queue = kind === "sqs" ? source : undefined;
  const names = { service: "lambda", kind: "lambda", name: "event source mapping" };
  const notes = notesOf(delivery, { account, region, arn: mappingArn(row), target, queue, ...names });
  const consumer: Omit<Consumer<never>, "eventOf"> = { ...runOf(sources, row), ...notes };
  const reading = { source, region, roleArn: sources.roleOf(target) };
  if (queue !== undefined) {
    const maxMoving = settings.ScalingConfig?.MaximumConcurrency;
    const options = { queue, batchSize: settings.BatchSize, windowMs, maxMoving };
    return new QueueReader(deps, { ...consumer, eventOf: (item) => lambdaQueueEvent(item, reading) }, options);
  }
  const options = { ...streamOptions(sources, row), stream: arn, windowMs };
  const eventOf = (item: Parameters<typeof lambdaStreamEvent>[0]) => lambdaStreamEvent(item, reading);
  return new StreamReader(deps, { ...consumer, eventOf }, options, cursorsOf(sources, row));
}

function streamOptions(sources: EventSources, row: MappingRow) {
  const { settings, startingMs } = row;
  const { MaximumRecordAgeInSeconds: age = -1, MaximumRetryAttempts: retries = -1 } = settings;
  return {
    batchSize: settings.BatchSize,
    maxAgeMs: age < 0 ? Number.POSITIVE_INFINITY : age * 1000,
    maxRetries: retries < 0 ? Number.POSITIVE_INFINITY : retries,
    firstRetryMs,
    bisects: settings.BisectBatchOnFunctionError === true,
    lanes: settings.ParallelizationFactor ?? 1,
    takesApart: true,
    onFailure: failureDestination(sources, row),
    startingPosition:
      settings.StartingPosition === "LATEST" ? ("LATEST" as const) : (startingMs ?? ("TRIM_HORIZON" as const)),
  };
}

function cursorsOf({ cursors, deps }: EventSources, { uuid, account }: MappingRow): Cursors {
  return cursorsIn(deps.store, {
    list: () => [...cursors.by.mapping.range(uuid)],
    get: (shard) => cursors.get(shardKey(uuid, shard)),
    put: (cursor) => cursors.put({ ...cursor, key: shardKey(uuid, cursor.shard), account, mapping: uuid }),
    delete: ({ key }) => cursors.delete(key),
  });
}
