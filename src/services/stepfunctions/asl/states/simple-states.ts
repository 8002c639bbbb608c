import {
  assignedBy,
  effectiveInput,
  evaluateField,
  type Outgoing,
  outgoing,
  valueOfPath,
  workInput,
} from "../data-flow.ts";
import { runtimeError, StateError } from "../errors.ts";
import type { ThreadFrame } from "../execution.ts";
import { isObject, type Json, type JsonObject, quotedJson, textOf } from "../json.ts";
import { evaluateQuery, evaluateTyped } from "../jsonata/query.ts";
import { PathMiss, type Roots, readPath } from "../jsonpath/path-read.ts";
import { pathOf } from "../jsonpath/path-syntax.ts";
import { evaluateDynamic } from "../jsonpath/template.ts";
import { maxSeconds, type StateNode } from "../machine.ts";
import { numberOf } from "../number-literal.ts";
import type { Run } from "../run.ts";
import { type Place, queryScope, rootsOf } from "../scope.ts";
import { parseTimestamp } from "../timestamps.ts";
import { exitState, nextOf } from "../transitions.ts";
import { ruleMatches } from "./choice.ts";

/** Runs a Pass state. */
export function runPass(run: Run, thread: ThreadFrame, node: StateNode): void {
  const place = { run, thread };
  // A Result of null counts as absent.
  const given = node.language === "JSONPath" ? (node.fields["Result"] ?? undefined) : undefined;
  // With a Result, InputPath and Parameters are not evaluated: even an invalid path does not fail.
  const result = given === undefined ? workInput(node, place, effectiveInput(node, place)) : given;
  if (given !== undefined) run.env.probe?.record("result", result);
  exitState(run, thread, outgoing(node, place, result, "input"), nextOf(node.fields));
}

/** Runs a Succeed state. */
export function runSucceed(run: Run, thread: ThreadFrame, node: StateNode): void {
  const place = { run, thread };
  exitState(run, thread, outgoing(node, place, effectiveInput(node, place), "input"), undefined);
}

/** Runs a Fail state: always throws its failure. */
export function runFail(run: Run, thread: ThreadFrame, node: StateNode): never {
  const place = { run, thread };
  const { fields } = node;
  const input = node.language === "JSONPath" ? effectiveInput(node, place) : thread.input;
  const text = (field: "Error" | "Cause"): string | undefined => {
    if (node.language === "JSONata") {
      return fields[field] === undefined
        ? undefined
        : textOf(evaluateTyped(fields[field], field, "string", queryScope(place)));
    }
    const path = fields[`${field}Path`];
    if (path === undefined) return fields[field] === undefined ? undefined : textOf(fields[field]);
    const value = evaluateDynamic(textOf(path), `${field}Path`, rootsOf(place, input), run.env.chance);
    if (typeof value === "string") return value;
    throw runtimeError(`The ${field}Path parameter does not reference a string value: ${textOf(path)}`);
  };
  throw new StateError(text("Error"), text("Cause"));
}

/** Starts the timer of a Wait state, or leaves the state once it has fired. TestState does not wait. */
export function runWait(run: Run, thread: ThreadFrame, node: StateNode): void {
  const place = { run, thread };
  if (thread.phase === "waited") {
    exitState(run, thread, outgoing(node, place, effectiveInput(node, place), "input"), nextOf(node.fields));
    return;
  }
  const atMs = waitEndMs(node, place);
  if (run.env.probe || atMs <= run.env.nowMs) {
    thread.phase = "waited";
    run.ready(thread);
    return;
  }
  thread.phase = "wait";
  run.effects.push({ type: "setTimer", timerId: `${thread.id}:wait`, atMs });
}

function waitEndMs(node: StateNode, place: Place): number {
  const { fields } = node;
  const { nowMs } = place.run.env;
  if (node.language === "JSONata") {
    const scope = queryScope(place);
    if (fields["Seconds"] !== undefined) {
      const seconds = numberOf(evaluateTyped(fields["Seconds"], "Seconds", "number", scope))!;
      if (!Number.isInteger(seconds) || seconds < 0 || seconds > maxSeconds) {
        throw runtimeError(`The Seconds parameter is not a valid number of seconds: ${seconds}`);
      }
      return nowMs + seconds * 1000;
    }
    const text = textOf(evaluateTyped(fields["Timestamp"] ?? null, "Timestamp", "string", scope));
    const instant = parseTimestamp(text);
    if (!instant) throw runtimeError(badTimestamp("Timestamp", text));
    return instant.epochMs;
  }
  if (fields["Seconds"] !== undefined) return nowMs + numberOf(fields["Seconds"])! * 1000;
  if (fields["Timestamp"] !== undefined) return parseTimestamp(textOf(fields["Timestamp"]))!.epochMs;
  const input = effectiveInput(node, place);
  if (fields["SecondsPath"] !== undefined) {
    const value = referenced("SecondsPath", textOf(fields["SecondsPath"]), place, input);
    const problem = (what: string) =>
      runtimeError(`The SecondsPath parameter ${what}: ${textOf(fields["SecondsPath"])} == ${shown(value)}`);
    const seconds = /^-?\d+$/.test(shown(value)) ? Number(shown(value)) : undefined;
    if (seconds === undefined) throw problem("cannot be parsed as a long value");
    if (seconds < 0) throw problem("references a negative value");
    if (seconds > maxSeconds) throw problem("does not reference a valid number of seconds");
    return nowMs + seconds * 1000;
  }
  const path = textOf(fields["TimestampPath"]);
  const value = referenced("TimestampPath", path, place, input);
  const instant = typeof value === "string" ? parseTimestamp(value) : undefined;
  if (!instant) throw runtimeError(badTimestamp("TimestampPath", `${path} == ${shown(value)}`));
  return instant.epochMs;
}

function badTimestamp(field: string, what: string): string {
  return `The ${field} parameter does not reference a valid ISO-8601 extended offset date-time format string: ${what}`;
}

function shown(value: Json): string {
  return typeof value === "string" ? value : quotedJson(value);
}

function referenced(field: string, path: string, place: Place, input: Json): Json {
  try {
    return readPath(pathOf(path), rootsOf(place, input));
  } catch (error) {
    if (!(error instanceof PathMiss)) throw error;
    throw runtimeError(`The ${field} parameter does not reference an input value: ${path}`);
  }
}

/** Runs a Choice state: leaves it by the first rule that matches, or by its Default. */
export function runChoice(run: Run, thread: ThreadFrame, node: StateNode): void {
  const place = { run, thread };
  const input = effectiveInput(node, place);
  const rules = (node.fields["Choices"] as JsonObject[]).filter(isObject);
  const roots = rootsOf(place, input);
  const index = rules.findIndex((rule, at) => ruleMatchesIn(node, place, rule, at, roots));
  const rule = rules[index];
  const next = rule ? textOf(rule["Next"]) : node.fields["Default"];
  if (typeof next !== "string") {
    throw runtimeError("Failed to transition out of the state. The state does not point to a next state.");
  }
  const result = rule ? ruleOutput(node, place, rule, index, input) : outgoing(node, place, input, "input");
  exitState(run, thread, result, next);
}

function ruleMatchesIn(node: StateNode, place: Place, rule: JsonObject, index: number, roots: Roots): boolean {
  if (node.language === "JSONPath") return ruleMatches(rule, roots);
  return evaluateTyped(rule["Condition"]!, `Choices[${index}]/Condition`, "boolean", queryScope(place)) === true;
}

/** Output and variables by a matching rule's own Assign and Output, which replace the state's. */
function ruleOutput(node: StateNode, place: Place, rule: JsonObject, index: number, input: Json): Outgoing {
  const field = (name: string): string => `Choices[${index}]/${name}`;
  const assigned = assignedBy(
    rule["Assign"],
    (value) => evaluateField(node, place, field("Assign"), value, input),
    place,
  );
  if (node.language === "JSONPath") return { output: valueOfPath(node.fields["OutputPath"], place, input), assigned };
  const output =
    rule["Output"] === undefined ? input : evaluateQuery(rule["Output"], field("Output"), queryScope(place));
  return { output, assigned };
}
