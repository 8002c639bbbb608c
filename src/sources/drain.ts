/**
 * The contract between readers of sources and their consumers (pipes, event source mappings). A reader takes batches
 * from a queue or a stream; its consumer turns records into events and processes the batches.
 */
import { AwsError } from "../../protocols/error.ts";
import type { Clock } from "../engine/clock.ts";
import type { EventValue } from "../events/pattern/index.ts";
import type { Arrivals } from "./arrivals.ts";

/** Moves records from a source until it is stopped. */
export interface Reader {
  start(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** What a reader needs. */
export interface ReaderDeps {
  readonly clock: Clock;
  readonly arrivals: Arrivals;
  /** Calls an operation in the consumer's name, with SDK values. @throws AwsError */
  call(service: string, operation: string, input: object): Promise<object>;
}

export type SourceEvent = { readonly [name: string]: EventValue };

export interface SourceRecord {
  readonly event: SourceEvent;
  /** Names by which a partial-failure answer may refer to the record; the first is used in notes. */
  readonly ids: readonly string[];
  /** For a message, the text of what caused its sending. */
  readonly cause?: string | undefined;
}

export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface Outcome {
  /** Indexes of records in the batch that failed. */
  readonly failed: ReadonlySet<number>;
  readonly failure: Failure | undefined;
  /** The target had no capacity for the batch; it is tried again, which does not count as a retry. */
  readonly throttled?: boolean | undefined;
  /** The id under which the target knows the attempt. */
  readonly requestId?: string | undefined;
}

/** The owner of a reader. @typeParam Item a message or record as the source's service returns it. */
export interface Consumer<Item> {
  /** What the target and the filters see. */
  eventOf(item: Item): SourceEvent;
  /** Whether any filter matches the record. */
  passes(record: SourceRecord): boolean;
  /** Passes a batch to the target. Never throws for a failure of the target. */
  execute(batch: readonly SourceRecord[]): Promise<Outcome>;
  onFiltered(records: readonly SourceRecord[]): void;
  /** Called when records that may have failed before got through. */
  onDelivered(records: readonly SourceRecord[]): void;
  /**
   * @param first the record, or the first of a batch.
   * @param nextMs time of the next attempt; undefined when there is none.
   */
  onFailed(first: SourceRecord, failure: Failure, nextMs: number | undefined): void;
}

/** The code of an AWS error; undefined for a bug. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof AwsError ? error.queryCode : undefined;
}

/** The URL for a queue's calls. URLs with any host are accepted. */
export function queueUrlOf(arn: string): string {
  const [, , , , account = "", name = ""] = arn.split(":");
  return `http://localhost:4566/${account}/${name}`;
}
