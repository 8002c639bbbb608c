/** The methods of Java's strings that take regular expressions, matched in linear time. */

import { getOwn } from "../../../protocols/unknown-json.ts";
import { LinearRegex } from "../../regex/linear-regex.ts";
import { type Budget, maxText } from "./budget.ts";
import { TemplateError } from "./syntax.ts";

/** Java's POSIX classes, which JavaScript does not have, as JavaScript character classes. */
const javaClasses: Readonly<Record<string, string>> = {
  Alpha: "a-zA-Z",
  Digit: "0-9",
  Alnum: "a-zA-Z0-9",
  Upper: "A-Z",
  Lower: "a-z",
  Space: " \\t\\n\\f\\r\\v",
  Punct: "!-/:-@\\[-`{-~",
  XDigit: "0-9a-fA-F",
};

/** As `javaRegex`; "unusable" for a pattern that cannot be used. */
export function javaRegexIfUsable(pattern: string): LinearRegex | "unusable" {
  try {
    return javaRegex(pattern);
  } catch (error) {
    if (error instanceof TemplateError) return "unusable";
    throw error;
  }
}

/** Compiles a Java pattern to run in linear time. @throws TemplateError for one that cannot be used */
function javaRegex(pattern: string, ignoreCase = false): LinearRegex {
  let flags = ignoreCase ? "i" : "";
  let source = pattern.replace(/^\(\?([im]+)\)/, (_, inline: string) => {
    for (const flag of inline) if (!flags.includes(flag)) flags += flag;
    return "";
  });
  source = source.replace(/\\Q(.*?)(?:\\E|$)/gs, (_, quoted: string) => quoted.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  source = source.replace(/\\p\{(\w+)\}/g, (whole, name: string) => {
    const members = getOwn(javaClasses, name);
    return members === undefined ? whole : `[${members}]`;
  });
  source = source.replace(/\[\[([^\]]*)\]\]/g, "[$1]");
  try {
    return new LinearRegex(source, flags);
  } catch (error) {
    throw new TemplateError(`A regular expression cannot be used: ${(error as Error).message}`);
  }
}

/** `String.matches`. @throws TemplateError for a pattern that cannot be used */
export function wholeMatch(pattern: string, text: string, ignoreCase: boolean, budget: Budget): boolean {
  budget.step(text.length);
  return javaRegex(pattern, ignoreCase).matches(text);
}

/**
 * `replaceAll` and `replaceFirst`: `$1` stands for a group, a backslash escapes the next character.
 * @throws TemplateError for a pattern or a replacement that cannot be used
 */
export function replaceMatches(
  text: string,
  pattern: string,
  replacement: string,
  all: boolean,
  budget: Budget,
): string {
  const regex = javaRegex(pattern);
  const parts: string[] = [];
  let length = 0;
  const add = (part: string) => {
    length += part.length;
    if (length > maxText) throw new TemplateError("A text is too large");
    budget.text(part.length);
    parts.push(part);
  };
  let after = 0;
  for (let from = 0; from <= text.length; ) {
    const match = regex.find(text, from, (work) => budget.step(work));
    if (match === undefined) break;
    add(text.slice(after, match.start));
    add(expanded(replacement, text.slice(match.start, match.end), match.groups));
    after = match.end;
    from = match.end === match.start ? match.end + 1 : match.end;
    if (!all) break;
  }
  add(text.slice(after));
  return parts.join("");
}

function expanded(replacement: string, match: string, groups: readonly (string | undefined)[]): string {
  return replacement.replace(/\\(.?)|\$(\d?)(\d*)/gs, (_, escaped: string | undefined, first: string, more: string) => {
    if (escaped !== undefined) {
      if (escaped === "") throw new TemplateError("character to be escaped is missing");
      return escaped;
    }
    if (first === "") throw new TemplateError("Illegal group reference");
    // As many digits as still name a group belong to the reference.
    let number = Number(first);
    let rest = more;
    if (number > groups.length) throw new TemplateError(`No group ${number}`);
    while (rest !== "" && number * 10 + Number(rest[0]) <= groups.length) {
      number = number * 10 + Number(rest[0]);
      rest = rest.slice(1);
    }
    return (number === 0 ? match : (groups[number - 1] ?? "")) + rest;
  });
}

/**
 * `String.split`: trailing empty pieces are dropped unless the limit is negative; a positive limit is the maximum
 * number of pieces.
 * @throws TemplateError for a pattern that cannot be used
 */
export function splitText(text: string, pattern: string, limit: number, budget: Budget): string[] {
  const regex = javaRegex(pattern);
  const pieces: string[] = [];
  let after = 0;
  for (let from = 0; from <= text.length && !(limit > 0 && pieces.length === limit - 1); ) {
    const match = regex.find(text, from, (work) => budget.step(work));
    if (match === undefined) break;
    budget.step();
    const empty = match.end === match.start;
    if (empty && match.start >= text.length) break;
    from = empty ? match.end + 1 : match.end;
    // An empty match at the beginning splits nothing off.
    if (empty && match.start === 0) continue;
    pieces.push(text.slice(after, match.start));
    after = match.end;
  }
  if (after === 0 && pieces.length === 0) return [text];
  pieces.push(text.slice(after));
  if (limit === 0) while (pieces.length > 0 && pieces.at(-1) === "") pieces.pop();
  return pieces;
}
