import { isObject, type Json, type JsonObject } from "../json.ts";
import { expressionFacts, expressionIn } from "../jsonata/query.ts";
import { intrinsicOf, isIntrinsic, isValidIntrinsic, pathsOfCall } from "../jsonpath/intrinsic-syntax.ts";
import { isValidPath, pathOf } from "../jsonpath/path-syntax.ts";
import type { Machine } from "../machine.ts";

/** Fields of a state that contain states, or that cannot have expressions. */
const opaque = new Set([
  "Branches",
  "ItemProcessor",
  "Iterator",
  "Type",
  "Comment",
  "Resource",
  "Next",
  "Default",
  "Result",
]);

/** Fields of states and their parts that are payload templates. */
const templates = new Set(["Parameters", "ItemSelector", "ResultSelector", "Assign", "Credentials", "BatchInput"]);

/**
 * DescribeStateMachine's `variableReferences`: the variables that each state refers to, by state name. States without
 * any are left out.
 */
export function variableReferences(machine: Machine): Record<string, string[]> {
  const result: Record<string, string[]> = {};
  const assigned = new Set<string>();
  for (const node of machine.states.values()) collectAssigned(node.fields, assigned);
  for (const node of machine.states.values()) {
    const names = new Set<string>();
    for (const field of Object.keys(node.fields)) {
      if (opaque.has(field)) continue;
      if (node.language === "JSONata") collectQueries(node.fields[field]!, names);
      else collectPaths(field, node.fields[field]!, templates.has(field), names);
    }
    const known = [...names].filter((name) => assigned.has(name));
    if (known.length > 0) result[node.name] = known;
  }
  return result;
}

/** Adds the names that a state, its rules and its catchers assign. */
function collectAssigned(fields: JsonObject, names: Set<string>): void {
  const add = (assign: Json | undefined): void => {
    if (!isObject(assign)) return;
    for (const key of Object.keys(assign)) names.add(key.replace(/\.\$$/, ""));
  };
  add(fields["Assign"]);
  for (const list of [fields["Choices"], fields["Catch"]]) {
    if (Array.isArray(list)) for (const entry of list) add((entry as JsonObject)["Assign"]);
  }
}

function collectQueries(value: Json, names: Set<string>): void {
  if (typeof value === "string") for (const name of queryVariables(value)) names.add(name);
  else if (Array.isArray(value) || isObject(value)) {
    for (const member of Object.values(value)) collectQueries(member, names);
  }
}

/** Only evaluated strings count: path fields, and members of templates whose keys end in `.$`. */
function collectPaths(key: string, value: Json, template: boolean, names: Set<string>): void {
  if (typeof value === "string") {
    const evaluated = template ? key.endsWith(".$") : key === "Variable" || key.endsWith("Path");
    if (evaluated) for (const name of pathVariables(value)) names.add(name);
  } else if (Array.isArray(value)) for (const item of value) collectPaths("", item, template, names);
  else if (isObject(value)) {
    for (const name of Object.keys(value)) collectPaths(name, value[name]!, template || templates.has(name), names);
  }
}

function queryVariables(text: string): string[] {
  const expression = expressionIn(text);
  const description = expression === undefined ? undefined : expressionFacts(expression);
  return description && "facts" in description ? description.facts.variables : [];
}

function pathVariables(text: string): string[] {
  const paths = isIntrinsic(text) && isValidIntrinsic(text) ? pathsOfCall(intrinsicOf(text)) : [];
  if (text.startsWith("$") && isValidPath(text)) paths.push(pathOf(text));
  return paths.flatMap((path) => (path.root.kind === "variable" ? [path.root.name] : []));
}
