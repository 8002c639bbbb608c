/** PutEvents and TestEventPattern. */
import {
  PutEvents$,
  type PutEventsCommand,
  type PutEventsRequestEntry,
  TestEventPattern$,
  type TestEventPatternCommand,
} from "@aws-sdk/client-eventbridge";
import type { FromWire } from "../../../protocols/blob.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { matchesPattern } from "../../events/pattern/index.ts";
import { invalidParameter, notFound, patternOf, validation } from "./errors.ts";
import { buildEvent, parseDetail } from "./event.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import { type BusName, busName } from "./names.ts";

type Entry = FromWire<PutEventsRequestEntry>;

const maxRequestBytes = 262_144;
/** What the time of an entry counts for in its size. */
const timeBytes = 14;

export const putEvents = operation<PutEventsCommand>(PutEvents$, (input, context) => {
  const entries = input.Entries ?? [];
  checkTotalSize(entries);
  const endpointBuses = input.EndpointId === undefined ? undefined : endpointTargets(input.EndpointId, context);
  const results = entries.map((entry) => {
    const buses = endpointBuses ?? [busName(entry.EventBusName, context)];
    return putEntry(entry, buses, context);
  });
  return { FailedEntryCount: results.filter((result) => "ErrorCode" in result).length, Entries: results };
});

export const testEventPattern = operation<TestEventPatternCommand>(TestEventPattern$, (input) => {
  const pattern = patternOf(input.EventPattern as string);
  const event = parseDetail(input.Event as string);
  if (event === undefined) throw invalidParameter("Event");
  return { Result: matchesPattern(pattern, event) };
});

/** The size AWS counts: a time, and the UTF-8 bytes of every text. @throws AwsError ValidationException */
export function checkTotalSize(entries: readonly Entry[]): void {
  let bytes = 0;
  for (const { Time, Source = "", DetailType = "", Detail = "", Resources = [] } of entries) {
    if (Time !== undefined) bytes += timeBytes;
    for (const text of [Source, DetailType, Detail, ...Resources]) bytes += Buffer.byteLength(text);
  }
  if (bytes >= maxRequestBytes) throw validation("Total size of the entries in the request is over the limit.");
}

export interface EntryError {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/** Whether an entry has all it needs; the detail it carries, or the entry's own error. */
export function checkEntry(entry: Entry): { detail: NonNullable<ReturnType<typeof parseDetail>> } | EntryError {
  for (const name of ["Source", "DetailType", "Detail"] as const) {
    if (!entry[name]) {
      const message = `Parameter ${name} is not valid. Reason: ${name} is a required argument.`;
      return { ErrorCode: "InvalidArgument", ErrorMessage: message };
    }
  }
  const detail = parseDetail(entry.Detail as string);
  return detail === undefined ? { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." } : { detail };
}

function putEntry(entry: Entry, buses: readonly BusName[], context: OperationContext<EventBridge>) {
  const { service, account, region } = context;
  const checked = checkEntry(entry);
  if ("ErrorCode" in checked) return checked;
  const source = entry.Source as string;
  if (source.startsWith("aws.")) {
    return { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." };
  }
  const trace = context.request?.headers["x-amzn-trace-id"];
  const event = buildEvent(
    {
      id: service.deps.random.uuid(),
      source,
      detailType: entry.DetailType as string,
      account,
      region,
      timeMs: entry.Time?.getTime() ?? service.now,
      resources: entry.Resources ?? [],
      detail: entry.Detail as string,
      traceHeader: entry.TraceHeader ?? (typeof trace === "string" ? trace : undefined),
    },
    checked.detail,
  );
  for (const bus of buses) service.router.publish(event, bus);
  return { EventId: event.id };
}

/** The buses behind a global endpoint: the first one, and with replication the other one too. */
function endpointTargets(endpointId: string, { service }: OperationContext<EventBridge>): BusName[] {
  const endpoint = service.endpoints.by.id.first(endpointId);
  if (endpoint === undefined) throw notFound(`Endpoint ${endpointId} does not exist.`);
  const buses = endpoint.replication.State === "DISABLED" ? endpoint.buses.slice(0, 1) : endpoint.buses;
  return buses.map((arn) => busName(arn, endpoint));
}
