import { isObject, type Json, type JsonObject, textOf } from "../asl/json.ts";
import type { Machine } from "../asl/machine.ts";
import { parseResource } from "../asl/resource.ts";
import { type Diagnostic, notRecognized } from "../asl/validation/diagnostics.ts";
import { parameterNames } from "./integrations/sdk-values.ts";
import type { Performer } from "./performer.ts";
import { parameterProblems } from "./sdk-parameters.ts";

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
    const shape = performer.operationOf(resource)?.input;
    if (shape === undefined || !isObject(parameters)) continue;
    const paths = language === "JSONPath";
    if (resource.resourceType.startsWith("aws-sdk:")) {
      const service = resource.resourceType.slice("aws-sdk:".length);
      const isOpen = (value: Json) => !paths && typeof value === "string" && value.trimStart().startsWith("{%");
      const about = { service, paths, isOpen, integers: performer.isOwn(resource) };
      for (const problem of parameterProblems(shape, parameters, about)) refuse(problem, `${location}/${field}`);
      continue;
    }
    const known = parameterNames(shape);
    for (const name of namesIn(parameters, paths)) {
      if (known.has(name)) continue;
      refuse(`The field '${name}' is not supported by Step Functions`, `${location}/${field}`);
    }
  }
  return found;
}

function namesIn(parameters: JsonObject, paths: boolean): string[] {
  return Object.keys(parameters).map((name) => (paths ? name.replace(/\.\$$/, "") : name));
}
