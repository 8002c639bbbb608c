import { isObject, type Json, textOf } from "../asl/json.ts";
import { memberName } from "../asl/jsonpath/template.ts";
import type { Machine } from "../asl/machine.ts";
import { parseResource } from "../asl/resource.ts";
import { type Diagnostic, notRecognized } from "../asl/validation/diagnostics.ts";
import { parameterNames } from "./integrations/sdk-values.ts";
import type { Performer } from "./performer.ts";
import { parameterProblems } from "./sdk-parameters.ts";

/** CreateStateMachine's diagnostics for operations and parameters of tasks that their services do not have. */
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
    if (resource.resourceType.startsWith("aws-sdk:")) {
      const service = resource.resourceType.slice("aws-sdk:".length);
      const isDynamic = (value: Json) =>
        language === "JSONata" && typeof value === "string" && value.trimStart().startsWith("{%");
      const options = { service, language, isDynamic, integers: performer.isOwn(resource) };
      for (const problem of parameterProblems(shape, parameters, options)) refuse(problem, `${location}/${field}`);
      continue;
    }
    const known = parameterNames(shape);
    for (const key of Object.keys(parameters)) {
      const name = memberName(key, language);
      if (known.has(name)) continue;
      refuse(`The field '${name}' is not supported by Step Functions`, `${location}/${field}`);
    }
  }
  return found;
}
