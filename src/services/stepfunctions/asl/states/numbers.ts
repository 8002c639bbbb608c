/** Numbers that a state's fields give literally, by path or by expression. */
import { effectiveInput, valueOfPath } from "../data-flow.ts";
import { runtimeError, type StateError } from "../errors.ts";
import { type Json, type JsonObject, textOf } from "../json.ts";
import { evaluateTyped } from "../jsonata/query.ts";
import type { StateNode } from "../machine.ts";
import { numberFromText, numberOf } from "../number-literal.ts";
import { type Place, queryScope } from "../scope.ts";

const numberText = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The number a path leads to; one written as text counts as the number. */
export function referencedNumber(value: Json): number | undefined {
  return numberOf(typeof value === "string" && numberText.test(value) ? numberFromText(value) : value);
}

/** AWS's complaint about what a path field leads to. */
export function notNumeric(field: string, value: Json, kind: "integer" | "float", path: Json): StateError {
  return runtimeError(
    `The ${field} field refers to value "${textOf(value)}" which is not a valid ${kind}: ${textOf(path)}`,
  );
}

/**
 * The number of `field`, or of `{field}Path`, in `holder`, a state or a part of one at `location`; undefined when not given at
 * all. Throws States.Runtime for what a path leads to and is no such number.
 */
export function numeric(
  node: StateNode,
  place: Place,
  holder: JsonObject,
  field: string,
  location: string,
  kind: "integer" | "float",
): number | undefined {
  if (node.language === "JSONata") {
    if (holder[field] === undefined) return undefined;
    return numberOf(evaluateTyped(holder[field], `${location}${field}`, "number", queryScope(place)));
  }
  const path = holder[`${field}Path`];
  if (path === undefined) return numberOf(holder[field]);
  const value = valueOfPath(path, place, effectiveInput(node, place));
  const number = referencedNumber(value);
  if (number !== undefined && (kind === "float" || Number.isInteger(number))) return number;
  throw notNumeric(`${field}Path`, value, kind, path);
}
