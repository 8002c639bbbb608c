/** The state of EventBridge: its tables, and what all operations share. */
import { formatArn, parseArn } from "../../core/arn.ts";
import { type OperationContext, operationsOf } from "../../core/operation.ts";
import type { ServiceDependencies } from "../../core/service.ts";
import { ApiDestinations } from "./api-destination-calls.ts";
import { Authorizer } from "./authorizer.ts";
import { notFound } from "./errors.ts";
import { RecentEvents } from "./recent-events.ts";
import { Replayer } from "./replayer.ts";
import { Router } from "./router.ts";
import { RulePatterns } from "./rule-patterns.ts";
import { RuleSchedules } from "./rule-schedules.ts";
import {
  type ArchiveRow,
  apiDestinationTable,
  archivedEventTable,
  archivePosition,
  archiveTable,
  type BusRow,
  busTable,
  connectionTable,
  endpointTable,
  nameKey,
  partnerSourceTable,
  type RuleRow,
  replayTable,
  ruleTable,
  targetTable,
} from "./tables.ts";
import { Targets } from "./target-deliveries.ts";

const dayMs = 86_400_000;

/** A bus by name, whether or not it exists. */
export interface BusName {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

export class EventBridge {
  readonly deps: ServiceDependencies;
  readonly buses;
  readonly rules;
  readonly targets;
  readonly archives;
  readonly archivedEvents;
  readonly replays;
  readonly connections;
  readonly apiDestinations;
  readonly endpoints;
  readonly partnerSources;
  readonly patterns: RulePatterns;
  readonly recent: RecentEvents;
  readonly schedules: RuleSchedules;
  readonly targetDeliveries: Targets;
  readonly router: Router;
  readonly replayer: Replayer;
  readonly authorizer: Authorizer;
  readonly apiDestinationCalls: ApiDestinations;
  /** When a default bus that nobody has changed says it was made. */
  readonly #startedMs: number;

  constructor(dependencies: ServiceDependencies) {
    const { store } = dependencies;
    this.deps = dependencies;
    this.buses = store.table(busTable);
    this.rules = store.table(ruleTable);
    this.targets = store.table(targetTable);
    this.archives = store.table(archiveTable);
    this.archivedEvents = store.table(archivedEventTable);
    this.replays = store.table(replayTable);
    this.connections = store.table(connectionTable);
    this.apiDestinations = store.table(apiDestinationTable);
    this.endpoints = store.table(endpointTable);
    this.partnerSources = store.table(partnerSourceTable);
    this.#startedMs = this.now;
    this.patterns = new RulePatterns(this);
    this.recent = new RecentEvents(this);
    this.schedules = new RuleSchedules(this);
    this.targetDeliveries = new Targets(this);
    this.router = new Router(this);
    this.replayer = new Replayer(this);
    this.authorizer = new Authorizer(this);
    this.apiDestinationCalls = new ApiDestinations(this);
    dependencies.awsEvents.onEmit((event) => this.router.publishAwsEvent(event));
  }

  get now(): number {
    return this.deps.clock.now();
  }

  /** The bus; a default bus exists without a row. */
  bus(bus: BusName): BusRow | undefined {
    const row = this.buses.get(nameKey(bus, bus.name));
    return row === undefined && bus.name === "default" ? this.defaultBus(bus.account, bus.region) : row;
  }

  /**
   * The bus that a request names.
   * @throws AwsError ResourceNotFoundException
   */
  busOf(nameOrArn: string | undefined, context: OperationContext<EventBridge>): BusRow {
    const bus = this.bus(busName(nameOrArn, context));
    if (bus === undefined) throw noBus(busName(nameOrArn, context).name);
    return bus;
  }

  defaultBus(account: string, region: string): BusRow {
    return {
      arn: formatArn("events", region, account, "event-bus/default"),
      account,
      region,
      name: "default",
      createdMs: this.#startedMs,
      modifiedMs: this.#startedMs,
      description: undefined,
      kmsKey: undefined,
      deadLetterArn: undefined,
      logConfig: undefined,
      policy: undefined,
      tags: {},
    };
  }

  /** @throws AwsError ResourceNotFoundException */
  ruleOf(bus: BusRow, name: string): RuleRow {
    const rule = this.rules.get(ruleArn(bus, name));
    if (rule === undefined) throw noRule(name, bus.name);
    return rule;
  }

  /** Puts a rule and keeps its schedule and the bus's patterns in step. */
  putRule(rule: RuleRow): void {
    this.rules.put(rule);
    this.schedules.refresh(rule);
    this.patterns.touch(rule);
  }

  deleteRule(rule: RuleRow): void {
    this.rules.delete(rule.arn);
    this.schedules.cancel(rule);
    this.patterns.touch(rule);
  }

  /** Keeps an event in an archive. */
  archive(archive: ArchiveRow, eventMs: number, text: string): void {
    const bytes = Buffer.byteLength(text);
    const { store } = this.deps;
    this.archivedEvents.put({
      archive: nameKey(archive, archive.name),
      account: archive.account,
      position: archivePosition(eventMs, store.nextSerial()),
      arrivedMs: this.now,
      text,
      bytes,
    });
    this.archives.put({ ...archive, sizeBytes: archive.sizeBytes + bytes });
  }

  /** The archive after its retention has done its work. */
  settledArchive(archive: ArchiveRow): ArchiveRow {
    if (archive.retentionDays === 0) return archive;
    const key = nameKey(archive, archive.name);
    let { sizeBytes } = archive;
    for (const event of this.archivedEvents.by.arrival.range(key, { lte: this.now - archive.retentionDays * dayMs })) {
      this.archivedEvents.delete(`${key}\n${event.position}`);
      sizeBytes -= event.bytes;
    }
    if (sizeBytes === archive.sizeBytes) return archive;
    const settled = { ...archive, sizeBytes };
    this.archives.put(settled);
    return settled;
  }
}

export const operation = operationsOf<EventBridge>();

/** A bus as requests name it: by name, by ARN, or not at all for the default one. */
export function busName(nameOrArn: string | undefined, owner: { account: string; region: string }): BusName {
  const arn = nameOrArn?.startsWith("arn:") ? parseArn(nameOrArn) : undefined;
  const account = arn?.account ?? owner.account;
  const region = arn?.region ?? owner.region;
  const name = arn === undefined ? (nameOrArn ?? "default") : arn.resource.replace(/^event-bus\//, "");
  return { arn: formatArn("events", region, account, `event-bus/${name}`), account, region, name };
}

/** `rule/{name}` on the default bus, `rule/{bus}/{name}` on others. */
export function ruleArn(bus: BusName, name: string): string {
  const path = bus.name === "default" ? name : `${bus.name}/${name}`;
  return formatArn("events", bus.region, bus.account, `rule/${path}`);
}

export function noBus(name: string) {
  return notFound(`Event bus ${name} does not exist.`);
}

export function noRule(name: string, bus: string) {
  return notFound(`Rule ${name} does not exist on EventBus ${bus}.`);
}
