import { memoryError } from "../budget.ts";
import { fail } from "../failure.ts";
import type { Run } from "../run.ts";
import { textOf } from "../text.ts";
import type { Value } from "../values.ts";
import { type Definition, define, defineOn } from "./define.ts";

/** Most characters that `$pad` may add [recorded]. */
const maxPadding = 262_144;

const surrogate = /[\ud800-\udfff]/;

/** The characters of a string; undefined if each is one code unit, so that the string itself can be used. */
function charactersOf(text: string, run: Run): string[] | undefined {
  run.budget.scan(text.length);
  if (!surrogate.test(text)) return undefined;
  run.budget.grow(text.length * 8);
  return [...text];
}

const lengthOf = (text: string, run: Run): number => charactersOf(text, run)?.length ?? text.length;

function substring([text, from, length]: [string, number?, number?], run: Run): Value {
  const characters = charactersOf(text, run);
  const total = characters?.length ?? text.length;
  const start = from === undefined || total + from < 0 ? 0 : from;
  if (length !== undefined && length <= 0) return "";
  const end = length === undefined ? undefined : start >= 0 ? start + length : total + start + length;
  return characters ? characters.slice(start, end).join("") : text.slice(start, end);
}

function pad([text, width, filler]: [string, number?, string?], run: Run): Value {
  const wanted = Math.trunc(width ?? 0);
  const missing = Math.abs(wanted) - lengthOf(text, run);
  if (!(missing > 0)) return text;
  if (missing > maxPadding) throw memoryError();
  const unit = filler === undefined || filler === "" ? " " : filler;
  const characters = charactersOf(unit, run) ?? unit;
  run.budget.text(text.length + missing * 2);
  let padding = "";
  if (characters.length === 1) padding = unit.repeat(missing);
  else for (let at = 0; at < missing; at++) padding += characters[at % characters.length]!;
  return wanted > 0 ? text + padding : padding + text;
}

function trim([text]: [string], run: Run): Value {
  run.budget.text(text.length);
  const single = text.replace(/[ \t\n\r]+/g, " ");
  return single.slice(single.startsWith(" ") ? 1 : 0, single.length > 1 && single.endsWith(" ") ? -1 : undefined);
}

function join([items, separator]: [string[], string?], run: Run): Value {
  const between = separator ?? "";
  let length = 0;
  for (const item of items) length += item.length + between.length;
  run.budget.spend(items.length);
  run.budget.text(length);
  return items.join(between);
}

/** One of JavaScript's URL functions, which throw for half a surrogate pair or an invalid escape. */
function url(name: string, work: (text: string) => string): Definition {
  return defineOn<[string]>(name, "<s-:s>", 1, ([text], run) => {
    run.budget.text(text.length);
    try {
      const result = work(text);
      run.budget.text(result.length);
      return result;
    } catch (error) {
      if (!(error instanceof URIError)) throw error;
      return fail("D3140", { message: name, value: text });
    }
  });
}

function mapText(name: string, work: (text: string) => string): Definition {
  return defineOn<[string]>(name, "<s-:s>", 1, ([text], run) => {
    run.budget.text(text.length * 2);
    return work(text);
  });
}

function cutAt(name: string, piece: (text: string, mark: string, at: number) => string): Definition {
  return defineOn<[string, string?]>(name, "<s-s:s>", 2, ([text, mark], run) => {
    if (mark === undefined) return text;
    run.budget.scan(text.length);
    const at = text.indexOf(mark);
    return at < 0 ? text : piece(text, mark, at);
  });
}

export const texts: Definition[] = [
  defineOn<[Value, boolean?]>("string", "<x-b?:s>", 1, ([value, pretty], run) => textOf(value, run, pretty)),
  defineOn("substring", "<s-nn?:s>", 3, substring),
  cutAt("substringBefore", (text, _mark, at) => text.slice(0, at)),
  cutAt("substringAfter", (text, mark, at) => text.slice(at + mark.length)),
  mapText("lowercase", (text) => text.toLowerCase()),
  mapText("uppercase", (text) => text.toUpperCase()),
  defineOn<[string]>("length", "<s-:n>", 1, ([text], run) => lengthOf(text, run)),
  defineOn("trim", "<s-:s>", 1, trim),
  defineOn("pad", "<s-ns?:s>", 3, pad),
  defineOn("join", "<a<s>s?:s>", 2, join),
  mapText("base64encode", (text) => Buffer.from(text, "utf8").toString("base64")),
  mapText("base64decode", (text) => Buffer.from(text, "base64").toString("utf8")),
  url("encodeUrlComponent", encodeURIComponent),
  url("encodeUrl", encodeURI),
  url("decodeUrlComponent", decodeURIComponent),
  url("decodeUrl", decodeURI),
  define<[string?]>("error", "<s?:x>", 1, ([message]) =>
    fail("D3137", { message: message || "$error() function evaluated" }),
  ),
  define<[boolean, string?]>("assert", "<bs?:x>", 2, ([condition, message]) =>
    condition ? undefined : fail("D3141", { message: message || "$assert() statement failed" }),
  ),
];
