/** When schedules run: one durable timer per schedule, for its next invocation. */
import { createHash } from "node:crypto";
import { nextFire, parseSchedule, type Schedule } from "../../events/schedule/index.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ScheduleRow } from "./tables.ts";

const timerKind = "scheduler.schedule";
const minuteMs = 60_000;

interface TimerPayload {
  readonly arn: string;
  /** The planned time of the invocation; absent on a timer that ends a schedule without invocations. */
  readonly plannedMs?: number;
}

export class Runs {
  readonly #scheduler: Scheduler;
  /** Derived from the seed: flexible windows are the same in every run with the same seed. */
  readonly #salt: string;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#salt = scheduler.deps.random.fork("windows").hex(16);
    scheduler.deps.timers.on(timerKind, ({ payload }) => this.#fire(payload as TimerPayload));
  }

  /** Sets the timer of a schedule that was created or updated, replacing the old one. Inside a transaction. */
  arm(row: ScheduleRow): void {
    this.disarm(row.arn);
    if (row.state === "DISABLED") return;
    const schedule = parseSchedule(row.expression, "scheduler");
    const plannedMs = nextFire(schedule, this.#beforeFirst(row, schedule), fireOptions(row));
    if (plannedMs !== undefined) this.#schedule(row, plannedMs);
    else if (schedule.kind !== "at" && row.deleteAfterCompletion) this.#endAt(row, row.endMs ?? this.#scheduler.now);
  }

  disarm(arn: string): void {
    this.#scheduler.deps.timers.cancel(timerId(arn));
  }

  /** The time after which the first invocation may be. */
  #beforeFirst(row: ScheduleRow, { kind }: Schedule): number {
    if (kind === "rate") return anchorOf(row) - 1;
    // Scheduler works by the minute: what is due in the current minute still runs, older times do not.
    return Math.floor(this.#scheduler.now / minuteMs) * minuteMs - 1;
  }

  #schedule(row: ScheduleRow, plannedMs: number): void {
    const payload: TimerPayload = { arn: row.arn, plannedMs };
    const dueMs = plannedMs + this.#offsetMs(row, plannedMs);
    this.#scheduler.deps.timers.schedule({
      id: timerId(row.arn),
      account: row.account,
      dueMs,
      kind: timerKind,
      payload,
    });
  }

  #endAt(row: ScheduleRow, dueMs: number): void {
    const payload: TimerPayload = { arn: row.arn };
    this.#scheduler.deps.timers.schedule({
      id: timerId(row.arn),
      account: row.account,
      dueMs,
      kind: timerKind,
      payload,
    });
  }

  /** Where in its flexible window an invocation happens: always the same for one seed, schedule and planned time. */
  #offsetMs(row: ScheduleRow, plannedMs: number): number {
    if (row.windowMinutes === 0) return 0;
    const digest = createHash("sha256").update(`${this.#salt}\n${row.arn}\n${plannedMs}`).digest();
    return digest.readUIntBE(0, 6) % (row.windowMinutes * minuteMs);
  }

  #fire({ arn, plannedMs }: TimerPayload): void {
    const scheduler = this.#scheduler;
    const row = scheduler.schedules.get(arn);
    if (row === undefined || row.state === "DISABLED") return;
    if (plannedMs === undefined) {
      scheduler.schedules.delete(arn);
      return;
    }
    if (scheduler.group(row, row.group).state === "DELETING") return;
    const schedule = parseSchedule(row.expression, "scheduler");
    const options = fireOptions(row);
    let next = nextFire(schedule, plannedMs, options);
    const { now } = scheduler;
    // After a time without any running process, one invocation makes up for all that were missed.
    if (next !== undefined && next + (row.windowMinutes + 1) * minuteMs < now) next = nextFire(schedule, now, options);
    scheduler.invocations.submit(row, plannedMs, next === undefined);
    if (next !== undefined) this.#schedule(row, next);
  }
}

function timerId(arn: string): string {
  return `${timerKind} ${arn}`;
}

/** Rates count from the start date, else from when the schedule was set. */
function anchorOf(row: ScheduleRow): number {
  return row.startMs ?? row.modifiedMs;
}

function fireOptions(row: ScheduleRow) {
  return { timeZone: row.timeZone, anchorMs: anchorOf(row), startMs: row.startMs, endMs: row.endMs };
}
