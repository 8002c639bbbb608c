/** Targets: how the records of a batch reach them, and which failed. */
import type { Invocation } from "../../calls/invocation.ts";
import type { Kind, Kinds } from "../../delivery/kinds.ts";
import type { Batch } from "../../delivery/types.ts";
import type { EventValue } from "../../events/pattern/index.ts";
import { namedFailures } from "../../sources/partial-failures.ts";
import { failureOf, PipeFailure } from "./errors.ts";
import type { Pipes } from "./pipes.ts";
import { type TargetKind, targetPlace } from "./places.ts";
import type { PipeRow } from "./tables.ts";
import { dynamic, httpCallOf, invokeSync, optional, orderOf, startSync } from "./target-calls.ts";

/** One record on its way to the target. */
export interface Item {
  /** The record on which parameters' paths are resolved. */
  readonly record: EventValue;
  /** The text that the target gets. */
  readonly text: string;
  readonly isJson: boolean;
}

/** What failed, by indexes of items or by identifiers of source records; empty when everything got through. */
export interface Sent {
  readonly failedItems?: ReadonlySet<number>;
  readonly failedIds?: readonly unknown[];
  readonly reason?: string | undefined;
}

/** @throws PipeFailure, AwsError, DeliveryFailure when nothing got through. */
export type Send = (items: readonly Item[], invocation: Invocation) => Promise<Sent>;

const maxStatesChars = 262_144;
const maxLambdaBytes = 6 * 1024 * 1024;

export function senderOf(pipes: Pipes, pipe: PipeRow): Send {
  const { target, targetParameters: parameters = {} } = pipe;
  const place = targetPlace(target);
  const send = senders(pipes, pipe, target, parameters)[place?.kind ?? "mailbox"];
  const { maxRecords } = place ?? {};
  return (items, invocation) => {
    if (maxRecords === undefined || items.length <= maxRecords) return send(items, invocation);
    throw new PipeFailure("BatchTooLarge", `The target takes at most ${maxRecords} records, not ${items.length}.`);
  };
}

function senders(
  pipes: Pipes,
  pipe: PipeRow,
  target: string,
  parameters: NonNullable<PipeRow["targetParameters"]>,
): Readonly<Record<TargetKind, Send>> {
  const { delivery } = pipes.deps;
  /** One delivery per record, all in one transaction: for targets that only write rows. */
  const each = <K extends Kind>(kind: K, parametersOf: (item: Item) => Kinds[K]): Send => {
    const batch = { ...orderOf(pipe, target), kind } as Batch<K>;
    return async (items, invocation) => {
      const entries = items.map((item) => ({ payload: item.text, parameters: parametersOf(item) }));
      return sentOf(await delivery.attemptBatch(batch, entries, invocation));
    };
  };

  const sqs: Send = (() => {
    const group = optional(parameters.SqsQueueParameters?.MessageGroupId);
    const deduplication = optional(parameters.SqsQueueParameters?.MessageDeduplicationId);
    return each("sqs", ({ record }) => ({
      messageGroupId: group?.(record),
      messageDeduplicationId: deduplication?.(record),
    }));
  })();

  const kinesis: Send = (() => {
    const key = dynamic(parameters.KinesisStreamParameters?.PartitionKey ?? "");
    return each("kinesis", ({ record }) => ({ partitionKey: key(record) }));
  })();

  const events: Send = (() => {
    const { DetailType, Source, Resources = [], Time, EndpointId } = parameters.EventBridgeEventBusParameters ?? {};
    const [detailType, source, time] = [optional(DetailType), optional(Source), optional(Time)];
    const resources = Resources.map(dynamic);
    const fallback = `Event from ${pipe.source.includes(":kinesis:") ? "aws:kinesis" : "aws:sqs"}`;
    return each("events", ({ record }) => ({
      source: source?.(record) ?? `Pipe ${pipe.name}`,
      detailType: detailType?.(record) ?? fallback,
      resources: resources.map((resource) => resource(record)),
      timeMs: timeOf(time?.(record)),
      endpointId: EndpointId,
    }));
  })();

  const lambda: Send = async (items, invocation) => {
    const payload = arrayOf(items);
    if (Buffer.byteLength(payload) > maxLambdaBytes)
      throw new PipeFailure("PayloadTooLarge", "Lambda takes 6 MB at most.");
    if (parameters.LambdaFunctionParameters?.InvocationType === "FIRE_AND_FORGET") {
      await delivery.attempt({ ...orderOf(pipe, target), payload, kind: "lambda", parameters: {} }, invocation);
      return {};
    }
    return partial(await invokeSync(pipes, pipe, target, payload, invocation));
  };

  const states: Send = async (items, invocation) => {
    const input = arrayOf(items);
    if (input.length > maxStatesChars)
      throw new PipeFailure("PayloadTooLarge", `Step Functions takes ${maxStatesChars} characters.`);
    if (parameters.StepFunctionStateMachineParameters?.InvocationType === "FIRE_AND_FORGET") {
      await delivery.attempt({ ...orderOf(pipe, target), payload: input, kind: "states", parameters: {} }, invocation);
      return {};
    }
    return partial(await startSync(pipes, pipe, target, input, invocation));
  };

  const http: Send = (() => {
    const callOne = httpCallOf(pipes, pipe, target, parameters.HttpParameters);
    return async (items, invocation) => {
      for (const item of items) await callOne(item, invocation);
      return {};
    };
  })();

  const { LogStreamName, Timestamp } = parameters.CloudWatchLogsParameters ?? {};
  const [logStream, timestamp] = [optional(LogStreamName), optional(Timestamp)];
  return {
    sqs,
    sns: each("sns", () => ({})),
    kinesis,
    events,
    lambda,
    states,
    "api-destination": http,
    "execute-api": http,
    firehose: each("firehose", () => ({})),
    logs: each("logs", ({ record }) => ({
      stream: logStream?.(record),
      timestampMs: timeOf(timestamp?.(record)) ?? pipes.now,
    })),
    mailbox: each("mailbox", () => ({ channel: target.split(":")[2] ?? "", ...parameters })),
  };
}

/** The array that functions and state machines get. @throws PipeFailure when a template did not produce JSON. */
export function arrayOf(items: readonly Item[]): string {
  if (!items.every(({ isJson }) => isJson)) {
    throw new PipeFailure("InvalidInput", "The input template made something that is not JSON.");
  }
  return `[${items.map(({ text }) => text).join()}]`;
}

/** The failures among deliveries made one by one. @throws DeliveryFailure when all failed. */
function sentOf(results: readonly PromiseSettledResult<unknown>[]): Sent {
  const failedItems = new Set<number>();
  let reason: string | undefined;
  for (const [place, result] of results.entries()) {
    if (result.status === "fulfilled") continue;
    const failure = failureOf(result.reason);
    // A bug, or a store that accepts no writes: the batch stays in its source.
    if (failure === undefined || results.every(({ status }) => status === "rejected")) throw result.reason;
    failedItems.add(place);
    reason ??= `${failure.code}: ${failure.message}`;
  }
  return { failedItems, reason };
}

/** The failed records that a target's answer names. */
function partial(answer: string): Sent {
  try {
    const failedIds = namedFailures(answer);
    return failedIds === undefined ? {} : { failedIds, reason: `${failedIds.length} records were answered as failed.` };
  } catch (error) {
    throw new PipeFailure("InvalidResponse", `The target's answer cannot be read: ${(error as Error).message}`);
  }
}

/** Epoch milliseconds of a time in one of the forms records use: ISO 8601, epoch seconds or milliseconds. */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  const date = Number.isFinite(number) ? new Date(number < 1e11 ? number * 1000 : number) : new Date(text);
  if (Number.isNaN(date.getTime())) throw new PipeFailure("InvalidTime", `${text} is not a time.`);
  return date.getTime();
}
