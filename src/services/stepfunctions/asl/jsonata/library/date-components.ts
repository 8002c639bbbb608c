/** The components of a UTC date, by their letters in date pictures. */
import { dayMs } from "../../../../../engine/duration.ts";

export const dayNames = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
export const monthNames = [
  ...["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"],
  ...["November", "December"],
];

/** The Monday of the first week that has most of its days in the month (ISO 8601), in epoch milliseconds. */
function firstWeek(year: number, month: number): number {
  const first = Date.UTC(year, month);
  const day = new Date(first).getUTCDay() || 7;
  return day > 4 ? first + (8 - day) * dayMs : first - (day - 1) * dayMs;
}

/** The number of a day's week in its year or month; `span`: the length of that in months. */
function week(today: number, year: number, month: number, span: 1 | 12): number {
  const from = firstWeek(year, month);
  const number = (today - from) / (7 * dayMs) + 1;
  if (number < 1) return Math.floor((today - firstWeek(year, month - span)) / (7 * dayMs) + 1);
  return number > (span === 12 ? 52 : 4) && today >= firstWeek(year, month + span) ? 1 : Math.floor(number);
}

/**
 * The value of a component: a number, or a string for AM and PM and for constants; undefined if there is no such one.
 */
export function componentOf(date: Date, component: string): number | string | undefined {
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const today = Date.UTC(year, month, date.getUTCDate());
  switch (component) {
    case "Y":
      return year;
    case "M":
      return month + 1;
    case "D":
      return date.getUTCDate();
    case "d":
      return (today - Date.UTC(year, 0)) / dayMs + 1;
    case "F":
      return date.getUTCDay() || 7;
    case "W":
      return week(today, year, 0, 12);
    case "w":
      return week(today, year, month, 1);
    case "X":
      if (date.getTime() < firstWeek(year, 0)) return year - 1;
      return date.getTime() >= firstWeek(year + 1, 0) ? year + 1 : year;
    case "x":
      if (date.getTime() < firstWeek(year, month)) return ((month + 11) % 12) + 1;
      return date.getTime() >= firstWeek(year, month + 1) ? ((month + 1) % 12) + 1 : month + 1;
    case "H":
      return date.getUTCHours();
    case "h":
      return date.getUTCHours() % 12 || 12;
    case "P":
      return date.getUTCHours() >= 12 ? "pm" : "am";
    case "m":
      return date.getUTCMinutes();
    case "s":
      return date.getUTCSeconds();
    case "f":
      return date.getUTCMilliseconds();
    case "C":
    case "E":
      return "ISO";
  }
  return undefined;
}
