import { endsFolded, equalsFolded, startsFolded } from "./case-folding.ts";
import { ExactNumber, type LeafValue } from "./exact-number.ts";
import { type Glob, globMatches } from "./glob.ts";
import { addressKey } from "./ip.ts";

/** One entry of a pattern's array, compiled. `fold` means case-insensitive comparison. */
export type Matcher =
  | { kind: "equals"; value: LeafValue }
  | { kind: "equals-ignore-case"; text: string }
  | { kind: "prefix"; text: string; fold: boolean }
  | { kind: "suffix"; text: string; fold: boolean }
  | { kind: "wildcard"; text: string; glob: Glob }
  | { kind: "range"; low: number; high: number }
  | { kind: "cidr"; low: string; high: string }
  | { kind: "exists"; present: boolean }
  | { kind: "anything-but"; excluded: readonly Matcher[] };

const bits = new DataView(new ArrayBuffer(8));

/** The next double above a finite number; turns open bounds into closed ones. */
export function nextAbove(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  bits.setFloat64(0, value);
  bits.setBigInt64(0, bits.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return bits.getFloat64(0);
}

/** The next double below a finite number. */
export function nextBelow(value: number): number {
  return -nextAbove(-value);
}

/** Whether a literal of a pattern is the value. */
function sameLiteral(literal: LeafValue, value: LeafValue): boolean {
  // Whole numbers of any size match themselves; a fraction that no double holds, or a number beyond all doubles,
  // matches nothing.
  if (literal instanceof ExactNumber) {
    return value instanceof ExactNumber && literal.text === value.text && /^-?\d+$/.test(literal.text);
  }
  if (literal === value) return true;
  if (typeof literal !== "string" || typeof value !== "string" || !literal.includes(":")) return false;
  // A literal that is an IPv6 address, which can be written in many ways, is compared as an address.
  const address = addressKey(literal);
  return address !== undefined && address === addressKey(value);
}

/**
 * Whether one leaf value of an event matches one matcher. `exists:false` matches no value: absence is checked on the
 * whole event.
 */
export function matcherAccepts(matcher: Matcher, value: LeafValue): boolean {
  switch (matcher.kind) {
    case "equals":
      return sameLiteral(matcher.value, value);
    case "equals-ignore-case":
      return typeof value === "string" && equalsFolded(matcher.text, value);
    case "prefix":
      if (typeof value !== "string") return false;
      return matcher.fold ? startsFolded(matcher.text, value) : value.startsWith(matcher.text);
    case "suffix":
      if (typeof value !== "string") return false;
      return matcher.fold ? endsFolded(matcher.text, value) : value.endsWith(matcher.text);
    case "wildcard":
      return typeof value === "string" && globMatches(matcher.glob, value);
    case "range":
      return typeof value === "number" && value >= matcher.low && value <= matcher.high;
    case "cidr": {
      const address = typeof value === "string" ? addressKey(value) : undefined;
      return address !== undefined && address >= matcher.low && address <= matcher.high;
    }
    case "exists":
      return matcher.present;
    case "anything-but":
      return !matcher.excluded.some((excluded) => matcherAccepts(excluded, value));
  }
}

/** A text that is equal exactly for equal matchers. */
export function matcherKey(matcher: Matcher): string {
  switch (matcher.kind) {
    case "equals":
      return matcher.value instanceof ExactNumber ? `#${matcher.value.text}` : JSON.stringify(matcher.value);
    case "wildcard":
      return `wildcard:${JSON.stringify(matcher.text)}`;
    case "anything-but":
      return `anything-but:[${matcher.excluded.map(matcherKey).join()}]`;
    case "range":
      // Infinite bounds have no JSON form.
      return `range:${matcher.low},${matcher.high}`;
    default:
      return JSON.stringify(matcher);
  }
}
