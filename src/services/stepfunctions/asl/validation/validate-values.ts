import { isObject, type Json, type JsonObject, writeJson } from "../json.ts";
import { expressionFacts, expressionIn } from "../jsonata/query.ts";
import { isIntrinsic, isValidIntrinsic } from "../jsonpath/intrinsic-syntax.ts";
import { isReferencePath } from "../jsonpath/path.ts";
import { isValidPath, pathOf } from "../jsonpath/path-syntax.ts";
import { memberName } from "../jsonpath/template.ts";
import type { QueryLanguage } from "../machine.ts";
import { numberOf } from "../number-literal.ts";
import { parseTimestamp } from "../timestamps.ts";
import type { Diagnostics } from "./diagnostics.ts";

/** Members of `$states` that exist besides input and context. */
export type StatesMember = "result" | "errorOutput";

/** Checks a field that is a path or, if `nullable`, null. */
export function checkPath(
  diagnostics: Diagnostics,
  value: Json,
  location: string,
  kind: { nullable?: boolean; reference?: boolean; inputOnly?: boolean } = {},
): void {
  if (value === null && kind.nullable) return;
  const path = typeof value === "string" && isValidPath(value) ? pathOf(value) : undefined;
  if (!kind.reference) {
    if (!path) diagnostics.schema("Value must be a valid JSONPath.", location);
  } else if (!path || !isReferencePath(path) || (kind.inputOnly && path.root.kind !== "input")) {
    diagnostics.schema(`Value is not a Reference Path: ${referenceFault(value)}`, location);
  }
}

/** Why a value is not a Reference Path, in AWS's words where they are known. */
function referenceFault(value: Json): string {
  if (typeof value !== "string") return writeJson(value).slice(0, 200);
  if (!value.startsWith("$")) return "Reference path didn't start with '$'";
  return /\[[^'\d]/.test(value) ? "'[' must be followed by ' or '['" : value;
}

function isPathOrIntrinsic(value: Json): boolean {
  return typeof value === "string" && (isIntrinsic(value) ? isValidIntrinsic(value) : isValidPath(value));
}

/** Checks a field that is a path or an intrinsic call. */
export function checkPathOrIntrinsic(diagnostics: Diagnostics, value: Json, location: string): void {
  if (isPathOrIntrinsic(value)) return;
  diagnostics.schema("Value must be a valid JSONPath or a valid intrinsic function call", location);
}

/** Checks a payload template: every `.$` member must be a path or a call, and no member may exist in both forms. */
export function checkTemplate(diagnostics: Diagnostics, template: Json, location: string): void {
  if (Array.isArray(template)) {
    template.forEach((item, index) => void checkTemplate(diagnostics, item, `${location}[${index}]`));
    return;
  }
  if (!isObject(template)) return;
  for (const key of Object.keys(template)) {
    const value = template[key]!;
    if (!key.endsWith(".$")) {
      if (typeof value === "string" && /^\$\$?\.[A-Za-z_]/.test(value)) {
        diagnostics.warning(
          "NO_DOLLAR",
          `The value of '${key}' looks like a JSONPath. Instead of '${key}', use '${key}.$' to evaluate it as a JSONPath at runtime.`,
          location,
        );
      }
      checkTemplate(diagnostics, value, `${location}/${key}`);
      continue;
    }
    if (!isPathOrIntrinsic(value)) {
      diagnostics.schema(
        `The value for the field '${key}' must be a valid JSONPath or a valid intrinsic function call`,
        location,
      );
    } else if (Object.hasOwn(template, key.slice(0, -2))) {
      diagnostics.schema(`The field '${key.slice(0, -2)}' is defined twice, with and without '.$'`, location);
    }
  }
}

/**
 * Checks a JSONata template: its expressions must parse, and may use neither a context item nor unknown parts of
 * `$states`.
 */
export function checkQuery(
  diagnostics: Diagnostics,
  template: Json,
  location: string,
  members: readonly StatesMember[],
): void {
  const expression = expressionIn(template);
  if (expression !== undefined) checkExpression(diagnostics, expression, location, members);
  else if (Array.isArray(template)) {
    template.forEach((item, index) => void checkQuery(diagnostics, item, `${location}[${index}]`, members));
  } else if (isObject(template)) {
    for (const key of Object.keys(template)) checkQuery(diagnostics, template[key]!, `${location}/${key}`, members);
  }
}

function checkExpression(
  diagnostics: Diagnostics,
  expression: string,
  location: string,
  members: readonly StatesMember[],
): void {
  const description = expressionFacts(expression);
  if ("problem" in description) {
    diagnostics.error("INVALID_JSONATA_EXPRESSION", description.problem.message, location);
    return;
  }
  const { topLevel, states } = description.facts;
  if (topLevel !== null) {
    diagnostics.error(
      "UNSUPPORTED_JSONATA_EXPRESSION",
      `Reference to '${topLevel}' at the top level is not supported.`,
      location,
    );
  }
  for (const member of states) {
    const known = ["*", "input", "context", ...members].includes(member);
    if (!known) {
      diagnostics.error(
        "UNSUPPORTED_JSONATA_EXPRESSION",
        `Reference to '$states.${member}' is not supported in this field.`,
        location,
      );
    }
  }
}

/** Checks a field of one JSON type for which a JSONata state may have an expression. */
export function checkQueryOr(
  diagnostics: Diagnostics,
  value: Json,
  location: string,
  literal: (value: Json) => string | undefined,
): void {
  if (expressionIn(value) !== undefined) {
    checkQuery(diagnostics, value, location, []);
    return;
  }
  const problem = literal(value);
  if (problem !== undefined) diagnostics.schema(problem, location);
}

/** Tells what is wrong with a number that must be an integer from `min` to `max`. */
export function integerProblem(min: number, max: number): (value: Json) => string | undefined {
  return (value) => {
    const number = numberOf(value);
    if (number === undefined || !Number.isInteger(number)) return "Expected value of type Integer";
    if (number < min) return `Minimum value is ${min}`;
    return number > max ? `Maximum value is ${max}` : undefined;
  };
}

/** Tells what is wrong with a value that must be a string. */
export function stringProblem(value: Json): string | undefined {
  return typeof value === "string" ? undefined : "Expected value of type String";
}

/** Tells what is wrong with a value that must be a timestamp. */
export function timestampProblem(value: Json): string | undefined {
  if (typeof value === "string" && parseTimestamp(value)) return undefined;
  return "String does not match RFC3339 timestamp";
}

const variableName = /^[\p{ID_Start}_][\p{ID_Continue}]{0,79}$/u;

/** Checks an Assign field: the names of its variables, and their values as a template of the state's language. */
export function checkAssign(
  diagnostics: Diagnostics,
  assign: Json,
  location: string,
  language: QueryLanguage,
  members: readonly StatesMember[],
): void {
  if (!isObject(assign)) {
    diagnostics.schema("Expected value of type Object", location);
    return;
  }
  for (const key of Object.keys(assign)) {
    const name = memberName(key, language);
    if (!variableName.test(name)) diagnostics.schema(`Variable name '${name}' is not valid`, location);
    else if (name === "states") diagnostics.schema("Variable name 'states' is reserved", location);
  }
  if (language === "JSONPath") checkTemplate(diagnostics, assign, location);
  else checkQuery(diagnostics, assign, location, members);
}

/** Returns an array that is not empty; adds an error for anything else. */
export function nonEmptyArray(diagnostics: Diagnostics, value: Json | undefined, location: string): Json[] | undefined {
  if (!Array.isArray(value)) {
    diagnostics.schema("Expected value of type Array", location);
    return undefined;
  }
  if (value.length === 0) {
    diagnostics.schema("Value cannot be empty", location);
    return undefined;
  }
  return value;
}

/** Visits the objects of an array with their locations; adds an error for anything else in it. */
export function eachObject(
  diagnostics: Diagnostics,
  value: Json[],
  location: string,
  visit: (item: JsonObject, location: string) => void,
): void {
  for (const [index, item] of value.entries()) {
    if (isObject(item)) visit(item, `${location}[${index}]`);
    else diagnostics.schema("Expected value of type Object", `${location}[${index}]`);
  }
}
