/** Routes an event on a bus: the rules it matches, and what their targets get. */
import type { Lost } from "../../delivery/types.ts";
import type { AwsEvent } from "../../events/aws-events.ts";
import { type BusEvent, compactEvent } from "./event.ts";
import type { EventBridge } from "./eventbridge.ts";
import { type BusName, busName } from "./names.ts";
import type { Kept } from "./recent-events.ts";
import type { RuleRow } from "./tables.ts";

/** How an event arrived on a bus, if a rule of another bus sent it. */
export interface Arrival {
  /** ARNs of the buses it has passed through. */
  readonly path: readonly string[];
}

const direct: Arrival = { path: [] };

/** An event that no rule wanted, as lost messages are noted. A class: most events may be such, and a thousand are kept. */
class Unmatched implements Lost {
  readonly service = "eventbridge";
  readonly status = "unmatched";
  readonly count = 1;
  readonly #events: EventBridge;
  readonly #kept: Kept;

  constructor(events: EventBridge, kept: Kept) {
    this.#events = events;
    this.#kept = kept;
  }

  get account(): string {
    return this.#kept.bus.account;
  }

  get region(): string {
    return this.#kept.bus.region;
  }

  get weight(): number {
    return this.#kept.event.text.length;
  }

  source(): string {
    return this.#kept.bus.arn;
  }

  target(): string {
    return "";
  }

  reason(): string {
    return this.#events.recent.whyUnmatched(this.#kept);
  }
}

export class Router {
  readonly #service: EventBridge;

  constructor(service: EventBridge) {
    this.#service = service;
  }

  /**
   * Puts an event on a bus, inside a transaction. A bus that does not exist accepts and drops it, as on AWS.
   * @param only limits a replay to these rules.
   */
  publish(event: BusEvent, bus: BusName, arrival = direct, only?: ReadonlySet<string>): void {
    const service = this.#service;
    const exists = service.bus(bus) !== undefined;
    let matched = exists ? service.patterns.match(bus.arn, event.value) : [];
    if (only !== undefined) matched = matched.filter((arn) => only.has(arn));
    this.#hand(event, bus, arrival, matched, exists);
  }

  /** Passes an event to the rules that match it. */
  #hand(event: BusEvent, bus: BusName, arrival: Arrival, matched: readonly string[], exists: boolean): void {
    const service = this.#service;
    const recent = service.recent.add(bus, event, matched, exists);
    if (matched.length === 0) {
      service.deps.delivery.noteLost(new Unmatched(service, recent));
    }
    for (const arn of matched) {
      const rule = service.rules.get(arn);
      if (rule !== undefined) this.#fire(rule, event, arrival);
    }
  }

  /** An event of an AWS service, for the default bus of the account it is about. */
  publishAwsEvent({ account, region, source, detailType, resources, detail }: AwsEvent): void {
    const text = JSON.stringify(detail);
    const parts = {
      id: this.#service.deps.random.fork("events").uuid(),
      source,
      detailType,
      account,
      region,
      resources,
    };
    // We wrote it ourselves: no blanks, and no numbers that JavaScript would change.
    const event = compactEvent({ ...parts, timeMs: this.#service.now, detail: text }, JSON.parse(text));
    this.publish(event, busName("default", { account, region }));
  }

  /** The event of a schedule's firing: for its rule, whatever the pattern, and for all other rules that match it. */
  publishScheduled(rule: RuleRow, timeMs: number): void {
    const { account, region } = rule;
    const bus = busName("default", rule);
    const event = compactEvent(
      {
        id: this.#service.deps.random.fork("events").uuid(),
        source: "aws.events",
        detailType: "Scheduled Event",
        account,
        region,
        timeMs,
        resources: [rule.arn],
        detail: "{}",
      },
      {},
    );
    const others = this.#service.patterns.match(bus.arn, event.value).filter((arn) => arn !== rule.arn);
    this.#hand(event, bus, direct, [rule.arn, ...others], true);
  }

  #fire(rule: RuleRow, event: BusEvent, arrival: Arrival): void {
    const service = this.#service;
    if (rule.archive !== undefined) {
      const archive = service.archives.get(rule.archive);
      if (archive !== undefined) service.archivedEvents.add(archive, event);
      return;
    }
    for (const target of service.targets.by.rule.range(rule.arn)) {
      service.targetDeliveries.submit(target, rule, event, arrival);
    }
  }
}
