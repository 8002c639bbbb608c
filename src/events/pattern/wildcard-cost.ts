/**
 * What a field's wildcards cost, by the measure of the engine AWS publishes: the largest number of beginnings of the
 * wildcards that one value can be at once. A beginning is the first few characters of a pattern, `*` being one of them.
 */

/** The largest cost AWS takes. */
const maxWildcardCost = 10;

/** AWS's text for wildcards that cost more; it tells no place. */
export const tooComplex =
  "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character";

/** Beyond so many sets of beginnings the search ends and the wildcards count as too costly. */
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
  // A byte that stands in no pattern: only stars take it.
  alphabet.add(-2);
  // A state is a place: how much of which pattern was read.
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
        // Behind a star any byte leaves the value where it is.
        if (symbols[read - 1] === star) next.push(place);
        if (symbols[read] === symbol) next.push([pattern, read + 1]);
      }
      const reached = closure(next, patterns);
      // The empty beginning is none.
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

/** A star may also take nothing. */
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
