/** Numbers that a state's fields give as a literal, a path or an expression. */
import { effectiveInput, valueOfPath } from "../data-flow.ts";
import { runtimeError, type StateError } from "../errors.ts";
import { type Json, type JsonObject, textOf } from "../json.ts";
import { evaluateTyped } from "../jsonata/query.ts";
import type { StateNode } from "../machine.ts";
import { numberFromText, numberOf } from "../number-literal.ts";
import { type Place, queryScope } from "../scope.ts";

const numberText = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** The number that a path selects; a string with a number in it counts as one. */
export function referencedNumber(value: Json): number | undefined {
  return numberOf(typeof value === "string" && numberText.test(value) ? numberFromText(value) : value);
}

/** AWS's error for a path field that selects something else than a number. */
export function notNumeric(field: string, value: Json, kind: "integer" | "float", path: Json): StateError {
  return runtimeError(
    `The ${field} field refers to value "${textOf(value)}" which is not a valid ${kind}: ${textOf(path)}`,
  );
}

/**
 * The number of `field` or `{field}Path` in `holder`, which is a state or a part of one at `location`; undefined if
 * neither is there. Throws States.Runtime if a path selects something else.
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
