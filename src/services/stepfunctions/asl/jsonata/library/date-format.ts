import { fail } from "../failure.ts";
import type { Run } from "../run.ts";
import { componentOf, dayNames, monthNames } from "./date-components.ts";
import { type DateMarker, datePicture } from "./date-picture.ts";
import { TextBuilder } from "./define.ts";
import { formatInteger } from "./integers.ts";

type Offset = { hours: number; minutes: number };

const isoPicture = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

/** Formats epoch milliseconds by a picture, in the zone of an offset such as `+0530`. */
export function formatDate(millis: number, picture: string | undefined, zone: string | undefined, run: Run): string {
  const offset = zone === undefined ? 0 : Number.parseInt(zone, 10) || 0;
  const at: Offset = { hours: Math.floor(offset / 100), minutes: offset % 100 };
  const date = new Date(millis + (60 * at.hours + at.minutes) * 60_000);
  if (Number.isNaN(date.getTime())) fail("D1001", { value: millis });
  const result = new TextBuilder(run);
  for (const part of datePicture(picture ?? isoPicture, run)) {
    result.add(part.type === "literal" ? part.text : component(date, part, at, run));
  }
  return result.text;
}

function component(date: Date, marker: DateMarker, offset: Offset, run: Run): string {
  const { component, names, integer, maxWidth } = marker;
  if (component === "Z" || component === "z") return formatZone(marker, offset, run);
  const value = componentOf(date, component);
  if (typeof value !== "number") {
    const text = value ?? "";
    return component === "P" && names === "upper" ? text.toUpperCase() : text;
  }
  if (names === undefined) {
    const number = component === "Y" && marker.yearDigits !== undefined ? value % 10 ** marker.yearDigits : value;
    return formatInteger(number, integer!, run);
  }
  const name =
    component === "M" || component === "x"
      ? monthNames[value - 1]
      : component === "F"
        ? dayNames[value - 1]
        : undefined;
  if (name === undefined) return fail("D3133", { value: component });
  const text = names === "upper" ? name.toUpperCase() : names === "lower" ? name.toLowerCase() : name;
  return maxWidth === undefined ? text : text.slice(0, maxWidth);
}

function formatZone(marker: DateMarker, { hours, minutes }: Offset, run: Run): string {
  const format = marker.integer!;
  const offset = hours * 100 + minutes;
  if (offset === 0 && marker.traditional) return "Z";
  const digits = format.mandatoryDigits;
  let text: string;
  if (format.regular > 0 || digits === 3 || digits === 4) text = formatInteger(offset, format, run);
  else if (digits === 1 || digits === 2) {
    text = formatInteger(hours, format, run);
    if (minutes !== 0) text += `:${String(minutes).padStart(2, "0")}`;
  } else return fail("D3134", { value: digits });
  return `${marker.component === "z" ? "GMT" : ""}${offset >= 0 ? "+" : ""}${text}`;
}
