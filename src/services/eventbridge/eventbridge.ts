/** The state of EventBridge: its tables, and what all operations share. */
import { formatArn, parseArn } from "../../calls/arn.ts";
import { type OperationContext, operationsOf } from "../../calls/operation.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import type { Store } from "../../engine/store.ts";
import { Sweep } from "../../engine/sweep.ts";
import { checkMay } from "./access.ts";
import { ApiDestinations } from "./api-destination-calls.ts";
import { archiveTable, replayTable } from "./archive-tables.ts";
import { ArchivedEvents } from "./archived-events.ts";
import { Authorizer } from "./authorizer.ts";
import {
  type ApiDestinationRow,
  apiDestinationTable,
  type ConnectionRow,
  connectionTable,
} from "./connection-tables.ts";
import { deliverToBus } from "./delivered-events.ts";
import { type BusName, busName, noBus, noRule, ruleArn } from "./names.ts";
import { RecentEvents } from "./recent-events.ts";
import { Replayer } from "./replayer.ts";
import { Router } from "./router.ts";
import { RulePatterns } from "./rule-patterns.ts";
import { RuleSchedules } from "./rule-schedules.ts";
import {
  type BusRow,
  beginningTable,
  busTable,
  endpointTable,
  nameKey,
  type PartnerSourceRow,
  partnerSourceTable,
  pendingEndMs,
  type RuleRow,
  ruleTable,
  targetTable,
} from "./tables.ts";
import { Targets } from "./target-deliveries.ts";

export class EventBridge {
  readonly deps: ServiceDependencies;
  readonly buses;
  readonly rules;
  readonly targets;
  readonly archives;
  readonly archivedEvents: ArchivedEvents;
  readonly replays;
  readonly connections;
  readonly apiDestinations;
  readonly endpoints;
  readonly partnerSources;
  readonly #pendingSources: Sweep<PartnerSourceRow>;
  readonly patterns: RulePatterns;
  readonly recent: RecentEvents;
  readonly schedules: RuleSchedules;
  readonly targetDeliveries: Targets;
  readonly router: Router;
  readonly replayer: Replayer;
  readonly authorizer: Authorizer;
  readonly apiDestinationCalls: ApiDestinations;
  /** The creation time of default buses that nobody has changed, epoch ms. */
  readonly #beganMs: number;
  /** The latest that was asked for: each event asks for its bus. */
  #lastDefaultBus: BusRow | undefined;

  constructor(dependencies: ServiceDependencies) {
    const { store } = dependencies;
    this.deps = dependencies;
    this.buses = store.table(busTable);
    this.rules = store.table(ruleTable);
    this.targets = store.table(targetTable);
    this.archives = store.table(archiveTable);
    this.archivedEvents = new ArchivedEvents(this);
    this.replays = store.table(replayTable);
    this.connections = store.table(connectionTable);
    this.apiDestinations = store.table(apiDestinationTable);
    this.endpoints = store.table(endpointTable);
    this.partnerSources = store.table(partnerSourceTable);
    this.#pendingSources = new Sweep(store, dependencies.clock, {
      first: (key) => this.partnerSources.by.pending.first(key),
      endMs: pendingEndMs,
      drop: (source) => this.partnerSources.delete(nameKey(source, source.name)),
      keys: () => this.partnerSources.by.pending.groups(),
    });
    this.#beganMs = beganMs(store, this.now);
    this.patterns = new RulePatterns(this);
    this.recent = new RecentEvents(this);
    this.schedules = new RuleSchedules(this);
    this.targetDeliveries = new Targets(this);
    this.router = new Router(this);
    this.replayer = new Replayer(this);
    this.authorizer = new Authorizer(this);
    this.apiDestinationCalls = new ApiDestinations(this);
    dependencies.delivery.registerLocal("events", (delivery) => deliverToBus(this, delivery));
    dependencies.awsEvents.onEmit((event) => this.router.publishAwsEvent(event));
  }

  get now(): number {
    return this.deps.clock.now();
  }

  /** The bus; a default bus exists even without a row. */
  bus(bus: BusName): BusRow | undefined {
    const row = this.buses.get(nameKey(bus, bus.name));
    return row === undefined && bus.name === "default" ? this.defaultBus(bus.account, bus.region) : row;
  }

  /**
   * The bus that a request names.
   * @param rule of the bus, if the request is about one.
   * @throws AwsError ResourceNotFoundException, AccessDeniedException
   */
  busOf(nameOrArn: string | undefined, context: OperationContext<EventBridge>, rule?: string): BusRow {
    const bus = this.bus(busName(nameOrArn, context));
    if (bus === undefined) throw noBus(busName(nameOrArn, context).name);
    const resource = rule === undefined ? undefined : ruleArn(bus, rule);
    checkMay(bus, context, { resource, keys: { "events:creatoraccount": context.account } });
    return bus;
  }

  defaultBus(account: string, region: string): BusRow {
    const last = this.#lastDefaultBus;
    if (last?.account === account && last.region === region) return last;
    this.#lastDefaultBus = {
      arn: formatArn("events", region, account, "event-bus/default"),
      account,
      region,
      name: "default",
      createdMs: this.#beganMs,
      modifiedMs: this.#beganMs,
      description: undefined,
      kmsKey: undefined,
      deadLetterArn: undefined,
      logConfig: undefined,
      policy: undefined,
      tags: {},
    };
    return this.#lastDefaultBus;
  }

  /** @throws AwsError ResourceNotFoundException */
  ruleOf(bus: BusRow, name: string): RuleRow {
    const rule = this.rules.get(ruleArn(bus, name));
    if (rule === undefined) throw noRule(name, bus.name);
    return rule;
  }

  /** The connection with this ARN, if it has not been replaced. */
  connection(arn: string): ConnectionRow | undefined {
    const { owner, name } = namedBy(arn);
    const connection = this.connections.get(nameKey(owner, name));
    return connection?.arn === arn ? connection : undefined;
  }

  /** The API destination with this ARN, whose last part targets may leave out. */
  apiDestination(arn: string): ApiDestinationRow | undefined {
    const { owner, name, id } = namedBy(arn);
    const destination = this.apiDestinations.get(nameKey(owner, name));
    return destination === undefined || id === undefined || destination.arn === arn ? destination : undefined;
  }

  /** Stores a rule and updates its schedule and the bus's patterns. */
  putRule(rule: RuleRow): void {
    this.rules.put(rule);
    this.schedules.refresh(rule);
    this.patterns.touch(rule);
  }

  /** Stores a partner's event source, which is deleted after two weeks unless a bus is created for it. */
  putPartnerSource(source: PartnerSourceRow): void {
    this.partnerSources.put(source);
    if (source.state === "PENDING") this.#pendingSources.expect("", pendingEndMs(source));
  }

  deleteRule(rule: RuleRow): void {
    this.rules.delete(rule.arn);
    this.schedules.cancel(rule);
    this.patterns.touch(rule);
  }
}

export const operation = operationsOf<EventBridge>();

/** The time of the first run on this data directory, which is now if there was none. */
function beganMs(store: Store, nowMs: number): number {
  if (!store.durable) return nowMs;
  const rows = store.table(beginningTable);
  const known = rows.get("beginning");
  if (known === undefined) store.transaction(() => rows.put({ id: "beginning", ms: nowMs }));
  return known?.ms ?? nowMs;
}

/** The parts of `arn:…:{region}:{account}:{type}/{name}/{id}`. */
function namedBy(arn: string) {
  const { account = "", region = "", resource = "" } = parseArn(arn) ?? {};
  const [, name = "", id] = resource.split("/");
  return { owner: { account, region }, name, id };
}
