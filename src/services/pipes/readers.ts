/** Creates the reader of a pipe's source, with the pipe's parameters and in its name. */
import { type Cursors, cursorsIn } from "../../sources/cursors.ts";
import type { Consumer, Reader, ReaderDeps } from "../../sources/drain.ts";
import { notesOf } from "../../sources/notes.ts";
import { QueueReader } from "../../sources/queue-reader.ts";
import type { FailureDestination, LostBatch } from "../../sources/shard-batches.ts";
import { queueEvent, streamEvent } from "../../sources/source-events.ts";
import { StreamReader } from "../../sources/stream-reader.ts";
import type { Pipes } from "./pipes.ts";
import { sourcePlace, streamArnOf } from "./places.ts";
import { compile } from "./run.ts";
import { cursorKey, type PipeRow } from "./tables.ts";

const firstRetryMs = 1000;

export function readerOf(pipes: Pipes, pipe: PipeRow): Reader {
  const { clock, arrivals } = pipes.deps;
  const deps: ReaderDeps = {
    clock,
    arrivals,
    call: (service, operation, input) => pipes.call(service, operation, input, pipe),
  };
  const { account, region, arn, target } = pipe;
  const queue = sourcePlace(pipe.source)?.kind === "sqs" ? pipe.source : undefined;
  const drainer = { account, region, arn, target, queue, service: "pipes", kind: "pipe", name: "pipe" };
  const consumer: Omit<Consumer<never>, "eventOf"> = {
    ...compile(pipes, pipe),
    ...notesOf(pipes.deps.delivery, drainer),
  };
  if (queue !== undefined) {
    const { BatchSize = 10, MaximumBatchingWindowInSeconds = 0 } = pipe.sourceParameters.SqsQueueParameters ?? {};
    const options = { queue, batchSize: BatchSize, windowMs: MaximumBatchingWindowInSeconds * 1000 };
    return new QueueReader(deps, { ...consumer, eventOf: (message) => queueEvent(message, pipe) }, options);
  }
  const eventOf = (item: Parameters<typeof streamEvent>[0]) => streamEvent(item, pipe);
  return new StreamReader(deps, { ...consumer, eventOf }, streamOptions(pipes, pipe), cursorsOf(pipes, pipe));
}

function streamOptions(pipes: Pipes, pipe: PipeRow) {
  const parameters = pipe.sourceParameters.KinesisStreamParameters;
  const { MaximumRecordAgeInSeconds: age = -1, MaximumRetryAttempts: retries = -1 } = parameters ?? {};
  const latest = parameters?.StartingPosition === "LATEST";
  return {
    stream: streamArnOf(pipe.source),
    batchSize: parameters?.BatchSize ?? 100,
    windowMs: (parameters?.MaximumBatchingWindowInSeconds ?? 0) * 1000,
    maxAgeMs: age < 0 ? Number.POSITIVE_INFINITY : age * 1000,
    maxRetries: retries < 0 ? Number.POSITIVE_INFINITY : retries,
    firstRetryMs,
    bisects: parameters?.OnPartialBatchItemFailure === "AUTOMATIC_BISECT",
    lanes: parameters?.ParallelizationFactor ?? 1,
    takesApart: false,
    onFailure: deadLettersOf(pipes, pipe),
    startingPosition: latest ? ("LATEST" as const) : (pipe.startingMs ?? ("TRIM_HORIZON" as const)),
  };
}

function deadLettersOf(pipes: Pipes, { arn, sourceParameters }: PipeRow): FailureDestination | undefined {
  const queue = sourceParameters.KinesisStreamParameters?.DeadLetterConfig?.Arn;
  if (queue === undefined) return undefined;
  const describe = ({ condition, batch }: LostBatch) =>
    JSON.stringify({
      context: { partnerResourceArn: arn, condition },
      version: "1.0",
      timestamp: new Date(pipes.now).toISOString(),
      KinesisBatchInfo: batch,
    });
  return { arn: queue, describe };
}

function cursorsOf({ cursors, deps }: Pipes, { arn, account }: PipeRow): Cursors {
  return cursorsIn(deps.store, {
    list: () => [...cursors.by.pipe.range(arn)],
    get: (shard) => cursors.get(cursorKey(arn, shard)),
    put: (cursor) => cursors.put({ ...cursor, key: cursorKey(arn, cursor.shard), account, pipe: arn }),
    delete: ({ key }) => cursors.delete(key),
  });
}
