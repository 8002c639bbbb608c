/** The days of a month that a cron expression selects. */
export type DaySelection =
  | { by: "days"; days: ReadonlySet<number> }
  /** `before`: this many days before the last one. */
  | { by: "last-day"; before: number }
  | { by: "last-weekday" }
  | { by: "nearest-weekday"; day: number }
  /** Days of the week, 1 = Sunday. */
  | { by: "weekdays"; weekdays: ReadonlySet<number> }
  | { by: "last-of-weekday"; weekday: number }
  | { by: "nth-of-weekday"; weekday: number; nth: number };

/** A compiled `cron(…)`: every field as the ascending values it allows. */
export interface Cron {
  minutes: readonly number[];
  hours: readonly number[];
  days: DaySelection;
  months: readonly number[];
  years: readonly number[];
}

interface Field {
  min: number;
  max: number;
  /** Largest step after a slash; 0 where the field allows none. */
  maxStep: number;
  /** A range may wrap around the end of the field, as 20-2 does. */
  wraps: boolean;
  /** Names of the values from `min` on. */
  names?: readonly string[];
}

const minuteField: Field = { min: 0, max: 59, maxStep: 59, wraps: true };
const hourField: Field = { min: 0, max: 23, maxStep: 23, wraps: true };
const dayField: Field = { min: 1, max: 31, maxStep: 31, wraps: true };
const monthField: Field = {
  min: 1,
  max: 12,
  maxStep: 12,
  wraps: true,
  names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
const weekdayField: Field = {
  min: 1,
  max: 7,
  maxStep: 0,
  wraps: true,
  names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};
const yearField: Field = { min: 1970, max: 2199, maxStep: 229, wraps: false };

/**
 * Compiles the six fields between the parentheses of `cron(…)`: minutes, hours, day of month, month, day of week, year
 * (EventBridge user guide, "Cron-based schedules"). A comma between two fields counts as a space. Undefined for what
 * AWS rejects.
 * @param lenient parse as rules do, which ignore much that is not cron: see {@link tidied}
 */
export function parseCron(body: string, lenient = false): Cron | undefined {
  const fields = body.split(/,?\s+/).map((field) => (lenient ? tidied(field) : field));
  if (fields.length !== 6) return undefined;
  const [minute, hour, day, month, weekday, year] = fields as [string, string, string, string, string, string];
  if ((day === "?") === (weekday === "?")) return undefined;
  const minutes = parseValues(minute, minuteField, lenient);
  const hours = parseValues(hour, hourField, lenient);
  const days = weekday === "?" ? parseDays(day, lenient) : parseWeekdays(weekday, lenient);
  const months = parseValues(month, monthField, lenient);
  const years = parseValues(year, yearField, lenient);
  if (!minutes || !hours || !days || !months || !years) return undefined;
  return { minutes, hours, days, months, years };
}

/** A field without what rules ignore: letters after a number, names beyond their third letter, a W after a range. */
function tidied(field: string): string {
  return field
    .split(",")
    .map((term) =>
      term
        .replace(/[A-Za-z]{4,}/g, (name) => (/^.{3}L$/i.test(name) ? name : name.slice(0, 3)))
        .replace(/^(\d+-\d+)W$/i, "$1")
        .replace(/(\d)[A-KM-VX-Z]$/i, "$1"),
    )
    .join(",");
}

/** The ascending values of a list of `*`, `a`, `a-b`, each with an optional `/step`. */
function parseValues(text: string, field: Field, lenient: boolean): number[] | undefined {
  const values = new Set<number>();
  for (const term of text.split(",")) {
    const [range = "", step, more] = term.split("/");
    if (more !== undefined) return undefined;
    const stride = step === undefined ? 1 : parseStep(step, field, lenient);
    if (stride === undefined) return undefined;
    if (range === "*") {
      for (let value = field.min; value <= field.max; value += stride) values.add(value);
      continue;
    }
    const [from = "", to, rest] = range.split("-");
    const low = parseValue(from, field);
    const high = to === undefined ? (step === undefined ? low : field.max) : parseValue(to, field);
    if (low === undefined || high === undefined || rest !== undefined) return undefined;
    if (high < low && !field.wraps) return undefined;
    const size = field.max - field.min + 1;
    const length = high < low ? high + size - low : high - low;
    for (let i = 0; i <= length; i += stride) values.add(field.min + ((low - field.min + i) % size));
  }
  return [...values].sort((a, b) => a - b);
}

function parseStep(text: string, field: Field, lenient: boolean): number | undefined {
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const step = Number(text);
  if (step >= 1 && step <= field.maxStep) return step;
  // Where rules accept any step, a step of 0 or beyond the field leaves only the first value.
  return lenient && field.maxStep > 0 ? Number.POSITIVE_INFINITY : undefined;
}

function parseValue(text: string, field: Field): number | undefined {
  const named = field.names?.indexOf(text.toUpperCase()) ?? -1;
  if (named >= 0) return field.min + named;
  if (!/^\d{1,4}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= field.min && value <= field.max ? value : undefined;
}

function parseDays(text: string, lenient: boolean): DaySelection | undefined {
  const upper = text.toUpperCase();
  if (upper === "L") return { by: "last-day", before: 0 };
  if (upper === "LW") return { by: "last-weekday" };
  const beforeLast = lenient ? /^L-(\d{1,2})$/.exec(upper)?.[1] : undefined;
  if (beforeLast !== undefined)
    return Number(beforeLast) <= 30 ? { by: "last-day", before: Number(beforeLast) } : undefined;
  if (upper.endsWith("W")) {
    const day = parseValue(text.slice(0, -1), dayField);
    return day === undefined ? undefined : { by: "nearest-weekday", day };
  }
  const days = parseValues(text, dayField, lenient);
  return days && { by: "days", days: new Set(days) };
}

function parseWeekdays(text: string, lenient: boolean): DaySelection | undefined {
  const upper = text.toUpperCase();
  // A bare L is the last day of the week.
  if (upper === "L") return { by: "weekdays", weekdays: new Set([7]) };
  if (upper.endsWith("L") && !upper.includes(",")) {
    const weekday = parseValue(text.slice(0, -1), weekdayField);
    return weekday === undefined ? undefined : { by: "last-of-weekday", weekday };
  }
  if (text.includes("#")) {
    const [name = "", ordinal = ""] = text.split("#", 2);
    const weekday = parseValue(name, weekdayField);
    if (weekday === undefined || !/^[1-5]$/.test(text.slice(name.length + 1))) return undefined;
    return { by: "nth-of-weekday", weekday, nth: Number(ordinal) };
  }
  const weekdays = parseValues(text, weekdayField, lenient);
  return weekdays && { by: "weekdays", weekdays: new Set(weekdays) };
}

/** Days in a month of the Gregorian calendar; months count from 1. */
export function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** The day of the week, 1 = Sunday. */
function weekdayOf(year: number, month: number, day: number): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
}

/** The days of a month that a selection selects, ascending. */
function selectedDays(selection: DaySelection, year: number, month: number): number[] {
  const last = daysInMonth(year, month);
  switch (selection.by) {
    case "last-day":
      return last > selection.before ? [last - selection.before] : [];
    case "last-weekday":
      return [nearestWeekday(year, month, last)];
    case "nearest-weekday":
      return selection.day > last ? [] : [nearestWeekday(year, month, selection.day)];
    case "last-of-weekday":
      return [last - ((weekdayOf(year, month, last) - selection.weekday + 7) % 7)];
    case "nth-of-weekday": {
      const day = 1 + ((selection.weekday - weekdayOf(year, month, 1) + 7) % 7) + (selection.nth - 1) * 7;
      return day <= last ? [day] : [];
    }
    default: {
      const days: number[] = [];
      const first = weekdayOf(year, month, 1);
      for (let day = 1; day <= last; day++) {
        const chosen =
          selection.by === "days" ? selection.days.has(day) : selection.weekdays.has(((first - 1 + day - 1) % 7) + 1);
        if (chosen) days.push(day);
      }
      return days;
    }
  }
}

/** The weekday nearest to a day without leaving its month. */
function nearestWeekday(year: number, month: number, day: number): number {
  const weekday = weekdayOf(year, month, day);
  if (weekday === 7) return day === 1 ? 3 : day - 1;
  if (weekday === 1) return day === daysInMonth(year, month) ? day - 2 : day + 1;
  return day;
}

/** A local date and time of day. Months count from 1. */
export interface LocalMinute {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
}

/**
 * The times of day that a cron expression selects, in order, from the given minute on. Ends with the last year the
 * expression allows, so at most the months of the years 1970 to 2199 are searched.
 */
export function* cronTimes(cron: Cron, from: LocalMinute): Generator<LocalMinute> {
  for (const year of cron.years) {
    if (year < from.year) continue;
    const inYear = year === from.year;
    for (const month of cron.months) {
      if (inYear && month < from.month) continue;
      const inMonth = inYear && month === from.month;
      for (const day of selectedDays(cron.days, year, month)) {
        if (inMonth && day < from.day) continue;
        const inDay = inMonth && day === from.day;
        for (const hour of cron.hours) {
          if (inDay && hour < from.hour) continue;
          for (const minute of cron.minutes) {
            if (inDay && hour === from.hour && minute < from.minute) continue;
            yield { year, month, day, hour, minute };
          }
        }
      }
    }
  }
}
