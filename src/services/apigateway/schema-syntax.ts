/** Checks the values of JSON Schema (draft 4) keywords, as far as API Gateway does when a model is created. */
import { isObject } from "../../../protocols/unknown-json.ts";

type Check = (value: unknown, depth: number) => boolean;

/** As deep as models are compiled. */
const maxDepth = 500;
const primitives = new Set<unknown>(["array", "boolean", "integer", "null", "number", "object", "string"]);

const isPart: Check = (value, depth) => isObject(value) && isSchema(value, depth + 1);
const isMapOfParts: Check = (value, depth) =>
  isObject(value) && Object.values(value).every((part) => isPart(part, depth));
const isListOfParts: Check = (value, depth) => isFilledList(value, (part) => isPart(part, depth));
const isPartOrFlag: Check = (value, depth) => typeof value === "boolean" || isPart(value, depth);

function isFilledList(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isItem);
}

const keywords: Readonly<Record<string, Check>> = {
  type: (value) => primitives.has(value) || isFilledList(value, (item) => primitives.has(item)),
  required: (value) => isFilledList(value, (item) => typeof item === "string"),
  enum: (value) => isFilledList(value, () => true),
  pattern: (value) => typeof value === "string",
  $ref: (value) => typeof value === "string",
  properties: isMapOfParts,
  patternProperties: isMapOfParts,
  definitions: isMapOfParts,
  items: (value, depth) => isPart(value, depth) || isListOfParts(value, depth),
  allOf: isListOfParts,
  anyOf: isListOfParts,
  oneOf: isListOfParts,
  not: isPart,
  additionalProperties: isPartOrFlag,
  additionalItems: isPartOrFlag,
};

/** Whether every keyword in the schema and its subschemas has a valid value. */
export function isSchema(schema: Readonly<Record<string, unknown>>, depth = 0): boolean {
  if (depth > maxDepth) return false;
  return Object.entries(schema).every(
    ([keyword, value]) => !Object.hasOwn(keywords, keyword) || (keywords[keyword] as Check)(value, depth),
  );
}
