import { getOwn, setOwn } from "../../../../../protocols/unknown-json.ts";
import { BoundedCache } from "../bounded-cache.ts";
import type { Chance } from "../chance.ts";
import type { Json } from "../json.ts";
import { Budget, defaultLimits, type Limits, memoryMessage, stackError, stackMessage } from "./budget.ts";
import { type Code, compile } from "./compile.ts";
import { admitted, released } from "./door.ts";
import { boundNames, type ExpressionFacts, factsOf } from "./facts.ts";
import { JsonataError, messageOf } from "./failure.ts";
import { library } from "./library/index.ts";
import { parse } from "./parser.ts";
import { Frame, type Run } from "./run.ts";
import { quoted } from "./text.ts";
import { collapse, isSequence, type Value, type ValueObject, wrapper } from "./values.ts";

/** An error of the parser or of an evaluation; `code` is absent for messages of Step Functions' own. */
export type Problem = { code?: string; message: string };

/** A parsed expression, compiled once for all its evaluations. */
export type Expression = { facts: ExpressionFacts; code: Code | undefined };

/** What an evaluation is given. */
export type Given = {
  /** The value bound to a name outside. */
  variable: (name: string) => Json | undefined;
  /** The members of `$states`, those that exist. */
  states: { [member: string]: (() => Json | undefined) | undefined };
  nowMs: number;
  chance: Chance;
  /** The context item, which Step Functions does not have. */
  input?: Json;
  limits?: Limits;
  /** Told of the milliseconds of processor time and the steps of an evaluation that took more than a moment. */
  spent?: (ms: number, steps: number) => void;
};

/** Levels of nodes that AWS's stack takes: 200 chained additions are too many. */
const deepestTree = 200;

const expressions = new BoundedCache<Expression | { problem: Problem }>();

/** An expression from its text, or what the parser says of it. Remembered, within bounds. */
export function expressionOf(text: string): Expression | { problem: Problem } {
  return expressions.get(text, () => {
    try {
      const tree = parse(text);
      const compiler = { bound: boundNames(tree), depth: 1, library };
      return {
        facts: factsOf(tree),
        code: tree.depth > deepestTree ? undefined : compile(tree, compiler),
      };
    } catch (error) {
      return { problem: problemOf(error) };
    }
  });
}

/** Evaluates an expression. What comes back is its value (undefined for nothing) or its error. */
export function evaluate(expression: Expression, given: Given): { value: Json | undefined } | { problem: Problem } {
  const budget = new Budget(given.limits ?? defaultLimits);
  try {
    if (!expression.code) throw stackError();
    const run: Run = {
      budget,
      variable: (name) => (name === "states" ? allStates(given) : name === "$" ? input : outside(given.variable(name))),
      states: (member) => outside(getOwn(given.states, member)?.()),
      nowMs: given.nowMs,
      chance: given.chance,
    };
    const admittedInput = outside(given.input);
    const input = Array.isArray(admittedInput) && !isSequence(admittedInput) ? wrapper([admittedInput]) : admittedInput;
    const result = expression.code(input, new Frame(run, undefined));
    return { value: released(collapse(result, false), run) };
  } catch (error) {
    return { problem: problemOf(error) };
  } finally {
    if (budget.looked) given.spent?.(budget.ms, budget.steps);
  }
}

const outside = (value: Json | undefined): Value => (value === undefined ? undefined : admitted(value));

function allStates(given: Given): Value {
  const states: ValueObject = {};
  for (const member of Object.keys(given.states)) {
    const value = given.states[member]?.();
    if (value !== undefined) setOwn(states, member, outside(value));
  }
  return states;
}

/** An error as a problem. The engine's own are its limits': the stack's, or the length of a text or an array. */
function problemOf(error: unknown): Problem {
  if (error instanceof JsonataError) {
    const message = messageOf(error, quoted);
    return error.code === undefined ? { message } : { code: error.code, message };
  }
  if (error instanceof RangeError) return { message: /call stack/.test(error.message) ? stackMessage : memoryMessage };
  throw error;
}
