import { BoundedCache } from "./bounded-cache.ts";
import type { Chance } from "./chance.ts";
import { queryError, type StateError } from "./errors.ts";
import { getOwn, isObject, type Json, type JsonObject, jsonType, quotedJson, setOwn } from "./json.ts";
import {
  budgetMs,
  describeExpression,
  type EvaluationRequest,
  type ExpressionFacts,
  evaluateExpressions,
  type Outcome,
  openRealm,
  overBudget,
  type Problem,
} from "./jsonata-realm.ts";
import { NumberLiteral } from "./number-literal.ts";

/** What an expression can refer to: the members of `$states` that exist in its place, and the variables in scope. */
export type QueryScope = {
  states: { input: Json; context: () => JsonObject; result?: Json; errorOutput?: Json };
  variable: (name: string) => Json | undefined;
  nowMs: number;
  chance: Chance;
  /** The time that evaluations of unknown cost may take. */
  time?: EvaluationTime;
};

/** Keeps account of what evaluations take: together they have a limit, however many expressions a state has. */
export type EvaluationTime = { leftMs: () => number; spent: (ms: number) => void };

const opening = "{%";
const closing = "%}";

/** The expression inside a `{% … %}` text, trimmed; undefined for a literal. */
export function expressionIn(value: Json): string | undefined {
  if (typeof value !== "string" || value.length < 4 || !value.startsWith(opening) || !value.endsWith(closing)) {
    return undefined;
  }
  return value.slice(opening.length, -closing.length).trim();
}

type Description = { facts: ExpressionFacts } | { problem: Problem };
const descriptions = new BoundedCache<Description>();

/** {@link describeExpression} with a bounded memory. */
export function expressionFacts(text: string): Description {
  return descriptions.get(text, describeExpression);
}

type Place = { expression: string; field: string };

function collect(template: Json, field: string, places: Place[]): void {
  const expression = expressionIn(template);
  if (expression !== undefined) places.push({ expression, field });
  else if (Array.isArray(template)) template.forEach((item, index) => void collect(item, `${field}[${index}]`, places));
  else if (isObject(template))
    for (const key of Object.keys(template)) collect(template[key]!, `${field}/${key}`, places);
}

function fill(template: Json, values: Iterator<Json>): Json {
  if (expressionIn(template) !== undefined) return values.next().value as Json;
  if (Array.isArray(template)) return template.map((item) => fill(item, values));
  if (!isObject(template)) return template;
  const result: JsonObject = {};
  for (const key of Object.keys(template)) setOwn(result, key, fill(template[key]!, values));
  return result;
}

/**
 * Follows `$variable.name.name` without the library; "unsure" where arrays would need its sequence rules, or numbers its
 * doubles.
 */
function followed(path: string[], scope: QueryScope): { value: Json } | null | "unsure" {
  let value: Json | undefined;
  let rest = path.slice(1);
  if (path[0] === "states") {
    const member = rest[0];
    if (member === "context") value = scope.states.context();
    else if (member === "input" || member === "result" || member === "errorOutput") value = scope.states[member];
    else return "unsure";
    rest = rest.slice(1);
  } else value = scope.variable(path[0]!);
  if (value === undefined && path[0] !== "states") return "unsure";
  for (const name of rest) {
    if (Array.isArray(value)) return "unsure";
    value = isObject(value) ? getOwn(value, name) : undefined;
  }
  if (value === undefined) return null;
  return holdsLiteral(value) ? "unsure" : { value };
}

/** Whether there is a number in the value that the library, which has doubles alone, would change. */
function holdsLiteral(value: Json): boolean {
  if (Array.isArray(value)) return value.some(holdsLiteral);
  if (!isObject(value)) return value instanceof NumberLiteral;
  for (const key of Object.keys(value)) if (holdsLiteral(value[key]!)) return true;
  return false;
}

/** Above these an evaluation of simple expressions is timed all the same. */
const untimedExpressions = 20;
const untimedLength = 4_000;

function evaluatePlaces(places: Place[], scope: QueryScope): Json[] {
  const outcomes: (Outcome | undefined)[] = [];
  const variables = new Set<string>();
  const members = new Set<string>();
  const remaining: { index: number; expression: string }[] = [];
  let simple = true;
  let chance = false;
  let length = 0;
  for (const [index, place] of places.entries()) {
    const described = expressionFacts(place.expression);
    if ("problem" in described) {
      outcomes[index] = described;
      break;
    }
    const { facts } = described;
    const direct = facts.path ? followed(facts.path, scope) : "unsure";
    if (direct !== "unsure") {
      outcomes[index] = direct;
      if (direct === null) break;
      continue;
    }
    outcomes[index] = undefined;
    remaining.push({ index, expression: place.expression });
    for (const name of facts.variables) variables.add(name);
    for (const member of facts.states) members.add(member);
    simple &&= facts.simple;
    chance ||= facts.chance;
    length += place.expression.length;
  }
  if (remaining.length > 0) {
    const states: JsonObject = {};
    const wanted = (member: string): boolean => members.has(member) || members.has("*");
    if (wanted("input")) states["input"] = scope.states.input;
    if (wanted("context")) states["context"] = scope.states.context();
    for (const member of ["result", "errorOutput"] as const) {
      const value = scope.states[member];
      if (value !== undefined && wanted(member)) states[member] = value;
    }
    const bindings: JsonObject = { states };
    for (const name of variables) {
      const value = scope.variable(name);
      if (value !== undefined) setOwn(bindings, name, value);
    }
    const timed = !simple || remaining.length > untimedExpressions || length > untimedLength;
    const seed = chance ? Math.floor(scope.chance.random() * 4_294_967_296) | 0 : 0;
    const expressions = remaining.map((entry) => entry.expression);
    const request = { expressions, bindings, now: scope.nowMs, seed };
    const results = timed ? evaluateTimed(request, scope.time) : evaluateExpressions(request, undefined);
    for (const [at, result] of results.entries()) outcomes[remaining[at]!.index] = result;
  }
  return places.map((place, index) => {
    const outcome = outcomes[index];
    if (outcome && "value" in outcome) return outcome.value;
    throw outcome
      ? evaluationError(place, outcome.problem)
      : queryError(place.field, `${sentence(place)} returned nothing (undefined).`);
  });
}

function evaluateTimed(request: EvaluationRequest, time: EvaluationTime | undefined): Outcome[] {
  const leftMs = time?.leftMs() ?? budgetMs;
  if (leftMs <= 0) return [{ problem: overBudget }];
  // Making the realm takes time that is not the expression's.
  openRealm();
  const began = performance.now();
  const results = evaluateExpressions(request, leftMs);
  time?.spent(performance.now() - began);
  return results;
}

function sentence(place: Place): string {
  return `The JSONata expression '${place.expression}' specified for the field '${place.field}'`;
}

function evaluationError(place: Place, problem: Problem): StateError {
  const text = problem.code === undefined ? problem.message : `${problem.code}: ${problem.message}`;
  return queryError(place.field, `${sentence(place)} threw an error during evaluation. ${text}`);
}

/**
 * The value of a JSONata template: every `{% … %}` text in it replaced by its result, everything else literal. Throws
 * States.QueryEvaluationError naming the place below `field`.
 */
export function evaluateQuery(template: Json, field: string, scope: QueryScope): Json {
  const places: Place[] = [];
  collect(template, field, places);
  if (places.length === 0) return template;
  return fill(template, evaluatePlaces(places, scope)[Symbol.iterator]());
}

/** {@link evaluateQuery} for a field that must come out as one JSON type. */
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
  const place = { expression: expressionIn(template) ?? quotedJson(template), field };
  throw queryError(
    field,
    `${sentence(place)} returned an unexpected result type. Expected '${expected}', but was '${actual}' for value: ${quotedJson(value)}`,
  );
}
