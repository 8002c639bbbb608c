/** The parts of a StringMatches pattern between its wildcards, unescaped (`\*` is a star, `\\` a backslash). */
function partsOf(pattern: string): string[] {
  const parts: string[] = [];
  let part = "";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === "*") {
      parts.push(part);
      part = "";
    } else if (character === "\\" && (pattern[at + 1] === "*" || pattern[at + 1] === "\\")) part += pattern[++at]!;
    else part += character;
  }
  parts.push(part);
  return parts;
}

/** Index of `part` in `text` from `start` on, by Knuth, Morris and Pratt: linear even for hostile repetitions. */
function find(part: string, text: string, start: number): number {
  if (part.length < 2) return text.indexOf(part, start);
  const back = new Int32Array(part.length);
  for (let at = 1, matched = 0; at < part.length; at++) {
    while (matched > 0 && part[at] !== part[matched]) matched = back[matched - 1]!;
    if (part[at] === part[matched]) matched++;
    back[at] = matched;
  }
  for (let at = start, matched = 0; at < text.length; at++) {
    while (matched > 0 && text[at] !== part[matched]) matched = back[matched - 1]!;
    if (text[at] === part[matched]) matched++;
    if (matched === part.length) return at + 1 - matched;
  }
  return -1;
}

/**
 * Whether a text matches a whole StringMatches pattern, in which `*` is any sequence of characters. Takes the leftmost
 * match of each part in turn, so it never backtracks.
 */
export function stringMatches(pattern: string, text: string): boolean {
  const parts = partsOf(pattern);
  const first = parts[0]!;
  if (parts.length === 1) return text === first;
  const last = parts.at(-1)!;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = find(part, text, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= text.length;
}
