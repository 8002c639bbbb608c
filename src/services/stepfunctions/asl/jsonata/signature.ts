import { fail } from "./failure.ts";
import type { Run } from "./run.ts";
import { Fn, type Value } from "./values.ts";

type Parameter = {
  /** The accepted types: s n b l(null) o a f, and m for missing. */
  letters: string;
  type: string;
  optional: boolean;
  /** One or more. */
  repeated: boolean;
  /** Whether the context replaces a missing argument. */
  context: boolean;
  /** The type of an array's items. */
  items: string | undefined;
};

export type Signature = { parameters: Parameter[] };

const lettersOf = new Map<string, string>([
  ...["s", "n", "b", "l", "o"].map((type) => [type, `${type}m`] as const),
  ["a", "asnblfom"],
  ["f", "f"],
  ["j", "asnblom"],
  ["x", "asnblfom"],
]);

const plurals = new Map(
  Object.entries({ a: "arrays", b: "booleans", f: "functions", n: "numbers", o: "objects", s: "strings" }),
);

/** Parses `<type…:type>` (JSONata, Function signature syntax). Throws S0401 and S0402. */
export function parseSignature(text: string): Signature {
  const parameters: Parameter[] = [];
  const add = (type: string, letters: string): void => {
    parameters.push({ letters, type, optional: false, repeated: false, context: false, items: undefined });
  };
  for (let at = 1; at < text.length && text[at] !== ":"; at++) {
    const symbol = text[at]!;
    const letters = lettersOf.get(symbol);
    const last = parameters.at(-1);
    if (letters !== undefined) add(symbol, letters);
    else if (symbol === "(") {
      const end = closing(text, at, "(", ")");
      const choice = text.slice(at + 1, end);
      if (choice.includes("<")) fail("S0402");
      add("(", `${choice}m`);
      at = end;
    } else if (symbol === "<") {
      if (last?.type !== "a" && last?.type !== "f") fail("S0401");
      const end = closing(text, at, "<", ">");
      last.items = text.slice(at + 1, end);
      at = end;
    } else if (last && symbol === "-") {
      last.context = true;
      last.optional = true;
    } else if (last && symbol === "?") last.optional = true;
    else if (last && symbol === "+") last.repeated = true;
  }
  return { parameters };
}

function closing(text: string, from: number, open: string, close: string): number {
  let depth = 1;
  let at = from;
  while (at < text.length && depth > 0) {
    at++;
    if (text[at] === open) depth++;
    else if (text[at] === close) depth--;
  }
  return at;
}

function letterOf(value: Value): string {
  switch (typeof value) {
    case "string":
      return "s";
    case "number":
      return "n";
    case "boolean":
      return "b";
    case "undefined":
      return "m";
    default:
      return value === null ? "l" : Array.isArray(value) ? "a" : value instanceof Fn ? "f" : "o";
  }
}

/**
 * Fits arguments to a function's signature: the context replaces a missing one, a single value becomes an array. Throws
 * T0410, T0411 and T0412.
 */
export function applySignature({ parameters }: Signature, args: Value[], context: Value, run: Run): Value[] {
  let given = "";
  for (const arg of args) given += letterOf(arg);
  const counts = matched(parameters, given, true);
  if (!counts) mismatch(parameters, given);
  const result: Value[] = [];
  let at = 0;
  for (const [index, parameter] of parameters.entries()) {
    const count = counts[index]!;
    if (count === 0) {
      if (!parameter.context) result.push(args[at++]);
      else if (parameter.letters.includes(letterOf(context))) result.push(context);
      else fail("T0411", { index: at + 1 });
    }
    for (let taken = 0; taken < count; taken++) {
      const arg = args[at];
      result.push(parameter.type === "a" && arg !== undefined ? arrayOf(parameter, arg, at + 1, run) : arg);
      at++;
    }
  }
  return result;
}

function arrayOf({ items }: Parameter, arg: Value, index: number, run: Run): Value[] {
  const wanted = items?.[0];
  if (!Array.isArray(arg)) {
    if (items !== undefined && letterOf(arg) !== items) fail("T0412", { index, type: plurals.get(items) });
    return [arg];
  }
  if (wanted !== undefined) {
    run.budget.spend(arg.length >> 2);
    if (arg.some((item) => letterOf(item) !== wanted)) fail("T0412", { index, type: plurals.get(items!) });
  }
  return arg;
}

/**
 * How many arguments each parameter takes, as many as possible; undefined if they do not fit. `whole`: all arguments
 * must be taken.
 */
function matched(parameters: Parameter[], given: string, whole: boolean): number[] | undefined {
  const counts: number[] = [];
  /** Combinations that are known to fail, so that each is tried once. */
  const failed = new Set<number>();
  const from = (index: number, at: number): boolean => {
    const parameter = parameters[index];
    if (!parameter) return !whole || at === given.length;
    const combination = index * (given.length + 1) + at;
    if (failed.has(combination)) return false;
    let most = 0;
    const limit = parameter.repeated ? given.length : 1;
    while (most < limit && at + most < given.length && parameter.letters.includes(given[at + most]!)) most++;
    for (let count = most; count >= (parameter.optional ? 0 : 1); count--) {
      counts[index] = count;
      if (from(index + 1, at + count)) return true;
    }
    failed.add(combination);
    return false;
  };
  return from(0, 0) ? counts : undefined;
}

/** Fails with the first argument that does not fit. */
function mismatch(parameters: Parameter[], given: string): never {
  let good = 0;
  for (let count = 1; count <= parameters.length; count++) {
    const counts = matched(parameters.slice(0, count), given, false);
    if (!counts) break;
    good = counts.reduce((sum, taken) => sum + taken, 0);
  }
  return fail("T0410", { index: good + 1 });
}
