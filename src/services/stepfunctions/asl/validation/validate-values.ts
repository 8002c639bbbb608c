import { isObject, type Json, type JsonObject, writeJson } from "../json.ts";
import { expressionFacts, expressionIn } from "../jsonata/query.ts";
import { isIntrinsic, isValidIntrinsic } from "../jsonpath/intrinsic-syntax.ts";
import { isReferencePath, isValidPath, pathOf } from "../jsonpath/path-syntax.ts";
import { numberOf } from "../number-literal.ts";
import { parseTimestamp } from "../timestamps.ts";
import type { Diagnostics } from "./diagnostics.ts";

/** Members of `$states` that exist beside input and context. */
export type StatesMember = "result" | "errorOutput";

/** A field that is a path, or null where `nullable`. */
export function checkPath(
  found: Diagnostics,
  value: Json,
  location: string,
  kind: { nullable?: boolean; reference?: boolean; inputOnly?: boolean } = {},
): void {
  if (value === null && kind.nullable) return;
  const path = typeof value === "string" && isValidPath(value) ? pathOf(value) : undefined;
  if (!kind.reference) {
    if (!path) found.schema("Value must be a valid JSONPath.", location);
  } else if (!path || !isReferencePath(path) || (kind.inputOnly && path.root.kind !== "input")) {
    found.schema(`Value is not a Reference Path: ${referenceFault(value)}`, location);
  }
}

/** Why a value is no Reference Path, in AWS's words where they are known. */
function referenceFault(value: Json): string {
  if (typeof value !== "string") return writeJson(value).slice(0, 200);
  if (!value.startsWith("$")) return "Reference path didn't start with '$'";
  return /\[[^'\d]/.test(value) ? "'[' must be followed by ' or '['" : value;
}

/** A field that is a path or an intrinsic call. */
export function checkPathOrIntrinsic(found: Diagnostics, value: Json, location: string): void {
  if (typeof value === "string" && (isIntrinsic(value) ? isValidIntrinsic(value) : isValidPath(value))) return;
  found.schema("Value must be a valid JSONPath or a valid intrinsic function call", location);
}

/** A payload template: every `.$` member is a path or a call, and no member is there in both forms. */
export function checkTemplate(found: Diagnostics, template: Json, location: string): void {
  if (Array.isArray(template)) {
    template.forEach((item, index) => void checkTemplate(found, item, `${location}[${index}]`));
    return;
  }
  if (!isObject(template)) return;
  for (const key of Object.keys(template)) {
    const value = template[key]!;
    if (!key.endsWith(".$")) {
      if (typeof value === "string" && /^\$\$?\.[A-Za-z_]/.test(value)) {
        found.warning(
          "NO_DOLLAR",
          `The value of '${key}' looks like a JSONPath. Instead of '${key}', use '${key}.$' to evaluate it as a JSONPath at runtime.`,
          location,
        );
      }
      checkTemplate(found, value, `${location}/${key}`);
      continue;
    }
    const valid = typeof value === "string" && (isIntrinsic(value) ? isValidIntrinsic(value) : isValidPath(value));
    if (!valid) {
      found.schema(
        `The value for the field '${key}' must be a valid JSONPath or a valid intrinsic function call`,
        location,
      );
    } else if (Object.hasOwn(template, key.slice(0, -2))) {
      found.schema(`The field '${key.slice(0, -2)}' is defined twice, with and without '.$'`, location);
    }
  }
}

/** A JSONata template: each expression in it parses, stays off the absent context item and reads what exists in its place. */
export function checkQuery(
  found: Diagnostics,
  template: Json,
  location: string,
  members: readonly StatesMember[],
): void {
  const expression = expressionIn(template);
  if (expression !== undefined) checkExpression(found, expression, location, members);
  else if (Array.isArray(template)) {
    template.forEach((item, index) => void checkQuery(found, item, `${location}[${index}]`, members));
  } else if (isObject(template)) {
    for (const key of Object.keys(template)) checkQuery(found, template[key]!, `${location}/${key}`, members);
  }
}

function checkExpression(
  found: Diagnostics,
  expression: string,
  location: string,
  members: readonly StatesMember[],
): void {
  const description = expressionFacts(expression);
  if ("problem" in description) {
    found.error("INVALID_JSONATA_EXPRESSION", description.problem.message, location);
    return;
  }
  const { topLevel, states } = description.facts;
  if (topLevel !== null) {
    found.error(
      "UNSUPPORTED_JSONATA_EXPRESSION",
      `Reference to '${topLevel}' at the top level is not supported.`,
      location,
    );
  }
  for (const member of states) {
    const known = ["*", "input", "context", ...members].includes(member);
    if (!known) {
      found.error(
        "UNSUPPORTED_JSONATA_EXPRESSION",
        `Reference to '$states.${member}' is not supported in this field.`,
        location,
      );
    }
  }
}

/** A field of one JSON type that a JSONata state may give by an expression. */
export function checkQueryOr(
  found: Diagnostics,
  value: Json,
  location: string,
  literal: (value: Json) => string | undefined,
): void {
  if (expressionIn(value) !== undefined) {
    checkQuery(found, value, location, []);
    return;
  }
  const problem = literal(value);
  if (problem !== undefined) found.schema(problem, location);
}

/** Says what is wrong with a number that must be an integer of at least `least` and at most `most`. */
export function integerProblem(least: number, most: number): (value: Json) => string | undefined {
  return (value) => {
    const number = numberOf(value);
    if (number === undefined || !Number.isInteger(number)) return "Expected value of type Integer";
    if (number < least) return `Minimum value is ${least}`;
    return number > most ? `Maximum value is ${most}` : undefined;
  };
}

export function stringProblem(value: Json): string | undefined {
  return typeof value === "string" ? undefined : "Expected value of type String";
}

export function timestampProblem(value: Json): string | undefined {
  if (typeof value === "string" && parseTimestamp(value)) return undefined;
  return "String does not match RFC3339 timestamp";
}

const variableName = /^[\p{ID_Start}_][\p{ID_Continue}]{0,79}$/u;

/** An Assign field: valid variable names, `states` excepted, over a template of the state's language. */
export function checkAssign(
  found: Diagnostics,
  assign: Json,
  location: string,
  language: "JSONPath" | "JSONata",
  members: readonly StatesMember[],
): void {
  if (!isObject(assign)) {
    found.schema("Expected value of type Object", location);
    return;
  }
  for (const key of Object.keys(assign)) {
    const name = language === "JSONPath" && key.endsWith(".$") ? key.slice(0, -2) : key;
    if (!variableName.test(name)) found.schema(`Variable name '${name}' is not valid`, location);
    else if (name === "states") found.schema("Variable name 'states' is reserved", location);
  }
  if (language === "JSONPath") checkTemplate(found, assign, location);
  else checkQuery(found, assign, location, members);
}

/** An array with at least one entry; undefined (and a finding) for anything else. */
export function filledArray(found: Diagnostics, value: Json | undefined, location: string): Json[] | undefined {
  if (!Array.isArray(value)) {
    found.schema("Expected value of type Array", location);
    return undefined;
  }
  if (value.length === 0) {
    found.schema("Value cannot be empty", location);
    return undefined;
  }
  return value;
}

/** An array of objects, visited with their locations. */
export function eachObject(
  found: Diagnostics,
  value: Json[],
  location: string,
  visit: (item: JsonObject, location: string) => void,
): void {
  for (const [index, item] of value.entries()) {
    if (isObject(item)) visit(item, `${location}[${index}]`);
    else found.schema("Expected value of type Object", `${location}[${index}]`);
  }
}
