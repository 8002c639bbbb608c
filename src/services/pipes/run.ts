/** A compiled pipe, and the way of one batch through it: enrichment, then target. */

import type { Invocation } from "../../calls/invocation.ts";
import {
  applyPipeTemplate,
  jsonText,
  type PipeInputContext,
  type PipeTemplate,
  parsePipeTemplate,
} from "../../events/input-transform/index.ts";
import { type EventValue, isEventObject, parseEvent } from "../../events/pattern/index.ts";
import type { Outcome, SourceRecord } from "../../sources/drain.ts";
import { filterOf } from "../../sources/filters.ts";
import { placesOf } from "../../sources/partial-failures.ts";
import { type Enrich, enrichmentOf } from "./enrichments.ts";
import { failureOf, PipeFailure } from "./errors.ts";
import { ExecutionLog } from "./log.ts";
import type { Pipes } from "./pipes.ts";
import type { PipeRow } from "./tables.ts";
import { type Item, type Send, senderOf } from "./targets.ts";

export interface Run {
  /** Whether any filter matches the record. */
  passes(record: SourceRecord): boolean;
  /** Takes a batch through enrichment and target. Never throws for a failure of either. */
  execute(batch: readonly SourceRecord[]): Promise<Outcome>;
}

const none: ReadonlySet<number> = new Set();

export function compile(pipes: Pipes, pipe: PipeRow): Run {
  const criteria = pipe.sourceParameters.FilterCriteria?.Filters ?? [];
  const passes = filterOf(criteria.map(({ Pattern = "" }) => Pattern));
  const context: Omit<PipeInputContext, "ingestionTime"> = {
    pipeArn: pipe.arn,
    pipeName: pipe.name,
    sourceArn: pipe.source,
    enrichmentArn: pipe.enrichment,
    targetArn: pipe.target,
  };
  const enrichment = enrichmentOf(pipes, pipe);
  const send = senderOf(pipes, pipe);
  const steps: Steps = {
    enrich: enrichment && ((items, invocation) => pipes.whileRunning(enrichment(items, invocation))),
    enrichmentTemplate: templateOf(pipe.enrichmentParameters?.InputTemplate),
    send: (items, invocation) => pipes.whileRunning(send(items, invocation)),
    targetTemplate: templateOf(pipe.targetParameters?.InputTemplate),
    context: () => ({ ...context, ingestionTime: new Date(pipes.now).toISOString() }),
  };
  return {
    passes: ({ event }) => passes(event),
    execute: (batch) =>
      execute(batch, steps, {
        log: new ExecutionLog(pipes, pipe),
        invocation: pipes.invocation(pipe, batch[0]),
        pipes,
      }),
  };
}

interface Steps {
  readonly enrich: Enrich | undefined;
  readonly enrichmentTemplate: PipeTemplate | undefined;
  readonly send: Send;
  readonly targetTemplate: PipeTemplate | undefined;
  context(): PipeInputContext;
}

/** One batch under way: its log, and its calls. */
interface Execution {
  readonly log: ExecutionLog;
  readonly invocation: Invocation;
  readonly pipes: Pipes;
}

async function execute(batch: readonly SourceRecord[], steps: Steps, execution: Execution): Promise<Outcome> {
  const { log, pipes } = execution;
  const events = batch.map(({ event }) => event);
  log.write("INFO", "EXECUTION_STARTED", () => ({ payload: arrayText(events) }));
  try {
    const enriched = steps.enrich === undefined ? undefined : await enrich(events, steps.enrich, steps, execution);
    const records: readonly EventValue[] = enriched ?? events;
    const outcome =
      records.length === 0 ? { failed: none, failure: undefined } : await target(records, batch, steps, execution);
    if (outcome.failure === undefined) log.write("INFO", "EXECUTION_SUCCEEDED");
    else log.write("ERROR", "EXECUTION_PARTIALLY_FAILED", () => ({ failure: outcome.failure }));
    return outcome;
  } catch (error) {
    let failure = failureOf(error);
    if (failure === undefined) {
      pipes.deps.clock.report(error);
      failure = new PipeFailure("InternalFailure", "An internal error occurred. It is logged with its stack.");
    }
    log.write("ERROR", "EXECUTION_FAILED", () => ({ failure, payload: arrayText(events) }));
    return { failed: new Set(batch.keys()), failure };
  }
}

async function enrich(
  events: readonly EventValue[],
  call: Enrich,
  { enrichmentTemplate, context }: Steps,
  { log, invocation }: Execution,
): Promise<EventValue[]> {
  log.write("INFO", "ENRICHMENT_STAGE_ENTERED");
  const items = itemsOf(events, enrichmentTemplate, context());
  const request = () => ({ request: `[${items.map(({ text }) => text).join()}]` });
  log.write("TRACE", "ENRICHMENT_INVOCATION_STARTED", request);
  try {
    const answer = await call(items, invocation);
    log.write("TRACE", "ENRICHMENT_INVOCATION_SUCCEEDED", () => ({ ...request(), response: answer }));
    log.write("INFO", "ENRICHMENT_STAGE_SUCCEEDED");
    return enrichedRecords(answer);
  } catch (error) {
    log.write("ERROR", "ENRICHMENT_STAGE_FAILED", () => ({ ...request(), failure: failureOf(error) }));
    throw error;
  }
}

/** An empty answer, text, object or array: there is nothing for the target. */
function enrichedRecords(answer: string): EventValue[] {
  let value: EventValue;
  try {
    value = answer === "" ? "" : parseEvent(answer);
  } catch {
    throw new PipeFailure("InvalidEnrichmentResponse", "The enrichment answered with something that is not JSON.");
  }
  if (Array.isArray(value)) return value;
  if (value === "" || value === null || (isEventObject(value) && Object.keys(value).length === 0)) return [];
  return [value];
}

async function target(
  records: readonly EventValue[],
  batch: readonly SourceRecord[],
  { send, targetTemplate, context, enrich: enrichment }: Steps,
  { log, invocation }: Execution,
): Promise<Outcome> {
  log.write("INFO", "TARGET_STAGE_ENTERED");
  const items = itemsOf(records, targetTemplate, context());
  const request = () => ({ request: `[${items.map(({ text }) => text).join()}]` });
  log.write("TRACE", "TARGET_INVOCATION_STARTED", request);
  try {
    const { failedItems, failedIds, reason } = await send(items, invocation);
    const failed = failedIds === undefined ? (failedItems ?? none) : placesOf(failedIds, batch);
    if (failed.size === 0) {
      log.write("TRACE", "TARGET_INVOCATION_SUCCEEDED", request);
      log.write("INFO", "TARGET_STAGE_SUCCEEDED");
      return { failed: none, failure: undefined };
    }
    const failure = new PipeFailure("PartialFailure", reason ?? `${failed.size} of ${items.length} records failed.`);
    log.write("ERROR", "TARGET_STAGE_PARTIALLY_FAILED", () => ({ ...request(), failure }));
    // The output of an enrichment cannot be mapped back to records of the source.
    const all = failedIds === undefined && enrichment !== undefined;
    return { failed: all ? new Set(batch.keys()) : failed, failure };
  } catch (error) {
    log.write("ERROR", "TARGET_STAGE_FAILED", () => ({ ...request(), failure: failureOf(error) }));
    throw error;
  }
}

function itemsOf(
  records: readonly EventValue[],
  template: PipeTemplate | undefined,
  context: PipeInputContext,
): Item[] {
  return records.map((record) => {
    if (template === undefined) return { record, text: jsonText(record), isJson: true };
    const input = applyPipeTemplate(template, record, context);
    if ("problem" in input)
      throw new PipeFailure("InputTooLarge", "The input template made more than a payload may be.");
    return { record, ...input };
  });
}

function arrayText(events: readonly EventValue[]): string {
  return `[${events.map(jsonText).join()}]`;
}

function templateOf(text: string | undefined): PipeTemplate | undefined {
  return text === undefined || text === "" ? undefined : parsePipeTemplate(text);
}
