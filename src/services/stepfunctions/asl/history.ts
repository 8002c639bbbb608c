import type { JsonObject } from "./json.ts";

/**
 * One history event. `details` goes on the wire under `detailsKey`; both are absent for types without details. Payloads
 * in the details are JSON text, as GetExecutionHistory returns them.
 */
export type HistoryEvent = {
  id: number;
  previousEventId: number;
  type: string;
  timestampMs: number;
  detailsKey?: string;
  details?: JsonObject;
};

/** The most events that a STANDARD execution may have; the last one is its failure. */
export const maxHistoryEvents = 25_000;

/** The member that holds the details of an event type. */
export function detailsKeyOf(type: string): string {
  if (type.endsWith("StateEntered")) return "stateEnteredEventDetails";
  if (type.endsWith("StateExited")) return "stateExitedEventDetails";
  return `${type[0]!.toLowerCase()}${type.slice(1)}EventDetails`;
}

/** A payload member with its companion: `{input, inputDetails: {truncated: false}}`. */
export function payloadDetails(member: "input" | "output", text: string): JsonObject {
  // Written out: to make up the names each time cost a tenth of a short execution.
  return member === "input"
    ? { input: text, inputDetails: { truncated: false } }
    : { output: text, outputDetails: { truncated: false } };
}

/** Error and cause as event details; undefined ones are left out. */
export function errorDetails(error: string | undefined, cause: string | undefined): { error?: string; cause?: string } {
  return { ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
}
