/** Targets: how the records of a batch get there, and which did not. */
import { Blob64 } from "../../../protocols/blob.ts";
import type { Invocation } from "../../calls/invocation.ts";
import type { EventValue } from "../../events/pattern/index.ts";
import { PipeFailure } from "./errors.ts";
import type { Pipes } from "./pipes.ts";
import { targetPlace } from "./places.ts";
import type { PipeRow } from "./tables.ts";
import { attemptOf, dynamic, httpCallOf, optional, queueUrlOf, startSync } from "./target-calls.ts";

/** One record on its way to the target. */
export interface Item {
  /** What parameters' paths are resolved on. */
  readonly record: EventValue;
  /** What the target gets. */
  readonly text: string;
  readonly isJson: boolean;
}

/** What did not get through, by places among the items or by identifiers of source records; nothing when all did. */
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
  const { mostRecords } = place ?? {};
  return (items, invocation) => {
    if (mostRecords === undefined || items.length <= mostRecords) return send(items, invocation);
    throw new PipeFailure("BatchTooLarge", `The target takes at most ${mostRecords} records, not ${items.length}.`);
  };
}

function senders(pipes: Pipes, pipe: PipeRow, target: string, parameters: NonNullable<PipeRow["targetParameters"]>) {
  const { call, delivery, functions } = pipes.deps;
  const each =
    (kind: string, more: (item: Item) => Record<string, unknown> = () => ({})): Send =>
    async (items, invocation) => {
      for (const item of items) {
        await delivery.attempt({ ...attemptOf(pipe, target, kind, item.text), parameters: more(item) }, invocation);
      }
      return {};
    };

  const sqs: Send = (() => {
    const group = optional(parameters.SqsQueueParameters?.MessageGroupId);
    const deduplication = optional(parameters.SqsQueueParameters?.MessageDeduplicationId);
    const QueueUrl = queueUrlOf(target);
    return (items, invocation) =>
      inParts(items, 10, 1024 * 1024, async (part) => {
        const Entries = part.map(({ record, text }, i) => ({
          Id: String(i),
          MessageBody: text,
          MessageGroupId: group?.(record),
          MessageDeduplicationId: deduplication?.(record),
        }));
        return failedEntries(await call("sqs", "SendMessageBatch", { QueueUrl, Entries }, invocation));
      });
  })();

  const sns: Send = (items, invocation) =>
    inParts(items, 10, 256 * 1024, async (part) => {
      const PublishBatchRequestEntries = part.map(({ text }, i) => ({ Id: String(i), Message: text }));
      return failedEntries(
        await call("sns", "PublishBatch", { TopicArn: target, PublishBatchRequestEntries }, invocation),
      );
    });

  const kinesis: Send = (() => {
    const key = dynamic(parameters.KinesisStreamParameters?.PartitionKey ?? "");
    return (items, invocation) =>
      inParts(items, 500, 5 * 1024 * 1024, async (part) => {
        const Records = part.map(({ record, text }) => ({
          Data: Blob64.fromBytes(Buffer.from(text)),
          PartitionKey: key(record),
        }));
        return failedResults(
          ((await call("kinesis", "PutRecords", { StreamARN: target, Records }, invocation)) as Results).Records,
        );
      });
  })();

  const events: Send = (() => {
    const { DetailType, Source, Resources = [], Time, EndpointId } = parameters.EventBridgeEventBusParameters ?? {};
    const [detailType, source, time] = [optional(DetailType), optional(Source), optional(Time)];
    const resources = Resources.map(dynamic);
    const fallback = `Event from ${pipe.source.includes(":kinesis:") ? "aws:kinesis" : "aws:sqs"}`;
    return (items, invocation) =>
      inParts(items, 10, 256 * 1024, async (part) => {
        const Entries = part.map(({ record, text }) => ({
          EventBusName: target,
          Source: source?.(record) ?? `Pipe ${pipe.name}`,
          DetailType: detailType?.(record) ?? fallback,
          Detail: text,
          Resources: resources.map((resource) => resource(record)),
          Time: timeOf(time?.(record)),
        }));
        return failedResults(
          ((await call("eventbridge", "PutEvents", { Entries, EndpointId }, invocation)) as Results).Entries,
        );
      });
  })();

  const lambda: Send = async (items, invocation) => {
    const payload = arrayOf(items);
    if (Buffer.byteLength(payload) > maxLambdaBytes)
      throw new PipeFailure("PayloadTooLarge", "Lambda takes 6 MB at most.");
    if (parameters.LambdaFunctionParameters?.InvocationType === "FIRE_AND_FORGET") {
      await delivery.attempt(attemptOf(pipe, target, "lambda", payload), invocation);
      return {};
    }
    const answer = await functions.invoke(target, payload, invocation);
    if (answer.functionError !== undefined) throw new PipeFailure(answer.functionError, answer.payload.slice(0, 1000));
    return partial(answer.payload);
  };

  const states: Send = async (items, invocation) => {
    const input = arrayOf(items);
    if (input.length > maxStatesChars)
      throw new PipeFailure("PayloadTooLarge", `Step Functions takes ${maxStatesChars} characters.`);
    if (parameters.StepFunctionStateMachineParameters?.InvocationType === "FIRE_AND_FORGET") {
      await call("stepfunctions", "StartExecution", { stateMachineArn: target, input }, invocation);
      return {};
    }
    return partial(await startSync(pipes, invocation, target, input));
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
    sns,
    kinesis,
    events,
    lambda,
    states,
    "api-destination": http,
    "execute-api": http,
    firehose: each("firehose"),
    logs: each("logs", ({ record }) => ({
      stream: logStream?.(record),
      timestampMs: timeOf(timestamp?.(record))?.getTime() ?? pipes.now,
    })),
    mailbox: each("mailbox", () => ({ channel: target.split(":")[2], ...parameters })),
  };
}

/** The array that functions and state machines get. @throws PipeFailure when a template made no JSON. */
export function arrayOf(items: readonly Item[]): string {
  if (!items.every(({ isJson }) => isJson)) {
    throw new PipeFailure("InvalidInput", "The input template made something that is not JSON.");
  }
  return `[${items.map(({ text }) => text).join()}]`;
}

interface Failure {
  readonly place: number;
  readonly reason: string | undefined;
}

/** Sends items in parts that the target's batch call takes. */
async function inParts(
  items: readonly Item[],
  mostItems: number,
  mostBytes: number,
  send: (part: readonly Item[]) => Promise<Failure[]>,
): Promise<Sent> {
  const failedItems = new Set<number>();
  let reason: string | undefined;
  for (let from = 0; from < items.length; ) {
    let to = from;
    for (let bytes = 0; to < items.length && to - from < mostItems; to++) {
      bytes += Buffer.byteLength((items[to] as Item).text);
      if (bytes > mostBytes && to > from) break;
    }
    let failures: Failure[];
    try {
      failures = await send(items.slice(from, to));
    } catch (error) {
      // What an earlier part has delivered must not be sent again because of this one.
      if (from === 0) throw error;
      const message = error instanceof Error ? error.message : String(error);
      failures = Array.from({ length: items.length - from }, (_, place) => ({ place, reason: message }));
      to = items.length;
    }
    for (const failure of failures) {
      failedItems.add(from + failure.place);
      reason ??= failure.reason;
    }
    from = to;
  }
  return { failedItems, reason };
}

function failedEntries(answer: object): Failure[] {
  const { Failed = [] } = answer as { Failed?: readonly { Id?: string; Code?: string; Message?: string }[] };
  return Failed.map(({ Id, Code, Message }) => ({ place: Number(Id), reason: `${Code}: ${Message ?? ""}` }));
}

type EntryResult = { readonly ErrorCode?: string | undefined; readonly ErrorMessage?: string | undefined };
interface Results {
  readonly Records?: readonly EntryResult[];
  readonly Entries?: readonly EntryResult[];
}

function failedResults(results: readonly EntryResult[] = []): Failure[] {
  return results.flatMap(({ ErrorCode, ErrorMessage }, place) =>
    ErrorCode === undefined ? [] : [{ place, reason: `${ErrorCode}: ${ErrorMessage ?? ""}` }],
  );
}

/**
 * What an answer with `batchItemFailures` says (Pipes user guide, "Batching and concurrency"): the identifiers of what
 * failed; one that is empty or missing names no record and so fails the batch.
 */
function partial(answer: string): Sent {
  let value: unknown;
  try {
    value = answer === "" ? null : JSON.parse(answer);
  } catch {
    throw new PipeFailure("InvalidResponse", "The target answered with something that is not JSON.");
  }
  if (typeof value !== "object" || value === null) return {};
  const { batchItemFailures: failures } = value as { batchItemFailures?: unknown };
  if (failures === undefined || failures === null) return {};
  if (!Array.isArray(failures)) throw new PipeFailure("InvalidResponse", "batchItemFailures is not a list.");
  const failedIds = failures.map(
    (item: unknown) => (item as { itemIdentifier?: unknown } | null)?.itemIdentifier || undefined,
  );
  return { failedIds, reason: `${failures.length} records were answered as failed.` };
}

/** A time in the forms records have them: ISO 8601, epoch seconds or milliseconds. */
function timeOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  const date = Number.isFinite(number) ? new Date(number < 1e11 ? number * 1000 : number) : new Date(text);
  if (Number.isNaN(date.getTime())) throw new PipeFailure("InvalidTime", `${text} is no time.`);
  return date;
}
