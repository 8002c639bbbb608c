import { JavaRandom } from "../../java-numbers.ts";
import { parseJson } from "../../json.ts";
import { digest } from "../../jsonpath/intrinsics.ts";
import { memoryError } from "../budget.ts";
import { refuse } from "../failure.ts";
import { fromJson } from "../json-values.ts";
import type { Run } from "../run.ts";
import { sequence, type Value } from "../values.ts";
import { type Definition, define, defineOn } from "./define.ts";

function partition([items, size]: [Value[], number?], run: Run): Value {
  if (size === undefined) return undefined;
  const length = Math.floor(size);
  if (!(length > 0)) refuse("The size of $partition must be a positive number");
  run.budget.array(items.length);
  run.budget.grow(Math.ceil(items.length / length) * 32);
  const parts: Value[] = [];
  for (let at = 0; at < items.length; at += length) parts.push(items.slice(at, at + length));
  return parts;
}

function range([first, last, step]: [number, number?, number?], run: Run): Value {
  if (last === undefined || step === undefined) return undefined;
  if (step === 0) refuse("The step of $range must not be zero");
  const size = Math.max(Math.floor((last - first) / step) + 1, 0);
  if (!(size <= run.budget.limits.sequence)) throw memoryError();
  run.budget.array(size);
  const items: Value[] = [];
  for (let index = 0; ; index++) {
    const value = first + index * step;
    if (step > 0 ? value > last : value < last) return sequence(items);
    items.push(value);
  }
}

function hash([text, algorithm]: [string, string?], run: Run): Value {
  if (algorithm === undefined) return undefined;
  run.budget.scan(text.length * 4);
  return digest(text, algorithm) ?? refuse(`Unsupported hash algorithm: ${algorithm.slice(0, 100)}`);
}

function parse([text]: [string], run: Run): Value {
  run.budget.text(text.length);
  run.budget.grow(text.length * 8);
  run.budget.scan(text.length * 4);
  try {
    return fromJson(parseJson(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refuse(`Unable to parse the JSON text: ${error.message}`);
  }
}

/** The functions that Step Functions adds to JSONata (Step Functions, Transforming data with JSONata). */
export const stepFunctions: Definition[] = [
  defineOn("partition", "<an:a>", 2, partition),
  defineOn("range", "<nnn:a>", 3, range),
  defineOn("hash", "<ss:s>", 2, hash),
  define<[number?]>("random", "<n?:n>", 1, ([seed], run) =>
    seed === undefined ? run.chance.random() : new JavaRandom(seed).nextDouble(),
  ),
  define("uuid", "<:s>", 0, (_args, run) => run.chance.uuid()),
  defineOn("parse", "<s:x>", 1, parse),
];
