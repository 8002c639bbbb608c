/** The rows of buses, rules, targets, endpoints and partner sources, and their indexes. */

import type {
  EndpointState,
  EventSourceState,
  LogConfig,
  ReplicationConfig,
  RoutingConfig,
  RuleState,
  Target,
} from "@aws-sdk/client-eventbridge";
import { placeKey } from "../../calls/place.ts";
import { dayMs } from "../../engine/duration.ts";
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

/** A table of resources that are found by name. */
export function namedTable<Row extends NamedRow>(name: string) {
  return defineTable<Row>()({
    name,
    key: (row) => nameKey(row, row.name),
    account: (row) => row.account,
    indexes: { name: { group: placeKey, order: (row) => row.name } },
  });
}

/** A default bus that was never changed has no row: every account has one in every region. */
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

/** When the emulator first ran on its data directory: the creation time of every default bus. */
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
