import { StateError } from "../errors.ts";
import type { Env, Execution, ExecutionMeta, Probe, Signal, StateEnd, TaskRequest } from "../execution.ts";
import { startExecution, step } from "../interpreter.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import type { Machine, StateNode } from "../machine.ts";
import { parseWithSources } from "../source-texts.ts";
import type { MockMismatch } from "./fan-states.ts";

/** What TestState runs: one state of a machine, once. */
export type StateTestSetup = {
  machine: Machine;
  stateName: string;
  meta: ExecutionMeta;
  variables?: JsonObject;
  context?: JsonObject;
  /** Replaces the work of a Task, Parallel or Map. */
  mock?: { result: Json } | { error?: string; cause?: string };
  retrierRetryCount?: number;
  mapIterationFailureCount?: number;
  /** A state inside the tested Map or Parallel that the mocked error comes from. */
  errorCausedByState?: string;
  /** {@link Probe.readItems} */
  readItems?: NonNullable<Probe["readItems"]>;
};

/** TestState's answer, with payloads as JSON values. */
export type StateTestResult = {
  status: StateEnd["status"];
  output?: Json;
  error?: string;
  cause?: string;
  nextState?: string;
  inspectionData: JsonObject;
};

/** Why a mock does not fit the state, as the message of TestState's ValidationException. */
export function mockProblem(node: StateNode, mock: NonNullable<StateTestSetup["mock"]>): string | undefined {
  if (!["Task", "Parallel", "Map"].includes(node.type)) {
    return `State type '${node.type}' is not supported when a mock is specified`;
  }
  if (!("result" in mock)) return undefined;
  if (node.type === "Task") return mock.result === null ? "Mocked result must be a valid JSON object." : undefined;
  if (node.type === "Parallel") {
    if (!Array.isArray(mock.result)) return "Mocked result must be an array.";
    return mock.result.length === node.starts.length
      ? undefined
      : "Mocked result must contain the same number of items as number of Parallel branches.";
  }
  if (node.fields["ResultWriter"] === undefined) {
    return Array.isArray(mock.result) ? undefined : "Mocked result must be an array.";
  }
  return isObject(mock.result) ? undefined : "Mocked result must be a JSON object.";
}

/** Why a state cannot have caused the mocked error, as the message of TestState's ValidationException. */
export function errorOriginProblem(
  machine: Machine,
  node: StateNode,
  mock: StateTestSetup["mock"],
  name: string,
): string | undefined {
  if (node.type !== "Map" && node.type !== "Parallel") {
    return "errorCausedByState can only be specified for a Map or Parallel state";
  }
  if (mock === undefined || "result" in mock) {
    return "errorCausedByState can only be specified when an error is mocked";
  }
  const inside = machine.states.get(name)?.location.startsWith(`${node.location}/`);
  return inside ? undefined : `State '${name}' does not exist in the ${node.type} state`;
}

/**
 * Runs one state on its own (Step Functions, TestState). `begin` returns the result, or a task to carry out, whose
 * outcome is then passed to `answer`. Throws a {@link MockMismatch}.
 */
export class StateTest {
  private readonly setup: StateTestSetup;
  private readonly machine: Machine;
  private readonly execution: Execution;
  private readonly inspection: JsonObject = {};
  private readonly probe: Probe;
  private end: StateEnd | undefined;
  private task: TaskRequest | undefined;

  constructor(setup: StateTestSetup) {
    this.setup = setup;
    this.machine = { ...setup.machine, startAt: setup.stateName, timeoutSeconds: undefined };
    this.execution = startExecution(setup.meta, parseWithSources(setup.meta.inputText));
    const { mock } = setup;
    const results = mock !== undefined && "result" in mock && Array.isArray(mock.result) ? mock.result : undefined;
    this.probe = {
      record: (stage, value) => {
        this.inspection[stage] = value;
      },
      mocked: mock && ("result" in mock ? "result" : "error"),
      ...(results === undefined ? {} : { mockedResults: results.length }),
      retryCount: setup.retrierRetryCount ?? 0,
      variables: setup.variables ?? {},
      failedIterations: setup.mapIterationFailureCount ?? 0,
      failedInside: setup.errorCausedByState !== undefined,
      ...(setup.readItems === undefined ? {} : { readItems: setup.readItems }),
      ended: (end) => {
        this.end = end;
      },
      ...(setup.context === undefined ? {} : { context: setup.context }),
    };
  }

  /** Runs the state to its end, or to the task that must be carried out for it. */
  begin(env: Env): StateTestResult | TaskRequest {
    this.inspection["input"] = this.execution.input;
    this.send({ type: "start" }, env);
    const { mock } = this.setup;
    if (!this.end && mock) this.send({ type: "mock", outcome: mock }, env);
    return this.end || !this.task ? this.result() : this.task;
  }

  /** Continues with the outcome of the task that `begin` returned. */
  answer(outcome: { output: Json } | { error?: string; cause?: string }, env: Env): StateTestResult {
    const taskId = this.task!.taskId;
    if ("output" in outcome) this.send({ type: "taskSucceeded", taskId, output: outcome.output }, env);
    else this.send({ type: "taskFailed", taskId, ...outcome }, env);
    return this.result();
  }

  private send(signal: Signal, env: Env): void {
    // A step also ends when its time is up: on a slow machine, even before the state has started.
    for (let next: Signal | undefined = signal; next; ) {
      const { effects } = step(this.machine, this.execution, next, { ...env, probe: this.probe });
      next = undefined;
      for (const effect of effects) {
        if (effect.type === "startTask") this.task = effect.task;
        if (effect.type === "continue") next = effect;
      }
    }
  }

  private result(): StateTestResult {
    const end = this.end;
    if (!end) throw new StateError("States.Runtime", "The state type cannot be tested without a mock");
    const { status, variables } = end;
    const node = this.machine.states.get(this.setup.stateName)!;
    const data: JsonObject = { ...this.inspection };
    const shows = this.setup.variables !== undefined || node.fields["Assign"] !== undefined;
    if (shows && Object.keys(variables).length > 0) data["variables"] = variables;
    if (end.status === "RETRIABLE") {
      data["errorDetails"] = {
        retryIndex: end.retryIndex,
        retryBackoffIntervalSeconds: end.retryBackoffIntervalSeconds,
      };
    } else if (end.status === "CAUGHT_ERROR") data["errorDetails"] = { catchIndex: end.catchIndex };
    return {
      status,
      ...("output" in end ? { output: end.output } : {}),
      ...("error" in end && end.error !== undefined ? { error: end.error } : {}),
      ...("cause" in end && end.cause !== undefined ? { cause: end.cause } : {}),
      ...("nextState" in end && end.nextState !== undefined ? { nextState: end.nextState } : {}),
      inspectionData: data,
    };
  }
}
