/**
 * What can be made from a model's schema: one schema with all models it refers to, and the skeleton of a mapping
 * template.
 */
import { isObject, jsonObject } from "../../../protocols/unknown-json.ts";

type Schema = Readonly<Record<string, unknown>>;

/** The schema of the model with this name, if there is one. */
export type SchemaByName = (name: string) => string | undefined;

/** How deep schemas are followed and how many parts are written, since references may be circular or multiply. */
const maxDepth = 30;
const maxParts = 10_000;

const modelReference = /^https:\/\/apigateway\.amazonaws\.com\/restapis\/[^/]+\/models\/([A-Za-z0-9]+)$/;

/** The schema with the models it refers to moved into its `definitions`. */
export function flattened(text: string, schemas: SchemaByName): string {
  const root = schemaIn(text);
  if (root === undefined) return text;
  const definitions = new Map<string, unknown>();
  const localised = (value: unknown, depth: number): unknown => {
    if (Array.isArray(value)) return value.map((item) => localised(item, depth + 1));
    if (!isObject(value) || depth > maxDepth) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        const name = key === "$ref" && typeof inner === "string" ? modelReference.exec(inner)?.[1] : undefined;
        if (name === undefined) return [key, localised(inner, depth + 1)];
        if (!definitions.has(name)) {
          definitions.set(name, undefined);
          definitions.set(name, localised(schemaIn(schemas(name)) ?? {}, 0));
        }
        return [key, `#/definitions/${name}`];
      }),
    );
  };
  const whole = localised(root, 0) as Schema;
  if (definitions.size === 0) return text;
  const own = isObject(whole["definitions"]) ? whole["definitions"] : {};
  return JSON.stringify({ ...whole, definitions: { ...own, ...Object.fromEntries(definitions) } });
}

/** A starting point for users: a template that copies a body of the model's shape. */
export function modelTemplate(text: string, schemas: SchemaByName): string {
  let parts = 0;
  const written = (schema: unknown, path: string, indent: string, open: readonly string[]): string => {
    if (++parts > maxParts || !isObject(schema) || indent.length / 2 > maxDepth) return "{}";
    const reference = schema["$ref"];
    if (typeof reference === "string") {
      const name = modelReference.exec(reference)?.[1] ?? "";
      if (open.includes(name)) return "{}";
      return written(schemaIn(schemas(name)), path, indent, [...open, name]);
    }
    if (schema["type"] === "array" || isObject(schema["items"])) {
      const item = `$elem${indent.length / 2 || ""}`;
      const inner = written(schema["items"], item, `${indent}  `, open);
      return `[\n#foreach(${item} in ${path})\n${indent}  ${inner}#if($foreach.hasNext),#end\n#end\n${indent}]`;
    }
    const { properties } = schema;
    if (schema["type"] === "object" || isObject(properties)) {
      const lines = Object.entries(isObject(properties) ? properties : {}).map(
        ([name, inner]) =>
          `${indent}  ${JSON.stringify(name)} : ${written(inner, `${path}.${name}`, `${indent}  `, open)}`,
      );
      return lines.length === 0 ? "{ }" : `{\n${lines.join(",\n")}\n${indent}}`;
    }
    return schema["type"] === "string" ? `"${path}"` : path;
  };
  return `#set($inputRoot = $input.path('$'))\n${written(schemaIn(text), "$inputRoot", "", [])}`;
}

function schemaIn(text: string | undefined): Schema | undefined {
  return text === undefined ? undefined : jsonObject(text);
}
