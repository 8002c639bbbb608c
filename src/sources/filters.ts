/** Filter criteria of sources (Pipes user guide, "Event filtering"; Lambda developer guide, "Event filtering"). */
import { decodePipeRecord } from "../events/input-transform/index.ts";
import {
  type EventValue,
  isEventObject,
  matchesPattern,
  type Pattern,
  parseEvent,
  parsePattern,
} from "../events/pattern/index.ts";
import type { SourceEvent } from "./drain.ts";

interface Filter {
  readonly pattern: Pattern;
  /** The pattern refers to the payload's members, so a payload that is not a JSON object does not match. */
  readonly insidePayload: boolean;
}

const payloadNames = ["body", "data"] as const;

/** A function that says whether any of the patterns matches an event; without patterns everything matches. */
export function filterOf(patterns: readonly string[]): (event: SourceEvent) => boolean {
  if (patterns.length === 0) return () => true;
  const filters = patterns.map(compiled);
  return (event) => filters.some((filter) => accepts(filter, event));
}

function compiled(text: string): Filter {
  const members = parseEvent(text) as { [name: string]: EventValue };
  return {
    pattern: parsePattern(text, { pipe: true }),
    insidePayload: payloadNames.some((name) => isEventObject(members[name])),
  };
}

/** A payload that is a JSON object is matched as JSON, any other as text. */
function accepts({ pattern, insidePayload }: Filter, event: SourceEvent): boolean {
  const decoded = decodePipeRecord(event) as SourceEvent;
  const isJson = payloadNames.some((name) => decoded[name] !== event[name] && isEventObject(decoded[name]));
  if (insidePayload && !isJson) return false;
  return matchesPattern(pattern, isJson ? decoded : event);
}
