/** Request models: JSON schemas of draft 4 that validate bodies (developer guide, request validation). */

import type { ErrorObject, ValidateFunction } from "ajv";
import { isObject } from "../../../protocols/unknown-json.ts";
import { costKeyword, hasDuplicates, refill, regExp, SchemaTooCostly, spend } from "./schema-budget.ts";
import { validationText } from "./validation-text.ts";

export interface Model {
  readonly name: string;
  /** JSON text. */
  readonly schema: string;
}

/** The model cannot be used: it is not a JSON schema, or refers to a model that does not exist. Answered with 500. */
export class ModelUnusable extends Error {}

type Schema = Readonly<Record<string, unknown>>;

/** How models refer to one another: `https://apigateway.amazonaws.com/restapis/{api}/models/{name}`. */
const modelUrl = /^https?:\/\/[^/]+\/restapis\/[^/]+\/models\/([^/#]+)(#.*)?$/;

/** Deepest nesting of schemas and bodies, which are walked recursively. */
const maxDepth = 500;
/** Characters of a body beyond which only its first violation is reported, since each costs memory. */
const maxListedLength = 65_536;

type Compiler = typeof import("ajv-draft-04")["default"];

let compilerClass: Compiler | undefined;

/** Loads the library, which is large and seldom needed. Has to be awaited before the first validation. */
export async function loadValidator(): Promise<void> {
  compilerClass ??= (await import("ajv-draft-04")).default.default;
}

/** Whether `loadValidator` has finished, so that validation need not wait. */
export function isValidatorLoaded(): boolean {
  return compilerClass !== undefined;
}

/** The models of one deployment. Each is compiled when a body first needs it. */
export class Models {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #compiled = new Map<string, ValidateFunction | ModelUnusable>();
  readonly #listing = new Map<string, ValidateFunction | ModelUnusable>();

  constructor(models: readonly Model[]) {
    this.#texts = new Map(models.map(({ name, schema }) => [name, schema]));
  }

  /**
   * What is wrong with a body, as `$context.error.validationErrorString` reports it; undefined if nothing is.
   * @throws ModelUnusable
   */
  violation(name: string, body: string): string | undefined {
    const validate = this.#validator(name, false);
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch (error) {
      return `[${body === "" ? "No body" : (error as Error).message}]`;
    }
    if (depthOf(value) > maxDepth) return "[Document is nested too deeply]";
    if (isValid(validate, value)) return undefined;
    if (body.length > maxListedLength) return validationText(validate.errors?.slice(0, 1) ?? []);
    const listing = this.#validator(name, true);
    isValid(listing, value);
    return validationText((listing.errors ?? []) as ErrorObject[]);
  }

  #validator(name: string, allErrors: boolean): ValidateFunction {
    const known = allErrors ? this.#listing : this.#compiled;
    let validate = known.get(name);
    if (validate === undefined) {
      validate = this.#compile(name, allErrors);
      known.set(name, validate);
    }
    if (validate instanceof ModelUnusable) throw validate;
    return validate;
  }

  #compile(name: string, allErrors: boolean): ValidateFunction | ModelUnusable {
    if (compilerClass === undefined) throw new Error("the validator is not loaded");
    const compiler = new compilerClass({
      allErrors,
      strict: false,
      validateSchema: false,
      // API Gateway ignores formats.
      validateFormats: false,
      logger: false,
      inlineRefs: false,
      unicodeRegExp: false,
      verbose: true,
      code: { regExp },
    });
    compiler.removeKeyword("uniqueItems");
    compiler.addKeyword({
      keyword: "uniqueItems",
      type: "array",
      validate: (wanted: unknown, items: unknown[]) => wanted !== true || !hasDuplicates(items),
    });
    compiler.addKeyword({
      keyword: costKeyword,
      errors: false,
      validate: (cost: number) => {
        spend(cost);
        return true;
      },
    });
    try {
      for (const needed of this.#needed(name)) compiler.addSchema(this.#read(needed), urlOf(needed));
      return compiler.getSchema(urlOf(name)) as ValidateFunction;
    } catch (error) {
      return error instanceof ModelUnusable ? error : new ModelUnusable((error as Error).message);
    }
  }

  /** The model and all models it refers to, directly or not; they may refer to one another in circles. */
  #needed(name: string): Set<string> {
    const needed = new Set([name]);
    for (const one of needed) {
      const references = (this.#texts.get(one) ?? "").matchAll(/"\$ref"\s*:\s*"([^"]*)"/g);
      for (const [, reference = ""] of references) {
        const other = modelUrl.exec(reference.replaceAll("\\/", "/"))?.[1];
        if (other !== undefined) needed.add(other);
      }
    }
    return needed;
  }

  #read(name: string): Schema {
    const text = this.#texts.get(name);
    if (text === undefined) throw new ModelUnusable(`There is no model ${name}`);
    const schema: unknown = JSON.parse(text);
    if (!isObject(schema)) throw new ModelUnusable(`The model ${name} is not a JSON schema`);
    return priced(schema, 0);
  }
}

function isValid(validate: ValidateFunction, value: unknown): boolean {
  refill();
  try {
    return validate(value) === true;
  } catch (error) {
    // A schema that refers to itself without descending into the value never ends.
    if (error instanceof SchemaTooCostly || error instanceof RangeError) throw new ModelUnusable(error.message);
    throw error;
  }
}

function urlOf(model: string): string {
  return `busbar:models/${encodeURIComponent(model)}`;
}

/** A branch that does not match leaves errors behind, which cost more than checking the value. */
const branchCost = 25;

const schemaMaps = new Set(["properties", "patternProperties", "definitions", "$defs"]);
const schemaLists = new Set(["allOf", "anyOf", "oneOf"]);
const schemas = new Set(["not", "additionalProperties", "additionalItems", "items"]);

/**
 * The schema as given to ajv: with the cost of each subschema, references to other models under our own URLs, and
 * without keywords API Gateway does not know.
 */
function priced(schema: Schema, depth: number): Schema {
  if (depth > maxDepth) throw new ModelUnusable("The model is nested too deeply");
  const result: Record<string, unknown> = Object.create(null);
  let cost = 4;
  for (const [keyword, value] of Object.entries(schema)) {
    // `id` would change what references are relative to.
    if (keyword === "id" || keyword === "$schema" || keyword === "exclusiveMinimum") continue;
    if (keyword === "$ref" && typeof value === "string") {
      const [, model, fragment = ""] = modelUrl.exec(value) ?? [];
      result["$ref"] = model === undefined ? value : urlOf(model) + fragment;
    } else if (schemaMaps.has(keyword) && isObject(value)) {
      const parts = Object.entries(value);
      cost += parts.length * 2;
      const map: Record<string, unknown> = Object.create(null);
      for (const [name, part] of parts) map[name] = isObject(part) ? priced(part, depth + 1) : part;
      result[keyword] = map;
    } else if (keyword === "dependencies" && isObject(value)) {
      const parts = Object.entries(value);
      cost += parts.reduce((sum, [, part]) => sum + 2 + (Array.isArray(part) ? part.length : 0), 0);
      result[keyword] = Object.fromEntries(
        parts.map(([name, part]) => [name, isObject(part) ? priced(part, depth + 1) : part]),
      );
    } else if ((schemaLists.has(keyword) || keyword === "items") && Array.isArray(value)) {
      cost += value.length * (schemaLists.has(keyword) ? branchCost : 1);
      result[keyword] = value.map((part: unknown) => (isObject(part) ? priced(part, depth + 1) : part));
    } else if (schemas.has(keyword) && isObject(value)) result[keyword] = priced(value, depth + 1);
    else {
      if (Array.isArray(value)) cost += value.length;
      result[keyword] = value;
    }
  }
  // In draft 4 a reference overrides everything beside it.
  if ("$ref" in result) return { $ref: result["$ref"], [costKeyword]: cost };
  result[costKeyword] = cost;
  return result;
}

/** How deeply a value is nested; counting ends beyond `maxDepth`. */
function depthOf(value: unknown): number {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= maxDepth; depth++) {
    const next: unknown[] = [];
    for (const one of level) {
      if (typeof one !== "object" || one === null) continue;
      for (const item of Array.isArray(one) ? one : Object.values(one)) {
        if (typeof item === "object" && item !== null) next.push(item);
      }
    }
    if (next.length === 0) return depth;
    level = next;
  }
  return maxDepth + 1;
}
