/** Checks a mocked result against the output of the API it stands for, as TestState does. */
import { kindOf, membersOf, type OperationModel, type Shape } from "../../../protocols/schema.ts";
import type { Constraints, MemberFacts } from "../../../protocols/validate.ts";
import { isObject, type Json, jsonType } from "./asl/json.ts";
import { numberOf } from "./asl/number-literal.ts";
import { pascalCase } from "./integrations/sdk-values.ts";

/** The first thing wrong with the result, by its leaf name alone; unknown fields pass. */
export function mockResultProblem(operation: OperationModel, result: Json, strict: boolean): string | undefined {
  if (!isObject(result)) return undefined;
  return structProblem(operation.output, result, operation.service.constraints, strict);
}

function structProblem(shape: Shape, value: Json, constraints: Constraints, strict: boolean): string | undefined {
  if (!isObject(value) || kindOf(shape) === "unit") return undefined;
  for (const { name, shape: member, facts } of membersOf(shape, constraints)) {
    const field = pascalCase(name);
    const given = value[field];
    if (given === undefined || given === null) {
      if (strict && facts?.required) return `Required field '${field}' is missing`;
      continue;
    }
    const problem = memberProblem(field, member, facts, given, constraints, strict);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const words: Readonly<Record<string, string>> = {
  string: "a string",
  blob: "a string",
  timestamp: "a string",
  number: "a number",
  boolean: "a boolean",
  list: "an array",
  map: "an object",
  struct: "an object",
};

function memberProblem(
  field: string,
  shape: Shape,
  facts: MemberFacts | undefined,
  value: Json,
  constraints: Constraints,
  strict: boolean,
): string | undefined {
  const kind = kindOf(shape);
  const type = Array.isArray(value) ? "list" : isObject(value) ? "struct" : jsonType(value);
  const expected = { blob: "string", timestamp: "string", map: "struct" }[kind as string] ?? kind;
  if (words[kind] !== undefined && type !== expected) return `Field '${field}' must be ${words[kind]}`;
  if (typeof value === "string") return textProblem(field, facts, value);
  const number = numberOf(value);
  if (number !== undefined) {
    if (facts?.min !== undefined && number < facts.min) return `Field '${field}' is less than the minimum value`;
    if (facts?.max !== undefined && number > facts.max) return `Field '${field}' exceeds the maximum value`;
  }
  if (kind === "struct") return structProblem(shape, value, constraints, strict);
  if (kind === "list" && Array.isArray(value)) {
    for (const item of value) {
      const problem = memberProblem(field, shape.getValueSchema(), facts?.item, item, constraints, strict);
      if (problem !== undefined) return problem;
    }
  }
  if (kind === "map" && isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      const problem = memberProblem(key, shape.getValueSchema(), facts?.item, item, constraints, strict);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function textProblem(field: string, facts: MemberFacts | undefined, value: string): string | undefined {
  if (facts?.enum !== undefined && !facts.enum.includes(value)) return `Field '${field}' is not an expected value`;
  if (facts?.min !== undefined && value.length < facts.min)
    return `Field '${field}' is smaller than the minimum length`;
  if (facts?.max !== undefined && value.length > facts.max) return `Field '${field}' exceeds the maximum length`;
  return undefined;
}
