import type { Json, JsonObject } from "../json.ts";
import type { QueryLanguage, StateType } from "../machine.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { checkPath, checkQueryOr } from "./validate-values.ts";

/** A state under validation. */
export type StateCheck = {
  diagnostics: Diagnostics;
  fields: JsonObject;
  type: StateType;
  language: QueryLanguage;
  location: string;
  machineType: "STANDARD" | "EXPRESS";
};

/** Checks that at most one of the fields is present. */
export function exclusive({ diagnostics, fields, location }: StateCheck, names: string[]): void {
  const present = names.filter((name) => fields[name] !== undefined);
  if (present.length > 1) diagnostics.schema(`Only one of these fields is allowed: [${present.join(", ")}]`, location);
}

/** Whether the field is present; adds an error if it is not. */
export function required({ diagnostics, fields, location }: StateCheck, name: string): boolean {
  if (fields[name] !== undefined) return true;
  diagnostics.schema(`The field '${name}' is required but was missing.`, location);
  return false;
}

/** Checks a number given as a literal, by a …Path field or, in JSONata, by an expression. */
export function checkNumber(check: StateCheck, field: string, problemOf: (value: Json) => string | undefined): void {
  const { diagnostics, fields, language, location } = check;
  const value = fields[field];
  const path = fields[`${field}Path`];
  if (language === "JSONPath") {
    exclusive(check, [field, `${field}Path`]);
    if (path !== undefined) checkPath(diagnostics, path, `${location}/${field}Path`, { reference: true });
    const problem = value === undefined ? undefined : problemOf(value);
    if (problem !== undefined) diagnostics.schema(problem, `${location}/${field}`);
  } else if (value !== undefined) checkQueryOr(diagnostics, value, `${location}/${field}`, problemOf);
}
