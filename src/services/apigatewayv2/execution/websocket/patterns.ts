/** Keys of integration responses, `/5\d{2}/`: the whole status, or the whole error message, has to match. */
import { LinearRegex } from "../../../../regex/linear-regex.ts";

const known = new Map<string, LinearRegex | undefined>();
const maxKnown = 1000;

/** Undefined for a text that is no expression. */
export function linearRegex(pattern: string): ((text: string) => boolean) | undefined {
  if (!known.has(pattern)) {
    if (known.size >= maxKnown) known.clear();
    known.set(pattern, compiled(pattern));
  }
  const regex = known.get(pattern);
  return regex === undefined ? undefined : (text) => regex.matches(text);
}

function compiled(pattern: string): LinearRegex | undefined {
  try {
    return new LinearRegex(pattern, "");
  } catch {
    return undefined;
  }
}
