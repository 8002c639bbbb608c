import { getOwn, setOwn } from "../../../../../protocols/unknown-json.ts";
import { BoundedCache } from "../bounded-cache.ts";
import type { Chance } from "../chance.ts";
import type { Json } from "../json.ts";
import { Budget, defaultLimits, type Limits, memoryMessage, stackError, stackMessage } from "./budget.ts";
import { type Code, compile } from "./compile.ts";
import { boundNames, type ExpressionFacts, factsOf } from "./facts.ts";
import { JsonataError, messageOf } from "./failure.ts";
import { fromJson, toJson } from "./json-values.ts";
import { library } from "./library/index.ts";
import { parse } from "./parser.ts";
import { Frame, type Run } from "./run.ts";
import { quoted } from "./text.ts";
import { collapse, isSequence, type Value, type ValueObject, wrapper } from "./values.ts";

/** An error of the parser or of an evaluation; Step Functions' own have no `code`. */
export type Problem = { code?: string; message: string };

/** A parsed and compiled expression; `code` is undefined if it is nested too deep to be evaluated. */
export type Expression = { facts: ExpressionFacts; code: Code | undefined };

/** What an evaluation gets from outside. */
export type Given = {
  /** The value of a variable in scope. */
  variable: (name: string) => Json | undefined;
  /** The existing members of `$states`. */
  states: { [member: string]: (() => Json | undefined) | undefined };
  nowMs: number;
  chance: Chance;
  /** The context item, which Step Functions does not have. */
  input?: Json;
  limits?: Limits;
  /** Called with the milliseconds of processor time and the steps of an evaluation, if it took more than a moment. */
  spent?: (ms: number, steps: number) => void;
};

/** Levels of nodes that AWS's stack allows: 200 chained additions are too many. */
const maxTreeDepth = 200;

const expressions = new BoundedCache<Expression | { problem: Problem }>();

/** Compiles an expression, or returns the parser's error. Cached. */
export function expressionOf(text: string): Expression | { problem: Problem } {
  return expressions.get(text, () => {
    try {
      const tree = parse(text);
      const compiler = { bound: boundNames(tree), depth: 1, library };
      return {
        facts: factsOf(tree),
        code: tree.depth > maxTreeDepth ? undefined : compile(tree, compiler),
      };
    } catch (error) {
      return { problem: problemOf(error) };
    }
  });
}

/** Evaluates an expression. Returns its value (undefined for nothing) or its error. */
export function evaluate(expression: Expression, given: Given): { value: Json | undefined } | { problem: Problem } {
  const budget = new Budget(given.limits ?? defaultLimits);
  try {
    if (!expression.code) throw stackError();
    const run: Run = {
      budget,
      variable: (name) =>
        name === "states" ? allStates(given) : name === "$" ? input : fromJson(given.variable(name)),
      states: (member) => fromJson(getOwn(given.states, member)?.()),
      nowMs: given.nowMs,
      chance: given.chance,
    };
    const value = fromJson(given.input);
    const input = Array.isArray(value) && !isSequence(value) ? wrapper([value]) : value;
    const result = expression.code(input, new Frame(run, undefined));
    return { value: toJson(collapse(result, false), run) };
  } catch (error) {
    return { problem: problemOf(error) };
  } finally {
    if (budget.measured) given.spent?.(budget.ms, budget.steps);
  }
}

function allStates(given: Given): Value {
  const states: ValueObject = {};
  for (const member of Object.keys(given.states)) {
    const value = given.states[member]?.();
    if (value !== undefined) setOwn(states, member, fromJson(value));
  }
  return states;
}

/** The problem for an error. A RangeError is from JavaScript's own limits: of the stack, strings or arrays. */
function problemOf(error: unknown): Problem {
  if (error instanceof JsonataError) {
    const message = messageOf(error, quoted);
    return error.code === undefined ? { message } : { code: error.code, message };
  }
  if (error instanceof RangeError) return { message: /call stack/.test(error.message) ? stackMessage : memoryMessage };
  throw error;
}
