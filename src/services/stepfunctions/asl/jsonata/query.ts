import { setOwn } from "../../../../../protocols/unknown-json.ts";
import type { Chance } from "../chance.ts";
import { queryError } from "../errors.ts";
import { isObject, type Json, type JsonObject, jsonType, quotedJson } from "../json.ts";
import { defaultLimits } from "./budget.ts";
import { evaluate, expressionOf, type Given, type Problem } from "./expression.ts";
import type { ExpressionFacts } from "./facts.ts";

/** What an expression can refer to: the members of `$states` that exist in its field, and the variables in scope. */
export type QueryScope = {
  states: { input: Json; context: () => JsonObject; result?: Json; errorOutput?: Json };
  variable: (name: string) => Json | undefined;
  nowMs: number;
  chance: Chance;
  time?: EvaluationTime;
};

/** The time that all expressions of a state share, however many there are. */
export type EvaluationTime = { remainingMs: () => number; spent: (ms: number, steps: number) => void };

/** Processor time for the expressions of one state, in milliseconds. */
export const budgetMs = defaultLimits.ms;

const opening = "{%";
const closing = "%}";

/** The expression inside a `{% … %}` string, trimmed; undefined for a literal. */
export function expressionIn(value: Json): string | undefined {
  if (typeof value !== "string" || value.length < 4 || !value.startsWith(opening) || !value.endsWith(closing)) {
    return undefined;
  }
  return value.slice(opening.length, -closing.length).trim();
}

/** The facts about an expression, or the parser's error. */
export function expressionFacts(text: string): { facts: ExpressionFacts } | { problem: Problem } {
  return expressionOf(text);
}

function givenBy({ states, variable, nowMs, chance }: QueryScope): Given {
  return {
    ...{ variable, nowMs, chance },
    states: {
      input: () => states.input,
      context: states.context,
      result: () => states.result,
      errorOutput: () => states.errorOutput,
    },
  };
}

/** The evaluation of one template. */
class Query {
  readonly #given: Given;
  readonly #time: EvaluationTime | undefined;

  constructor(scope: QueryScope) {
    this.#given = givenBy(scope);
    this.#time = scope.time;
  }

  fill(template: Json, field: string): Json {
    const expression = expressionIn(template);
    if (expression !== undefined) return this.#value(expression, field);
    if (Array.isArray(template)) return template.map((item, index) => this.fill(item, `${field}[${index}]`));
    if (!isObject(template)) return template;
    const result: JsonObject = {};
    for (const key of Object.keys(template)) setOwn(result, key, this.fill(template[key]!, `${field}/${key}`));
    return result;
  }

  #value(expression: string, field: string): Json {
    const outcome = this.#outcome(expression);
    if ("problem" in outcome) {
      const { code, message } = outcome.problem;
      const text = code === undefined ? `: ${message}` : `. ${code}: ${message}`;
      throw queryError(field, `${sentence(expression, field)} threw an error during evaluation${text}`);
    }
    if (outcome.value !== undefined) return outcome.value;
    throw queryError(field, `${sentence(expression, field)} returned nothing (undefined).`);
  }

  #outcome(text: string): ReturnType<typeof evaluate> {
    const expression = expressionOf(text);
    if ("problem" in expression) return expression;
    const time = this.#time;
    if (!time) return evaluate(expression, this.#given);
    return evaluate(expression, {
      ...this.#given,
      limits: { ...defaultLimits, ms: time.remainingMs() },
      spent: (ms, steps) => time.spent(ms, steps),
    });
  }
}

function sentence(expression: string, field: string): string {
  return `The JSONata expression '${expression}' specified for the field '${field}'`;
}

/**
 * The value of a JSONata template, in which every `{% … %}` string is replaced by its result. Throws a
 * States.QueryEvaluationError that names the location below `field`.
 */
export function evaluateQuery(template: Json, field: string, scope: QueryScope): Json {
  return containsExpression(template) ? new Query(scope).fill(template, field) : template;
}

function containsExpression(template: Json): boolean {
  if (Array.isArray(template)) return template.some(containsExpression);
  if (!isObject(template)) return expressionIn(template) !== undefined;
  return Object.keys(template).some((key) => containsExpression(template[key]!));
}

/** {@link evaluateQuery} for a field that must have a certain JSON type. */
export function evaluateTyped(
  template: Json,
  field: string,
  expected: string,
  scope: QueryScope,
  alsoAccepted?: string,
): Json {
  const value = evaluateQuery(template, field, scope);
  const actual = jsonType(value);
  if (actual === expected || actual === alsoAccepted) return value;
  const expression = expressionIn(template) ?? quotedJson(template);
  throw queryError(
    field,
    `${sentence(expression, field)} returned an unexpected result type. Expected '${expected}', but was '${actual}' for value: ${quotedJson(value)}`,
  );
}
