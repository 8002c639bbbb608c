/** A part of a glob between two stars, prepared for linear-time search. */
interface Segment {
  text: string;
  /** For each length of a matched part, the length of its longest proper prefix that is also a suffix. */
  borders: Uint16Array;
}

/** A compiled `wildcard` operand: literal segments with any characters between them. */
export interface Glob {
  segments: readonly Segment[];
  /** The literal segments as texts; n segments have n − 1 stars between them. */
  literals: readonly string[];
}

/**
 * Compiles a `wildcard` operand: `*` is zero or more characters, `\*` a star, `\\` a backslash, everything else itself.
 * Throws `RangeError` with AWS's reason; positions count UTF-8 bytes from the opening quote.
 */
export function parseGlob(text: string): Glob {
  const literals: string[] = [];
  let current = "";
  const fail = (problem: string, index: number): never => {
    throw new RangeError(`${problem} at pos ${Buffer.byteLength(text.slice(0, index)) + 1}`);
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === "\\") {
      const escaped = text[i + 1];
      if (escaped !== "*" && escaped !== "\\") fail("Invalid escape character", i);
      current += escaped;
      i++;
    } else if (char === "*") {
      if (text[i + 1] === "*") fail("Consecutive wildcard characters", i);
      literals.push(current);
      current = "";
    } else {
      current += char;
    }
  }
  literals.push(current);
  const segments = literals.map((literal) => ({ text: literal, borders: bordersOf(literal) }));
  return { segments, literals };
}

function bordersOf(text: string): Uint16Array {
  const borders = new Uint16Array(text.length + 1);
  let length = 0;
  for (let i = 1; i < text.length; i++) {
    while (length > 0 && text.charCodeAt(i) !== text.charCodeAt(length)) length = borders[length] as number;
    if (text.charCodeAt(i) === text.charCodeAt(length)) length++;
    borders[i + 1] = length;
  }
  return borders;
}

/** The end of the first occurrence of the segment in `value` between `from` and `to`, or -1. Linear in what is read. */
function findEnd(segment: Segment, value: string, from: number, to: number): number {
  const { text, borders } = segment;
  if (text === "") return from;
  let matched = 0;
  for (let i = from; i < to; i++) {
    const code = value.charCodeAt(i);
    while (matched > 0 && code !== text.charCodeAt(matched)) matched = borders[matched] as number;
    if (code === text.charCodeAt(matched)) matched++;
    if (matched === text.length) return i + 1;
  }
  return -1;
}

/** Whether the whole value matches the glob. Linear in the value. */
export function globMatches(glob: Glob, value: string): boolean {
  const { literals, segments } = glob;
  const first = literals[0] as string;
  if (literals.length === 1) return value === first;
  const last = literals.at(-1) as string;
  const end = value.length - last.length;
  if (end < first.length || !value.startsWith(first) || !value.endsWith(last)) return false;
  let at = first.length;
  for (let i = 1; i < segments.length - 1; i++) {
    at = findEnd(segments[i] as Segment, value, at, end);
    if (at < 0) return false;
  }
  return true;
}
