/** Keys of integration responses, `/5\d{2}/`: they have to match the whole status, or the whole error message. */
import { LinearRegex } from "../../../../regex/linear-regex.ts";

const known = new Map<string, LinearRegex | undefined>();
const maxPatterns = 1000;

/** Undefined if the pattern is not a valid expression. */
export function matcherOf(pattern: string): ((text: string) => boolean) | undefined {
  if (!known.has(pattern)) {
    if (known.size >= maxPatterns) known.clear();
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
