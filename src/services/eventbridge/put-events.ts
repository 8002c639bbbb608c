/** PutEvents and TestEventPattern. */
import {
  PutEvents$,
  type PutEventsCommand,
  TestEventPattern$,
  type TestEventPatternCommand,
} from "@aws-sdk/client-eventbridge";
import { matchesPattern } from "../../events/pattern/index.ts";
import { checkMay, entryKeys } from "./access.ts";
import { invalidParameter, patternOf } from "./errors.ts";
import { parseDetail } from "./event.ts";
import { checkTotalSize, endpointBuses, putEntry } from "./event-entries.ts";
import { operation } from "./eventbridge.ts";
import { type BusName, busName } from "./names.ts";

/** The required members of an event to be tested; its resources and detail are optional. */
const neededMembers = ["id", "account", "source", "time", "region", "detail-type"];

export const putEvents = operation<PutEventsCommand>(PutEvents$, (input, context) => {
  const entries = input.Entries ?? [];
  checkTotalSize(entries);
  const { service } = context;
  const replicated = input.EndpointId === undefined ? undefined : endpointBuses(service, input.EndpointId);
  let buses: readonly BusName[] = replicated ?? [];
  let named: string | null | undefined = null;
  const results = entries.map((entry) => {
    // The entries of a call mostly name the same bus.
    if (replicated === undefined && entry.EventBusName !== named) {
      named = entry.EventBusName;
      buses = [busName(named, context)];
    }
    for (const name of buses) {
      const bus = service.bus(name);
      if (bus !== undefined) checkMay(bus, context, { keys: entryKeys(entry) });
    }
    return putEntry(service, entry, buses, context);
  });
  return { FailedEntryCount: results.filter((result) => "ErrorCode" in result).length, Entries: results };
});

export const testEventPattern = operation<TestEventPatternCommand>(TestEventPattern$, (input) => {
  const pattern = patternOf(input.EventPattern as string);
  const event = parseDetail(input.Event as string);
  if (event === undefined || neededMembers.some((name) => !Object.hasOwn(event, name))) throw invalidParameter("Event");
  return { Result: matchesPattern(pattern, event) };
});
