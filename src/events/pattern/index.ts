export {
  type Branch,
  busDialect,
  compilePattern,
  type Dialect,
  type Pattern,
  PatternError,
  pipesDialect,
  snsDialect,
} from "./compile.ts";
export { InvalidEventPattern, maxEventPatternLength, parsePattern } from "./event-pattern.ts";
export { type EventValue, ExactNumber, isEventObject, type LeafValue, numberFromText } from "./exact-number.ts";
export { isTooDeep, JsonReadError, leadingJson, parseEvent } from "./json-reader.ts";
export { explain, type Mismatch, matchesPattern } from "./match.ts";
export { type Matcher, matcherAccepts } from "./matcher.ts";
export { PatternIndex } from "./pattern-index.ts";
