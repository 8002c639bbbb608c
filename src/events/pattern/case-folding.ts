/**
 * Case-insensitive comparison as in the rule engine that AWS publishes: each character of the pattern matches its
 * lower-case and its upper-case form, whatever their lengths. So `ß` matches `ß` and `SS`, not `ss`; a character beyond
 * U+FFFF is two halves without such forms and matches nothing, not even itself.
 */

const ascii = /^[\x00-\x7f]*$/;
const half = /[\ud800-\udfff]/;

/**
 * A key that is equal for a pattern and every value it matches, so that texts with different keys need not be compared.
 * Texts with a common beginning or end have keys with one. For ASCII texts equal keys are enough to match.
 */
export function foldCase(text: string): string {
  if (ascii.test(text)) return text.toLowerCase();
  let folded = "";
  for (let at = 0; at < text.length; at++) {
    folded += text[at]!.toUpperCase().toLowerCase().toUpperCase().toLowerCase();
  }
  return folded;
}

/** Whether a value equals the pattern except for case. */
export function equalsFolded(pattern: string, value: string): boolean {
  if (ascii.test(pattern) && ascii.test(value)) return pattern.toLowerCase() === value.toLowerCase();
  return ends(pattern, value, false).has(value.length);
}

/** Whether a value begins with the pattern except for case. */
export function startsFolded(pattern: string, value: string): boolean {
  if (ascii.test(pattern)) {
    const start = value.slice(0, pattern.length);
    return ascii.test(start) && start.toLowerCase() === pattern.toLowerCase();
  }
  return ends(pattern, value, false).size > 0;
}

/** Whether a value ends with the pattern except for case. */
export function endsFolded(pattern: string, value: string): boolean {
  if (ascii.test(pattern)) {
    const end = pattern === "" ? "" : value.slice(-pattern.length);
    return ascii.test(end) && end.toLowerCase() === pattern.toLowerCase();
  }
  return ends(pattern, value, true).size > 0;
}

/** How many characters of the value the whole pattern matches, from its start or, `backwards`, from its end. */
function ends(pattern: string, value: string, backwards: boolean): ReadonlySet<number> {
  let taken = new Set([0]);
  for (let at = 0; at < pattern.length && taken.size > 0; at++) {
    const character = pattern[backwards ? pattern.length - 1 - at : at]!;
    if (half.test(character)) return new Set();
    const next = new Set<number>();
    for (const form of [character.toLowerCase(), character.toUpperCase()]) {
      for (const count of taken) {
        const fits = backwards ? value.endsWith(form, value.length - count) : value.startsWith(form, count);
        if (fits) next.add(count + form.length);
      }
    }
    taken = next;
  }
  return taken;
}
