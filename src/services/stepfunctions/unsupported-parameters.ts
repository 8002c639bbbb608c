import type { Diagnostic } from "./asl/diagnostics.ts";
import { isObject, type JsonObject, textOf } from "./asl/json.ts";
import type { Machine } from "./asl/machine.ts";
import { parseResource } from "./asl/resource.ts";
import type { Performer } from "./performer.ts";

/** Parameters of tasks that the API they call does not have, as CreateStateMachine finds them. */
export function unsupportedParameters(performer: Performer, machine: Machine): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const { type, fields, location, language } of machine.states.values()) {
    if (type !== "Task") continue;
    const resource = parseResource(textOf(fields["Resource"]));
    const field = language === "JSONata" ? "Arguments" : "Parameters";
    const parameters = fields[field];
    if (resource?.kind !== "service" || !isObject(parameters)) continue;
    const known = performer.parametersOf(resource);
    if (known === undefined) continue;
    for (const name of namesIn(parameters, language === "JSONPath")) {
      if (known.has(name)) continue;
      const message = `The field '${name}' is not supported by Step Functions`;
      found.push({ severity: "ERROR", code: "SCHEMA_VALIDATION_FAILED", message, location: `${location}/${field}` });
    }
  }
  return found;
}

function namesIn(parameters: JsonObject, paths: boolean): string[] {
  return Object.keys(parameters).map((name) => (paths ? name.replace(/\.\$$/, "") : name));
}
