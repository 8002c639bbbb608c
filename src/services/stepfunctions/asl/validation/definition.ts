import { setOwn } from "../../../../../protocols/unknown-json.ts";
import { isObject, type Json, type JsonObject, parseJson, TooDeep, textOf } from "../json.ts";
import { jsonFault } from "../json-faults.ts";
import {
  buildMachine,
  loneStateName,
  type Machine,
  processorOf,
  type QueryLanguage,
  type StateType,
} from "../machine.ts";
import { isNumber, rewritten } from "../number-literal.ts";
import { type Diagnostic, Diagnostics, oneOf } from "./diagnostics.ts";
import { checkState } from "./validate-state.ts";
import { integerProblem } from "./validate-values.ts";

/** In Unicode characters. */
const maxNameLength = 80;
const maxTimeoutSeconds = 99_999_999;

/** What a definition text came to: its findings, and the machine when none of them is an error. */
export type ParsedDefinition = { diagnostics: Diagnostic[]; machine?: Machine };

type MachineType = "STANDARD" | "EXPRESS";
type Scope = {
  fields: JsonObject;
  location: string;
  kind: "machine" | "branch" | "processor";
  /** What runs the states: the machine, or the children of a distributed Map. */
  runBy: MachineType;
};

/** The state types in AWS's order. */
const stateTypes = ["Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map"];
const languages = ["JSONPath", "JSONata"];

/** One validation at work. */
class Validation {
  readonly found = new Diagnostics();
  private readonly machineType: MachineType;
  private readonly names = new Set<string>();
  private readonly labels = new Set<Json>();
  private language: QueryLanguage = "JSONPath";

  constructor(machineType: MachineType) {
    this.machineType = machineType;
  }

  /** Checks a machine; in one made for a lone state, where that state leads does not matter. */
  machine(definition: JsonObject, lone: boolean): void {
    const { found } = this;
    const language = definition["QueryLanguage"];
    if (language === "JSONata") this.language = "JSONata";
    else if (language !== undefined && language !== "JSONPath") {
      found.schema(oneOf("QueryLanguage", languages), "/QueryLanguage");
    }
    const timeout = definition["TimeoutSeconds"];
    const problem = timeout === undefined ? undefined : integerProblem(1, maxTimeoutSeconds)(timeout);
    if (problem !== undefined) found.schema(problem, "/TimeoutSeconds");
    this.scope({ fields: definition, location: "", kind: "machine", runBy: this.machineType }, lone);
  }

  private scope(scope: Scope, lone = false): void {
    const { found } = this;
    const { fields, location, kind } = scope;
    const allowed = {
      machine: ["Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"],
      branch: ["Comment", "StartAt", "States"],
      processor: ["Comment", "StartAt", "States", "ProcessorConfig", "TimeoutSeconds"],
    }[kind];
    for (const field of Object.keys(fields)) {
      if (!allowed.includes(field)) found.schema(`Field '${field}' is not supported`, location || "/");
    }
    const missing = ["States", "StartAt"].filter((field) => fields[field] === undefined);
    if (missing.length > 0) {
      found.schema(`These fields are required: [${missing.join(", ")}]`, location || "/");
      return;
    }
    const states = fields["States"]!;
    if (!isObject(states)) {
      found.schema("Expected value of type Object", `${location}/States`);
      return;
    }
    if (Object.keys(states).length === 0) {
      found.schema("Value cannot be empty", `${location}/States`);
      return;
    }
    for (const name of Object.keys(states)) this.state(name, states[name]!, scope, lone);
    if (!lone) this.flow(fields, states, location);
  }

  private state(name: string, value: Json, scope: Scope, lone: boolean): void {
    const { found } = this;
    const location = `${scope.location}/States/${name}`;
    if ([...name].length > maxNameLength || name === "") {
      found.error("INVALID_STATE_NAME", `Invalid State name: ${name.slice(0, 200)}`, location);
    }
    if (this.names.has(name)) found.error("DUPLICATE_STATE_NAME", `Duplicate State name: ${name}`, location);
    this.names.add(name);
    if (!isObject(value)) {
      found.schema("Expected value of type Object", location);
      return;
    }
    const type = value["Type"];
    if (type === undefined) {
      found.schema("The field 'Type' is required but was missing.", location);
      return;
    }
    if (typeof type !== "string" || !stateTypes.includes(type)) {
      found.schema(oneOf("Type", stateTypes), `${location}/Type`);
      return;
    }
    const language = this.languageOf(value, location);
    const stateType = type as StateType;
    checkState({ found, fields: value, type: stateType, language, location, machineType: scope.runBy });
    if (!["Choice", "Succeed", "Fail"].includes(type)) this.leaving(value, location, lone);
    this.nested(value, stateType, location, scope.runBy);
  }

  private languageOf(fields: JsonObject, location: string): QueryLanguage {
    const own = fields["QueryLanguage"];
    if (own === undefined) return this.language;
    if (own !== "JSONPath" && own !== "JSONata") {
      this.found.schema(oneOf("QueryLanguage", languages), `${location}/QueryLanguage`);
      return this.language;
    }
    if (own === "JSONPath" && this.language === "JSONata") {
      this.found.schema("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", location);
    }
    return own;
  }

  private leaving(fields: JsonObject, location: string, lone: boolean): void {
    const { found } = this;
    const { Next: next, End: end } = fields;
    if (next !== undefined && typeof next !== "string")
      found.schema("Expected value of type String", `${location}/Next`);
    if (end !== undefined && typeof end !== "boolean")
      found.schema("Expected value of type Boolean", `${location}/End`);
    if (lone) return;
    if (next !== undefined && end === true) found.schema("Cannot have both Next and End", location);
    if (next === undefined && end !== true) found.schema("Missing 'Next' or 'End' field in the state", location);
  }

  private nested(fields: JsonObject, type: StateType, location: string, runBy: MachineType): void {
    if (type === "Parallel" && Array.isArray(fields["Branches"])) {
      for (const [index, branch] of fields["Branches"].entries()) {
        const at = `${location}/Branches[${index}]`;
        if (isObject(branch)) this.scope({ fields: branch, location: at, kind: "branch", runBy });
        else this.found.schema("Expected value of type Object", at);
      }
    }
    if (type !== "Map") return;
    const label = fields["Label"];
    if (label !== undefined && this.labels.has(label)) {
      this.found.error("DUPLICATE_LABEL_NAME", `Duplicate label name: ${textOf(label)}`, `${location}/Label`);
    }
    if (label !== undefined) this.labels.add(label);
    const processor = processorOf(fields);
    if (!processor) return;
    const at = `${location}/${fields["ItemProcessor"] === undefined ? "Iterator" : "ItemProcessor"}`;
    const config = processor["ProcessorConfig"];
    const mode = isObject(config) ? (config["Mode"] ?? "INLINE") : "INLINE";
    if (mode !== "INLINE" && mode !== "DISTRIBUTED") {
      this.found.schema(oneOf("Mode", ["INLINE", "DISTRIBUTED"]), `${at}/ProcessorConfig/Mode`);
    }
    const express = mode === "DISTRIBUTED" && isObject(config) && config["ExecutionType"] === "EXPRESS";
    this.scope({ fields: processor, location: at, kind: "processor", runBy: express ? "EXPRESS" : runBy });
  }

  /** Transition targets, reachability and an end, within one scope. */
  private flow(fields: JsonObject, states: JsonObject, location: string): void {
    const { found } = this;
    const targets = new Map<string, string[]>();
    const lead = (from: string | undefined, target: Json | undefined, at: string): void => {
      if (target === undefined) return;
      if (typeof target !== "string" || !Object.hasOwn(states, target)) {
        found.error("MISSING_TRANSITION_TARGET", `Missing 'Next' target: ${textOf(target)}`, at);
      } else if (from !== undefined) targets.get(from)!.push(target);
    };
    lead(undefined, fields["StartAt"], `${location}/StartAt`);
    let ends = false;
    for (const name of Object.keys(states)) {
      targets.set(name, []);
      const state = states[name];
      if (!isObject(state)) continue;
      const at = `${location}/States/${name}`;
      const type = state["Type"];
      ends ||= state["End"] === true || type === "Succeed" || type === "Fail";
      if (type === "Choice") lead(name, state["Default"], `${at}/Default`);
      else if (type !== "Succeed" && type !== "Fail") lead(name, state["Next"], `${at}/Next`);
      for (const list of ["Choices", "Catch"]) {
        const entries = state[list];
        if (!Array.isArray(entries)) continue;
        for (const [index, entry] of entries.entries()) {
          if (isObject(entry)) lead(name, entry["Next"], `${at}/${list}[${index}]/Next`);
        }
      }
    }
    if (!ends) {
      found.error("MISSING_END_STATE", "Workflow has no terminal state");
      return;
    }
    const start = fields["StartAt"];
    const reached = new Set<string>(typeof start === "string" && targets.has(start) ? [start] : []);
    for (const name of reached) for (const target of targets.get(name)!) reached.add(target);
    for (const name of Object.keys(states)) {
      if (reached.has(name)) continue;
      found.error("MISSING_TRANSITION_TARGET", `State "${name}" is not reachable.`, `${location}/States/${name}`);
    }
  }
}

/** What a definition holds is rewritten wherever it goes: its numbers too. */
function withRewrittenNumbers(value: Json): Json {
  if (isNumber(value)) return rewritten(value);
  if (Array.isArray(value))
    for (let at = 0; at < value.length; at++) value[at] = withRewrittenNumbers(value[at] as Json);
  else if (isObject(value))
    for (const key of Object.keys(value)) setOwn(value, key, withRewrittenNumbers(value[key] as Json));
  return value;
}

function parsed(text: string, found: Diagnostics): JsonObject | undefined {
  try {
    const value = withRewrittenNumbers(parseJson(text));
    if (isObject(value)) return value;
  } catch (error) {
    if (error instanceof TooDeep) {
      found.error("TOO_DEEPLY_NESTED", error.message, "/");
      return undefined;
    }
    if (text.trim() !== "") {
      const { sentence, source } = jsonFault(text);
      found.error("INVALID_JSON_DESCRIPTION", `${sentence}\n at ${source}`, source);
      return undefined;
    }
  }
  found.error("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object");
  return undefined;
}

/**
 * Reads and validates a definition with AWS's diagnostics. Never throws for a bad definition. The machine is present when
 * there is no finding of severity ERROR.
 */
export function parseDefinition(text: string, type: MachineType = "STANDARD"): ParsedDefinition {
  const validation = new Validation(type);
  const definition = parsed(text, validation.found);
  if (definition) validation.machine(definition, false);
  return concluded(validation.found, definition);
}

/** {@link parseDefinition} for TestState's lone state: where it leads is not checked. */
export function parseLoneState(text: string): ParsedDefinition {
  const validation = new Validation("STANDARD");
  const state = parsed(text, validation.found);
  const definition = state && { StartAt: loneStateName, States: { [loneStateName]: state } };
  if (definition) validation.machine(definition, true);
  return concluded(validation.found, definition);
}

function concluded(found: Diagnostics, definition: JsonObject | undefined): ParsedDefinition {
  const diagnostics = found.list;
  if (!definition || diagnostics.some((diagnostic) => diagnostic.severity === "ERROR")) return { diagnostics };
  return { diagnostics, machine: buildMachine(definition) };
}
