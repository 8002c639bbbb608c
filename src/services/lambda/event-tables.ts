/** The rows of asynchronous invocations that are still pending. */
import { defineTextTable } from "../../engine/packed-table.ts";
import { defineTable } from "../../engine/table.ts";

/** An event that waits for its function, or for a retry. */
export interface EventRow {
  readonly requestId: string;
  readonly account: string;
  readonly region: string;
  readonly functionArn: string;
  /** As requested. */
  readonly arn: string;
  readonly clientContext?: string | undefined;
  readonly payloadSerial: number;
  readonly acceptedMs: number;
  /** How often the function ran with it, and how often it could not. */
  readonly attempts: number;
  readonly throttles: number;
  readonly cause?: string | undefined;
}

export const eventTable = defineTable<EventRow>()({
  name: "lambda.events",
  key: (row) => row.requestId,
  account: (row) => row.account,
  indexes: {},
});

/** Payloads of events. */
export const eventPayloadTable = defineTextTable("lambda.eventPayloads");
