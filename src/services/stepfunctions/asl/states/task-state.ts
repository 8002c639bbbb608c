import { effectiveInput, outgoing, valueOfPath, workInput } from "../data-flow.ts";
import { cancelTaskTimers } from "../endings.ts";
import { runtimeError, StateError } from "../errors.ts";
import type { Signal, TaskRequest, ThreadFrame } from "../execution.ts";
import { failState } from "../failures.ts";
import { errorDetails, payloadDetails } from "../history.ts";
import { isObject, type Json, type JsonObject, quotedJson, textOf } from "../json.ts";
import { evaluateQuery, evaluateTyped } from "../jsonata/query.ts";
import { evaluateTemplate } from "../jsonpath/template.ts";
import { maxSeconds, type StateNode } from "../machine.ts";
import { numberOf } from "../number-literal.ts";
import { parseResource, type TaskResource } from "../resource.ts";
import type { Run } from "../run.ts";
import { type Place, queryScope, retryCount, rootsOf } from "../scope.ts";
import { exitState, nextOf, producedText } from "../transitions.ts";
import { referencedNumber } from "./numbers.ts";

function resourceOf(node: StateNode): TaskResource {
  const resource = parseResource(textOf(node.fields["Resource"]));
  if (resource) return resource;
  throw runtimeError(`The resource ${textOf(node.fields["Resource"])} is not a valid resource ARN`);
}

function seconds(node: StateNode, place: Place, field: string, input: Json): number | undefined {
  const { fields } = node;
  let value: Json | undefined = fields[field];
  let source = field;
  if (node.language === "JSONata") {
    if (value === undefined) return undefined;
    value = evaluateTyped(value, field, "number", queryScope(place));
  } else if (fields[`${field}Path`] !== undefined) {
    source = `${field}Path`;
    value = valueOfPath(fields[source], place, input);
  }
  if (value === undefined) return undefined;
  const given = (source === field ? numberOf(value) : referencedNumber(value)) ?? 0;
  if (Number.isInteger(given) && given > 0 && given <= maxSeconds) return given;
  throw runtimeError(`The ${source} parameter does not reference a valid number of seconds: ${quotedJson(value)}`);
}

function credentialsOf(node: StateNode, place: Place, input: Json): Json | undefined {
  const value = node.fields["Credentials"];
  if (value === undefined) return undefined;
  if (node.language === "JSONata") return evaluateQuery(value, "Credentials", queryScope(place));
  return evaluateTemplate(value, rootsOf(place, input), place.run.env.chance);
}

/** Starts an attempt of the state's task: evaluates its fields, writes Scheduled and Started, sets its timers. */
export function runTask(run: Run, thread: ThreadFrame, node: StateNode): void {
  delete thread.task;
  const resource = resourceOf(node);
  const pattern = resource.kind === "service" ? resource.pattern : "requestResponse";
  const taskId = `${thread.id}:${run.nextId()}`;
  const wantsToken = pattern !== "requestResponse" || resource.kind === "activity";
  const token = wantsToken ? run.env.taskToken(taskId) : undefined;
  const place: Place = { run, thread, token };
  const effective = effectiveInput(node, place);
  const parameters = withStartedBy(resource, workInput(node, place, effective));
  if (run.env.probe?.mocked) {
    thread.phase = "mock";
    return;
  }
  const credentials = credentialsOf(node, place, effective);
  const timeoutSeconds = seconds(node, place, "TimeoutSeconds", effective);
  const heartbeatSeconds = seconds(node, place, "HeartbeatSeconds", effective);
  const request: TaskRequest = {
    taskId,
    stateName: thread.state,
    resource,
    pattern,
    parameters,
    ...(credentials === undefined ? {} : { credentials }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(heartbeatSeconds === undefined ? {} : { heartbeatSeconds }),
    ...(token === undefined ? {} : { token }),
    attempt: retryCount(run, thread),
  };
  const text = producedText(parameters, thread.state);
  const problem = run.env.startProblem?.(request);
  if (problem !== undefined) throw runtimeError(problem);
  scheduled(run, thread, request, text);
  thread.task = {
    id: taskId,
    submitted: false,
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(token === undefined ? {} : { token }),
    ...(heartbeatSeconds === undefined ? {} : { heartbeatSeconds }),
  };
  thread.phase = "task";
  run.effects.push({ type: "startTask", task: request });
  // An activity's timers start when a worker takes it.
  if (resource.kind === "activity") return;
  if (timeoutSeconds !== undefined) setTimer(run, `${taskId}:timeout`, timeoutSeconds);
  if (heartbeatSeconds !== undefined) setTimer(run, `${taskId}:heartbeat`, heartbeatSeconds);
}

/** Step Functions tells ECS that it has started a task. */
function withStartedBy(resource: TaskResource, parameters: Json): Json {
  const isTask = resource.kind === "service" && resource.resourceType === "ecs" && resource.api === "runTask";
  if (!isTask || !isObject(parameters) || parameters["StartedBy"] !== undefined) return parameters;
  return { ...parameters, StartedBy: "AWS Step Functions" };
}

function setTimer(run: Run, timerId: string, afterSeconds: number): void {
  run.effects.push({ type: "setTimer", timerId, atMs: run.env.nowMs + afterSeconds * 1000 });
}

function scheduled(run: Run, thread: ThreadFrame, request: TaskRequest, text: string): void {
  const { resource } = request;
  const limits: JsonObject = {};
  if (request.timeoutSeconds !== undefined) limits["timeoutInSeconds"] = request.timeoutSeconds;
  if (request.heartbeatSeconds !== undefined) limits["heartbeatInSeconds"] = request.heartbeatSeconds;
  const role = request.credentials as JsonObject | undefined;
  const credentials: JsonObject =
    role?.["RoleArn"] === undefined ? {} : { taskCredentials: { roleArn: textOf(role["RoleArn"]) } };
  if (resource.kind === "service") {
    const { resourceType, resource: name } = resource;
    const details = {
      resourceType,
      resource: name,
      region: run.env.region,
      parameters: text,
      ...limits,
      ...credentials,
    };
    run.emitFor(thread, "TaskScheduled", details);
    run.emitFor(thread, "TaskStarted", { resourceType, resource: name });
    return;
  }
  const details = { resource: resource.arn, ...payloadDetails("input", text), ...limits, ...credentials };
  if (resource.kind === "activity") run.emitFor(thread, "ActivityScheduled", details);
  else {
    run.emitFor(thread, "LambdaFunctionScheduled", details);
    run.emitFor(thread, "LambdaFunctionStarted");
  }
}

/** The first part of the names of the resource's events. */
function eventPrefix(resource: TaskResource): string {
  return resource.kind === "service" ? "Task" : resource.kind === "lambda" ? "LambdaFunction" : "Activity";
}

function resourceDetails(resource: TaskResource): JsonObject {
  return resource.kind === "service" ? { resourceType: resource.resourceType, resource: resource.resource } : {};
}

/** The name in the error message for a result that is too large. */
function producerOf(resource: TaskResource): string {
  return resource.kind === "service" ? resource.resourceType : resource.arn;
}

/** A worker has taken the activity task. */
export function taskStarted(run: Run, thread: ThreadFrame, workerName: string | undefined): void {
  if (resourceOf(run.node(thread)).kind !== "activity") return;
  run.emitFor(thread, "ActivityStarted", workerName === undefined ? {} : { workerName });
  const { id, timeoutSeconds } = thread.task!;
  if (timeoutSeconds !== undefined) setTimer(run, `${id}:timeout`, timeoutSeconds);
  taskHeartbeat(run, thread);
}

/** The call that submits a job or callback task has been answered. */
export function taskSubmitted(run: Run, thread: ThreadFrame, output: Json): void {
  const resource = resourceOf(run.node(thread));
  if (resource.kind !== "service" || resource.pattern === "requestResponse" || thread.task!.submitted) return;
  thread.task!.submitted = true;
  const text = producedText(output, producerOf(resource));
  run.emitFor(thread, "TaskSubmitted", { ...resourceDetails(resource), ...payloadDetails("output", text) });
}

/** The task has succeeded: leaves the state. */
export function taskSucceeded(run: Run, thread: ThreadFrame, output: Json): void {
  const node = run.node(thread);
  const resource = resourceOf(node);
  cancelTaskTimers(run, thread);
  let text: string;
  try {
    text = producedText(output, producerOf(resource));
  } catch (error) {
    if (error instanceof StateError) {
      run.emitFor(thread, `${eventPrefix(resource)}Failed`, {
        ...resourceDetails(resource),
        ...errorDetails(error.error, error.causeText),
      });
    }
    throw error;
  }
  run.emitFor(thread, `${eventPrefix(resource)}Succeeded`, {
    ...resourceDetails(resource),
    ...payloadDetails("output", text),
  });
  exitTask(run, thread, node, output);
}

/** Leaves a Task state with its result. */
export function exitTask(run: Run, thread: ThreadFrame, node: StateNode, result: Json): void {
  run.env.probe?.record("result", result);
  exitState(run, thread, outgoing(node, { run, thread }, result, "result"), nextOf(node.fields));
}

const stageSuffix = {
  schedule: "ScheduleFailed",
  start: "StartFailed",
  submit: "SubmitFailed",
  run: "Failed",
} as const;

/** The task has failed, by its own response or when it was scheduled, started or submitted. */
export function taskFailed(run: Run, thread: ThreadFrame, signal: Extract<Signal, { type: "taskFailed" }>): void {
  const resource = resourceOf(run.node(thread));
  cancelTaskTimers(run, thread);
  const unsubmitted = resource.kind === "service" && resource.pattern !== "requestResponse" && !thread.task!.submitted;
  let stage = signal.stage ?? (unsubmitted ? "submit" : "run");
  const known = resource.kind === "service" ? stage !== "schedule" : stage !== "submit";
  if (!known) stage = "run";
  run.emitFor(thread, `${eventPrefix(resource)}${stageSuffix[stage]}`, {
    ...resourceDetails(resource),
    ...errorDetails(signal.error, signal.cause),
  });
  const { error, cause, retryAfterSeconds } = signal;
  failState(run, thread, new StateError(error, cause, { fromTask: signal.stage === "run", retryAfterSeconds }));
}

/** The task has taken too long, or has missed a heartbeat. */
export function taskTimedOut(run: Run, thread: ThreadFrame, heartbeat: boolean): void {
  const resource = resourceOf(run.node(thread));
  cancelTaskTimers(run, thread);
  run.effects.push({ type: "cancelTask", taskId: thread.task!.id });
  run.emitFor(thread, `${eventPrefix(resource)}TimedOut`, { ...resourceDetails(resource), error: "States.Timeout" });
  failState(run, thread, new StateError("States.Timeout", undefined), heartbeat ? "heartbeat" : "state");
}

/** Restarts the heartbeat timer. */
export function taskHeartbeat(run: Run, thread: ThreadFrame): void {
  const task = thread.task!;
  if (task.heartbeatSeconds !== undefined) setTimer(run, `${task.id}:heartbeat`, task.heartbeatSeconds);
}
