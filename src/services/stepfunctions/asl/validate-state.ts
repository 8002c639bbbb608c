import { operatorOf } from "./choice.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { intrinsicOf, isIntrinsic, isValidIntrinsic } from "./intrinsic-syntax.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import type { QueryLanguage, StateType } from "./machine.ts";
import { isDistributed, processorOf } from "./machine.ts";
import { parseResource } from "./resource.ts";
import {
  distributedFields,
  integrationFields,
  languageFields,
  optimisedServices,
  stateFields,
} from "./state-fields.ts";
import {
  checkAssign,
  checkPath,
  checkPathOrIntrinsic,
  checkQuery,
  checkQueryOr,
  checkTemplate,
  eachObject,
  filledArray,
  integerProblem,
  type StatesMember,
  stringProblem,
  timestampProblem,
} from "./validate-values.ts";

/** A state under validation. */
export type StateCheck = {
  found: Diagnostics;
  fields: JsonObject;
  type: StateType;
  language: QueryLanguage;
  location: string;
  machineType: "STANDARD" | "EXPRESS";
};

const maxSeconds = 99_999_999;
const maxRetryDelaySeconds = 31_622_400;
const maxLabelLength = 40;

/** Checks everything about one state but where it leads and what it contains (Amazon States Language, State types). */
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
      filledArray(check.found, check.fields["Branches"] ?? [], `${check.location}/Branches`);
      break;
    case "Map":
      checkMap(check);
      break;
    case "Succeed":
      break;
  }
}

function checkFieldNames({ found, fields, type, language, location }: StateCheck): void {
  const other = language === "JSONPath" ? "JSONata" : "JSONPath";
  for (const field of Object.keys(fields)) {
    if (stateFields[language][type].has(field)) continue;
    if (languageFields[other].has(field) && stateFields[other][type].has(field)) {
      found.schema(
        `The QueryLanguage is set to '${language}', but field '${field}' is only supported for the '${other}' QueryLanguage`,
        location,
      );
    } else found.schema(`Field '${field}' is not supported`, location);
  }
}

function exclusive({ found, fields, location }: StateCheck, names: string[]): void {
  const present = names.filter((name) => fields[name] !== undefined);
  if (present.length > 1) found.schema(`Only one of these fields is allowed: [${present.join(", ")}]`, location);
}

function required({ found, fields, location }: StateCheck, name: string): boolean {
  if (fields[name] !== undefined) return true;
  found.schema(`The field '${name}' is required but was missing.`, location);
  return false;
}

function checkCommon(check: StateCheck): void {
  const { found, fields, type, language, location } = check;
  const at = (field: string): string => `${location}/${field}`;
  if (fields["Comment"] !== undefined && typeof fields["Comment"] !== "string") {
    found.schema("Expected value of type String", at("Comment"));
  }
  const members: StatesMember[] = ["Task", "Parallel", "Map"].includes(type) ? ["result"] : [];
  if (language === "JSONPath") {
    for (const field of ["InputPath", "OutputPath"]) {
      if (fields[field] !== undefined) checkPath(found, fields[field], at(field), { nullable: true });
    }
    if (fields["ResultPath"] !== undefined) {
      checkPath(found, fields["ResultPath"], at("ResultPath"), { nullable: true, reference: true, inputOnly: true });
    }
    for (const field of ["Parameters", "ResultSelector"]) {
      if (fields[field] === undefined) continue;
      if (field === "ResultSelector" && !isObject(fields[field]))
        found.schema("Expected value of type Object", at(field));
      checkTemplate(found, fields[field], at(field));
    }
  } else {
    if (fields["Arguments"] !== undefined) checkQuery(found, fields["Arguments"], at("Arguments"), []);
    if (fields["Output"] !== undefined) checkQuery(found, fields["Output"], at("Output"), members);
  }
  if (fields["Assign"] !== undefined) checkAssign(found, fields["Assign"], at("Assign"), language, members);
  if (["Task", "Parallel", "Map"].includes(type)) {
    checkRetry(check);
    checkCatch(check);
  }
}

function checkErrorNames(found: Diagnostics, handlers: Json[], location: string, fields: readonly string[]): void {
  eachObject(found, handlers, location, (handler, at) => {
    for (const field of Object.keys(handler)) {
      if (!fields.includes(field)) found.schema(`Field '${field}' is not supported`, at);
    }
    if (handler["ErrorEquals"] === undefined) {
      found.schema("The field 'ErrorEquals' is required but was missing.", at);
      return;
    }
    const names = filledArray(found, handler["ErrorEquals"], `${at}/ErrorEquals`);
    if (!names) return;
    if (!names.every((name) => typeof name === "string"))
      found.schema("Expected value of type String", `${at}/ErrorEquals`);
    const last = handler === handlers.at(-1);
    if (names.includes("States.ALL") && (names.length > 1 || !last)) {
      found.schema("States.ALL must appear alone and at the end of the list", `${at}/ErrorEquals`);
    }
  });
}

function checkRetry({ found, fields, location }: StateCheck): void {
  const retriers = fields["Retry"];
  if (retriers === undefined) return;
  const at = `${location}/Retry`;
  if (!Array.isArray(retriers)) {
    found.schema("Expected value of type Array", at);
    return;
  }
  checkErrorNames(found, retriers, at, [
    ...["ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"],
  ]);
  const limits: [string, (value: Json) => string | undefined][] = [
    ["IntervalSeconds", integerProblem(1, maxSeconds)],
    ["MaxAttempts", integerProblem(0, maxSeconds)],
    ["MaxDelaySeconds", integerProblem(1, maxRetryDelaySeconds)],
    ["BackoffRate", (value) => (typeof value === "number" && value >= 1 ? undefined : "Value cannot be less than 1.0")],
    [
      "JitterStrategy",
      (value) => (value === "FULL" || value === "NONE" ? undefined : "Value must be one of [FULL, NONE]"),
    ],
  ];
  eachObject(found, retriers, at, (retrier, place) => {
    for (const [field, problemOf] of limits) {
      const problem = retrier[field] === undefined ? undefined : problemOf(retrier[field]);
      if (problem !== undefined) found.schema(problem, `${place}/${field}`);
    }
    const [interval, longest] = [retrier["IntervalSeconds"] ?? 1, retrier["MaxDelaySeconds"]];
    if (typeof longest === "number" && typeof interval === "number" && longest <= interval) {
      found.schema("MaxDelaySeconds must be greater than IntervalSeconds", `${place}/MaxDelaySeconds`);
    }
  });
}

function checkCatch({ found, fields, language, location }: StateCheck): void {
  const catchers = fields["Catch"];
  if (catchers === undefined) return;
  const at = `${location}/Catch`;
  if (!Array.isArray(catchers)) {
    found.schema("Expected value of type Array", at);
    return;
  }
  const own = language === "JSONPath" ? "ResultPath" : "Output";
  checkErrorNames(found, catchers, at, ["ErrorEquals", "Next", "Assign", "Comment", own]);
  eachObject(found, catchers, at, (catcher, place) => {
    if (catcher["Next"] === undefined) found.schema("The field 'Next' is required but was missing.", place);
    if (language === "JSONPath" && catcher["ResultPath"] !== undefined) {
      const kind = { nullable: true, reference: true, inputOnly: true };
      checkPath(found, catcher["ResultPath"], `${place}/ResultPath`, kind);
    }
    if (language === "JSONata" && catcher["Output"] !== undefined) {
      checkQuery(found, catcher["Output"], `${place}/Output`, ["errorOutput"]);
    }
    if (catcher["Assign"] !== undefined) {
      checkAssign(found, catcher["Assign"], `${place}/Assign`, language, ["errorOutput"]);
    }
  });
}

/** A number given literally, by a …Path field or, in JSONata, by an expression. */
function checkNumber(check: StateCheck, field: string, problemOf: (value: Json) => string | undefined): void {
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

function checkTask(check: StateCheck): void {
  const { found, fields, language, location } = check;
  checkNumber(check, "TimeoutSeconds", integerProblem(1, maxSeconds));
  checkNumber(check, "HeartbeatSeconds", integerProblem(1, maxSeconds));
  const [timeout, heartbeat] = [fields["TimeoutSeconds"], fields["HeartbeatSeconds"]];
  if (typeof timeout === "number" && typeof heartbeat === "number" && heartbeat >= timeout) {
    found.schema("HeartbeatSeconds must be smaller than TimeoutSeconds", `${location}/HeartbeatSeconds`);
  }
  const credentials = fields["Credentials"];
  if (credentials !== undefined) {
    if (!isObject(credentials)) found.schema("Expected value of type Object", `${location}/Credentials`);
    else if (language === "JSONPath") checkTemplate(found, credentials, `${location}/Credentials`);
    else checkQuery(found, credentials, `${location}/Credentials`, []);
  }
  if (required(check, "Resource")) checkResource(check, fields["Resource"]!);
}

function checkResource({ found, fields, language, location, machineType }: StateCheck, value: Json): void {
  const at = `${location}/Resource`;
  const resource = typeof value === "string" ? parseResource(value) : undefined;
  if (!resource) {
    found.schema("Value is not a valid resource ARN", at);
    return;
  }
  if (machineType === "EXPRESS" && resource.kind === "activity") {
    found.schema("Express state machine does not support Activity ARN", at);
  }
  if (resource.kind !== "service") return;
  if (!resource.resourceType.startsWith("aws-sdk:") && !optimisedServices.has(resource.resourceType)) {
    found.schema(
      `The resource provided ${resource.arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.`,
      at,
    );
    return;
  }
  if (machineType === "EXPRESS" && resource.pattern !== "requestResponse") {
    const suffix = resource.pattern === "waitForTaskToken" ? ".waitForTaskToken" : ".sync";
    found.schema(`Express state machine does not support '${suffix}' service integration`, at);
  }
  const field = language === "JSONPath" ? "Parameters" : "Arguments";
  const known = integrationFields.get(`${resource.resourceType}:${resource.api}`);
  const given = fields[field];
  if (!known || (given !== undefined && !isObject(given))) return;
  const names = Object.keys(given ?? {}).map((key) =>
    language === "JSONPath" && key.endsWith(".$") ? key.slice(0, -2) : key,
  );
  for (const name of names) {
    if (!known.known.has(name)) {
      found.schema(`The field '${name}' is not supported by Step Functions`, `${location}/${field}`);
    }
  }
  if (given === undefined) return;
  for (const name of known.required) {
    if (!names.includes(name)) found.schema(`The field '${name}' is required but was missing.`, `${location}/${field}`);
  }
}

function checkPass({ found, fields, location }: StateCheck): void {
  const result = fields["Result"];
  if (isObject(result) && Object.keys(result).some((key) => key.endsWith(".$"))) {
    found.warning(
      "PASS_RESULT_IS_STATIC",
      "The Result of a Pass state is static: fields ending with '.$' are not evaluated",
      `${location}/Result`,
    );
  }
}

function checkWait(check: StateCheck): void {
  const { found, fields, language, location } = check;
  const names =
    language === "JSONPath" ? ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"] : ["Seconds", "Timestamp"];
  const present = names.filter((name) => fields[name] !== undefined);
  if (present.length !== 1) {
    found.schema(`Exactly one of these fields is required: [${names.join(", ")}]`, location);
  }
  for (const name of present) {
    const value = fields[name]!;
    const at = `${location}/${name}`;
    const problemOf = name === "Seconds" ? integerProblem(0, maxSeconds) : timestampProblem;
    if (name.endsWith("Path")) checkPath(found, value, at, { reference: true });
    else if (language === "JSONata") checkQueryOr(found, value, at, problemOf);
    else {
      const problem = problemOf(value);
      if (problem !== undefined) found.schema(problem, at);
    }
  }
}

/** Intrinsic functions that give a string, which is what an error or a cause must be. */
const textFunctions = new Set(
  ["Format", "JsonToString", "ArrayGetItem", "Base64Encode", "Base64Decode", "Hash", "UUID"].map(
    (name) => `States.${name}`,
  ),
);

function checkFail(check: StateCheck): void {
  const { found, fields, language, location } = check;
  for (const name of ["Error", "Cause"]) {
    const at = `${location}/${name}`;
    const value = fields[name];
    if (language === "JSONata") {
      if (value !== undefined) checkQueryOr(found, value, at, stringProblem);
      continue;
    }
    exclusive(check, [name, `${name}Path`]);
    if (value !== undefined && typeof value !== "string") found.schema("Expected value of type String", at);
    if (typeof value === "string" && /^\$\.|^States\./.test(value)) {
      found.warning(
        "NO_PATH",
        `The value of the field '${name}' looks like a path; use '${name}Path' to evaluate it`,
        at,
      );
    }
    const path = fields[`${name}Path`];
    if (path === undefined) continue;
    checkPathOrIntrinsic(found, path, `${at}Path`);
    if (typeof path === "string" && isIntrinsic(path) && isValidIntrinsic(path)) {
      const call = intrinsicOf(path).name;
      if (!textFunctions.has(call))
        found.schema(`The intrinsic function '${call}' does not return a string`, `${at}Path`);
    }
  }
}

function checkChoice(check: StateCheck): void {
  const { found, fields, language, location } = check;
  const rules = filledArray(found, fields["Choices"] ?? [], `${location}/Choices`);
  if (!rules) return;
  eachObject(found, rules, `${location}/Choices`, (rule, at) => {
    if (rule["Next"] === undefined) found.schema("The field 'Next' is required but was missing.", at);
    if (rule["Assign"] !== undefined) checkAssign(found, rule["Assign"], `${at}/Assign`, language, []);
    if (language === "JSONPath") {
      checkRule(found, rule, at, ["Next", "Assign"], 0);
      return;
    }
    for (const field of Object.keys(rule)) {
      if (!["Condition", "Next", "Assign", "Output", "Comment"].includes(field)) {
        found.schema(`Field '${field}' is not supported`, at);
      }
    }
    if (rule["Output"] !== undefined) checkQuery(found, rule["Output"], `${at}/Output`, []);
    if (rule["Condition"] === undefined) found.schema("The field 'Condition' is required but was missing.", at);
    else {
      checkQueryOr(found, rule["Condition"], `${at}/Condition`, (value) =>
        typeof value === "boolean" ? undefined : "Expected value of type Boolean or a JSONata expression",
      );
    }
  });
}

const operandProblems: Record<string, (value: Json) => string | undefined> = {
  string: stringProblem,
  number: (value) => (typeof value === "number" ? undefined : "Expected value of type Number"),
  boolean: (value) => (typeof value === "boolean" ? undefined : "Expected value of type Boolean"),
  timestamp: timestampProblem,
};

function checkRule(found: Diagnostics, rule: JsonObject, location: string, extra: string[], depth: number): void {
  const tests = Object.keys(rule).filter((field) => !["Comment", ...extra].includes(field));
  const combined = tests.filter((field) => ["And", "Or", "Not"].includes(field));
  if (combined.length > 0) {
    if (tests.length > 1) found.schema(`Only one of these fields is allowed: [${tests.join(", ")}]`, location);
    const field = combined[0]!;
    const at = `${location}/${field}`;
    const value = rule[field]!;
    if (field === "Not") {
      if (isObject(value)) checkRule(found, value, at, [], depth + 1);
      else found.schema("Expected value of type Object", at);
      return;
    }
    const parts = filledArray(found, value, at);
    if (parts) eachObject(found, parts, at, (part, place) => checkRule(found, part, place, [], depth + 1));
    return;
  }
  const operators = tests.filter((field) => field !== "Variable");
  if (rule["Variable"] === undefined) found.schema("The field 'Variable' is required but was missing.", location);
  else checkPath(found, rule["Variable"], `${location}/Variable`);
  if (operators.length !== 1) found.schema("A Choice Rule must contain exactly one comparison operator", location);
  for (const field of operators) {
    const known = operatorOf(field);
    const at = `${location}/${field}`;
    if (!known) found.schema(`Field '${field}' is not supported`, location);
    else if (known.byPath) checkPath(found, rule[field]!, at);
    else {
      const problem = operandProblems[known.operator.operand]!(rule[field]!);
      if (problem !== undefined) found.schema(problem, at);
    }
  }
}

function checkMap(check: StateCheck): void {
  const { found, fields, language, location, machineType } = check;
  exclusive(check, ["ItemProcessor", "Iterator"]);
  if (processorOf(fields) === undefined) required(check, "ItemProcessor");
  exclusive(check, ["ItemSelector", "Parameters"]);
  checkNumber(check, "MaxConcurrency", integerProblem(0, Number.MAX_SAFE_INTEGER));
  if (language === "JSONPath" && fields["ItemsPath"] !== undefined) {
    checkPath(found, fields["ItemsPath"], `${location}/ItemsPath`);
  }
  const items = fields["Items"];
  if (language === "JSONata" && items !== undefined) {
    if (typeof items !== "object" || items === null) {
      checkQueryOr(found, items, `${location}/Items`, () => "Expected an Array, an Object or a JSONata expression");
    } else checkQuery(found, items, `${location}/Items`, []);
  }
  checkTemplateField(check, "ItemSelector", fields["ItemSelector"]);
  if (!isDistributed(fields)) {
    for (const field of distributedFields) {
      if (fields[field] !== undefined) found.schema(`Field '${field}' is not supported`, location);
    }
    return;
  }
  if (machineType === "EXPRESS") {
    found.schema("Express state machine does not support Distributed Map", `${location}/ItemProcessor/ProcessorConfig`);
  }
  const config = processorOf(fields)!["ProcessorConfig"] as JsonObject;
  if (!["STANDARD", "EXPRESS"].includes(String(config["ExecutionType"]))) {
    found.schema("The field 'ExecutionType' is required but was missing.", `${location}/ItemProcessor/ProcessorConfig`);
  }
  checkDistributed(check);
}

function checkTemplateField({ found, language, location }: StateCheck, field: string, value: Json | undefined): void {
  if (value === undefined) return;
  if (language === "JSONPath") checkTemplate(found, value, `${location}/${field}`);
  else checkQuery(found, value, `${location}/${field}`, []);
}

function checkDistributed(check: StateCheck): void {
  const { found, fields, language, location } = check;
  const percentage = (value: Json): string | undefined =>
    typeof value === "number" && value >= 0 && value <= 100 ? undefined : "Value must be between 0 and 100";
  checkNumber(check, "ToleratedFailureCount", integerProblem(0, Number.MAX_SAFE_INTEGER));
  checkNumber(check, "ToleratedFailurePercentage", percentage);
  const label = fields["Label"];
  if (label !== undefined) {
    const valid = typeof label === "string" && label !== "" && label.length <= maxLabelLength;
    if (!valid || /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]/.test(label)) {
      found.error("INVALID_LABEL_NAME", `Invalid label name: ${JSON.stringify(label)}`, `${location}/Label`);
    }
  }
  const parameters = language === "JSONPath" ? "Parameters" : "Arguments";
  for (const field of ["ItemReader", "ResultWriter"]) {
    const value = fields[field];
    if (value === undefined) continue;
    if (!isObject(value)) {
      found.schema("Expected value of type Object", `${location}/${field}`);
      continue;
    }
    if (field === "ItemReader" && typeof value["Resource"] !== "string") {
      found.schema("The field 'Resource' is required but was missing.", `${location}/${field}`);
    }
    checkTemplateField(check, `${field}/${parameters}`, value[parameters]);
    const config = value["ReaderConfig"];
    if (language === "JSONata") checkTemplateField(check, `${field}/ReaderConfig`, config);
    else if (isObject(config)) {
      checkNumber(
        { ...check, fields: config, location: `${location}/${field}/ReaderConfig` },
        "MaxItems",
        integerProblem(0, Number.MAX_SAFE_INTEGER),
      );
    }
  }
  const batcher = fields["ItemBatcher"];
  if (batcher === undefined) return;
  if (!isObject(batcher)) {
    found.schema("Expected value of type Object", `${location}/ItemBatcher`);
    return;
  }
  const inner = { ...check, fields: batcher, location: `${location}/ItemBatcher` };
  checkNumber(inner, "MaxItemsPerBatch", integerProblem(1, Number.MAX_SAFE_INTEGER));
  checkNumber(inner, "MaxInputBytesPerBatch", integerProblem(1, 262_144));
  checkTemplateField(check, "ItemBatcher/BatchInput", batcher["BatchInput"]);
  if (!Object.keys(batcher).some((key) => key.startsWith("Max"))) {
    found.schema("At least one of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]", inner.location);
  }
}
