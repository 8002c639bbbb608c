/** The compiled patterns of every bus, built when its first event arrives and kept in step with the rules. */
import { type EventValue, type Pattern, PatternIndex, parsePattern } from "../../events/pattern/index.ts";
import type { EventBridge } from "./eventbridge.ts";
import type { RuleRow } from "./tables.ts";

const compiled = new WeakMap<RuleRow, Pattern>();

/** The compiled pattern of a rule that has one. */
export function rulePattern(rule: RuleRow): Pattern {
  let pattern = compiled.get(rule);
  if (pattern === undefined) {
    pattern = parsePattern(rule.pattern as string);
    compiled.set(rule, pattern);
  }
  return pattern;
}

export function isEnabled(rule: RuleRow): boolean {
  return rule.state !== "DISABLED";
}

export class RulePatterns {
  readonly #service: EventBridge;
  readonly #byBus = new Map<string, PatternIndex<string>>();

  constructor(service: EventBridge) {
    this.#service = service;
  }

  /** ARNs of the bus's enabled rules whose pattern the event matches. */
  match(bus: string, event: EventValue): string[] {
    const { rules } = this.#service;
    // Buses come and go; one without rules is not kept.
    if (rules.by.bus.size(bus) === 0) return [];
    let index = this.#byBus.get(bus);
    if (index === undefined) {
      index = new PatternIndex();
      this.#byBus.set(bus, index);
      for (const rule of rules.by.bus.range(bus)) this.#file(index, rule);
    }
    return index.match(event);
  }

  /** Call it when a rule was stored or deleted: its pattern is updated after the commit. */
  touch({ arn, bus }: RuleRow): void {
    this.#service.deps.store.afterCommit(() => {
      const index = this.#byBus.get(bus);
      if (index === undefined) return;
      if (this.#service.rules.by.bus.size(bus) === 0) {
        this.#byBus.delete(bus);
        return;
      }
      const rule = this.#service.rules.get(arn);
      if (rule === undefined) index.remove(arn);
      else this.#file(index, rule);
    });
  }

  /** After a reset: everything is rebuilt from the rows. */
  clear(): void {
    this.#byBus.clear();
  }

  #file(index: PatternIndex<string>, rule: RuleRow): void {
    if (rule.pattern === undefined || !isEnabled(rule)) index.remove(rule.arn);
    else index.add(rule.arn, rulePattern(rule));
  }
}
