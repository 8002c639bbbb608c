/** Texts with `*`, `?` and policy variables (IAM user guide: Resource, policy variables and tags). */

/** Values of the request by lower-case condition key. */
export type RequestKeys = ReadonlyMap<string, string>;

const many = Symbol("*");
const one = Symbol("?");
/** A literal character, or a token for any characters or for any one. */
type Token = string | typeof many | typeof one;

/**
 * Whether the whole value matches the pattern. Time is at worst the product of both lengths.
 * @param keys values for `${…}`; undefined when the policy has no variables. A variable without a value matches
 * nothing.
 */
export function wildcardMatches(pattern: string, value: string, keys: RequestKeys | undefined): boolean {
  const tokens = tokensOf(pattern, keys);
  if (!tokens) return false;
  let at = 0;
  let next = 0;
  // The position of the last star, and the end of what it is tried to match.
  let star = -1;
  let starEnd = 0;
  while (at < value.length) {
    const token = tokens[next];
    if (token === many) {
      star = next++;
      starEnd = at;
    } else if (token === one || token === value[at]) {
      next++;
      at++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++starEnd;
    } else return false;
  }
  while (tokens[next] === many) next++;
  return next === tokens.length;
}

/** A text without wildcards, with its variables filled in; undefined when one of them has no value. */
export function expandVariables(text: string, keys: RequestKeys | undefined): string | undefined {
  if (keys === undefined || !text.includes("${")) return text;
  return tokensOf(text, keys)
    ?.map((token) => (typeof token === "string" ? token : (token.description as string)))
    .join("");
}

function tokensOf(pattern: string, keys: RequestKeys | undefined): Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const end = keys !== undefined && pattern.startsWith("${", at) ? pattern.indexOf("}", at) : -1;
    if (keys !== undefined && end > 0) {
      const value = textOfVariable(pattern.slice(at + 2, end), keys);
      if (value === undefined) return undefined;
      tokens.push(...value);
      at = end;
      continue;
    }
    const char = pattern[at] as string;
    if (char !== "*") tokens.push(char === "?" ? one : char);
    else if (tokens.at(-1) !== many) tokens.push(many);
  }
  return tokens;
}

/** The value of `${…}`: of a key, or after a comma a quoted default for when it is absent. */
function textOfVariable(inside: string, keys: RequestKeys): string[] | undefined {
  // `${*}`, `${?}` and `${$}` are the characters themselves.
  if (inside === "*" || inside === "?" || inside === "$") return [inside];
  const comma = inside.indexOf(",");
  const key = comma < 0 ? inside : inside.slice(0, comma);
  const otherwise = comma < 0 ? "" : inside.slice(comma + 1).trim();
  const fallback = /^'[^']*'$/.test(otherwise) ? otherwise.slice(1, -1) : undefined;
  return (keys.get(key.trim().toLowerCase()) ?? fallback)?.split("");
}
