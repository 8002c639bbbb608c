import { fail } from "../failure.ts";
import type { Run } from "../run.ts";
import { type IntegerFormat, integerFormat } from "./integers.ts";

/** A part of a date picture: literal text, or a component in brackets (XPath, fn:format-dateTime). */
export type DatePart = { type: "literal"; text: string } | DateMarker;

export type DateMarker = {
  type: "marker";
  component: string;
  /** The letter case of a name, if it is used instead of a number. */
  names: "lower" | "title" | "upper" | undefined;
  integer: IntegerFormat | undefined;
  /** `t`: the offset zero is written as Z. */
  traditional: boolean;
  maxWidth: number | undefined;
  /** Number of digits of a year; undefined for all. */
  yearDigits: number | undefined;
};

/** Default presentations of components. */
const defaultPresentations = new Map(
  Object.entries({
    ...{ Y: "1", M: "1", D: "1", d: "1", F: "n", W: "1", w: "1", X: "1", x: "1", H: "1", h: "1", P: "n" },
    ...{ m: "01", s: "01", f: "1", Z: "01:01", z: "01:01", C: "n", E: "n" },
  }),
);

const numeric = new Set("YMDdFWwXxHhmsf");

/** Parses a date picture. Throws D3132, D3135 and the errors of integer pictures. */
export function datePicture(picture: string, run: Run): DatePart[] {
  run.budget.text(picture.length);
  const parts: DatePart[] = [];
  const literal = (from: number, to: number): void => {
    if (to > from) parts.push({ type: "literal", text: picture.slice(from, to).replaceAll("]]", "]") });
  };
  let from = 0;
  for (let open = picture.indexOf("["); open !== -1; open = picture.indexOf("[", from)) {
    run.budget.spend(10);
    run.budget.grow(300);
    literal(from, open);
    if (picture[open + 1] === "[") {
      parts.push({ type: "literal", text: "[" });
      from = open + 2;
      continue;
    }
    const close = picture.indexOf("]", open);
    if (close === -1) fail("D3135");
    const marker = markerOf(picture.slice(open + 1, close).replace(/\s+/g, ""), run);
    const before = parts.at(-1);
    // A number directly before another one has a fixed width.
    if (before?.type === "marker" && before.integer && marker.integer && numeric.has(marker.component))
      before.integer.width = before.integer.mandatoryDigits;
    parts.push(marker);
    from = close + 1;
  }
  literal(from, picture.length);
  return parts;
}

function markerOf(text: string, run: Run): DateMarker {
  const component = text[0] ?? "";
  const comma = text.lastIndexOf(",");
  const [min, max] = comma === -1 ? [] : widths(text.slice(comma + 1));
  const given = text.slice(1, comma === -1 ? undefined : comma);
  let presentation = given === "" ? defaultPresentations.get(component) : given;
  if (presentation === undefined) return fail("D3132", { value: component });
  let modifier = "";
  if (given.length > 1 && "atco".includes(given.at(-1)!)) {
    modifier = given.at(-1)!;
    presentation = given.slice(0, -1);
  }
  const marker: DateMarker = {
    ...{ type: "marker", component, names: undefined, integer: undefined, traditional: modifier === "t" },
    ...{ maxWidth: max, yearDigits: undefined },
  };
  if (presentation.startsWith("n")) marker.names = "lower";
  else if (presentation.startsWith("N")) marker.names = presentation[1] === "n" ? "title" : "upper";
  else if (numeric.has(component)) {
    marker.integer = integerFormat(modifier === "" ? presentation : `${presentation};${modifier}`, run);
    widen(marker, marker.integer, min, max);
  }
  if (component === "Z" || component === "z") marker.integer = integerFormat(presentation, run);
  return marker;
}

function widths(text: string): (number | undefined)[] {
  return text.split("-", 2).map((width) => {
    const digits = Number.parseInt(width, 10);
    return width === "*" || Number.isNaN(digits) ? undefined : digits;
  });
}

function widen(marker: DateMarker, format: IntegerFormat, min: number | undefined, max: number | undefined): void {
  if (min !== undefined && format.mandatoryDigits < min) format.mandatoryDigits = min;
  if (marker.component !== "Y") return;
  if (max !== undefined) {
    marker.yearDigits = max;
    format.mandatoryDigits = max;
  } else if (format.mandatoryDigits + format.optionalDigits >= 2) {
    marker.yearDigits = format.mandatoryDigits + format.optionalDigits;
  }
}
