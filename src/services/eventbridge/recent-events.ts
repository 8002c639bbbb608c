/** The latest events, with the rules they matched and why the closest others did not match. */

import { jsonObject } from "../../../protocols/unknown-json.ts";
import { isoTime } from "../../engine/iso-time.ts";
import { Ring } from "../../engine/ring.ts";
import type { EventFilter, EventRecord, NearMiss } from "../../events/event-records.ts";
import { type EventValue, ExactNumber, explain } from "../../events/pattern/index.ts";
import { type BusEvent, readEvent } from "./event.ts";
import type { EventBridge } from "./eventbridge.ts";
import { type BusName, busName } from "./names.ts";
import { isEnabled, rulePattern } from "./rule-patterns.ts";
import type { RuleRow } from "./tables.ts";

export interface Kept {
  readonly timeMs: number;
  /** Rules with a greater serial were created later. */
  readonly serial: number;
  readonly bus: BusName;
  readonly exists: boolean;
  readonly event: Pick<BusEvent, "id" | "source" | "detailType" | "text">;
  readonly matched: readonly string[];
}

const keptEvents = 1000;
/** Above this the oldest texts are dropped, so that large events do not fill memory. */
const maxChars = 32 * 1024 * 1024;
/** How many rules are examined for one event: a bus may have very many. */
const maxExplained = 500;
const shownMisses = 5;

export class RecentEvents {
  readonly #service: EventBridge;
  #ring = new Ring<Kept>(keptEvents);
  #chars = 0;

  constructor(service: EventBridge) {
    this.#service = service;
  }

  /** Adds an event once its transaction is committed. */
  add(bus: BusName, { id, source, detailType, text }: BusEvent, matched: readonly string[], exists: boolean): Kept {
    const { store } = this.#service.deps;
    const timeMs = this.#service.now;
    const kept = { timeMs, serial: store.nextSerial(), bus, exists, event: { id, source, detailType, text }, matched };
    store.afterCommit(() => {
      this.#ring.add(kept);
      this.#chars += text.length;
      if (this.#chars > maxChars) this.#shrink();
    });
    return kept;
  }

  /** Why no rule matched an event: what the closest rule was missing. */
  whyUnmatched({ bus, serial, exists, event }: Kept): string {
    const what = `Event ${event.id} (${event.source}, ${event.detailType})`;
    if (!exists) return `${what}: event bus ${bus.name} does not exist.`;
    const [nearest] = this.#nearest(bus, serial, event.text, new Set());
    if (nearest === undefined) return `${what} matched no rule: the bus has none with a pattern.`;
    const { ruleArn, field, reason, expected } = nearest;
    if (field === undefined) return `${what} matched no rule: ${ruleArn} is ${reason}.`;
    const actual = JSON.stringify(nearest.actual);
    return `${what} matched no rule. The nearest is ${ruleArn}, where ${field} must be ${expected}, not ${actual}.`;
  }

  /** The latest events on one bus, newest first; undefined when there is no such bus. */
  listOfBus({ bus, account = "", region = "", ...filter }: EventFilter): EventRecord[] | undefined {
    const { arn } = busName(bus, { account, region });
    const exists = this.#service.bus(busName(bus, { account, region })) !== undefined;
    return exists ? this.list({ ...filter, bus: arn }) : undefined;
  }

  list(filter: EventFilter = {}): EventRecord[] {
    const found: EventRecord[] = [];
    for (const kept of this.#ring.newestFirst()) {
      if (!isAsked(kept, filter)) continue;
      found.push(this.#shown(kept));
      if (found.length === (filter.limit ?? 100)) break;
    }
    return found;
  }

  clear(account?: string): void {
    this.#ring.clear(account === undefined ? undefined : ({ bus }) => bus.account !== account);
    this.#count();
  }

  /** Drops the older half, including texts that have left the ring. */
  #shrink(): void {
    this.#count();
    if (this.#chars <= maxChars) return;
    let chars = 0;
    const newest = [...this.#ring.newestFirst()].filter(({ event }) => (chars += event.text.length) <= maxChars / 2);
    const keep = new Set(newest);
    this.#ring.clear((kept) => keep.has(kept));
    this.#count();
  }

  #count(): void {
    this.#chars = 0;
    for (const { event } of this.#ring.newestFirst()) this.#chars += event.text.length;
  }

  #shown({ timeMs, serial, bus, exists, event, matched }: Kept): EventRecord {
    return {
      arrivedAt: isoTime(timeMs),
      account: bus.account,
      region: bus.region,
      bus: bus.name,
      busArn: bus.arn,
      source: event.source,
      detailType: event.detailType,
      eventId: event.id,
      event: jsonObject(event.text) ?? {},
      matched,
      unmatched: this.#nearest(bus, serial, event.text, new Set(matched)),
      reason: exists ? undefined : `Event bus ${bus.name} does not exist.`,
    };
  }

  /** The rules, of those created before the event, that fail by the smallest share of their pattern. */
  #nearest(bus: BusName, serial: number, text: string, matched: ReadonlySet<string>): NearMiss[] {
    const value = readEvent(text).value as EventValue;
    const misses: { readonly miss: NearMiss; readonly distance: number }[] = [];
    let explained = 0;
    for (const rule of this.#service.rules.by.bus.range(bus.arn)) {
      if (rule.pattern === undefined || rule.serial > serial || matched.has(rule.arn)) continue;
      if (explained === maxExplained) break;
      explained += 1;
      const found = missOf(rule, value);
      if (found !== undefined) misses.push(found);
    }
    misses.sort((a, b) => a.distance - b.distance);
    return misses.slice(0, shownMisses).map(({ miss }) => miss);
  }
}

function missOf(rule: RuleRow, event: EventValue): { miss: NearMiss; distance: number } | undefined {
  const mismatch = explain(rulePattern(rule), event);
  if (mismatch !== undefined) {
    const { path, reason, expected, actual, failing, conditions } = mismatch;
    const values = actual.map((value) => (value instanceof ExactNumber ? value.text : value));
    const miss: NearMiss = { ruleArn: rule.arn, field: path, reason, expected, actual: values };
    return { miss, distance: failing / conditions };
  }
  // A rule that would match now was disabled then, or has been changed since.
  return isEnabled(rule) ? undefined : { miss: { ruleArn: rule.arn, reason: "disabled" }, distance: 0 };
}

function isAsked({ bus, event, matched }: Kept, filter: EventFilter): boolean {
  if (filter.account !== undefined && bus.account !== filter.account) return false;
  if (filter.region !== undefined && bus.region !== filter.region) return false;
  if (filter.bus !== undefined && bus.name !== filter.bus && bus.arn !== filter.bus) return false;
  if (filter.source !== undefined && event.source !== filter.source) return false;
  if (filter.detailType !== undefined && event.detailType !== filter.detailType) return false;
  return filter.matched === undefined || filter.matched === matched.length > 0;
}
