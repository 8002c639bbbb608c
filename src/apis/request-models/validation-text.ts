/** What is wrong with a body, in the words of the validator AWS uses. */
import type { ErrorObject } from "ajv";

/** Characters put into an answer or a log. */
const maxLength = 10_000;

/** A list in brackets, as `$context.error.validationErrorString` has it. */
export function validationText(errors: readonly ErrorObject[]): string {
  const missing = errors.filter(({ keyword }) => keyword === "required");
  const texts = new Set<string>();
  for (const error of errors) {
    // The missing properties of an object are reported together.
    const text =
      error.keyword === "required"
        ? `object has missing required properties (${listOf(
            missing
              .filter(({ instancePath }) => instancePath === error.instancePath)
              .map((one) => one.params["missingProperty"]),
          )})`
        : textOf(error);
    texts.add(text);
  }
  return `[${[...texts].join(", ")}]`.slice(0, maxLength);
}

function textOf({ keyword, params, schema, data }: ErrorObject): string {
  const shown = (value: unknown) => JSON.stringify(value) ?? "";
  const count = Array.isArray(data)
    ? data.length
    : typeof data === "object" && data !== null
      ? Object.keys(data).length
      : 0;
  switch (keyword) {
    case "type": {
      const allowed = Array.isArray(schema) ? (schema as unknown[]) : [schema];
      return `instance type (${typeName(data)}) does not match any allowed primitive type (allowed: ${listOf(allowed)})`;
    }
    case "minimum":
      return `numeric instance is lower than the required minimum (minimum: ${shown(schema)}, found: ${shown(data)})`;
    case "maximum":
      return `numeric instance is greater than the required maximum (maximum: ${shown(schema)}, found: ${shown(data)})`;
    case "minLength":
      return `string ${shown(data)} is too short (length: ${charsOf(data)}, required minimum: ${shown(schema)})`;
    case "maxLength":
      return `string ${shown(data)} is too long (length: ${charsOf(data)}, maximum allowed: ${shown(schema)})`;
    case "pattern":
      return `ECMA 262 regex ${shown(schema)} does not match input string ${shown(data)}`;
    case "enum":
      return `instance value (${shown(data)}) not found in enum (possible values: ${shown(schema)})`;
    case "additionalProperties":
      return `object instance has properties which are not allowed by the schema: ${listOf([params["additionalProperty"]])}`;
    case "minItems":
      return `array is too short: must have at least ${shown(schema)} elements but instance has ${count} elements`;
    case "maxItems":
      return `array is too long: must have at most ${shown(schema)} elements but instance has ${count} elements`;
    case "minProperties":
      return `object has too few properties (found ${count} but schema requires at least ${shown(schema)})`;
    case "maxProperties":
      return `object has too many properties (found ${count} but schema requires at most ${shown(schema)})`;
    case "uniqueItems":
      return "array must not contain duplicate elements";
    case "multipleOf":
      return `remainder of division is not zero (${shown(data)} / ${shown(schema)})`;
    case "anyOf":
      return `instance failed to match at least one required schema among ${(schema as unknown[]).length}`;
    case "oneOf": {
      const matched = (params["passingSchemas"] as unknown[] | null)?.length ?? 0;
      return `instance failed to match exactly one schema (matched ${matched} out of ${(schema as unknown[]).length})`;
    }
    case "not":
      return "instance matched a schema which it should not have";
    default:
      return `instance does not match the keyword ${keyword}`;
  }
}

function listOf(values: readonly unknown[]): string {
  return JSON.stringify([...values].sort());
}

function charsOf(value: unknown): number {
  return typeof value === "string" ? [...value].length : 0;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && Number.isInteger(value) ? "integer" : typeof value;
}
