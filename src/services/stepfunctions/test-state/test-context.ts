import { getOwn } from "../../../../protocols/unknown-json.ts";
import { isObject, type Json, type JsonObject, jsonType, textOf } from "../asl/json.ts";
import type { StateNode } from "../asl/machine.ts";
import { parseResource } from "../asl/resource.ts";

type Kind = "string" | "number" | "any";

/** The members that a context object for TestState may have. */
const allowed: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  Execution: {
    Id: "string",
    Input: "any",
    Name: "string",
    RoleArn: "string",
    StartTime: "string",
    RedriveCount: "number",
    RedriveTime: "string",
  },
  State: { EnteredTime: "string", Name: "string", RetryCount: "number" },
  StateMachine: { Id: "string", Name: "string" },
  Task: { Token: "string" },
};

/** What is wrong with a context object for TestState, in AWS's words. */
export function contextProblem(context: JsonObject, node: StateNode): string | undefined {
  for (const [group, members] of Object.entries(context)) {
    if (group === "Map") return "'Map' field is not supported when mocking a Context object";
    const known = getOwn(allowed, group);
    if (known === undefined) return `Field '${group}' is not allowed`;
    if (!isObject(members)) return `${group} must be an object`;
    for (const [name, value] of Object.entries(members)) {
      const kind = getOwn(known, name);
      if (kind === undefined) return `Field '${name}' is not allowed`;
      if (!fits(kind, value)) return `${group}.${name} must be a ${kind}`;
    }
  }
  if (context["Task"] !== undefined && !takesToken(node)) {
    return "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern";
  }
  return undefined;
}

function fits(kind: Kind, value: Json): boolean {
  return kind === "any" || jsonType(value) === kind;
}

function takesToken(node: StateNode): boolean {
  const resource = node.type === "Task" ? parseResource(textOf(node.fields["Resource"])) : undefined;
  return resource?.kind === "service" && resource.pattern !== "requestResponse";
}
