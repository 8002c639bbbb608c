/** Entries of PutEvents, whether a client puts them or a service by a delivery. */
import type { PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import type { FromWire } from "../../../protocols/blob.ts";
import { causeOr } from "../../calls/invocation.ts";
import { notFound, validation } from "./errors.ts";
import { buildEvent, parseDetail } from "./event.ts";
import type { EventBridge } from "./eventbridge.ts";
import { type BusName, busName } from "./names.ts";
import { passedOn } from "./trace-header.ts";

export type Entry = FromWire<PutEventsRequestEntry>;

/** 1 MiB since 2026, 256 KiB before. */
const maxRequestBytes = 1_048_576;
/** What the time of an entry adds to its size. */
const timeBytes = 14;

/** The size as AWS counts it: the time, and the UTF-8 bytes of every text. @throws AwsError ValidationException */
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

/** Whether an entry is complete: its detail, or the entry's own error. */
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

/** Puts one entry on its buses, or returns why it was refused. */
export function putEntry(
  service: EventBridge,
  entry: Entry,
  buses: readonly BusName[],
  { account, region }: { readonly account: string; readonly region: string },
): { readonly EventId: string } | EntryError {
  const checked = checkEntry(entry);
  if ("ErrorCode" in checked) return checked;
  const source = entry.Source as string;
  if (source.startsWith("aws.")) {
    return { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." };
  }
  const event = buildEvent(
    {
      id: service.deps.random.fork("events").uuid(),
      source,
      detailType: entry.DetailType as string,
      account,
      region,
      timeMs: entry.Time?.getTime() ?? service.now,
      resources: entry.Resources ?? [],
      detail: entry.Detail as string,
    },
    checked.detail,
  );
  const publish = () => {
    for (const bus of buses) service.router.publish(event, bus);
  };
  const cause = causeOr("run", event.id, service.now);
  const trace = entry.TraceHeader ?? cause.sentTrace;
  if (trace === undefined) publish();
  else cause.withTrace(passedOn(trace, () => newRoot(service))).run(publish);
  return { EventId: event.id };
}

function newRoot({ now, deps }: EventBridge): string {
  const seconds = Math.floor(now / 1000);
  return `1-${seconds.toString(16).padStart(8, "0")}-${deps.random.hex(24)}`;
}

/** The buses of a global endpoint: the first one, and with replication also the second. @throws AwsError */
export function endpointBuses(service: EventBridge, endpointId: string): BusName[] {
  const endpoint = service.endpoints.by.id.first(endpointId);
  if (endpoint === undefined) throw notFound(`Endpoint ${endpointId} does not exist.`);
  const buses = endpoint.replication.State === "DISABLED" ? endpoint.buses.slice(0, 1) : endpoint.buses;
  return buses.map((arn) => busName(arn, endpoint));
}
