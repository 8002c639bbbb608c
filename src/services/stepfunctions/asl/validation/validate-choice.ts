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
  filledArray,
  stringProblem,
  timestampProblem,
} from "./validate-values.ts";

/** Checks the rules of a Choice state. */
export function checkChoice(check: StateCheck): void {
  const { found, fields, language, location } = check;
  const rules = filledArray(found, fields["Choices"] ?? [], `${location}/Choices`);
  if (!rules) return;
  eachObject(found, rules, `${location}/Choices`, (rule, at) => {
    if (rule["Next"] === undefined) found.schema("The field 'Next' is required but was missing.", at);
    if (rule["Assign"] !== undefined) checkAssign(found, rule["Assign"], `${at}/Assign`, language, []);
    if (language === "JSONPath") {
      checkRule(found, rule, at, ["Next", "Assign"]);
      return;
    }
    for (const field of Object.keys(rule)) {
      if (!["Condition", "Next", "Assign", "Output", "Comment"].includes(field)) {
        found.schema(`Field '${field}' is not supported`, at);
      }
    }
    if (rule["Output"] !== undefined) checkQuery(found, rule["Output"], `${at}/Output`, []);
    if (rule["Condition"] === undefined) found.schema("The field 'Condition' is required but was missing.", at);
    else {
      checkQueryOr(found, rule["Condition"], `${at}/Condition`, (value) =>
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

function checkRule(found: Diagnostics, rule: JsonObject, location: string, extra: string[]): void {
  const tests = Object.keys(rule).filter((field) => !["Comment", ...extra].includes(field));
  const combined = tests.filter((field) => ["And", "Or", "Not"].includes(field));
  if (combined.length > 0) {
    if (tests.length > 1) found.schema(`Only one of these fields is allowed: [${tests.join(", ")}]`, location);
    const field = combined[0]!;
    const at = `${location}/${field}`;
    const value = rule[field]!;
    if (field === "Not") {
      if (isObject(value)) checkRule(found, value, at, []);
      else found.schema("Expected value of type Object", at);
      return;
    }
    const parts = filledArray(found, value, at);
    if (parts) eachObject(found, parts, at, (part, place) => checkRule(found, part, place, []));
    return;
  }
  const operators = tests.filter((field) => field !== "Variable");
  if (rule["Variable"] === undefined) found.schema("The field 'Variable' is required but was missing.", location);
  else checkPath(found, rule["Variable"], `${location}/Variable`, { reference: true });
  if (operators.length !== 1) found.schema("A Choice Rule must contain exactly one comparison operator", location);
  for (const field of operators) {
    const known = operatorOf(field);
    const at = `${location}/${field}`;
    if (!known) found.schema(`Field '${field}' is not supported`, location);
    else if (known.byPath) checkPath(found, rule[field]!, at, { reference: true });
    else {
      const problem = operandProblems[known.operator.operand]!(rule[field]!);
      if (problem !== undefined) found.schema(problem, at);
    }
  }
}
