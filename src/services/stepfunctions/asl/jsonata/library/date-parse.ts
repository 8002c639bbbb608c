import { dayMs } from "../../../../../engine/duration.ts";
import { LinearRegex } from "../../../../../regex/linear-regex.ts";
import { memoryError } from "../budget.ts";
import { fail } from "../failure.ts";
import type { Run } from "../run.ts";
import { componentOf, dayNames, monthNames } from "./date-components.ts";
import { type DateMarker, type DatePart, datePicture } from "./date-picture.ts";
import { integerReader } from "./integers.ts";

type Reader = { component: string; pattern: string; read: (text: string) => number | undefined };

/** Most instructions of a picture's regular expression: a number in words takes several hundred. */
const maxProgram = 8_000;

const literalPattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function readerOf(part: DatePart): Reader {
  if (part.type === "literal") return { component: "", pattern: literalPattern(part.text), read: () => undefined };
  const { component, integer } = part;
  if (component === "Z" || component === "z") return zoneReader(part);
  if (component === "f") {
    return { component, pattern: "[0-9]+", read: (text) => Number(`0.${text.slice(0, 3)}`) * 1000 };
  }
  if (integer) return { component, ...integerReader(integer) };
  return { component, pattern: "[a-zA-Z]+", read: nameReader(part) };
}

function zoneReader({ component, integer }: DateMarker): Reader {
  const separator = integer!.regular > 0 ? integer!.separators[0]!.character : undefined;
  const minutes = separator === undefined ? "" : `${literalPattern(separator)}[0-9]+`;
  const prefix = component === "z" ? "GMT" : "";
  const read = (whole: string): number => {
    const text = whole.slice(prefix.length);
    const cut = separator === undefined ? (text.length <= 3 ? text.length : 3) : text.indexOf(separator);
    const rest = text.slice(cut + (separator?.length ?? 0));
    return Number.parseInt(text.slice(0, cut), 10) * 60 + (rest === "" ? 0 : Number.parseInt(rest, 10));
  };
  return { component, pattern: `${prefix}[-+][0-9]+${minutes}`, read };
}

function nameReader({ component, maxWidth }: DateMarker): (text: string) => number | undefined {
  const names = component === "M" || component === "x" ? monthNames : component === "F" ? dayNames : undefined;
  if (names) {
    const places = new Map(names.map((name, index) => [name.slice(0, maxWidth), index + 1]));
    return (text) => places.get(text);
  }
  if (component !== "P") return fail("D3133", { value: component });
  return (text) => ({ am: 0, AM: 0, pm: 1, PM: 1 })[text as "am"];
}

/** Whether some of `letters` are given, and no others of them than those in `known`. */
function fits(given: ReadonlySet<string>, letters: string, known: string): boolean {
  const present = [...letters].filter((letter) => given.has(letter));
  return present.length > 0 && present.every((letter) => known.includes(letter));
}

/**
 * Parses a date by a picture to epoch milliseconds; undefined if it does not match. Components larger than those that
 * are given are taken from the present, smaller ones are the least possible.
 */
export function parseDate(text: string, picture: string, run: Run): number | undefined {
  const parts = datePicture(picture, run);
  const readers = parts.map(readerOf);
  const matched = regexOf(readers).find(text, 0, (instructions) => run.budget.spend(instructions));
  if (!matched) return undefined;
  const components = new Map<string, number>();
  for (const [index, reader] of readers.entries()) {
    const value = parts[index]!.type === "marker" ? reader.read(matched.groups[index] ?? "") : undefined;
    if (parts[index]!.type === "marker") components.set(reader.component, value ?? Number.NaN);
  }
  if (components.size === 0) return undefined;
  return momentOf(components, run);
}

function regexOf(readers: Reader[]): LinearRegex {
  try {
    return new LinearRegex(`^${readers.map(({ pattern }) => `(${pattern})`).join("")}$`, "i", maxProgram);
  } catch (error) {
    // The patterns are our own, so only the size of the picture can be at fault.
    if (error instanceof SyntaxError) throw memoryError();
    throw error;
  }
}

function momentOf(components: Map<string, number>, run: Run): number {
  const given = new Set([...components].filter(([, value]) => value !== 0).map(([component]) => component));
  const byDay = !fits(given, "YXMxWwdD", "YMD") && fits(given, "YXMxWwdD", "Yd");
  const byWeek = fits(given, "YXMxWwdD", "XxwF") || fits(given, "YXMxWwdD", "XWF");
  const byHalfDay = !fits(given, "PHhmsf", "Hmsf") && fits(given, "PHhmsf", "Phmsf");
  const dates = byDay ? "YD" : byWeek ? "XWF" : "YMD";
  complete(components, `${dates}${byHalfDay ? "Phmsf" : "Hmsf"}`, new Date(run.nowMs));
  if (byWeek) fail("D3136");
  const at = (component: string): number => components.get(component) ?? 0;
  let hour = at("H");
  if (byHalfDay) hour = (at("h") === 12 ? 0 : at("h")) + (at("P") === 1 ? 12 : 0);
  let [month, day] = [Math.max(at("M") - 1, 0), at("D")];
  if (byDay) {
    const date = new Date(Date.UTC(at("Y"), 0) + (at("d") - 1) * dayMs);
    [month, day] = [date.getUTCMonth(), date.getUTCDate()];
  }
  const offset = (components.get("Z") || components.get("z")) ?? 0;
  return Date.UTC(at("Y"), month, day, hour, at("m"), at("s"), at("f")) - offset * 60_000;
}

/** Adds the missing components. A gap between given ones is an error. */
function complete(components: Map<string, number>, order: string, now: Date): void {
  let [started, ended] = [false, false];
  for (const component of order) {
    if (components.has(component)) {
      started = true;
      if (ended) fail("D3136");
    } else if (started) {
      components.set(component, "MDd".includes(component) ? 1 : 0);
      ended = true;
    } else {
      const value = componentOf(now, component);
      components.set(component, typeof value === "number" ? value : Number.NaN);
    }
  }
}
