/** GetExecutionHistory. */
import { GetExecutionHistory$, type GetExecutionHistoryCommand, type HistoryEvent } from "@aws-sdk/client-sfn";
import type { HistoryEvent as StoredEvent } from "../asl/history.ts";
import { isObject } from "../asl/json.ts";
import { pageOf, placeIn } from "../pages.ts";
import { operation } from "../stepfunctions.ts";
import { executionNamed } from "./executions.ts";

/** Members of details that contain payloads, and those that describe them. */
const payloads = new Set([
  "input",
  "inputDetails",
  "output",
  "outputDetails",
  "parameters",
  "cause",
  "assignedVariables",
  "assignedVariablesDetails",
]);

/**
 * A page has fewer events than allowed when their payloads are large: a thousand of the largest would exceed what one
 * answer can hold.
 */
const pageSize = { maxSize: 16 * 1024 * 1024, sizeOf: payloadLength };

/** Total characters of an event's payloads. */
function payloadLength({ details = {} }: StoredEvent): number {
  let length = 0;
  for (const name of payloads) {
    const value = details[name];
    if (typeof value === "string") length += value.length;
    else if (name === "assignedVariables" && isObject(value)) {
      for (const text of Object.values(value)) if (typeof text === "string") length += text.length;
    }
  }
  return length;
}

export const getExecutionHistory = operation<GetExecutionHistoryCommand>(GetExecutionHistory$, (input, { service }) => {
  const { reverseOrder = false, includeExecutionData = true } = input;
  const { arn } = executionNamed(service, input.executionArn as string);
  const list = reverseOrder ? "events-reverse" : "events";
  const place = placeIn(input, list, "number");
  const first = place === undefined ? (reverseOrder ? Number.MAX_SAFE_INTEGER : 1) : place + (reverseOrder ? -1 : 1);
  const stored = service.runner.histories.from(arn, first, reverseOrder, includeExecutionData);
  const { items, nextToken } = pageOf(input, list, stored, ({ id }) => id, pageSize);
  return { events: items.map((event) => shown(event, includeExecutionData)), nextToken };
});

function shown(event: StoredEvent, withData: boolean): HistoryEvent {
  const { id, previousEventId, type, timestampMs, detailsKey, details } = event;
  const kept =
    details === undefined || withData
      ? details
      : Object.fromEntries(Object.entries(details).filter(([name]) => !payloads.has(name)));
  return {
    timestamp: new Date(timestampMs),
    type: type as HistoryEvent["type"],
    id,
    previousEventId,
    ...(detailsKey === undefined ? {} : { [detailsKey]: kept }),
  };
}
