/** The rows of archives, their events and replays, and their indexes. */
import type { ReplayState } from "@aws-sdk/client-eventbridge";
import { placeKey } from "../../calls/place.ts";
import { defineTextTable } from "../../engine/packed-table.ts";
import { defineTable } from "../../engine/table.ts";
import { type NamedRow, namedTable, nameKey } from "./tables.ts";

export interface ArchiveRow extends NamedRow {
  /** ARN of the bus. */
  readonly bus: string;
  readonly description: string | undefined;
  readonly pattern: string | undefined;
  /** 0: forever. */
  readonly retentionDays: number;
  readonly kmsKey: string | undefined;
  readonly sizeBytes: number;
  /** Distinguishes it from an earlier archive of the same name. */
  readonly serial: number;
}

export const archiveTable = namedTable<ArchiveRow>("events.archives");

export interface ArchivedEventRow {
  /** Key of the archive. */
  readonly archive: string;
  readonly account: string;
  /** The event's own time and its arrival, as an order in which no two are equal. */
  readonly position: string;
  readonly arrivedMs: number;
  /** Bytes of its text. */
  readonly bytes: number;
}

/** Archived events as compact JSON, under the serials in their positions. */
export const archivedTextTable = defineTextTable("events.archivedTexts");

/** The order of archived events: by the event's time, then by arrival. Also works for times before 1970. */
export function archivePosition(eventMs: number, serial: number): string {
  return String(eventMs + 8.64e15).padStart(17, "0") + String(serial).padStart(16, "0");
}

/** The serial in a position. */
export function positionSerial(position: string): number {
  return Number(position.slice(17));
}

/** The event's time in a position, epoch milliseconds. */
export function positionMs(position: string): number {
  return Number(position.slice(0, 17)) - 8.64e15;
}

export const archivedEventTable = defineTable<ArchivedEventRow>()({
  name: "events.archivedEvents",
  key: (event) => `${event.archive}\n${event.position}`,
  account: (event) => event.account,
  indexes: {
    time: { group: (event) => event.archive, order: (event) => event.position },
    arrival: { group: (event) => event.archive, order: (event) => event.arrivedMs },
  },
});

export interface ReplayRow extends NamedRow {
  readonly description: string | undefined;
  readonly archiveArn: string;
  /** Key of the archive, and its serial. */
  readonly archive: string;
  readonly archiveSerial: number;
  readonly destination: string;
  readonly filterArns: readonly string[] | undefined;
  /** Epoch milliseconds: the events from `fromMs` up to, not including, `toMs`. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: ReplayState;
  readonly stateReason: string | undefined;
  readonly endedMs: number | undefined;
  /** Position of the event replayed last. */
  readonly cursor: string | undefined;
}

function isActive(state: ReplayState): boolean {
  return state === "STARTING" || state === "RUNNING" || state === "CANCELLING";
}

export const replayTable = defineTable<ReplayRow>()({
  name: "events.replays",
  key: (row) => nameKey(row, row.name),
  account: (row) => row.account,
  indexes: {
    name: { group: placeKey, order: (row) => row.name },
    active: { group: (row) => (isActive(row.state) ? placeKey(row) : undefined), order: (row) => row.name },
  },
});
