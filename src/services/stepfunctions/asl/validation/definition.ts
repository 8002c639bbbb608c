import { setOwn } from "../../../../../protocols/unknown-json.ts";
import { isObject, type Json, type JsonObject, parseJson, TooDeep, textOf } from "../json.ts";
import { jsonFault } from "../json-faults.ts";
import {
  buildMachine,
  loneStateName,
  type Machine,
  maxSeconds,
  processorOf,
  type QueryLanguage,
  type StateType,
} from "../machine.ts";
import { isNumber, normalizedNumber } from "../number-literal.ts";
import { type Diagnostic, Diagnostics, oneOf } from "./diagnostics.ts";
import { checkState } from "./validate-state.ts";
import { integerProblem } from "./validate-values.ts";

/** In Unicode characters. */
const maxNameLength = 80;

/** A validated definition: its diagnostics, and the machine if none of them is an error. */
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

class Validation {
  readonly diagnostics = new Diagnostics();
  private readonly machineType: MachineType;
  private readonly names = new Set<string>();
  private readonly labels = new Set<Json>();
  private language: QueryLanguage = "JSONPath";

  constructor(machineType: MachineType) {
    this.machineType = machineType;
  }

  /** Checks a machine. `lone`: it is made of a single state, whose transitions are not checked. */
  checkMachine(definition: JsonObject, lone: boolean): void {
    const { diagnostics } = this;
    const language = definition["QueryLanguage"];
    if (language === "JSONata") this.language = "JSONata";
    else if (language !== undefined && language !== "JSONPath") {
      diagnostics.schema(oneOf("QueryLanguage", languages), "/QueryLanguage");
    }
    const timeout = definition["TimeoutSeconds"];
    const problem = timeout === undefined ? undefined : integerProblem(1, maxSeconds)(timeout);
    if (problem !== undefined) diagnostics.schema(problem, "/TimeoutSeconds");
    this.checkScope({ fields: definition, location: "", kind: "machine", runBy: this.machineType }, lone);
  }

  private checkScope(scope: Scope, lone = false): void {
    const { diagnostics } = this;
    const { fields, location, kind } = scope;
    const allowed = {
      machine: ["Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"],
      branch: ["Comment", "StartAt", "States"],
      processor: ["Comment", "StartAt", "States", "ProcessorConfig", "TimeoutSeconds"],
    }[kind];
    for (const field of Object.keys(fields)) {
      if (!allowed.includes(field)) diagnostics.schema(`Field '${field}' is not supported`, location || "/");
    }
    const missing = ["States", "StartAt"].filter((field) => fields[field] === undefined);
    if (missing.length > 0) {
      diagnostics.schema(`These fields are required: [${missing.join(", ")}]`, location || "/");
      return;
    }
    const states = fields["States"]!;
    if (!isObject(states)) {
      diagnostics.schema("Expected value of type Object", `${location}/States`);
      return;
    }
    if (Object.keys(states).length === 0) {
      diagnostics.schema("Value cannot be empty", `${location}/States`);
      return;
    }
    for (const name of Object.keys(states)) this.checkMember(name, states[name]!, scope, lone);
    if (!lone) this.checkFlow(fields, states, location);
  }

  private checkMember(name: string, value: Json, scope: Scope, lone: boolean): void {
    const { diagnostics } = this;
    const location = `${scope.location}/States/${name}`;
    if ([...name].length > maxNameLength || name === "") {
      diagnostics.error("INVALID_STATE_NAME", `Invalid State name: ${name.slice(0, 200)}`, location);
    }
    if (this.names.has(name)) diagnostics.error("DUPLICATE_STATE_NAME", `Duplicate State name: ${name}`, location);
    this.names.add(name);
    if (!isObject(value)) {
      diagnostics.schema("Expected value of type Object", location);
      return;
    }
    const type = value["Type"];
    if (type === undefined) {
      diagnostics.schema("The field 'Type' is required but was missing.", location);
      return;
    }
    if (typeof type !== "string" || !stateTypes.includes(type)) {
      diagnostics.schema(oneOf("Type", stateTypes), `${location}/Type`);
      return;
    }
    const language = this.languageOf(value, location);
    const stateType = type as StateType;
    checkState({ diagnostics, fields: value, type: stateType, language, location, machineType: scope.runBy });
    if (!["Choice", "Succeed", "Fail"].includes(type)) this.checkNextOrEnd(value, location, lone);
    this.checkInner(value, stateType, location, scope.runBy);
  }

  private languageOf(fields: JsonObject, location: string): QueryLanguage {
    const own = fields["QueryLanguage"];
    if (own === undefined) return this.language;
    if (own !== "JSONPath" && own !== "JSONata") {
      this.diagnostics.schema(oneOf("QueryLanguage", languages), `${location}/QueryLanguage`);
      return this.language;
    }
    if (own === "JSONPath" && this.language === "JSONata") {
      this.diagnostics.schema(
        "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
        location,
      );
    }
    return own;
  }

  private checkNextOrEnd(fields: JsonObject, location: string, lone: boolean): void {
    const { diagnostics } = this;
    const { Next: next, End: end } = fields;
    if (next !== undefined && typeof next !== "string")
      diagnostics.schema("Expected value of type String", `${location}/Next`);
    if (end !== undefined && typeof end !== "boolean")
      diagnostics.schema("Expected value of type Boolean", `${location}/End`);
    if (lone) return;
    if (next !== undefined && end === true) diagnostics.schema("Cannot have both Next and End", location);
    if (next === undefined && end !== true) diagnostics.schema("Missing 'Next' or 'End' field in the state", location);
  }

  private checkInner(fields: JsonObject, type: StateType, location: string, runBy: MachineType): void {
    if (type === "Parallel" && Array.isArray(fields["Branches"])) {
      for (const [index, branch] of fields["Branches"].entries()) {
        const at = `${location}/Branches[${index}]`;
        if (isObject(branch)) this.checkScope({ fields: branch, location: at, kind: "branch", runBy });
        else this.diagnostics.schema("Expected value of type Object", at);
      }
    }
    if (type !== "Map") return;
    const label = fields["Label"];
    if (label !== undefined && this.labels.has(label)) {
      this.diagnostics.error("DUPLICATE_LABEL_NAME", `Duplicate label name: ${textOf(label)}`, `${location}/Label`);
    }
    if (label !== undefined) this.labels.add(label);
    const processor = processorOf(fields);
    if (!processor) return;
    const at = `${location}/${fields["ItemProcessor"] === undefined ? "Iterator" : "ItemProcessor"}`;
    const config = processor["ProcessorConfig"];
    const mode = isObject(config) ? (config["Mode"] ?? "INLINE") : "INLINE";
    if (mode !== "INLINE" && mode !== "DISTRIBUTED") {
      this.diagnostics.schema(oneOf("Mode", ["INLINE", "DISTRIBUTED"]), `${at}/ProcessorConfig/Mode`);
    }
    const express = mode === "DISTRIBUTED" && isObject(config) && config["ExecutionType"] === "EXPRESS";
    this.checkScope({ fields: processor, location: at, kind: "processor", runBy: express ? "EXPRESS" : runBy });
  }

  /** Checks that all transitions in one scope have targets, that all states can be reached and that one can end. */
  private checkFlow(fields: JsonObject, states: JsonObject, location: string): void {
    const { diagnostics } = this;
    const targets = new Map<string, string[]>();
    const addTransition = (from: string | undefined, target: Json | undefined, at: string): void => {
      if (target === undefined) return;
      if (typeof target !== "string" || !Object.hasOwn(states, target)) {
        diagnostics.error("MISSING_TRANSITION_TARGET", `Missing 'Next' target: ${textOf(target)}`, at);
      } else if (from !== undefined) targets.get(from)!.push(target);
    };
    addTransition(undefined, fields["StartAt"], `${location}/StartAt`);
    let ends = false;
    for (const name of Object.keys(states)) {
      targets.set(name, []);
      const state = states[name];
      if (!isObject(state)) continue;
      const at = `${location}/States/${name}`;
      const type = state["Type"];
      ends ||= state["End"] === true || type === "Succeed" || type === "Fail";
      if (type === "Choice") addTransition(name, state["Default"], `${at}/Default`);
      else if (type !== "Succeed" && type !== "Fail") addTransition(name, state["Next"], `${at}/Next`);
      for (const list of ["Choices", "Catch"]) {
        const entries = state[list];
        if (!Array.isArray(entries)) continue;
        for (const [index, entry] of entries.entries()) {
          if (isObject(entry)) addTransition(name, entry["Next"], `${at}/${list}[${index}]/Next`);
        }
      }
    }
    if (!ends) {
      diagnostics.error("MISSING_END_STATE", "Workflow has no terminal state");
      return;
    }
    const start = fields["StartAt"];
    const reached = new Set<string>(typeof start === "string" && targets.has(start) ? [start] : []);
    for (const name of reached) for (const target of targets.get(name)!) reached.add(target);
    for (const name of Object.keys(states)) {
      if (reached.has(name)) continue;
      diagnostics.error("MISSING_TRANSITION_TARGET", `State "${name}" is not reachable.`, `${location}/States/${name}`);
    }
  }
}

/** Replaces all numbers in place: AWS rewrites those of a definition wherever they are used. */
function normalizeNumbers(value: Json): Json {
  if (isNumber(value)) return normalizedNumber(value);
  if (Array.isArray(value)) for (let at = 0; at < value.length; at++) value[at] = normalizeNumbers(value[at] as Json);
  else if (isObject(value))
    for (const key of Object.keys(value)) setOwn(value, key, normalizeNumbers(value[key] as Json));
  return value;
}

function parseObject(text: string, diagnostics: Diagnostics): JsonObject | undefined {
  try {
    const value = normalizeNumbers(parseJson(text));
    if (isObject(value)) return value;
  } catch (error) {
    if (error instanceof TooDeep) {
      diagnostics.error("TOO_DEEPLY_NESTED", error.message, "/");
      return undefined;
    }
    if (text.trim() !== "") {
      const { sentence, source } = jsonFault(text);
      diagnostics.error("INVALID_JSON_DESCRIPTION", `${sentence}\n at ${source}`, source);
      return undefined;
    }
  }
  diagnostics.error("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object");
  return undefined;
}

/** Parses and validates a definition with AWS's diagnostics. Does not throw for an invalid one. */
export function parseDefinition(text: string, type: MachineType = "STANDARD"): ParsedDefinition {
  const validation = new Validation(type);
  const definition = parseObject(text, validation.diagnostics);
  if (definition) validation.checkMachine(definition, false);
  return parsedDefinition(validation.diagnostics, definition);
}

/** {@link parseDefinition} for TestState's single state, whose transitions are not checked. */
export function parseLoneState(text: string): ParsedDefinition {
  const validation = new Validation("STANDARD");
  const state = parseObject(text, validation.diagnostics);
  const definition = state && { StartAt: loneStateName, States: { [loneStateName]: state } };
  if (definition) validation.checkMachine(definition, true);
  return parsedDefinition(validation.diagnostics, definition);
}

function parsedDefinition({ list: diagnostics }: Diagnostics, definition: JsonObject | undefined): ParsedDefinition {
  if (!definition || diagnostics.some((diagnostic) => diagnostic.severity === "ERROR")) return { diagnostics };
  return { diagnostics, machine: buildMachine(definition) };
}
