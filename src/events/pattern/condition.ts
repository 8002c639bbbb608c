import { equalsFolded, foldCase } from "./case-folding.ts";
import { ExactNumber, type LeafValue } from "./exact-number.ts";
import { addressKey } from "./ip.ts";
import { type Matcher, matcherAccepts, matcherKey } from "./matcher.ts";

/** What a pattern requires of one field: one of its matchers must match. Create with {@link condition}. */
export interface Condition {
  /** Names from the root of the event down to the field. */
  readonly names: readonly string[];
  /** How many objects deep the field is in the pattern: a dotted name counts as one. */
  readonly depth: number;
  /** The field's identity: equal for conditions on the same field of an event. */
  readonly path: string;
  readonly matchers: readonly Matcher[];
  /** The matchers as written in the pattern: the text of a JSON array. */
  readonly source: string;
  /** Equal for conditions on the same field that match the same values. */
  readonly key: string;
  /** True when the field may be missing (`exists:false` is among the matchers). */
  readonly acceptsAbsence: boolean;
  /** The plain literals among the matchers, found by hash; `slow` are those that must be tried one by one. */
  readonly literals: ReadonlySet<LeafValue>;
  /** Texts to be compared case-insensitively, by {@link foldCase}. */
  readonly folded: ReadonlyMap<string, readonly string[]>;
  readonly slow: readonly Matcher[];
}

/** Compiles the condition on one field. */
export function condition(
  names: readonly string[],
  path: string,
  matchers: readonly Matcher[],
  source: string,
  depth = names.length,
): Condition {
  const literals = new Set<LeafValue>();
  const folded = new Map<string, string[]>();
  const slow: Matcher[] = [];
  for (const matcher of matchers) {
    if (matcher.kind === "equals-ignore-case") {
      const key = foldCase(matcher.text);
      folded.set(key, [...(folded.get(key) ?? []), matcher.text]);
    } else if (matcher.kind !== "equals") {
      if (matcher.kind !== "exists" || matcher.present)
        slow.push(matcher.kind === "anything-but" ? hashed(matcher) : matcher);
    } else if (matcher.value instanceof ExactNumber || isV6(matcher.value)) {
      slow.push(matcher);
    } else {
      literals.add(matcher.value);
    }
  }
  return {
    names,
    depth,
    path,
    matchers,
    source,
    key: `${path}\0${matchers.map(matcherKey).join()}`,
    acceptsAbsence: matchers.some((matcher) => matcher.kind === "exists" && !matcher.present),
    literals,
    folded,
    slow,
  };
}

function isV6(value: LeafValue): boolean {
  return typeof value === "string" && value.includes(":") && addressKey(value) !== undefined;
}

/** A long exclusion list is a set of literals and a remainder, like a condition's own matchers. */
interface HashedAnythingBut {
  kind: "anything-but";
  excluded: readonly Matcher[];
  inner: Condition;
}

function hashed(matcher: Matcher & { kind: "anything-but" }): HashedAnythingBut {
  return { ...matcher, inner: condition([], "", matcher.excluded, "") };
}

function slowAccepts(matcher: Matcher, value: LeafValue): boolean {
  if (matcher.kind === "anything-but" && "inner" in matcher) {
    return !acceptsValue((matcher as HashedAnythingBut).inner, value);
  }
  return matcherAccepts(matcher, value);
}

/** Whether a single value of the field satisfies the condition. */
function acceptsValue(wanted: Condition, value: LeafValue): boolean {
  if (wanted.literals.has(value)) return true;
  if (wanted.folded.size > 0 && typeof value === "string") {
    if (wanted.folded.get(foldCase(value))?.some((text) => equalsFolded(text, value))) return true;
  }
  return wanted.slow.some((matcher) => slowAccepts(matcher, value));
}

/** Whether any value of the field (all leaves of one array, or the single leaf) satisfies the condition. */
export function accepts(wanted: Condition, values: readonly LeafValue[]): boolean {
  return values.some((value) => acceptsValue(wanted, value));
}
