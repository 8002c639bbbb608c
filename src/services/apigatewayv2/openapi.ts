/** Reads OpenAPI 3.0 documents as far as HTTP APIs use them (developer guide: OpenAPI definitions for HTTP APIs). */

import { getOwn, isObject } from "../../../protocols/unknown-json.ts";
import { readYaml } from "../../apis/yaml.ts";
import type { Turns } from "../../engine/turns.ts";
import { badRequest } from "./errors.ts";

export type Tree = Readonly<Record<string, unknown>>;

/** A member that is an object; an empty one if it is missing or something else. */
export function treeOf(holder: Tree, name: string): Tree {
  const value = getOwn(holder, name);
  return isObject(value) ? value : {};
}

export function textAt(holder: Tree, name: string): string | undefined {
  const value = getOwn(holder, name);
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined;
}

export function textsAt(holder: Tree, name: string): string[] | undefined {
  const value = getOwn(holder, name);
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : undefined;
}

/** Texts by name; numbers and booleans as their texts. */
export function textMap(value: unknown): Record<string, string> | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value).filter(([, one]) => ["string", "number", "boolean"].includes(typeof one));
  return Object.fromEntries(entries.map(([name, one]) => [name, String(one as string | number | boolean)]));
}

/** A longer document is refused before it is parsed (API Gateway quotas: size of an OpenAPI definition). */
const maxChars = 6 * 1024 * 1024;

/** @throws AwsError BadRequestException for what is no OpenAPI 3.0 document. */
export async function readOpenApi(text: string, turns: Turns): Promise<Tree> {
  if (text.length > maxChars) throw badRequest("The OpenAPI definition is too large.");
  let document: unknown;
  try {
    document = /^\s*\{/.test(text) ? JSON.parse(text) : (await readYaml(text, turns)).root;
  } catch {
    throw badRequest("Unable to parse API definition because of a malformed definition at line 1, column 1");
  }
  if (!isObject(document)) throw badRequest("Invalid OpenAPI input.");
  const version = textAt(document, "openapi");
  if (version === undefined || !/^3\.0(\.|$)/.test(version)) {
    throw badRequest("Unsupported OpenAPI version. HTTP APIs are imported from OpenAPI 3.0 definitions.");
  }
  if (!isObject(document["paths"])) throw badRequest("Invalid OpenAPI input. The definition has no paths.");
  return document;
}

/** Follows a tree's `$ref` within the document; without one it is the tree itself. A reference to nothing is empty. */
export function resolved(document: Tree, tree: Tree): Tree {
  const seen = new Set<string>();
  let current = tree;
  for (;;) {
    const ref = textAt(current, "$ref");
    if (ref === undefined) return current;
    if (seen.has(ref) || !ref.startsWith("#/")) return {};
    seen.add(ref);
    let target: unknown = document;
    for (const part of ref.slice(2).split("/")) {
      const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
      target = isObject(target) ? getOwn(target, name) : undefined;
    }
    if (!isObject(target)) return {};
    current = target;
  }
}
