/**
 * What keeps a JSON schema from stalling the server: evaluating a subschema costs its length, and patterns run in
 * linear time. So schemas that branch at every level, and comparisons of long lists, come to an end.
 */
import { LinearRegex } from "../../regex/linear-regex.ts";

/** Validation takes more work than a call may cost. */
export class SchemaTooCostly extends Error {}

/** About two seconds of the most expensive work, a tenth of that of typical work. */
const maxWork = 3_000_000;
let left = maxWork;

/** Starts a validation. Validations are synchronous, so one budget serves all. */
export function refill(): void {
  left = maxWork;
}

/** @throws SchemaTooCostly */
export function spend(work: number): void {
  if ((left -= work) < 0) throw new SchemaTooCostly("The model takes too much work to validate the body");
}

/** The keyword that every subschema gets; its value is what evaluating the subschema costs. */
export const costKeyword = "x-busbar-cost";

/** Compiled patterns of a schema, as ajv asks for them. */
export function regExp(pattern: string): { test(text: string): boolean } {
  const regex = new LinearRegex(pattern, "", 10_000);
  return {
    test: (text) => {
      spend(8);
      return regex.find(text, 0, spend) !== undefined;
    },
  };
}
/** Required by ajv, for standalone code, which we never generate. */
regExp.code = "";

/** Whether two items of a list are equal as JSON; the order of members does not matter. */
export function hasDuplicates(items: readonly unknown[]): boolean {
  const seen = new Set<string>();
  for (const item of items) {
    const text = canonical(item);
    spend(text.length + 4);
    if (seen.has(text)) return true;
    seen.add(text);
  }
  return false;
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`;
}
