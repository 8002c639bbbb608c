/**
 * What readers of sources and those they read for (pipes, event source mappings) know of each other. A reader takes
 * batches out of a queue or a stream; its consumer says what a record looks like and takes the batches.
 */
import { AwsError } from "../../protocols/error.ts";
import type { Clock } from "../engine/clock.ts";
import type { EventValue } from "../events/pattern/index.ts";
import type { Arrivals } from "./arrivals.ts";

/** Moves what arrives at a source, until it is told to stop. */
export interface Reader {
  start(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** What a reader lives on. */
export interface Surroundings {
  readonly clock: Clock;
  readonly arrivals: Arrivals;
  /** Calls an operation in the consumer's name, with values as the SDK has them. @throws AwsError */
  call(service: string, operation: string, input: object): Promise<object>;
}

export type SourceEvent = { readonly [name: string]: EventValue };

export interface SourceRecord {
  readonly event: SourceEvent;
  /** By any of these a partial answer may name the record; the first is its name in notes. */
  readonly ids: readonly string[];
  /** The text of what led to it, where the source keeps it. */
  readonly cause?: string | undefined;
}

export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface Outcome {
  /** Places in the batch of what did not get through. */
  readonly failed: ReadonlySet<number>;
  readonly failure: Failure | undefined;
  /** The target had no room for the batch, which is handed over again; that is no retry. */
  readonly throttled?: boolean | undefined;
  /** Under which the target knows the attempt. */
  readonly requestId?: string | undefined;
}

/** Whoever a source is drained for. @typeParam Item a message or a record as its service answers it */
export interface Consumer<Item> {
  /** What the target and the filters see of it. */
  eventOf(item: Item): SourceEvent;
  /** Whether any filter lets the record through. */
  passes(record: SourceRecord): boolean;
  /** Hands a batch to the target. It never throws for what the target does. */
  execute(batch: readonly SourceRecord[]): Promise<Outcome>;
  onFiltered(records: readonly SourceRecord[]): void;
  /** What may have failed before got through. */
  onDelivered(records: readonly SourceRecord[]): void;
  /** @param first the record, or the first of a batch. @param nextMs when it is tried again; undefined: never */
  onFailed(first: SourceRecord, failure: Failure, nextMs: number | undefined): void;
}

/** The code of an error that a service answered; undefined for a bug. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof AwsError ? error.queryCode : undefined;
}

/** Where a queue's calls go. URLs of any host are accepted. */
export function queueUrlOf(arn: string): string {
  const [, , , , account = "", name = ""] = arn.split(":");
  return `http://localhost:4566/${account}/${name}`;
}
