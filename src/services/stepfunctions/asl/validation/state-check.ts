import type { Json, JsonObject } from "../json.ts";
import type { QueryLanguage, StateType } from "../machine.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { checkPath, checkQueryOr } from "./validate-values.ts";

/** A state under validation. */
export type StateCheck = {
  found: Diagnostics;
  fields: JsonObject;
  type: StateType;
  language: QueryLanguage;
  location: string;
  machineType: "STANDARD" | "EXPRESS";
};

/** Largest number of seconds in a definition. */
export const maxSeconds = 99_999_999;

/** At most one of the fields may be there. */
export function exclusive({ found, fields, location }: StateCheck, names: string[]): void {
  const present = names.filter((name) => fields[name] !== undefined);
  if (present.length > 1) found.schema(`Only one of these fields is allowed: [${present.join(", ")}]`, location);
}

/** Whether the field is there; a finding when not. */
export function required({ found, fields, location }: StateCheck, name: string): boolean {
  if (fields[name] !== undefined) return true;
  found.schema(`The field '${name}' is required but was missing.`, location);
  return false;
}

/** A number given literally, by a …Path field or, in JSONata, by an expression. */
export function checkNumber(check: StateCheck, field: string, problemOf: (value: Json) => string | undefined): void {
  const { found, fields, language, location } = check;
  const value = fields[field];
  const path = fields[`${field}Path`];
  if (language === "JSONPath") {
    exclusive(check, [field, `${field}Path`]);
    if (path !== undefined) checkPath(found, path, `${location}/${field}Path`, { reference: true });
    const problem = value === undefined ? undefined : problemOf(value);
    if (problem !== undefined) found.schema(problem, `${location}/${field}`);
  } else if (value !== undefined) checkQueryOr(found, value, `${location}/${field}`, problemOf);
}
