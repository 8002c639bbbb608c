import { isObject, type JsonObject, textOf } from "../asl/json.ts";
import type { Machine } from "../asl/machine.ts";
import { parseResource } from "../asl/resource.ts";
import { type Diagnostic, notRecognized } from "../asl/validation/diagnostics.ts";
import type { Performer } from "./performer.ts";

/** Calls and parameters of tasks that the service they call does not have, as CreateStateMachine finds them. */
export function unsupportedCalls(performer: Performer, machine: Machine): Diagnostic[] {
  const found: Diagnostic[] = [];
  const refuse = (message: string, location: string): void => {
    found.push({ severity: "ERROR", code: "SCHEMA_VALIDATION_FAILED", message, location });
  };
  for (const { type, fields, location, language } of machine.states.values()) {
    if (type !== "Task") continue;
    const resource = parseResource(textOf(fields["Resource"]));
    const field = language === "JSONata" ? "Arguments" : "Parameters";
    const parameters = fields[field];
    if (resource?.kind !== "service") continue;
    if (performer.isUnknown(resource)) refuse(notRecognized(resource.arn), `${location}/Resource`);
    const known = performer.parametersOf(resource);
    if (known === undefined || !isObject(parameters)) continue;
    for (const name of namesIn(parameters, language === "JSONPath")) {
      if (known.has(name)) continue;
      refuse(`The field '${name}' is not supported by Step Functions`, `${location}/${field}`);
    }
  }
  return found;
}

function namesIn(parameters: JsonObject, paths: boolean): string[] {
  return Object.keys(parameters).map((name) => (paths ? name.replace(/\.\$$/, "") : name));
}
