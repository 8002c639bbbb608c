/** Checks the parameters of an `aws-sdk` task against the input of its API, with the messages of the SDK for Java. */
import { kindOf, requiredMembers, type Shape } from "../../../../protocols/schema.ts";
import { isObject, type Json, type JsonObject } from "../asl/json.ts";
import { memberName } from "../asl/jsonpath/template.ts";
import type { QueryLanguage } from "../asl/machine.ts";
import { isNumber } from "../asl/number-literal.ts";
import { javaName, membersByName } from "./integrations/sdk-values.ts";

interface Reading {
  readonly problems: string[];
  /** The name in the Java package: `sqs`. */
  readonly service: string;
  readonly language: QueryLanguage;
  /** Whether a value is only known at run time. */
  readonly isDynamic: (value: Json) => boolean;
  /** Whether all numbers of the service are integers. */
  readonly integers: boolean;
}

/** All problems of the parameters; unknown names are only reported if nothing that is required is missing. */
export function parameterProblems(shape: Shape, parameters: JsonObject, options: Omit<Reading, "problems">): string[] {
  if (kindOf(shape) === "unit") return [];
  const named = new Set(Object.keys(parameters).map((key) => memberName(key, options.language)));
  const missing = requiredMembers(shape)
    .map(javaName)
    .filter((name) => !named.has(name));
  if (missing.length > 0) return missing.map((name) => `The field '${name}' is required but was missing`);
  const reading = { ...options, problems: [] };
  structure(shape, parameters, reading, true);
  return reading.problems;
}

function structure(shape: Shape, value: JsonObject, reading: Reading, top: boolean): void {
  const members = membersByName(shape);
  for (const key of Object.keys(value)) {
    const name = memberName(key, reading.language);
    const member = members.get(name);
    if (member === undefined) {
      const nearest = top ? ` Did you mean '${nearestOf(name, [...members.keys()])}'?` : "";
      reading.problems.push(`The field "${name}" is not supported by Step Functions.${nearest}`);
    } else if (name === key) check(member.shape, value[key] as Json, name, reading);
  }
}

function check(shape: Shape, value: Json, name: string, reading: Reading): void {
  if (value === null || reading.isDynamic(value)) return;
  const { problems } = reading;
  switch (kindOf(shape)) {
    case "struct":
      if (isObject(value)) structure(shape, value, reading, false);
      else if (typeof value === "string") problems.push(notConstructed(shape, value, reading.service));
      return;
    case "list":
      if (Array.isArray(value)) for (const item of value) check(shape.getValueSchema(), item, name, reading);
      return;
    case "map":
      if (isObject(value)) for (const item of Object.values(value)) check(shape.getValueSchema(), item, name, reading);
      return;
    case "string":
      if (isNumber(value)) problems.push(`The value for the field '${name}' must be a STRING`);
      return;
    case "number":
      if (reading.integers && !Number.isInteger(value)) {
        problems.push(`The value for the field '${name}' must be an INTEGER`);
      }
      return;
    case "boolean": {
      const problem = booleanProblem(value);
      if (problem !== undefined) problems.push(problem);
    }
  }
}

function notConstructed(shape: Shape, value: string, service: string): string {
  const builder = `software.amazon.awssdk.services.${service}.model.${shape.getName()}$BuilderImpl`;
  return `Cannot construct instance of \`${builder}\` (although at least one Creator exists): no String-argument constructor/factory method to deserialize from String value ('${value}')`;
}

/** Integers, `true` and `false` in three spellings, `null` and empty strings are accepted, as Java's parser does. */
function booleanProblem(value: Json): string | undefined {
  const type = "Cannot deserialize value of type `java.lang.Boolean` from";
  if (isNumber(value)) {
    return Number.isInteger(value)
      ? undefined
      : `${type} Floating-point value (token \`JsonToken.VALUE_NUMBER_FLOAT\`)`;
  }
  if (typeof value !== "string") return undefined;
  const known = ["", "null", "true", "True", "TRUE", "false", "False", "FALSE"];
  return known.includes(value.trim()) ? undefined : `${type} String "${value}": only "true" or "false" recognized`;
}

/** The name with the smallest edit distance, ignoring case. */
function nearestOf(name: string, names: readonly string[]): string {
  let nearest = { name: names[0] ?? "", changes: Number.POSITIVE_INFINITY };
  for (const one of names) {
    const changes = changesBetween(name.toLowerCase(), one.toLowerCase());
    if (changes < nearest.changes) nearest = { name: one, changes };
  }
  return nearest.name;
}

const maxNameLength = 200;

function changesBetween(from: string, to: string): number {
  if (from.length > maxNameLength) return to.length;
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + same));
    }
    row = next;
  }
  return row[to.length] as number;
}
