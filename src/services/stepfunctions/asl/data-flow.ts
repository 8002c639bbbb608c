import { runtimeError, StateError } from "./errors.ts";
import { isObject, type Json, type JsonObject, jsonExceeds, maxPayloadBytes, textOf, writeJson } from "./json.ts";
import { evaluateQuery } from "./jsonata/query.ts";
import { PathMiss, readPath, writePath } from "./jsonpath/path-read.ts";
import { pathOf } from "./jsonpath/path-syntax.ts";
import { evaluateTemplate } from "./jsonpath/template.ts";
import type { StateNode } from "./machine.ts";
import { type Place, queryScope, rootsOf } from "./scope.ts";
import { withoutSource } from "./source-texts.ts";

/** Most bytes that the variables of one scope may have together. */
const maxVariablesBytes = 10 * 1024 * 1024;

/** The value a path field selects; null gives an empty object. Throws States.Runtime when there is no such value. */
export function valueOfPath(path: Json | undefined, place: Place, input: Json): Json {
  if (path === undefined) return input;
  if (path === null) return {};
  const text = textOf(path);
  try {
    return readPath(pathOf(text), rootsOf(place, input));
  } catch (error) {
    if (!(error instanceof PathMiss)) throw error;
    throw runtimeError(`Invalid path '${text}' : ${error.message}`);
  }
}

function template(value: Json, place: Place, input: Json): Json {
  return evaluateTemplate(value, rootsOf(place, input), place.run.env.chance);
}

/** The input after InputPath; JSONata states have no InputPath. */
export function effectiveInput(node: StateNode, place: Place): Json {
  const { thread, run } = place;
  if (node.language === "JSONata") return thread.input;
  const value = valueOfPath(node.fields["InputPath"], place, thread.input);
  if (node.type !== "Parallel") run.env.probe?.record("afterInputPath", value);
  return value;
}

/** What the state's work gets: the effective input after Parameters or Arguments. */
export function workInput(node: StateNode, place: Place, effective: Json): Json {
  const { fields, language } = node;
  const probe = place.run.env.probe;
  if (language === "JSONata") {
    const value =
      fields["Arguments"] === undefined
        ? effective
        : evaluateQuery(fields["Arguments"], "Arguments", queryScope(place));
    if (node.type === "Task") probe?.record("afterArguments", value);
    return value;
  }
  const value = fields["Parameters"] === undefined ? effective : template(fields["Parameters"], place, effective);
  if (node.type !== "Parallel") probe?.record("afterParameters", value);
  return value;
}

/** Evaluates a template field of either language; `input` is JSONPath's `$`. */
export function evaluateField(node: StateNode, place: Place, field: string, value: Json, input: Json): Json {
  return node.language === "JSONata" ? evaluateQuery(value, field, queryScope(place)) : template(value, place, input);
}

/** A state's output, and the variables it assigns. */
export type Outgoing = { output: Json; assigned: JsonObject | undefined };

/** Output and variables of a state. `kind`: whether `result` is the result of its work or just its input. */
export function outgoing(node: StateNode, place: Place, result: Json, kind: "result" | "input"): Outgoing {
  const { fields } = node;
  const { thread, run } = place;
  if (node.language === "JSONata") {
    const scope = queryScope(place, kind === "result" ? { result } : {});
    const assigned = assignedBy(fields["Assign"], (value) => evaluateQuery(value, "Assign", scope), place);
    const output =
      fields["Output"] === undefined ? result : withoutSource(evaluateQuery(fields["Output"], "Output", scope));
    return { output, assigned };
  }
  const assigned = assignedBy(fields["Assign"], (value) => template(value, place, result), place);
  let value = result;
  if (kind === "result" || node.type === "Pass") {
    if (fields["ResultSelector"] !== undefined) value = template(fields["ResultSelector"], place, result);
    run.env.probe?.record("afterResultSelector", value);
    value = placeResult(fields["ResultPath"], thread.input, value);
    run.env.probe?.record("afterResultPath", value);
  }
  return { output: valueOfPath(fields["OutputPath"], place, value), assigned };
}

/** The raw input with the result at its ResultPath; null discards the result. */
export function placeResult(resultPath: Json | undefined, raw: Json, result: Json): Json {
  if (resultPath === undefined) return result;
  return resultPath === null ? raw : writePath(pathOf(textOf(resultPath)), raw, result);
}

function variablesTooLarge(text: string, evaluation = false): StateError {
  return new StateError("States.DataLimitExceeded", text, { inState: true, evaluation });
}

function bytesOf(value: Json | undefined): number {
  return Buffer.byteLength(writeJson(value));
}

/** Evaluates an Assign field and enforces the size limits of variables, in which names do not count. */
export function assignedBy(
  assign: Json | undefined,
  evaluate: (template: Json) => Json,
  place: Place,
): JsonObject | undefined {
  if (!isObject(assign)) return undefined;
  const values = evaluate(assign);
  if (!isObject(values)) return undefined;
  const { variables } = place.thread;
  let total = 0;
  let assigned = "";
  for (const name of Object.keys(values)) {
    // Measured first: a value that refers to a large part many times can be larger than the longest possible string.
    const bytes = jsonExceeds(values[name]!, maxVariablesBytes) ? maxVariablesBytes : bytesOf(values[name]);
    assigned = `Variable '${name}' in state '${place.thread.state}' was assigned ${bytes} bytes`;
    if (bytes > maxPayloadBytes) throw variablesTooLarge(`Variable size limit exceeded. ${assigned}.`);
    total += bytes;
    if (total > maxPayloadBytes) {
      throw variablesTooLarge(
        `State total variable size limit exceeded. ${assigned}, which caused the size of variables assigned in the state to exceed its limit by ${total - maxPayloadBytes} bytes.`,
      );
    }
  }
  // Measuring all variables is slow, and few executions come near the limit.
  if (!jsonExceeds(variables, maxVariablesBytes / 4)) return values;
  for (const name of Object.keys(variables)) if (!Object.hasOwn(values, name)) total += bytesOf(variables[name]);
  if (total <= maxVariablesBytes) return values;
  throw variablesTooLarge(
    `Total variable size limit exceeded. ${assigned}, which caused the size of all variables to exceed its limit by ${total - maxVariablesBytes} bytes.`,
    true,
  );
}
