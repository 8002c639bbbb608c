import { compilePattern, type Pattern } from "./compile.ts";
import { busDialect, pipesDialect } from "./dialect.ts";
import { PatternError } from "./pattern-reader.ts";

/** A pattern that a bus or a pipe rejects; `message` is the text of AWS's `InvalidEventPatternException`. */
export class InvalidEventPattern extends Error {}

/** Longest pattern by EventBridge's default quota, in characters. */
export const maxEventPatternLength = 2048;

/**
 * Compiles an event pattern of a rule, archive or TestEventPattern, or with `pipe` the filter of a pipe, which has
 * fewer operators. Throws {@link InvalidEventPattern}. The length is not checked here, since callers have different
 * limits.
 */
export function parsePattern(text: string, options?: { pipe?: boolean }): Pattern {
  try {
    return compilePattern(text, options?.pipe ? pipesDialect : busDialect);
  } catch (error) {
    if (error instanceof PatternError) {
      throw new InvalidEventPattern(`Event pattern is not valid. Reason: ${error.message}`);
    }
    throw error;
  }
}
