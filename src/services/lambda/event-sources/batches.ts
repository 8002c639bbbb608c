/** One batch on its way to the function of a mapping: the event, the call, and the answer. */
import { codeOf, type Outcome, type SourceRecord } from "../../../sources/drain.ts";
import { filterOf } from "../../../sources/filters.ts";
import { namedFailures, placesOf } from "../../../sources/partial-failures.ts";
import type { EventSources } from "./event-sources.ts";
import { filteredView } from "./events.ts";
import { sourcePlace } from "./sources.ts";
import type { MappingRow } from "./tables.ts";
import { TumblingWindows } from "./tumbling-windows.ts";

export interface Run {
  /** Whether any filter matches the record. */
  passes(record: SourceRecord): boolean;
  /** Passes a batch to the function. Never throws for a failure of the function. */
  execute(batch: readonly SourceRecord[]): Promise<Outcome>;
}

/** The function's result for an event. */
export interface Answered extends Outcome {
  /** What it returned. */
  readonly payload?: string | undefined;
}

/** Passes an event, which describes the batch, to the function. */
export type Hand = (event: object, batch: readonly SourceRecord[]) => Promise<Answered>;

/** The code for a batch some of whose records the function reported as failed. */
export const partialFailure = "PartialFailure";

const none: ReadonlySet<number> = new Set();
const toldChars = 1000;

export function runOf(sources: EventSources, row: MappingRow): Run {
  const { settings } = row;
  const patterns = settings.FilterCriteria?.Filters ?? [];
  const passes = filterOf(patterns.map(({ Pattern = "" }) => Pattern));
  const hand: Hand = (event, batch) => handOver(sources, row, event, batch);
  const windowSeconds = settings.TumblingWindowInSeconds ?? 0;
  const windows = windowSeconds > 0 ? new TumblingWindows(sources, row, windowSeconds * 1000, hand) : undefined;
  return {
    passes: ({ event }) => passes(filteredView(event)),
    async execute(batch) {
      const outcome =
        windows === undefined
          ? await hand({ Records: batch.map(({ event }) => event) }, batch)
          : await windows.execute(batch);
      if (sourcePlace(row.source)?.kind === "kinesis" && outcome.throttled !== true) {
        sources.noteResult(row, outcome.failure === undefined ? "OK" : "PROBLEM: Function call failed");
      }
      return outcome;
    },
  };
}

async function handOver(
  sources: EventSources,
  row: MappingRow,
  event: object,
  batch: readonly SourceRecord[],
): Promise<Answered> {
  const { functions, clock } = sources.deps;
  const all = () => new Set(batch.keys());
  const invocation = sources.invocation(row, batch[0]);
  try {
    const call = functions.invoke(row.functionArn, JSON.stringify(event), invocation);
    const { payload, functionError, requestId } = await sources.whileRunning(Promise.resolve(call));
    if (functionError !== undefined) {
      return { failed: all(), failure: { code: functionError, message: payload.slice(0, toldChars) }, requestId };
    }
    const reports = row.settings.FunctionResponseTypes.includes("ReportBatchItemFailures");
    const failed = reports ? failedIn(payload, batch) : none;
    if (failed.size === 0) return { failed, failure: undefined, payload, requestId };
    const message = `The function named ${failed.size} of ${batch.length} records as failed.`;
    return { failed, failure: { code: partialFailure, message }, payload, requestId };
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) clock.report(error);
    const message = code === undefined ? "An internal error occurred. It is logged with its stack." : messageOf(error);
    const failure = { code: code ?? "InternalFailure", message };
    return { failed: all(), failure, throttled: code === "TooManyRequestsException" };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}

/** The indexes that the answer names; all of them if it cannot be parsed. */
function failedIn(payload: string, batch: readonly SourceRecord[]): ReadonlySet<number> {
  try {
    const named = namedFailures(payload);
    return named === undefined ? none : placesOf(named, batch);
  } catch {
    return new Set(batch.keys());
  }
}
