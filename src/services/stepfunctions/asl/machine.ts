import { uuidFor } from "../../../engine/digest.ts";
import { isObject, type Json, type JsonObject, textOf } from "./json.ts";
import { numberOf } from "./number-literal.ts";

export type QueryLanguage = "JSONPath" | "JSONata";
export type StateType = "Task" | "Pass" | "Wait" | "Choice" | "Succeed" | "Fail" | "Parallel" | "Map";

/** Largest number of seconds in a definition. */
export const maxSeconds = 99_999_999;

/** One state of a machine, at any depth. Names are unique in the whole machine. */
export type StateNode = {
  name: string;
  type: StateType;
  /** Its location in the definition: `/States/P/Branches[0]/States/B`. */
  location: string;
  language: QueryLanguage;
  fields: JsonObject;
  /** First states: of each branch for a Parallel, of the item processor for a Map. */
  starts: string[];
};

/** A machine ready to run: all its states by name. Immutable, so any number of executions can share it. */
export type Machine = {
  startAt: string;
  states: ReadonlyMap<string, StateNode>;
  /** Machine-level TimeoutSeconds. */
  timeoutSeconds: number | undefined;
};

/** The processor of a Map state, under its current or legacy name. */
export function processorOf(fields: JsonObject): JsonObject | undefined {
  const processor = fields["ItemProcessor"] ?? fields["Iterator"];
  return isObject(processor) ? processor : undefined;
}

/** Whether a Map state's fields make it a distributed Map. */
export function isDistributed(fields: JsonObject): boolean {
  const config = processorOf(fields)?.["ProcessorConfig"];
  return isObject(config) && config["Mode"] === "DISTRIBUTED";
}

function languageOf(fields: JsonObject, inherited: QueryLanguage): QueryLanguage {
  const own = fields["QueryLanguage"];
  return own === "JSONata" || own === "JSONPath" ? own : inherited;
}

/** The name that TestState gives a single state in diagnostics, and every tested state in its context object. */
export const loneStateName = "StateName";

/** Builds the machine of a definition that has passed validation. */
export function buildMachine(definition: JsonObject): Machine {
  const states = new Map<string, StateNode>();
  const language = languageOf(definition, "JSONPath");
  addScope(definition, "", language, states);
  const timeout = definition["TimeoutSeconds"];
  return {
    startAt: textOf(definition["StartAt"]),
    states,
    timeoutSeconds: numberOf(timeout),
  };
}

function addScope(
  scope: JsonObject,
  location: string,
  language: QueryLanguage,
  states: Map<string, StateNode>,
): string {
  const members = scope["States"];
  if (isObject(members)) {
    for (const name of Object.keys(members)) {
      const fields = members[name];
      if (isObject(fields)) addState(name, fields, `${location}/States/${name}`, language, states);
    }
  }
  return textOf(scope["StartAt"]);
}

function addState(
  name: string,
  fields: JsonObject,
  location: string,
  language: QueryLanguage,
  states: Map<string, StateNode>,
): void {
  const starts: string[] = [];
  const node: StateNode = {
    name,
    type: fields["Type"] as StateType,
    location,
    language: languageOf(fields, language),
    fields,
    starts,
  };
  states.set(name, node);
  const branches: Json | undefined = node.type === "Parallel" ? fields["Branches"] : undefined;
  if (Array.isArray(branches)) {
    for (const [index, branch] of branches.entries()) {
      if (isObject(branch)) starts.push(addScope(branch, `${location}/Branches[${index}]`, language, states));
    }
  }
  const processor = node.type === "Map" ? processorOf(fields) : undefined;
  if (processor) {
    const field = fields["ItemProcessor"] === undefined ? "Iterator" : "ItemProcessor";
    starts.push(addScope(processor, `${location}/${field}`, language, states));
  }
}

/** The machine that the children of a distributed Map run: its item processor. */
export function childMachine(machine: Machine, mapState: string): Machine {
  const node = machine.states.get(mapState)!;
  const timeout = processorOf(node.fields)?.["TimeoutSeconds"];
  return {
    startAt: node.starts[0]!,
    states: machine.states,
    timeoutSeconds: numberOf(timeout),
  };
}

/**
 * The label of a distributed Map in ARNs of children and map runs: its Label, or a UUID made of the state's location
 * alone, so that it is the same for every execution.
 */
export function labelOf(node: StateNode): string {
  const given = node.fields["Label"];
  return typeof given === "string" ? given : uuidFor(node.location);
}
