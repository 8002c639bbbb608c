import { runtimeError } from "../errors.ts";
import { isObject, type Json, type JsonObject, textOf } from "../json.ts";
import { PathMiss, type Roots, readPath } from "../jsonpath/path-read.ts";
import { pathOf } from "../jsonpath/path-syntax.ts";
import { compareNumbers, isNumber } from "../number-literal.ts";
import { compareInstants, parseTimestamp } from "../timestamps.ts";
import { stringMatches } from "./string-match.ts";

type Order = (comparison: number) => boolean;

const orders: ReadonlyMap<string, Order> = new Map([
  ["Equals", (c: number) => c === 0],
  ["LessThan", (c: number) => c < 0],
  ["GreaterThan", (c: number) => c > 0],
  ["LessThanEquals", (c: number) => c <= 0],
  ["GreaterThanEquals", (c: number) => c >= 0],
]);

/** The type of an operator's literal operand. */
export type OperandType = "string" | "number" | "boolean" | "timestamp";

/** A data-test operator; a value or operand of the wrong type makes the test false. */
type Operator = {
  operand: OperandType;
  hasPathForm: boolean;
  test: (value: Json | undefined, operand: Json) => boolean;
};

function comparison(operand: OperandType, compare: (a: Json, b: Json) => number | undefined, order: Order): Operator {
  return {
    operand,
    hasPathForm: true,
    test: (value, other) => {
      const comparison = value === undefined ? undefined : compare(value, other);
      return comparison !== undefined && order(comparison);
    },
  };
}

function compareStrings(a: Json, b: Json): number | undefined {
  if (typeof a !== "string" || typeof b !== "string") return undefined;
  return a === b ? 0 : a < b ? -1 : 1;
}

function compareNumeric(a: Json, b: Json): number | undefined {
  return isNumber(a) && isNumber(b) ? compareNumbers(a, b) : undefined;
}

function compareTimestamps(a: Json, b: Json): number | undefined {
  const first = typeof a === "string" ? parseTimestamp(a) : undefined;
  const second = typeof b === "string" ? parseTimestamp(b) : undefined;
  return first && second && compareInstants(first, second);
}

function typeTest(matches: (value: Json | undefined) => boolean): Operator {
  return { operand: "boolean", hasPathForm: false, test: (value, wanted) => matches(value) === wanted };
}

/** All data-test operators by name; those with a path form also exist with `Path` appended. */
const choiceOperators: ReadonlyMap<string, Operator> = new Map([
  ...[...orders].flatMap(([name, order]): [string, Operator][] => [
    [`String${name}`, comparison("string", compareStrings, order)],
    [`Numeric${name}`, comparison("number", compareNumeric, order)],
    [`Timestamp${name}`, comparison("timestamp", compareTimestamps, order)],
  ]),
  [
    "BooleanEquals",
    {
      operand: "boolean",
      hasPathForm: true,
      test: (value, other) => typeof value === "boolean" && typeof other === "boolean" && value === other,
    },
  ],
  [
    "StringMatches",
    {
      operand: "string",
      hasPathForm: false,
      test: (value, pattern) => typeof value === "string" && stringMatches(textOf(pattern), value),
    },
  ],
  ["IsNull", typeTest((value) => value === null)],
  ["IsPresent", typeTest((value) => value !== undefined)],
  ["IsNumeric", typeTest(isNumber)],
  ["IsString", typeTest((value) => typeof value === "string")],
  ["IsBoolean", typeTest((value) => typeof value === "boolean")],
  ["IsTimestamp", typeTest((value) => typeof value === "string" && parseTimestamp(value) !== undefined)],
]);

/** The operator that a rule's field names, and whether its operand is a path. */
export function operatorOf(field: string): { operator: Operator; byPath: boolean } | undefined {
  const operator = choiceOperators.get(field);
  if (operator) return { operator, byPath: false };
  const based = field.endsWith("Path") ? choiceOperators.get(field.slice(0, -4)) : undefined;
  return based?.hasPathForm ? { operator: based, byPath: true } : undefined;
}

function valueAt(text: string, roots: Roots): Json {
  try {
    return readPath(pathOf(text), roots);
  } catch (error) {
    if (!(error instanceof PathMiss)) throw error;
    throw runtimeError(`Invalid path '${text}': The choice state's condition path references an invalid value.`);
  }
}

/** Some operators read a whole string, and a state may have thousands of rules. */
function chargeVisits(value: string, text: string, { visits }: Roots): void {
  try {
    visits.takeWhole(value);
  } catch (error) {
    if (!(error instanceof PathMiss)) throw error;
    throw runtimeError(`Invalid path '${text}': ${error.message}`);
  }
}

function valueIfPresent(text: string, roots: Roots): Json | undefined {
  try {
    return readPath(pathOf(text), roots);
  } catch (error) {
    if (error instanceof PathMiss) return undefined;
    throw error;
  }
}

/**
 * Whether a JSONPath choice rule matches (Amazon States Language, Choice Rule). And and Or stop early; a path without a
 * value is States.Runtime for every operator except IsPresent.
 */
export function ruleMatches(rule: JsonObject, roots: Roots): boolean {
  const { And: and, Or: or, Not: not } = rule;
  if (Array.isArray(and)) return and.every((part) => isObject(part) && ruleMatches(part, roots));
  if (Array.isArray(or)) return or.some((part) => isObject(part) && ruleMatches(part, roots));
  if (isObject(not)) return !ruleMatches(not, roots);
  const variable = textOf(rule["Variable"]);
  for (const field of Object.keys(rule)) {
    const found = operatorOf(field);
    if (!found) continue;
    if (field === "IsPresent") return found.operator.test(valueIfPresent(variable, roots), rule[field]!);
    const value = valueAt(variable, roots);
    if (typeof value === "string") chargeVisits(value, variable, roots);
    const operand = found.byPath ? valueAt(textOf(rule[field]), roots) : rule[field]!;
    return found.operator.test(value, operand);
  }
  return false;
}
