/**
 * How much of their plans' quotas keys have used: a row for each day (UTC) on which a key was used. Execution counts
 * here; GetUsage and UpdateUsage read and change the same rows.
 */

import { dayMs } from "../../engine/duration.ts";
import { planKeyKey, type UsagePlanRow, type UsageRow } from "./account-tables.ts";
import type { ApiGateway } from "./apigateway.ts";
import type { QuotaDefinition } from "./definitions.ts";

/** Days that can be queried; older rows are deleted when a new day begins. */
export const keptDays = 90;

export class Quotas {
  readonly #service: ApiGateway;

  constructor(service: ApiGateway) {
    this.#service = service;
  }

  /**
   * Counts a request made with a key; false, without counting, if the period's quota is used up. Without a quota
   * nothing is counted. Inside a transaction.
   */
  take(plan: UsagePlanRow, keyId: string): boolean {
    if (plan.quota === undefined) return true;
    const { now } = this.#service;
    const remaining = this.remaining(plan, keyId, now);
    if (remaining <= 0) return false;
    const today = this.#today(plan, keyId, now);
    this.#service.usage.put({ ...today, used: today.used + 1, remaining: remaining - 1 });
    return true;
  }

  /** What is left of the quota in the current period. */
  remaining(plan: UsagePlanRow, keyId: string, nowMs: number): number {
    const { quota } = plan;
    if (quota === undefined) return 0;
    const last = this.#service.usage.by.planKey.last(planKeyKey(plan.id, keyId));
    if (last !== undefined && last.day >= dayOf(periodStart(quota, nowMs))) return last.remaining;
    return quota.limit;
  }

  /** Sets what is left in the current period. Inside a transaction. */
  setRemaining(plan: UsagePlanRow, keyId: string, remaining: number): void {
    this.#service.usage.put({ ...this.#today(plan, keyId, this.#service.now), remaining });
  }

  #today(plan: UsagePlanRow, keyId: string, nowMs: number): UsageRow {
    const { usage } = this.#service;
    const day = dayOf(nowMs);
    const key = planKeyKey(plan.id, keyId);
    const row = usage.get(`${key} ${day}`);
    if (row !== undefined) return row;
    const oldest = usage.by.planKey.first(key);
    if (oldest !== undefined && oldest.day < dayOf(nowMs - keptDays * dayMs)) usage.delete(`${key} ${oldest.day}`);
    return { planId: plan.id, keyId, account: plan.account, day, used: 0, remaining: 0 };
  }
}

/** `2026-03-01` */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/**
 * The start of the period containing a time: days start at midnight, weeks on Sunday, months on the first; weeks and
 * months are shifted by the offset.
 */
function periodStart({ period, offset }: QuotaDefinition, ms: number): number {
  const date = new Date(ms);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (period === "DAY") return Date.UTC(year, month, day);
  if (period === "WEEK") return Date.UTC(year, month, day - ((date.getUTCDay() - offset + 7) % 7));
  const start = Date.UTC(year, month, 1 + offset);
  return start <= ms ? start : Date.UTC(year, month - 1, 1 + offset);
}
