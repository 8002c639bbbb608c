import { fail } from "../failure.ts";
import { firstMatch, type Match } from "../matcher.ts";
import type { Run } from "../run.ts";
import { call, Fn, sequence, type Value } from "../values.ts";
import { type Definition, defineOn, TextBuilder } from "./define.ts";

/** The matches in a string, at most `limit`. */
function* matchesOf(matcher: Fn, text: string, limit: number | undefined, run: Run): Generator<Match> {
  let count = 0;
  if (limit !== undefined && limit <= 0) return;
  for (let match = firstMatch(matcher, text, run); match; match = match.next()) {
    run.budget.spend(1);
    yield match;
    if (limit !== undefined && ++count >= limit) return;
  }
}

function contains([text, token]: [string, (string | Fn)?], run: Run): Value {
  if (token === undefined) return undefined;
  if (token instanceof Fn) return firstMatch(token, text, run) !== undefined;
  run.budget.scan(text.length);
  return text.includes(token);
}

function match([text, matcher, limit]: [string, Fn, number?], run: Run): Value {
  if (limit !== undefined && limit < 0) fail("D3040", { value: limit });
  const result: Value[] = [];
  for (const { match, start, groups } of matchesOf(matcher, text, limit, run)) {
    run.budget.grow(100);
    result.push({ match, index: start, groups });
  }
  return sequence(result);
}

function split([text, separator, limit]: [string, (string | Fn)?, number?], run: Run): Value {
  if (limit !== undefined && limit < 0) fail("D3020", { value: limit });
  if (separator === undefined) return undefined;
  const most = run.budget.limits.sequence + 1;
  run.budget.scan(text.length);
  if (typeof separator === "string") {
    const pieces = text.split(separator, limit === undefined ? most : Math.min(Math.floor(limit), most));
    run.budget.array(pieces.length);
    run.budget.grow(pieces.length * 24);
    return pieces;
  }
  const pieces: Value[] = [];
  if (limit !== undefined && limit <= 0) return pieces;
  let from = 0;
  for (const { start, end } of matchesOf(separator, text, limit, run)) {
    run.budget.grow(32);
    pieces.push(text.slice(from, start));
    from = end;
  }
  if (limit === undefined || pieces.length < limit) pieces.push(text.slice(from));
  return pieces;
}

type Replacement = string | Fn;

function replace(
  [text, pattern, replacement, limit]: [string, (string | Fn)?, Replacement?, number?],
  run: Run,
): Value {
  if (pattern === "") fail("D3010");
  if (limit !== undefined && limit < 0) fail("D3011", { value: limit });
  if (pattern === undefined || replacement === undefined) return text;
  run.budget.scan(text.length);
  const result = new TextBuilder(run);
  let from = 0;
  if (typeof pattern === "string") {
    const most = limit ?? Infinity;
    for (let count = 0, at = text.indexOf(pattern); at >= 0 && count < most; count++) {
      result.add(text.slice(from, at));
      result.add(replacement instanceof Fn ? "" : replacement);
      from = at + pattern.length;
      at = text.indexOf(pattern, from);
    }
  } else {
    for (const found of matchesOf(pattern, text, limit, run)) {
      result.add(text.slice(from, found.start));
      result.add(
        typeof replacement === "string"
          ? expandTemplate(replacement, found, run)
          : callReplacement(replacement, found, run),
      );
      from = found.start + found.match.length;
    }
  }
  result.add(text.slice(from));
  return result.text;
}

function callReplacement(replacement: Fn, found: Match, run: Run): string {
  const text = call(replacement, [found.value()], undefined, run);
  return typeof text === "string" ? text : fail("D3012", { value: text });
}

/** Expands a replacement: `$0` is the match, `$1` a group, `$$` a dollar sign. */
function expandTemplate(template: string, { match, groups }: Match, run: Run): string {
  if (!template.includes("$")) return template;
  const result = new TextBuilder(run);
  /** Most digits of a group's number. */
  const digits = groups.length === 0 ? 1 : String(groups.length).length;
  let at = 0;
  for (let dollar = template.indexOf("$"); dollar >= 0; dollar = template.indexOf("$", at)) {
    result.add(template.slice(at, dollar));
    at = dollar + 1;
    const next = template[at];
    if (next === "$" || next === "0") {
      result.add(next === "$" ? "$" : match);
      at++;
      continue;
    }
    let number = Number.parseInt(template.slice(at, at + digits), 10);
    if (digits > 1 && number > groups.length) number = Number.parseInt(template.slice(at, at + digits - 1), 10);
    if (Number.isNaN(number)) result.add("$");
    else {
      const group = groups[number - 1];
      if (typeof group === "string") result.add(group);
      at += String(number).length;
    }
  }
  result.add(template.slice(at));
  return result.text;
}

export const matching: Definition[] = [
  defineOn("match", "<s-f<s:o>n?:a<o>>", 3, match),
  defineOn("contains", "<s-(sf):b>", 2, contains),
  defineOn("replace", "<s-(sf)(sf)n?:s>", 4, replace),
  defineOn("split", "<s-(sf)n?:a<s>>", 3, split),
];
