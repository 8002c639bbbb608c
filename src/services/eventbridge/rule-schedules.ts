/** Scheduled rules: one durable timer for each, for its next firing. */
import { nextFire, parseSchedule, type Schedule } from "../../events/schedule/index.ts";
import type { EventBridge } from "./eventbridge.ts";
import { isEnabled } from "./rule-patterns.ts";
import type { RuleRow } from "./tables.ts";

const timerKind = "events.schedule";

export class RuleSchedules {
  readonly #service: EventBridge;
  /** Compiled expressions by text; bounded, since texts come from clients. */
  readonly #compiled = new Map<string, Schedule>();

  constructor(service: EventBridge) {
    this.#service = service;
    service.deps.timers.on(timerKind, ({ id, dueMs }) => this.#fire(id.slice(timerKind.length + 1), dueMs));
  }

  /** Call it when a rule was stored: sets the timer for its next firing, or removes it. */
  refresh(rule: RuleRow): void {
    const { timers } = this.#service.deps;
    const dueMs = isEnabled(rule) ? this.#next(rule, this.#service.now) : undefined;
    if (dueMs === undefined) timers.cancel(timerId(rule.arn));
    else timers.schedule({ id: timerId(rule.arn), account: rule.account, dueMs, kind: timerKind, payload: undefined });
  }

  cancel(rule: RuleRow): void {
    this.#service.deps.timers.cancel(timerId(rule.arn));
  }

  #next(rule: RuleRow, afterMs: number): number | undefined {
    if (rule.schedule === undefined) return undefined;
    let schedule = this.#compiled.get(rule.schedule);
    if (schedule === undefined) {
      schedule = parseSchedule(rule.schedule, "events");
      if (this.#compiled.size >= 1000) this.#compiled.clear();
      this.#compiled.set(rule.schedule, schedule);
    }
    return nextFire(schedule, afterMs, { anchorMs: rule.anchorMs });
  }

  #fire(arn: string, dueMs: number): void {
    const rule = this.#service.rules.get(arn);
    if (rule === undefined) return;
    this.#service.router.publishScheduled(rule, dueMs);
    // Firings missed while the emulator was not running are not made up for.
    this.refresh(rule);
  }
}

function timerId(arn: string): string {
  return `${timerKind} ${arn}`;
}
