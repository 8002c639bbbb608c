import { performance } from "../../../engine/real-time.ts";
import { endExecution, endThreads } from "./endings.ts";
import { asStateError, StateError } from "./errors.ts";
import type { Effect, Env, Execution, ExecutionMeta, Signal, ThreadFrame } from "./execution.ts";
import { failState } from "./failures.ts";
import { payloadDetails } from "./history.ts";
import type { Json } from "./json.ts";
import type { Machine } from "./machine.ts";
import { redrive } from "./redrive.ts";
import { HistoryFull, Run } from "./run.ts";
import type { MapItem } from "./scope.ts";
import { rememberSource } from "./source-texts.ts";
import { continueFan, exitMocked, runMap, runParallel, selectedItem } from "./states/fan-states.ts";
import { mapRunFailed, mapRunSucceeded } from "./states/map-run.ts";
import { runChoice, runFail, runPass, runSucceed, runWait } from "./states/simple-states.ts";
import {
  exitTask,
  runTask,
  taskFailed,
  taskHeartbeat,
  taskStarted,
  taskSubmitted,
  taskSucceeded,
  taskTimedOut,
} from "./states/task-state.ts";
import { enterState, startThread } from "./transitions.ts";

/** The longest time an express execution may run. */
const expressTimeoutSeconds = 300;

/** Most moves of threads in one step, so that an endless loop of states does not block the process. */
const movesPerStep = 500;

/**
 * Real milliseconds after which a step ends, since moves with large payloads are slow. The result of an execution does
 * not depend on where its steps end, if `continue` is the next signal it gets; another that comes first is an event of
 * its own time, such as a task's answer in the middle of a long fan-out.
 */
const stepMs = 8;

/**
 * What a step did: effects to carry out in order, and ids of frames to store or delete. The head has always changed.
 */
export type StepResult = { effects: Effect[]; touched: string[]; removed: string[] };

/** A new execution, whose first signal must be `start`. `input` is the parsed `meta.inputText`. */
export function startExecution(meta: ExecutionMeta, input: Json): Execution {
  return {
    meta,
    input,
    head: { status: "RUNNING", lastEventId: 0, sequence: 0, ready: [], redriveCount: 0 },
    frames: {},
  };
}

/**
 * Applies one signal to the execution, changing it in place, and runs it until it waits, ends or has used up its turn
 * (then `continue` is among the effects and must be sent back as a signal). Does no I/O: the same execution, signal and
 * env give the same effects, up to the `continue` of a step that ended earlier.
 */
export function step(machine: Machine, execution: Execution, signal: Signal, env: Env): StepResult {
  const run = new Run(machine, execution, env);
  try {
    apply(run, signal);
    drain(run);
  } catch (error) {
    if (!(error instanceof HistoryFull)) throw error;
    endThreads(run);
    endExecution(run, "FAILED", execution.head.lastEventId, {
      error: "States.Runtime",
      cause: "The execution reached the maximum number of history events (25000).",
    });
  }
  return { effects: run.effects, touched: [...run.touched], removed: [...run.removed] };
}

function drain(run: Run): void {
  const { ready } = run.head;
  let taken = 0;
  const { evaluation } = run;
  const endsAt = performance.now() + stepMs;
  const mayMove = () => taken < movesPerStep && !evaluation.isLong() && performance.now() < endsAt;
  while (run.running && taken < ready.length && mayMove()) {
    evaluation.nextMove();
    const thread = run.thread(ready[taken++]!);
    if (thread && !thread.halted) guarded(run, thread, () => move(run, thread));
  }
  ready.splice(0, taken);
  if (run.running && ready.length > 0) run.effects.push({ type: "continue" });
}

/** Runs part of a state; the state fails with what it throws. */
function guarded(run: Run, thread: ThreadFrame, work: () => void): void {
  try {
    work();
  } catch (error) {
    failState(run, thread, asStateError(error));
  }
}

function move(run: Run, thread: ThreadFrame): void {
  const node = run.node(thread);
  if (thread.phase === "enter") enterState(run, thread);
  else if (thread.phase === "fan") continueFan(run, thread, node);
  else if (thread.phase === "run" || thread.phase === "waited") {
    switch (node.type) {
      case "Pass":
        runPass(run, thread, node);
        break;
      case "Succeed":
        runSucceed(run, thread, node);
        break;
      case "Fail":
        runFail(run, thread, node);
        break;
      case "Wait":
        runWait(run, thread, node);
        break;
      case "Choice":
        runChoice(run, thread, node);
        break;
      case "Task":
        runTask(run, thread, node);
        break;
      case "Parallel":
        runParallel(run, thread, node);
        break;
      case "Map":
        runMap(run, thread, node);
        break;
    }
  }
}

function apply(run: Run, signal: Signal): void {
  if (signal.type === "redrive") {
    redrive(run, signal.atMs);
    armTimeout(run);
    return;
  }
  if (!run.running) return;
  switch (signal.type) {
    case "start":
      begin(run);
      return;
    case "continue":
      return;
    case "timer":
      timerFired(run, signal.timerId);
      return;
    case "abort":
      endThreads(run);
      endExecution(run, "ABORTED", 0, signal);
      return;
    case "mock": {
      const thread = run.thread("0");
      if (thread?.phase === "mock") guarded(run, thread, () => mocked(run, thread, signal.outcome));
      return;
    }
    case "mapRunSucceeded":
    case "mapRunFailed": {
      const thread = run.thread(ownerOf(signal.mapRunId));
      if (!thread || thread.halted || thread.mapRun?.id !== signal.mapRunId || thread.phase !== "mapRun") return;
      if (signal.type === "mapRunSucceeded") guarded(run, thread, () => mapRunSucceeded(run, thread, signal.output));
      else mapRunFailed(run, thread, signal.error, signal.cause);
      return;
    }
    default:
      taskSignal(run, signal);
  }
}

/** Ids of tasks, map runs and timers begin with the id of their thread. */
function ownerOf(id: string): string {
  return id.slice(0, id.indexOf(":"));
}

function openTask(run: Run, taskId: string): ThreadFrame | undefined {
  const thread = run.thread(ownerOf(taskId));
  return thread && !thread.halted && thread.phase === "task" && thread.task?.id === taskId ? thread : undefined;
}

type TaskSignal = Extract<Signal, { taskId: string }>;

function taskSignal(run: Run, signal: TaskSignal): void {
  const thread = openTask(run, signal.taskId);
  if (!thread) return;
  guarded(run, thread, () => {
    switch (signal.type) {
      case "taskStarted":
        taskStarted(run, thread, signal.workerName);
        break;
      case "taskSubmitted":
        taskSubmitted(run, thread, signal.output);
        break;
      case "taskSucceeded":
        taskSucceeded(run, thread, signal.output);
        break;
      case "taskFailed":
        taskFailed(run, thread, signal);
        break;
      case "taskHeartbeat":
        taskHeartbeat(run, thread);
        break;
    }
  });
}

function begin(run: Run): void {
  const { meta, input, head } = run.execution;
  if (head.lastEventId > 0) return;
  const started = payloadDetails("input", meta.inputText);
  if (meta.roleArn !== null) started["roleArn"] = meta.roleArn;
  if (meta.stateMachineAliasArn !== undefined) started["stateMachineAliasArn"] = meta.stateMachineAliasArn;
  if (meta.stateMachineVersionArn !== undefined) started["stateMachineVersionArn"] = meta.stateMachineVersionArn;
  run.emit("ExecutionStarted", 0, started);
  const first = run.machine.states.get(run.machine.startAt);
  // In recordings, a Parallel's branches get the input's text as it was sent, other first states get it compact.
  if (first?.type === "Parallel") rememberSource(input, meta.inputText);
  startThread(run, { id: "0", fan: null, index: 0, state: run.machine.startAt, input, previous: 0 });
  if (run.env.probe) run.thread("0")!.variables = run.env.probe.variables;
  armTimeout(run);
}

/** Sets the timer for the machine's TimeoutSeconds; express executions have a limit of their own. */
function armTimeout(run: Run): void {
  const limits = [run.machine.timeoutSeconds ?? Infinity];
  if (run.execution.meta.type === "EXPRESS") limits.push(expressTimeoutSeconds);
  const seconds = Math.min(...limits);
  if (!run.running || seconds === Infinity || run.env.probe) return;
  run.effects.push({ type: "setTimer", timerId: "execution", atMs: run.env.nowMs + seconds * 1000 });
}

function timerFired(run: Run, timerId: string): void {
  if (timerId === "execution") {
    endThreads(run);
    endExecution(run, "TIMED_OUT", 0, { error: "States.Timeout" });
    return;
  }
  const kind = timerId.slice(timerId.lastIndexOf(":") + 1);
  if (kind === "timeout" || kind === "heartbeat") {
    const thread = openTask(run, timerId.slice(0, timerId.lastIndexOf(":")));
    if (thread) taskTimedOut(run, thread, kind === "heartbeat");
    return;
  }
  const thread = run.thread(ownerOf(timerId));
  if (!thread || thread.halted || thread.phase !== kind) return;
  thread.phase = kind === "wait" ? "waited" : "run";
  run.ready(thread);
}

function mocked(run: Run, thread: ThreadFrame, outcome: Extract<Signal, { type: "mock" }>["outcome"]): void {
  const node = run.node(thread);
  if (!("result" in outcome)) {
    const inBranch = node.type === "Parallel" && run.env.probe?.failedInside === true;
    failState(run, thread, new StateError(outcome.error, outcome.cause), inBranch ? "branch" : "state");
    return;
  }
  if (node.type === "Task") exitTask(run, thread, node, outcome.result);
  else exitMocked(run, thread, node, outcome.result);
}

/**
 * The input for one item of a running distributed Map: the item, or the result of the Map's ItemSelector.
 * Throws a {@link StateError}. Does not change the execution.
 */
export function mapRunItem(machine: Machine, execution: Execution, mapRunId: string, item: MapItem, env: Env): Json {
  const run = new Run(machine, execution, env);
  const thread = execution.frames[ownerOf(mapRunId)] as ThreadFrame;
  return selectedItem(run.node(thread), { run, thread }, item);
}
