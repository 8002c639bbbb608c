import { fail } from "../failure.ts";
import type { Run } from "../run.ts";
import type { Value } from "../values.ts";
import { formatDate } from "./date-format.ts";
import { parseDate } from "./date-parse.ts";
import { type Definition, define, defineOn } from "./define.ts";

const iso = /^\d{4}(-[01]\d)?(-[0-3]\d)?(T[0-2]\d:[0-5]\d:[0-5]\d)?(\.\d+)?([+-][0-2]\d:?[0-5]\d|Z)?$/;

function toMillis([text, picture]: [string, string?], run: Run): Value {
  run.budget.scan(text.length);
  if (picture !== undefined) return parseDate(text, picture, run);
  if (!iso.test(text)) fail("D3110", { value: text });
  return Date.parse(text);
}

export const dates: Definition[] = [
  define<[string?, string?]>("now", "<s?s?:s>", 0, ([picture, zone], run) => formatDate(run.nowMs, picture, zone, run)),
  define("millis", "<:n>", 0, (_args, run) => run.nowMs),
  defineOn("toMillis", "<s-s?:n>", 2, toMillis),
  defineOn<[number, string?, string?]>("fromMillis", "<n-s?s?:s>", 3, ([millis, picture, zone], run) =>
    formatDate(millis, picture, zone, run),
  ),
];
