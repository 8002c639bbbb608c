/**
 * A JSON number that no double holds exactly, such as 9007199254740993. It equals only the same text and takes part in
 * no numeric comparison.
 */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A parsed JSON value whose numbers are exact. */
export type EventValue = string | number | boolean | null | ExactNumber | EventValue[] | { [name: string]: EventValue };

/** A value at the end of a path: anything but an object or an array. */
export type LeafValue = string | number | boolean | null | ExactNumber;

/** True for a JSON object (not an array, not a leaf). */
export function isEventObject(value: EventValue | undefined): value is { [name: string]: EventValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** The digits without sign, point or outer zeros, and their power of ten. */
function decimalParts(text: string): string {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const negative = mantissa.startsWith("-");
  const [whole = "", fraction = ""] = (negative ? mantissa.slice(1) : mantissa).split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return "0";
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 48) end--;
  const power = Number(exponent) - fraction.length + (digits.length - end);
  return `${negative ? "-" : ""}${digits.slice(0, end)}e${power}`;
}

/** The value of a JSON number token: a double if it is exactly that number, otherwise an {@link ExactNumber}. */
export function numberFromText(text: string): number | ExactNumber {
  const value = Number(text);
  if (text.length <= 15 && Math.abs(value) < 1e300 && Math.abs(value) > 1e-300) return value;
  if (value === 0 && !/[1-9]/.test(text.split(/e/i)[0] ?? "")) return value;
  if (!Number.isFinite(value) || decimalParts(String(value)) !== decimalParts(text)) return new ExactNumber(text);
  return value;
}
