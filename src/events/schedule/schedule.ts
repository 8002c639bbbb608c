import { type Cron, cronTimes, daysInMonth, parseCron } from "./cron.ts";
import { clockMs, instantAtOrAfter, instantOf } from "./zone.ts";

/** A compiled schedule expression. */
export type Schedule =
  | { kind: "rate"; periodMs: number }
  | { kind: "cron"; cron: Cron }
  /** `shownMs`: what clocks in the schedule's zone show, in milliseconds since 1970 on those clocks. */
  | { kind: "at"; shownMs: number };

/** Which service's expressions: EventBridge rules (`rate`, `cron`) or EventBridge Scheduler (also `at`). */
export type ScheduleDialect = "events" | "scheduler";

/** An expression that AWS rejects; `message` is the text of its ValidationException. */
export class InvalidSchedule extends Error {}

const minuteMs = 60_000;
const unitMs: Readonly<Record<string, number>> = { minute: minuteMs, hour: 60 * minuteMs, day: 1440 * minuteMs };

/**
 * Compiles a schedule expression (EventBridge user guide, "Creating a rule that runs on a schedule"; Scheduler user
 * guide, "Schedule types"). Throws {@link InvalidSchedule} with the service's own text.
 */
export function parseSchedule(text: string, dialect: ScheduleDialect): Schedule {
  // No spaces at either end, inside or outside the parentheses.
  const [, kind, body] = /^(rate|cron|at)\(([^()\s](?:[^()]*[^()\s])?)\)$/.exec(text) ?? [];
  let schedule: Schedule | undefined;
  if (kind === "rate") schedule = parseRate(body as string, dialect);
  if (kind === "at" && dialect === "scheduler") schedule = parseAt(body as string);
  if (kind === "cron") {
    const cron = parseCron(body as string, dialect === "events");
    schedule = cron && { kind: "cron", cron };
  }
  if (schedule !== undefined) return schedule;
  throw new InvalidSchedule(
    dialect === "events" ? "Parameter ScheduleExpression is not valid." : `Invalid Schedule Expression ${text}.`,
  );
}

function parseRate(body: string, dialect: ScheduleDialect): Schedule | undefined {
  const [, digits, unit = "", plural] = /^(\d{1,10})\s+(minute|hour|day)(s?)$/.exec(body) ?? [];
  const count = Number(digits);
  if (digits === undefined || count < 1) return undefined;
  if (count > 1 && plural === "") return undefined;
  // Scheduler accepts `1 minutes`, rules do not.
  if (count === 1 && plural === "s" && dialect === "events") return undefined;
  const periodMs = count * (unitMs[unit] as number);
  return Number.isSafeInteger(periodMs) ? { kind: "rate", periodMs } : undefined;
}

function parseAt(body: string): Schedule | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(body);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // Date.UTC takes years before 100 as years of the 20th century.
  if (year < 100) return undefined;
  return { kind: "at", shownMs: Date.UTC(year, month - 1, day, hour, minute, second) };
}

/** What a schedule's firing times depend on besides its expression. */
export interface FireOptions {
  /** IANA zone of `cron` and `at` times, `UTC` by default. EventBridge rules are always in UTC. */
  timeZone?: string | undefined;
  /**
   * The moment from which a `rate` counts its periods: the start date, else the creation. Default: `startMs`, else
   * `afterMs`.
   */
  anchorMs?: number | undefined;
  /** No firing before this minute; not for `at`. */
  startMs?: number | undefined;
  /** No firing after this minute; not for `at`. */
  endMs?: number | undefined;
}

/**
 * The first firing strictly after an instant (milliseconds since 1970), or undefined if there is none. A rate fires at
 * its anchor and every period after it, whatever local clocks do. A cron time that local clocks skip is skipped; one
 * that they show twice fires the first time only. An `at` time inside a gap fires as much later as the gap is long.
 */
export function nextFire(schedule: Schedule, afterMs: number, options: FireOptions = {}): number | undefined {
  const { timeZone = "UTC", startMs } = options;
  if (schedule.kind === "at") {
    const fireMs = instantAtOrAfter(timeZone, schedule.shownMs);
    return fireMs > afterMs ? fireMs : undefined;
  }
  const startMinuteMs = startMs === undefined ? Number.NEGATIVE_INFINITY : Math.floor(startMs / minuteMs) * minuteMs;
  const earliestMs = Math.max(afterMs + 1, startMinuteMs);
  let fireMs: number | undefined;
  if (schedule.kind === "rate") {
    const anchorMs = options.anchorMs ?? (startMs === undefined ? afterMs : startMinuteMs);
    const periods = Math.max(0, Math.ceil((earliestMs - anchorMs) / schedule.periodMs));
    fireMs = anchorMs + periods * schedule.periodMs;
  } else {
    fireMs = nextCronFire(schedule.cron, earliestMs, timeZone);
  }
  if (fireMs === undefined || options.endMs === undefined) return fireMs;
  return Math.floor(fireMs / minuteMs) > Math.floor(options.endMs / minuteMs) ? undefined : fireMs;
}

function nextCronFire(cron: Cron, earliestMs: number, timeZone: string): number | undefined {
  const shown = new Date(Math.max(0, clockMs(timeZone, earliestMs)));
  const from = {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
  };
  for (const { year, month, day, hour, minute } of cronTimes(cron, from)) {
    const fireMs = instantOf(timeZone, Date.UTC(year, month - 1, day, hour, minute));
    if (fireMs !== undefined && fireMs >= earliestMs) return fireMs;
  }
  return undefined;
}
