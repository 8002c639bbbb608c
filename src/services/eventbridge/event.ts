/** Events as they are on a bus. */

import { minify } from "../../events/input-transform/index.ts";
import { type EventValue, isEventObject, parseEvent } from "../../events/pattern/index.ts";

/** An event as compact JSON text and as the value that patterns are matched against. */
export interface BusEvent {
  readonly id: string;
  readonly source: string;
  readonly detailType: string;
  /** Epoch milliseconds of the event's own time, whole seconds. */
  readonly timeMs: number;
  readonly text: string;
  readonly value: { readonly [name: string]: EventValue };
  /** UTF-8 bytes of white space in the detail as it was sent. */
  readonly blankBytes: number;
}

export interface EventParts {
  readonly id: string;
  readonly source: string;
  readonly detailType: string;
  readonly account: string;
  readonly region: string;
  readonly timeMs: number;
  readonly resources: readonly string[];
  /** JSON text of an object. */
  readonly detail: string;
}

/** The detail as a value, or undefined when the text is not a JSON object. */
export function parseDetail(text: string): { [name: string]: EventValue } | undefined {
  try {
    const value = parseEvent(text);
    return isEventObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Builds an event, with members in AWS's order.
 * @param detail the result of `parseDetail` for `parts.detail`.
 */
export function buildEvent(parts: EventParts, detail: { [name: string]: EventValue }): BusEvent {
  const compacted = compact(parts.detail, detail);
  const blankBytes = compacted === parts.detail ? 0 : Buffer.byteLength(parts.detail) - Buffer.byteLength(compacted);
  return compactEvent({ ...parts, detail: compacted }, detail, blankBytes);
}

/** As `buildEvent`, for a detail that is written without white space. @param blankBytes how much it had when sent. */
export function compactEvent(parts: EventParts, detail: { [name: string]: EventValue }, blankBytes = 0): BusEvent {
  const timeMs = Math.floor(parts.timeMs / 1000) * 1000;
  const { id, source, detailType, account, region } = parts;
  const resources = [...parts.resources];
  const head = {
    version: "0",
    id,
    "detail-type": detailType,
    source,
    account,
    time: isoSeconds(timeMs),
    region,
    resources,
  };
  const text = `${JSON.stringify(head).slice(0, -1)}${detailAt}${parts.detail}}`;
  return { id, source, detailType, timeMs, text, value: { ...head, detail }, blankBytes };
}

/** Inside a text its quotes would be escaped, so it occurs only once in an event before the detail. */
const detailAt = ',"detail":';

/** The bytes that an archive counts: source, detail type, the detail as sent, and the time. */
export function archivedBytes({ source, detailType, text, blankBytes }: BusEvent): number {
  const detail = text.slice(text.indexOf(detailAt) + detailAt.length, -1);
  const bytes = [source, detailType, detail].reduce((sum, part) => sum + Buffer.byteLength(part), 0);
  return bytes + blankBytes + "YYYY-MM-DDTHH:MM:SSZ".length;
}

/** The same event with another id, as it arrives in another Region. */
export function withId(event: BusEvent, id: string): BusEvent {
  const text = event.text.replace(`"id":${JSON.stringify(event.id)}`, () => `"id":${JSON.stringify(id)}`);
  return { ...event, id, text, value: { ...event.value, id } };
}

/** The detail without white space between tokens; most clients send none. */
function compact(text: string, detail: { [name: string]: EventValue }): string {
  return JSON.stringify(detail) === text ? text : minify(text);
}

/** Parses an event's text, for replays and for buses it is forwarded to. */
export function readEvent(text: string): BusEvent {
  const value = parseEvent(text) as { [name: string]: EventValue };
  return {
    id: value["id"] as string,
    source: value["source"] as string,
    detailType: value["detail-type"] as string,
    timeMs: Date.parse(value["time"] as string),
    text,
    value,
    blankBytes: 0,
  };
}

/** The same event as a replay sends it. */
export function replayedText(text: string, replayName: string): string {
  return `${text.slice(0, -1)},"replay-name":${JSON.stringify(replayName)}}`;
}

let lastTime = { ms: Number.NaN, text: "" };

/** `YYYY-MM-DDTHH:MM:SSZ`, the same for all events of a second. */
function isoSeconds(ms: number): string {
  if (ms !== lastTime.ms) lastTime = { ms, text: new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z") };
  return lastTime.text;
}
