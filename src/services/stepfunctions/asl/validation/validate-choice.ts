import { isObject, type Json, type JsonObject } from "../json.ts";
import { isNumber } from "../number-literal.ts";
import { operatorOf } from "../states/choice.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { StateCheck } from "./state-check.ts";
import {
  checkAssign,
  checkPath,
  checkQuery,
  checkQueryOr,
  eachObject,
  nonEmptyArray,
  stringProblem,
  timestampProblem,
} from "./validate-values.ts";

/** Checks the rules of a Choice state. */
export function checkChoice(check: StateCheck): void {
  const { diagnostics, fields, language, location } = check;
  const rules = nonEmptyArray(diagnostics, fields["Choices"] ?? [], `${location}/Choices`);
  if (!rules) return;
  eachObject(diagnostics, rules, `${location}/Choices`, (rule, at) => {
    if (rule["Next"] === undefined) diagnostics.schema("The field 'Next' is required but was missing.", at);
    if (rule["Assign"] !== undefined) checkAssign(diagnostics, rule["Assign"], `${at}/Assign`, language, []);
    if (language === "JSONPath") {
      checkRule(diagnostics, rule, at, ["Next", "Assign"]);
      return;
    }
    for (const field of Object.keys(rule)) {
      if (!["Condition", "Next", "Assign", "Output", "Comment"].includes(field)) {
        diagnostics.schema(`Field '${field}' is not supported`, at);
      }
    }
    if (rule["Output"] !== undefined) checkQuery(diagnostics, rule["Output"], `${at}/Output`, []);
    if (rule["Condition"] === undefined) diagnostics.schema("The field 'Condition' is required but was missing.", at);
    else {
      checkQueryOr(diagnostics, rule["Condition"], `${at}/Condition`, (value) =>
        typeof value === "boolean" ? undefined : "Expected value of type Boolean or a JSONata expression",
      );
    }
  });
}

const operandProblems: Record<string, (value: Json) => string | undefined> = {
  string: stringProblem,
  number: (value) => (isNumber(value) ? undefined : "Expected value of type Number"),
  boolean: (value) => (typeof value === "boolean" ? undefined : "Expected value of type Boolean"),
  timestamp: timestampProblem,
};

function checkRule(diagnostics: Diagnostics, rule: JsonObject, location: string, extra: string[]): void {
  const tests = Object.keys(rule).filter((field) => !["Comment", ...extra].includes(field));
  const combined = tests.filter((field) => ["And", "Or", "Not"].includes(field));
  if (combined.length > 0) {
    if (tests.length > 1) diagnostics.schema(`Only one of these fields is allowed: [${tests.join(", ")}]`, location);
    const field = combined[0]!;
    const at = `${location}/${field}`;
    const value = rule[field]!;
    if (field === "Not") {
      if (isObject(value)) checkRule(diagnostics, value, at, []);
      else diagnostics.schema("Expected value of type Object", at);
      return;
    }
    const parts = nonEmptyArray(diagnostics, value, at);
    if (parts) eachObject(diagnostics, parts, at, (part, place) => checkRule(diagnostics, part, place, []));
    return;
  }
  const operators = tests.filter((field) => field !== "Variable");
  if (rule["Variable"] === undefined) diagnostics.schema("The field 'Variable' is required but was missing.", location);
  else checkPath(diagnostics, rule["Variable"], `${location}/Variable`, { reference: true });
  if (operators.length !== 1)
    diagnostics.schema("A Choice Rule must contain exactly one comparison operator", location);
  for (const field of operators) {
    const known = operatorOf(field);
    const at = `${location}/${field}`;
    if (!known) diagnostics.schema(`Field '${field}' is not supported`, location);
    else if (known.byPath) checkPath(diagnostics, rule[field]!, at, { reference: true });
    else {
      const problem = operandProblems[known.operator.operand]!(rule[field]!);
      if (problem !== undefined) diagnostics.schema(problem, at);
    }
  }
}
