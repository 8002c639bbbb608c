import { assignedBy, placeResult } from "./data-flow.ts";
import { endExecution, endThreads, haltChildren } from "./endings.ts";
import { asStateError, maxCauseLength, StateError } from "./errors.ts";
import type { ThreadFrame } from "./execution.ts";
import { errorDetails } from "./history.ts";
import { isObject, type Json, type JsonObject, textOf } from "./json.ts";
import { evaluateQuery } from "./jsonata/query.ts";
import { evaluateTemplate } from "./jsonpath/template.ts";
import { maxSeconds, type StateNode } from "./machine.ts";
import { numberOf } from "./number-literal.ts";
import type { Run } from "./run.ts";
import { queryScope, rootsOf, visibleVariables } from "./scope.ts";
import { exitState, removeFan } from "./transitions.ts";

/** What went wrong, as Retry and Catch see it. */
type Failure = {
  error: string | undefined;
  cause: string | undefined;
  source: Source;
  fromTask?: boolean;
  retryAfterSeconds?: number | undefined;
};

/** Where a failure came from; Retry and Catch have a second name for a missed heartbeat and for a failed branch. */
type Source = "state" | "heartbeat" | "branch";

const defaultIntervalSeconds = 1;
const defaultMaxAttempts = 3;
const defaultBackoffRate = 2;

/**
 * Handles the failure of a thread's current state: Retry, then Catch, then the enclosing state fails and, at the
 * outermost level, the execution (Amazon States Language, Errors). States.Runtime ends the execution at once.
 */
export function failState(run: Run, thread: ThreadFrame, problem: StateError, source: Source = "state"): void {
  const node = run.node(thread);
  const { fromTask, retryAfterSeconds } = problem;
  const error = errorOf(run, problem);
  const failure: Failure = { error, cause: causeOf(run, problem, thread), source, fromTask, retryAfterSeconds };
  if (problem.evaluation) {
    const origin = thread.fan === null ? thread.before : thread.entered;
    evaluationFailed(run, thread, failure, problem.field, origin);
  }
  haltChildren(run, thread, failure.error !== "States.Runtime");
  if (failure.error === "States.Runtime") {
    thread.halted = true;
    endThreads(run);
    endExecution(run, "FAILED", thread.previous, failure);
    return;
  }
  if (tryRetry(run, thread, node, failure)) return;
  const origin = thread.previous;
  if (node.type === "Parallel" || node.type === "Map") run.emitFor(thread, `${node.type}StateFailed`);
  if (tryCatch(run, thread, node, failure, origin)) return;
  thread.halted = true;
  propagateFailure(run, thread, failure);
}

/** Error names that TestState has (recorded) where the documentation has others for executions. */
const testStateErrorNames: Readonly<Record<string, string>> = {
  "States.ResultPathMatchFailure": "States.ReferencePathConflict",
  "States.IntrinsicFailure": "States.Runtime",
};

function errorOf(run: Run, { error, inState }: StateError): string | undefined {
  return (run.env.probe && inState ? testStateErrorNames[error ?? ""] : undefined) ?? error;
}

function causeOf(run: Run, problem: StateError, thread: ThreadFrame): string | undefined {
  if (!problem.inState || run.env.probe) return problem.causeText;
  const sentence = `An error occurred while executing the state '${thread.state}' (entered at the event id #${thread.entered}).`;
  return `${sentence} ${problem.causeText}`.slice(0, maxCauseLength);
}

function evaluationFailed(
  run: Run,
  thread: ThreadFrame,
  failure: Failure,
  field: string | undefined,
  origin: number,
): void {
  thread.previous = run.emit("EvaluationFailed", origin, {
    ...errorDetails(failure.error, failure.cause),
    ...(field === undefined ? {} : { location: field }),
    state: thread.state,
  });
}

function listOf(fields: JsonObject, name: string): JsonObject[] {
  const list = fields[name];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/** Whether a handler's ErrorEquals includes the failure. */
function matches(handler: JsonObject, failure: Failure): boolean {
  const names = handler["ErrorEquals"];
  if (!Array.isArray(names) || failure.error === "States.Runtime") return false;
  return names.some((name) => {
    if (name === "States.ALL" || name === failure.error) return true;
    if (name === "States.HeartbeatTimeout") return failure.source === "heartbeat";
    if (name === "States.BranchFailed") return failure.source === "branch";
    return (
      name === "States.TaskFailed" && failure.error !== "States.Timeout" && failure.error !== "States.HeartbeatTimeout"
    );
  });
}

/** Seconds to wait before retry `attempt` (from 1): interval times backoff, capped, randomized under full jitter. */
function retryDelaySeconds(run: Run, retrier: JsonObject, attempt: number): number {
  const interval = numberOf(retrier["IntervalSeconds"]) ?? defaultIntervalSeconds;
  const backoff = numberOf(retrier["BackoffRate"]) ?? defaultBackoffRate;
  const limit = numberOf(retrier["MaxDelaySeconds"]) ?? maxSeconds;
  const delay = Math.min(interval * backoff ** (attempt - 1), limit);
  return retrier["JitterStrategy"] === "FULL" ? delay * run.env.chance.random() : delay;
}

/** Schedules a retry, if a retrier matches and has attempts left. */
function tryRetry(run: Run, thread: ThreadFrame, node: StateNode, failure: Failure): boolean {
  const retriers = listOf(node.fields, "Retry");
  const index = retriers.findIndex((retrier) => matches(retrier, failure));
  if (index < 0) return false;
  const retrier = retriers[index]!;
  const probe = run.env.probe;
  const made = (thread.retries[index] ?? 0) + (probe?.retryCount ?? 0);
  if (made >= (numberOf(retrier["MaxAttempts"]) ?? defaultMaxAttempts)) return false;
  const delaySeconds = Math.max(retryDelaySeconds(run, retrier, made + 1), failure.retryAfterSeconds ?? 0);
  if (probe) {
    run.head.status = "FAILED";
    probe.ended({
      status: "RETRIABLE",
      ...errorDetails(failure.error, failure.cause),
      retryIndex: index,
      retryBackoffIntervalSeconds: Math.round(delaySeconds),
      variables: visibleVariables(run, thread),
    });
    return true;
  }
  thread.retries = retriers.map((_, at) => (thread.retries[at] ?? 0) + (at === index ? 1 : 0));
  if (thread.inner !== undefined) removeFan(run, thread.inner);
  delete thread.inner;
  delete thread.task;
  delete thread.mapRun;
  thread.phase = "retry";
  run.effects.push({
    type: "setTimer",
    timerId: `${thread.id}:retry`,
    atMs: run.env.nowMs + Math.round(delaySeconds * 1000),
  });
  return true;
}

/** An absent error or cause is null if a worker left it out; otherwise its member is absent. */
function errorMember(name: string, text: string | undefined, fromTask: boolean | undefined): JsonObject {
  if (text === undefined) return fromTask ? { [name]: null } : {};
  return { [name]: text };
}

/** Leaves the state by the first catcher that matches; false if there is none. A catcher may fail in turn. */
function tryCatch(run: Run, thread: ThreadFrame, node: StateNode, failure: Failure, origin: number): boolean {
  const catchers = listOf(node.fields, "Catch");
  const index = catchers.findIndex((catcher) => matches(catcher, failure));
  const catcher = catchers[index];
  if (!catcher) return false;
  const errorOutput: JsonObject = {
    ...errorMember("Error", failure.error, failure.fromTask),
    ...errorMember("Cause", failure.cause, failure.fromTask),
  };
  try {
    const { output, assigned } = caught(run, thread, node, catcher, index, errorOutput);
    const next = textOf(catcher["Next"]);
    const probe = run.env.probe;
    if (probe) {
      run.head.status = "FAILED";
      const variables = { ...visibleVariables(run, thread), ...assigned };
      const details = errorDetails(failure.error, failure.cause);
      probe.ended({ status: "CAUGHT_ERROR", output, nextState: next, catchIndex: index, variables, ...details });
      return true;
    }
    exitState(run, thread, { output, assigned }, next);
  } catch (thrown) {
    const error = asStateError(thrown);
    const second = { error: error.error, cause: causeOf(run, error, thread), source: "state" as const };
    if (error.evaluation) evaluationFailed(run, thread, second, error.field, origin);
    if (second.error !== "States.Runtime" && (node.type === "Parallel" || node.type === "Map")) {
      run.emitFor(thread, `${node.type}StateFailed`);
    }
    thread.halted = true;
    propagateFailure(run, thread, second);
  }
  return true;
}

function caught(
  run: Run,
  thread: ThreadFrame,
  node: StateNode,
  catcher: JsonObject,
  index: number,
  errorOutput: JsonObject,
): { output: Json; assigned: JsonObject | undefined } {
  const place = { run, thread };
  if (node.language === "JSONata") {
    const scope = queryScope(place, { errorOutput });
    const field = (name: string): string => `Catch[${index}]/${name}`;
    const assigned = assignedBy(catcher["Assign"], (value) => evaluateQuery(value, field("Assign"), scope), place);
    const output =
      catcher["Output"] === undefined ? errorOutput : evaluateQuery(catcher["Output"], field("Output"), scope);
    return { output, assigned };
  }
  const roots = rootsOf(place, errorOutput);
  const assigned = assignedBy(catcher["Assign"], (value) => evaluateTemplate(value, roots, run.env.chance), place);
  return { output: placeResult(catcher["ResultPath"], thread.input, errorOutput), assigned };
}

/** Fails the enclosing Parallel or Map state with an uncaught failure, or the execution. */
function propagateFailure(run: Run, thread: ThreadFrame, failure: Failure): void {
  if (thread.fan === null || failure.error === "States.Runtime") {
    endThreads(run);
    endExecution(run, "FAILED", thread.previous, failure);
    return;
  }
  const fan = run.fan(thread.fan);
  const parent = run.thread(fan.thread)!;
  const failed = thread.previous;
  const isMap = run.node(parent).type === "Map";
  if (run.node(thread).type === "Task") run.emit("TaskStateAborted", failed);
  if (isMap) run.emit("MapIterationFailed", failed, { name: parent.state, index: thread.index });
  haltChildren(run, parent, true);
  parent.previous = failed;
  failState(run, parent, new StateError(failure.error, failure.cause), isMap ? "state" : "branch");
}
