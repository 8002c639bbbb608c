import { setOwn } from "../../../../../protocols/unknown-json.ts";
import type { Chance } from "../chance.ts";
import { runtimeError } from "../errors.ts";
import { javaHashOrder } from "../java-values.ts";
import { isObject, type Json, type JsonObject, quotedJson, textOf } from "../json.ts";
import type { QueryLanguage } from "../machine.ts";
import { isIntrinsic } from "./intrinsic-syntax.ts";
import { evaluateIntrinsic } from "./intrinsics.ts";
import { PathMiss, quotedRoot, type Roots, readPath } from "./path-read.ts";
import { pathOf } from "./path-syntax.ts";

/** The name of a template's member: its key, in JSONPath without the `.$` of a dynamic one. */
export function memberName(key: string, language: QueryLanguage): string {
  return language === "JSONPath" && key.endsWith(".$") ? key.slice(0, -2) : key;
}

/** The value of a path or an intrinsic call; `field` is the name of its `.$` field or path field, for messages. */
export function evaluateDynamic(expression: string, field: string, roots: Roots, chance: Chance): Json {
  if (isIntrinsic(expression)) return evaluateIntrinsic(expression, roots, chance);
  const path = pathOf(expression);
  try {
    return readPath(path, roots);
  } catch (error) {
    if (!(error instanceof PathMiss)) throw error;
    if (error.kind === "index") return null;
    throw runtimeError(
      `The JSONPath '${expression}' specified for the field '${field}' could not be found in the input '${quotedJson(quotedRoot(path, roots))}'`,
    );
  }
}

/**
 * The value of a payload template (Amazon States Language, Payload Template). Members of an object are in AWS's order:
 * static ones as written, then dynamic ones in the order of a Java HashMap.
 */
export function evaluateTemplate(template: Json, roots: Roots, chance: Chance): Json {
  if (Array.isArray(template)) {
    return template.map((item) => (typeof item === "object" ? evaluateTemplate(item, roots, chance) : item));
  }
  if (!isObject(template)) return template;
  const result: JsonObject = {};
  const dynamic: string[] = [];
  for (const key of Object.keys(template)) {
    if (key.endsWith(".$")) dynamic.push(key.slice(0, -2));
    else setOwn(result, key, evaluateTemplate(template[key]!, roots, chance));
  }
  const values = new Map<string, Json>();
  for (const name of dynamic) {
    values.set(name, evaluateDynamic(textOf(template[`${name}.$`]), `${name}.$`, roots, chance));
  }
  for (const name of javaHashOrder(dynamic)) setOwn(result, name, values.get(name)!);
  return result;
}
