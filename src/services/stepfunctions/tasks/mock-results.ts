/** Checks a mocked result against the output of its API, as TestState does. */
import answers from "../../../../protocols/constraints/answers.json" with { type: "json" };
import { kindOf, type OperationModel, requiredMembers, type Shape } from "../../../../protocols/schema.ts";
import type { MemberFacts } from "../../../../protocols/validate.ts";
import { isObject, type Json, jsonType } from "../asl/json.ts";
import { numberOf } from "../asl/number-literal.ts";
import { javaName } from "./integrations/sdk-values.ts";

/** Constraints on the members of a service's responses, by structure and member. */
type Bounds = Readonly<Record<string, Readonly<Record<string, MemberFacts>>>>;

interface Check {
  /** Whether required members must be present. */
  readonly strict: boolean;
  readonly bounds: Bounds;
}

/** The first problem of the result, which names only the innermost field; unknown fields are allowed. */
export function mockResultProblem(operation: OperationModel, result: Json, strict: boolean): string | undefined {
  const bounds = (answers as Readonly<Record<string, Bounds>>)[operation.service.name] ?? {};
  return structProblem(operation.output, result, { strict, bounds });
}

/** The output of `lambda:invoke`. Mocks have the Payload as JSON text, although executions get it parsed. */
const invocation: Readonly<Record<string, "number" | "string">> = {
  ExecutedVersion: "string",
  FunctionError: "string",
  LogResult: "string",
  Payload: "string",
  StatusCode: "number",
};

/** {@link mockResultProblem} for the optimized integration of Lambda. */
export function mockInvocationProblem(result: Json): string | undefined {
  if (!isObject(result)) return undefined;
  for (const [name, type] of Object.entries(invocation)) {
    const given = result[name] ?? null;
    if (given !== null && jsonType(given) !== type) return `Field '${name}' must be a ${type}`;
  }
  return undefined;
}

function structProblem(shape: Shape, value: Json, check: Check): string | undefined {
  if (!isObject(value) || kindOf(shape) === "unit") return undefined;
  const required = check.strict ? requiredMembers(shape) : [];
  const known = check.bounds[shape.getName() ?? ""] ?? {};
  for (const [name, member] of shape.structIterator()) {
    const field = javaName(name);
    const given = value[field];
    if (given === undefined || given === null) {
      if (required.includes(name)) return `Required field '${field}' is missing`;
      continue;
    }
    const problem = memberProblem(field, member, known[name], given, check);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const typeNames: Readonly<Record<string, string>> = {
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
  check: Check,
): string | undefined {
  const kind = kindOf(shape);
  const type = Array.isArray(value) ? "list" : isObject(value) ? "struct" : jsonType(value);
  const expected = { blob: "string", timestamp: "string", map: "struct" }[kind as string] ?? kind;
  if (typeNames[kind] !== undefined && type !== expected) return `Field '${field}' must be ${typeNames[kind]}`;
  if (typeof value === "string") return textProblem(field, facts, value);
  const number = numberOf(value);
  if (number !== undefined) {
    if (facts?.min !== undefined && number < facts.min) return `Field '${field}' is less than the minimum value`;
    if (facts?.max !== undefined && number > facts.max) return `Field '${field}' exceeds the maximum value`;
  }
  if (kind === "struct") return structProblem(shape, value, check);
  if (kind === "list" && Array.isArray(value)) {
    for (const item of value) {
      const problem = memberProblem(field, shape.getValueSchema(), facts?.item, item, check);
      if (problem !== undefined) return problem;
    }
  }
  if (kind === "map" && isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      const problem = memberProblem(key, shape.getValueSchema(), facts?.item, item, check);
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
