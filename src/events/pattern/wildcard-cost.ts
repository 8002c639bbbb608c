/**
 * The cost of a field's wildcards, by the measure of the rule engine that AWS publishes: the largest number of prefixes
 * of the wildcards that a single value can match at once, with `*` counting as one character of a prefix.
 */

/** The largest cost AWS accepts. */
const maxWildcardCost = 10;

/** AWS's message for wildcards that cost more; it has no position. */
export const tooComplex =
  "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character";

/** With more sets of prefixes than this the search ends and the wildcards count as too costly. */
const maxSets = 20_000;

/** One byte of a wildcard, or `star`. */
const star = -1;

/**
 * Whether the wildcards of one field, each as its literal parts (see `Glob.literals`), cost more than
 * {@link maxWildcardCost}.
 */
export function costTooMuch(wildcards: readonly (readonly string[])[]): boolean {
  const patterns = wildcards.map(symbolsOf);
  const beginnings = patterns.reduce((sum, symbols) => sum + symbols.length, 0);
  if (beginnings <= maxWildcardCost) return false;
  const alphabet = new Set(patterns.flat().filter((symbol) => symbol !== star));
  // A byte that occurs in no pattern: only stars match it.
  alphabet.add(-2);
  // A state is a place: how much of which pattern has been read.
  const starts = patterns.flatMap((_, pattern) => [[pattern, 0] as const]);
  const first = closure(starts, patterns);
  const seen = new Set([keyOf(first)]);
  const pending = [first];
  for (let places = pending.pop(); places !== undefined; places = pending.pop()) {
    for (const symbol of alphabet) {
      const next: (readonly [number, number])[] = [];
      for (const place of places) {
        const [pattern, read] = place;
        const symbols = patterns[pattern]!;
        // After a star any byte leaves the place unchanged.
        if (symbols[read - 1] === star) next.push(place);
        if (symbols[read] === symbol) next.push([pattern, read + 1]);
      }
      const reached = closure(next, patterns);
      // The empty prefix does not count.
      if (reached.filter(([, read]) => read > 0).length > maxWildcardCost) return true;
      const key = keyOf(reached);
      if (seen.has(key)) continue;
      if (seen.size >= maxSets) return true;
      seen.add(key);
      pending.push(reached);
    }
  }
  return false;
}

type Place = readonly [pattern: number, read: number];

function symbolsOf(literals: readonly string[]): number[] {
  return literals.flatMap((literal, index) => [...(index === 0 ? [] : [star]), ...Buffer.from(literal)]);
}

/** A star may also match nothing. */
function closure(places: readonly Place[], patterns: readonly (readonly number[])[]): Place[] {
  const all = new Map<string, Place>();
  for (const [pattern, read] of places) {
    for (let at = read; ; at++) {
      all.set(`${pattern}:${at}`, [pattern, at]);
      if (patterns[pattern]![at] !== star) break;
    }
  }
  return [...all.values()];
}

function keyOf(places: readonly Place[]): string {
  return places
    .map(([pattern, read]) => `${pattern}:${read}`)
    .sort()
    .join();
}
