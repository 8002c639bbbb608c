/** The rows EventBridge keeps, and their indexes. */

import type {
  ApiDestinationHttpMethod,
  ConnectionAuthorizationType,
  ConnectionState,
  CreateConnectionAuthRequestParameters,
  EndpointState,
  EventSourceState,
  LogConfig,
  ReplayState,
  ReplicationConfig,
  RoutingConfig,
  RuleState,
  Target,
} from "@aws-sdk/client-eventbridge";
import { placeKey } from "../../calls/place.ts";
import { dayMs } from "../../engine/duration.ts";
import { defineTextTable } from "../../engine/packed-table.ts";
import { defineTable } from "../../engine/table.ts";

/** The key of a resource that is found by name. No name contains a space. */
export function nameKey(owner: { account: string; region: string }, name: string): string {
  return `${placeKey(owner)} ${name}`;
}

/** What every resource that is found by name has. */
export interface NamedRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly createdMs: number;
}

function namedTable<Row extends NamedRow>(name: string) {
  return defineTable<Row>()({
    name,
    key: (row) => nameKey(row, row.name),
    account: (row) => row.account,
    indexes: { name: { group: placeKey, order: (row) => row.name } },
  });
}

/** A statement of a bus's policy, or of the whole document somebody put. */

export interface BusRow extends NamedRow {
  readonly modifiedMs: number;
  readonly description: string | undefined;
  readonly kmsKey: string | undefined;
  readonly deadLetterArn: string | undefined;
  readonly logConfig: LogConfig | undefined;
  /** The policy as JSON text; undefined when nothing was ever permitted. */
  readonly policy: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** A default bus that nobody has changed has no row: every account has one in every region. */
/** When the emulator first ran on its data directory: the creation of every default bus. */
export interface BeginningRow {
  readonly id: "beginning";
  readonly ms: number;
}

export const beginningTable = defineTable<BeginningRow>()({
  name: "events.beginning",
  key: (row) => row.id,
  account: () => "",
  indexes: {},
  outlivesReset: true,
});

export const busTable = namedTable<BusRow>("events.buses");

/** Whether a valid pattern uses the wildcard operator: a field of that name would hold an array or an object. */
export function usesWildcards(pattern: string | undefined): boolean {
  return pattern !== undefined && /"wildcard"\s*:\s*"|"anything-but"\s*:\s*\{\s*"wildcard"/.test(pattern);
}

export interface RuleRow {
  readonly arn: string;
  /** Owner of the bus. */
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** ARN of the bus. */
  readonly bus: string;
  readonly busName: string;
  readonly createdBy: string;
  /** Distinguishes rules created before an event from those created after it. */
  readonly serial: number;
  readonly pattern: string | undefined;
  readonly schedule: string | undefined;
  /** Epoch milliseconds from which a rate counts: when the rule was created, enabled or rescheduled. */
  readonly anchorMs: number;
  readonly state: RuleState;
  readonly description: string | undefined;
  readonly roleArn: string | undefined;
  readonly managedBy: string | undefined;
  /** The archive that a managed rule feeds, by its key. */
  readonly archive: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export const ruleTable = defineTable<RuleRow>()({
  name: "events.rules",
  key: (rule) => rule.arn,
  account: (rule) => rule.account,
  indexes: {
    bus: { group: (rule) => rule.bus, order: (rule) => rule.name },
    wildcards: {
      group: (rule) => (usesWildcards(rule.pattern) ? rule.bus : undefined),
      order: (rule) => rule.name,
    },
  },
});

export interface TargetRow {
  /** ARN of the rule. */
  readonly rule: string;
  readonly ruleName: string;
  readonly bus: string;
  readonly account: string;
  /** As it was sent: only members that were given. */
  readonly spec: Target & { readonly Id: string; readonly Arn: string };
}

export function targetKey(rule: string, id: string): string {
  return `${rule}\n${id}`;
}

export const targetTable = defineTable<TargetRow>()({
  name: "events.targets",
  key: (target) => targetKey(target.rule, target.spec.Id),
  account: (target) => target.account,
  indexes: {
    rule: { group: (target) => target.rule, order: (target) => target.spec.Id },
    target: { group: (target) => `${target.bus}\n${target.spec.Arn}`, order: (target) => target.ruleName },
  },
});

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

/** A token of an OAuth endpoint. */
export interface AccessToken {
  readonly value: string;
  /** Epoch milliseconds; absent when the endpoint told no lifetime. */
  readonly expiresMs?: number | undefined;
}

export interface ConnectionRow extends NamedRow {
  readonly modifiedMs: number;
  readonly authorizedMs: number | undefined;
  readonly description: string | undefined;
  readonly type: ConnectionAuthorizationType;
  /** Including secrets; undefined after DeauthorizeConnection has dropped them. */
  readonly auth: CreateConnectionAuthRequestParameters | undefined;
  readonly connectivity: string | undefined;
  readonly kmsKey: string | undefined;
  readonly secretArn: string;
  readonly state: ConnectionState;
  readonly stateReason: string | undefined;
  readonly token: AccessToken | undefined;
  /** Increases with every change of the credentials, so that an answer to older ones is recognized. */
  readonly version: number;
}

export const connectionTable = defineTable<ConnectionRow>()({
  name: "events.connections",
  key: (row) => nameKey(row, row.name),
  account: (row) => row.account,
  indexes: {
    name: { group: placeKey, order: (row) => row.name },
    authorizing: { group: (row) => (row.state === "AUTHORIZING" ? "" : undefined), order: (row) => row.createdMs },
  },
});

export interface ApiDestinationRow extends NamedRow {
  readonly modifiedMs: number;
  readonly description: string | undefined;
  readonly connectionArn: string;
  readonly endpoint: string;
  readonly method: ApiDestinationHttpMethod;
  /** Undefined means AWS's 300, which are not enforced. */
  readonly perSecond: number | undefined;
}

export const apiDestinationTable = namedTable<ApiDestinationRow>("events.apiDestinations");

export interface EndpointRow extends NamedRow {
  readonly modifiedMs: number;
  readonly description: string | undefined;
  readonly endpointId: string;
  readonly routing: RoutingConfig;
  readonly replication: ReplicationConfig;
  readonly buses: readonly string[];
  readonly roleArn: string | undefined;
  readonly state: EndpointState;
}

export const endpointTable = defineTable<EndpointRow>()({
  name: "events.endpoints",
  key: (row) => nameKey(row, row.name),
  account: (row) => row.account,
  indexes: {
    name: { group: placeKey, order: (row) => row.name },
    id: { group: (row) => row.endpointId, order: (row) => row.name },
  },
});

/** A partner's offer to one account. */
export interface PartnerSourceRow extends NamedRow {
  /** The partner's account; the row's `account` receives the events. */
  readonly partner: string;
  readonly state: EventSourceState;
  /** When it began to wait for a bus, if later than its creation. */
  readonly pendingSinceMs?: number | undefined;
}

/** When a source that waits for a bus is deleted, two weeks later, in epoch ms. */
export function pendingEndMs({ createdMs, pendingSinceMs = createdMs }: PartnerSourceRow): number {
  return pendingSinceMs + 14 * dayMs;
}

export const partnerSourceTable = defineTable<PartnerSourceRow>()({
  name: "events.partnerSources",
  key: (row) => nameKey(row, row.name),
  account: (row) => row.account,
  indexes: {
    name: { group: placeKey, order: (row) => row.name },
    /** By partner, for its own lists: one row per account that a source is offered to. */
    partner: { group: (row) => `${row.partner} ${row.region}`, order: (row) => `${row.name} ${row.account}` },
    pending: {
      group: (row) => (row.state === "PENDING" ? "" : undefined),
      order: pendingEndMs,
    },
  },
});
