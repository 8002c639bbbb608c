/** Schemas of a document as models. */
import { isObject } from "../../../../protocols/unknown-json.ts";
import type { Members } from "./document.ts";
import type { Reader } from "./reader.ts";

export interface ImportedModel {
  readonly name: string;
  readonly description: string | undefined;
  readonly schema: string;
}

/** Members AWS writes first, in its order; the description comes last. */
const firstMembers = ["required", "type", "properties", "items"];
/** Members of OpenAPI that JSON Schema does not have. */
const dropped = new Set(["discriminator", "example", "xml", "externalDocs", "readOnly", "writeOnly", "deprecated"]);
const mapsOfSchemas = new Set(["properties", "patternProperties", "definitions"]);
const listsOfSchemas = new Set(["allOf", "anyOf", "oneOf"]);
const schemas = new Set(["items", "additionalProperties", "not"]);

/** The models of a document, and the names to refer to them. */
export class Schemas {
  readonly #reader: Reader;
  readonly #apiId: string;
  readonly #newName: () => string;
  readonly models: ImportedModel[] = [];
  /** Names of models by the names of their schemas. */
  readonly #names = new Map<string, string>();
  readonly #taken = new Set<string>();
  /** Names of the models made from inline schemas, which several places may share. */
  readonly #unnamed = new Map<object, string>();

  /** @param newName makes the six characters after `MODEL` for an unnamed schema. */
  constructor(reader: Reader, apiId: string, newName: () => string) {
    this.#reader = reader;
    this.#apiId = apiId;
    this.#newName = newName;
    const { root, document } = reader;
    const components = isObject(root["components"]) ? root["components"] : {};
    const named = document.version === 2 ? root["definitions"] : components["schemas"];
    const entries = isObject(named) ? Object.entries(named) : [];
    for (const [name] of entries) this.#names.set(name, this.#modelName(name));
    for (const [name, schema] of entries) {
      if (isObject(schema)) this.#add(this.#names.get(name) as string, schema);
      else reader.warn(`Ignoring the schema '${name}', which is not an object`);
    }
  }

  /** The name of the model for a schema. An inline schema becomes a model of its own; a reference names another one. */
  modelOf(schema: unknown): string | undefined {
    if (!isObject(schema)) return undefined;
    const reference = schema["$ref"];
    if (typeof reference === "string") {
      const name = this.#referenced(reference);
      if (name === undefined) this.#reader.fail(`Invalid model reference specified: ${reference}`);
      return name;
    }
    let name = this.#unnamed.get(schema);
    if (name === undefined) {
      name = `MODEL${this.#newName()}`;
      this.#unnamed.set(schema, name);
      this.#add(name, schema);
    }
    return name;
  }

  #modelName(name: string): string {
    const alphanumeric = name.replace(/[^a-zA-Z0-9]/g, "");
    let model = alphanumeric === "" ? `MODEL${this.#newName()}` : alphanumeric;
    while (this.#taken.has(model)) model = `${alphanumeric}${this.#newName()}`;
    this.#taken.add(model);
    if (model !== name) this.#reader.warn(`Model names may hold letters and digits alone: '${name}' is now '${model}'`);
    return model;
  }

  #add(name: string, schema: Members): void {
    const { description } = schema;
    this.models.push({
      name,
      description: typeof description === "string" && description !== "" ? description : undefined,
      schema: JSON.stringify(this.#written(schema)),
    });
  }

  #referenced(reference: string): string | undefined {
    const [, local] = /^#\/(?:definitions|components\/schemas)\/([^/]+)$/.exec(reference) ?? [];
    if (local !== undefined) return this.#names.get(local.replace(/~1/g, "/").replace(/~0/g, "~"));
    return /^https?:\/\/apigateway\.amazonaws\.com\/restapis\/[^/]+\/models\/([A-Za-z0-9]+)$/.exec(reference)?.[1];
  }

  #written(schema: unknown): unknown {
    if (!isObject(schema)) return schema;
    const reference = schema["$ref"];
    if (typeof reference === "string") {
      const model = this.#referenced(reference);
      if (model === undefined) return { $ref: reference };
      return { $ref: `https://apigateway.amazonaws.com/restapis/${this.#apiId}/models/${model}` };
    }
    const names = Object.keys(schema).filter((name) => !dropped.has(name) && !name.startsWith("x-"));
    const order = [
      ...firstMembers.filter((name) => names.includes(name)),
      ...names.filter((name) => !firstMembers.includes(name) && name !== "description"),
      ...names.filter((name) => name === "description"),
    ];
    return Object.fromEntries(order.map((name) => [name, this.#member(name, schema[name])]));
  }

  #member(name: string, value: unknown): unknown {
    if (mapsOfSchemas.has(name) && isObject(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.#written(inner)]));
    }
    if (listsOfSchemas.has(name) && Array.isArray(value)) return value.map((inner) => this.#written(inner));
    if (schemas.has(name)) {
      return Array.isArray(value) ? value.map((inner) => this.#written(inner)) : this.#written(value);
    }
    return value;
  }
}
