import { isObject, type Json } from "../json.ts";
import { intrinsicOf, isIntrinsic, isValidIntrinsic } from "../jsonpath/intrinsic-syntax.ts";
import { memberName } from "../jsonpath/template.ts";
import { maxSeconds } from "../machine.ts";
import { numberOf } from "../number-literal.ts";
import { parseResource, type TaskResource } from "../resource.ts";
import {
  integrationFields,
  languageFields,
  optimizedApis,
  optimizedServices,
  stateFields,
} from "../states/state-fields.ts";
import { notRecognized } from "./diagnostics.ts";
import { checkNumber, exclusive, required, type StateCheck } from "./state-check.ts";
import { checkChoice } from "./validate-choice.ts";
import { checkCatch, checkRetry } from "./validate-handlers.ts";
import { checkMap } from "./validate-map.ts";
import {
  checkAssign,
  checkPath,
  checkPathOrIntrinsic,
  checkQuery,
  checkQueryOr,
  checkTemplate,
  integerProblem,
  nonEmptyArray,
  type StatesMember,
  stringProblem,
  timestampProblem,
} from "./validate-values.ts";

/**
 * Checks everything about a state except its transitions and the states inside it (Amazon States Language, State
 * types).
 */
export function checkState(check: StateCheck): void {
  checkFieldNames(check);
  checkCommon(check);
  switch (check.type) {
    case "Task":
      checkTask(check);
      break;
    case "Pass":
      checkPass(check);
      break;
    case "Wait":
      checkWait(check);
      break;
    case "Choice":
      checkChoice(check);
      break;
    case "Fail":
      checkFail(check);
      break;
    case "Parallel":
      nonEmptyArray(check.diagnostics, check.fields["Branches"] ?? [], `${check.location}/Branches`);
      break;
    case "Map":
      checkMap(check);
      break;
    case "Succeed":
      break;
  }
}

function checkFieldNames({ diagnostics, fields, type, language, location }: StateCheck): void {
  const other = language === "JSONPath" ? "JSONata" : "JSONPath";
  for (const field of Object.keys(fields)) {
    if (stateFields[language][type].has(field)) continue;
    if (languageFields[other].has(field) && stateFields[other][type].has(field)) {
      diagnostics.schema(
        `The QueryLanguage is set to '${language}', but field '${field}' is only supported for the '${other}' QueryLanguage`,
        location,
      );
    } else diagnostics.schema(`Field '${field}' is not supported`, location);
  }
}

function checkCommon(check: StateCheck): void {
  const { diagnostics, fields, type, language, location } = check;
  const at = (field: string): string => `${location}/${field}`;
  if (fields["Comment"] !== undefined && typeof fields["Comment"] !== "string") {
    diagnostics.schema("Expected value of type String", at("Comment"));
  }
  const members: StatesMember[] = ["Task", "Parallel", "Map"].includes(type) ? ["result"] : [];
  if (language === "JSONPath") {
    for (const field of ["InputPath", "OutputPath"]) {
      if (fields[field] !== undefined) checkPath(diagnostics, fields[field], at(field), { nullable: true });
    }
    if (fields["ResultPath"] !== undefined) {
      checkPath(diagnostics, fields["ResultPath"], at("ResultPath"), {
        nullable: true,
        reference: true,
        inputOnly: true,
      });
    }
    for (const field of ["Parameters", "ResultSelector"]) {
      if (fields[field] === undefined) continue;
      if (field === "ResultSelector" && !isObject(fields[field]))
        diagnostics.schema("Expected value of type Object", at(field));
      checkTemplate(diagnostics, fields[field], at(field));
    }
  } else {
    if (fields["Arguments"] !== undefined) checkQuery(diagnostics, fields["Arguments"], at("Arguments"), []);
    if (fields["Output"] !== undefined) checkQuery(diagnostics, fields["Output"], at("Output"), members);
  }
  if (fields["Assign"] !== undefined) checkAssign(diagnostics, fields["Assign"], at("Assign"), language, members);
  if (["Task", "Parallel", "Map"].includes(type)) {
    checkRetry(check);
    checkCatch(check);
  }
}

function checkTask(check: StateCheck): void {
  const { diagnostics, fields, language, location } = check;
  checkNumber(check, "TimeoutSeconds", integerProblem(1, maxSeconds));
  checkNumber(check, "HeartbeatSeconds", integerProblem(1, maxSeconds));
  const [timeout, heartbeat] = [numberOf(fields["TimeoutSeconds"]), numberOf(fields["HeartbeatSeconds"])];
  if (timeout !== undefined && heartbeat !== undefined && heartbeat >= timeout) {
    diagnostics.schema("HeartbeatSeconds must be smaller than TimeoutSeconds", `${location}/HeartbeatSeconds`);
  }
  const credentials = fields["Credentials"];
  if (credentials !== undefined) {
    if (!isObject(credentials)) diagnostics.schema("Expected value of type Object", `${location}/Credentials`);
    else if (language === "JSONPath") checkTemplate(diagnostics, credentials, `${location}/Credentials`);
    else checkQuery(diagnostics, credentials, `${location}/Credentials`, []);
  }
  if (required(check, "Resource")) checkResource(check, fields["Resource"]!);
}

function checkResource({ diagnostics, fields, language, location, machineType }: StateCheck, value: Json): void {
  const at = `${location}/Resource`;
  const resource = typeof value === "string" ? parseResource(value) : undefined;
  if (!resource) {
    diagnostics.schema("Value is not a valid resource ARN", at);
    return;
  }
  if (machineType === "EXPRESS" && resource.kind === "activity") {
    diagnostics.schema("Express state machine does not support Activity ARN", at);
  }
  if (resource.kind !== "service") return;
  if (!isIntegration(resource)) {
    diagnostics.schema(notRecognized(resource.arn), at);
    return;
  }
  if (machineType === "EXPRESS" && resource.pattern !== "requestResponse") {
    // AWS's message about callbacks ends with a space.
    const what = resource.pattern === "waitForTaskToken" ? ["'.waitForTaskToken'", " "] : ["'.sync'", ""];
    diagnostics.schema(`Express state machine does not support ${what[0]} service integration${what[1]}`, at);
  }
  const field = language === "JSONPath" ? "Parameters" : "Arguments";
  const known = integrationFields.get(`${resource.resourceType}:${resource.api}`);
  const given = fields[field];
  if (!known || (given !== undefined && !isObject(given))) return;
  const names = Object.keys(given ?? {}).map((key) => memberName(key, language));
  for (const name of names) {
    if (!known.known.has(name)) {
      diagnostics.schema(`The field '${name}' is not supported by Step Functions`, `${location}/${field}`);
    }
  }
  if (given === undefined) return;
  for (const name of known.required) {
    if (!names.includes(name))
      diagnostics.schema(`The field '${name}' is required but was missing.`, `${location}/${field}`);
  }
}

/** Whether Step Functions has the integration with this API and pattern; only `states` has `.sync:2`. */
function isIntegration({ resourceType, api, pattern }: Extract<TaskResource, { kind: "service" }>): boolean {
  const sdk = resourceType.startsWith("aws-sdk:");
  if (!sdk && !optimizedApis.get(resourceType)?.includes(api)) return false;
  const patterns = sdk ? "RT" : (optimizedServices.get(resourceType) ?? "");
  if (pattern === "sync:2") return resourceType === "states";
  return patterns.includes({ requestResponse: "R", sync: "S", waitForTaskToken: "T" }[pattern]);
}

function checkPass({ diagnostics, fields, location }: StateCheck): void {
  const result = fields["Result"];
  if (isObject(result) && Object.keys(result).some((key) => key.endsWith(".$"))) {
    diagnostics.warning(
      "PASS_RESULT_IS_STATIC",
      "The Result of a Pass state is static: fields ending with '.$' are not evaluated",
      `${location}/Result`,
    );
  }
}

function checkWait(check: StateCheck): void {
  const { diagnostics, fields, language, location } = check;
  const names =
    language === "JSONPath" ? ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"] : ["Seconds", "Timestamp"];
  const present = names.filter((name) => fields[name] !== undefined);
  if (present.length !== 1) {
    diagnostics.schema(`Exactly one of these fields is required: [${names.join(", ")}]`, location);
  }
  for (const name of present) {
    const value = fields[name]!;
    const at = `${location}/${name}`;
    const problemOf = name === "Seconds" ? integerProblem(0, maxSeconds) : timestampProblem;
    if (name.endsWith("Path")) checkPath(diagnostics, value, at, { reference: true });
    else if (language === "JSONata") checkQueryOr(diagnostics, value, at, problemOf);
    else {
      const problem = problemOf(value);
      if (problem !== undefined) diagnostics.schema(problem, at);
    }
  }
}

/** Intrinsic functions that return a string, as an Error or Cause must be. */
const textFunctions = new Set(
  ["Format", "JsonToString", "ArrayGetItem", "Base64Encode", "Base64Decode", "Hash", "UUID"].map(
    (name) => `States.${name}`,
  ),
);

function checkFail(check: StateCheck): void {
  const { diagnostics, fields, language, location } = check;
  for (const name of ["Error", "Cause"]) {
    const at = `${location}/${name}`;
    const value = fields[name];
    if (language === "JSONata") {
      if (value !== undefined) checkQueryOr(diagnostics, value, at, stringProblem);
      continue;
    }
    exclusive(check, [name, `${name}Path`]);
    if (value !== undefined && typeof value !== "string") diagnostics.schema("Expected value of type String", at);
    if (typeof value === "string" && /^\$\.|^States\./.test(value)) {
      diagnostics.warning(
        "NO_PATH",
        `The value of the field '${name}' looks like a path; use '${name}Path' to evaluate it`,
        at,
      );
    }
    const path = fields[`${name}Path`];
    if (path === undefined) continue;
    checkPathOrIntrinsic(diagnostics, path, `${at}Path`);
    if (typeof path === "string" && isIntrinsic(path) && isValidIntrinsic(path)) {
      const call = intrinsicOf(path).name;
      if (!textFunctions.has(call))
        diagnostics.schema(`The intrinsic function '${call}' does not return a string`, `${at}Path`);
    }
  }
}
