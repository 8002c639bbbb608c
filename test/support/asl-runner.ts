import type {
  Effect,
  Env,
  Execution,
  ExecutionMeta,
  Frame,
  MapRunRequest,
  Signal,
  TaskRequest,
} from "../../src/services/stepfunctions/asl/execution.ts";
import type { HistoryEvent } from "../../src/services/stepfunctions/asl/history.ts";
import { mapRunItem, startExecution, step } from "../../src/services/stepfunctions/asl/interpreter.ts";
import {
  type Json,
  type JsonObject,
  parseJson,
  readJson,
  writeJson,
} from "../../src/services/stepfunctions/asl/json.ts";
import { buildMachine, childMachine, type Machine } from "../../src/services/stepfunctions/asl/machine.ts";
import { batchItems } from "../../src/services/stepfunctions/asl/states/batches.ts";

/** How a mocked task ends, or "pending" to leave it open. `submitted` answers the submitting call first. */
export type TaskOutcome =
  | { output: Json; submitted?: Json; afterSeconds?: number }
  | { error?: string; cause?: string; stage?: "run"; submitted?: Json; afterSeconds?: number }
  | "pending";

export type RunnerOptions = {
  task?: (request: TaskRequest, call: number) => TaskOutcome;
  startProblem?: Env["startProblem"];
  type?: "STANDARD" | "EXPRESS";
  seed?: number;
  name?: string;
  /** Most signals the run may take before it counts as endless. */
  maxSignals?: number;
  /** Between any two steps, keep only what has been stored frame by frame as JSON text. */
  serialise?: boolean;
};

export type RunOutcome = {
  status: string;
  output?: Json;
  /** The output as the execution wrote it. */
  outputText?: string;
  error?: string;
  cause?: string;
  events: HistoryEvent[];
  tasks: TaskRequest[];
  nowMs: number;
};

const startMs = Date.UTC(2024, 0, 1);

/** A small seeded generator, good enough to distinguish runs. */
function chanceOf(seed: number): Env["chance"] {
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  const hex = (count: number): string =>
    Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join("");
  return { random, uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}` };
}

/** Carries out the effects of an execution with virtual time, mocked tasks and distributed maps that are run inline. */
export class AslRunner {
  execution: Execution;
  readonly machine: Machine;
  readonly events: HistoryEvent[] = [];
  readonly tasks: TaskRequest[] = [];
  readonly mapRuns: MapRunRequest[] = [];
  readonly timers = new Map<string, number>();
  readonly finishes: Extract<Effect, { type: "finish" }>[] = [];
  readonly touched: string[][] = [];
  nowMs = startMs;
  private readonly signals: Signal[] = [];
  private readonly later: { atMs: number; signal: Signal }[] = [];
  private readonly options: RunnerOptions;
  private readonly stored = new Map<string, string>();
  private readonly chance: Env["chance"];

  constructor(machine: Machine, inputText: string, options: RunnerOptions = {}, meta: Partial<ExecutionMeta> = {}) {
    this.machine = machine;
    this.options = options;
    this.chance = chanceOf(options.seed ?? 1);
    const name = options.name ?? "e1";
    this.execution = startExecution(
      {
        arn: `arn:aws:states:us-east-1:111122223333:execution:M:${name}`,
        name,
        type: options.type ?? "STANDARD",
        roleArn: "arn:aws:iam::111122223333:role/r",
        startedAtMs: startMs,
        inputText,
        stateMachineArn: "arn:aws:states:us-east-1:111122223333:stateMachine:M",
        stateMachineName: "M",
        ...meta,
      },
      parseJson(inputText),
    );
  }

  get env(): Env {
    const env: Env = {
      nowMs: this.nowMs,
      chance: this.chance,
      region: "us-east-1",
      taskToken: (taskId) => `token-${taskId}`,
    };
    if (this.options.startProblem) env.startProblem = this.options.startProblem;
    return env;
  }

  send(signal: Signal): void {
    const { effects, touched, removed } = step(this.machine, this.execution, signal, this.env);
    if (this.options.serialise) this.restore(touched, removed);
    this.touched.push([...touched, ...removed]);
    for (const effect of effects) this.carryOut(effect);
  }

  /** Stores what the step has changed, and continues only with what was stored. */
  private restore(touched: readonly string[], removed: readonly string[]): void {
    for (const id of touched) this.stored.set(id, writeJson(this.execution.frames[id]));
    for (const id of removed) this.stored.delete(id);
    const frames = [...this.stored].map(([id, text]) => [id, readJson(text) as Frame] as const);
    const { meta, input, head } = this.execution;
    this.execution = readJson(writeJson({ meta, input, head })) as Execution;
    this.execution.frames = Object.fromEntries(frames);
  }

  private carryOut(effect: Effect): void {
    switch (effect.type) {
      case "event":
        this.events.push(effect.event);
        return;
      case "setTimer":
        this.timers.set(effect.timerId, effect.atMs);
        return;
      case "cancelTimer":
        this.timers.delete(effect.timerId);
        return;
      case "continue":
        // Before anything else, so that the history does not depend on where real time has ended the step.
        this.signals.unshift({ type: "continue" });
        return;
      case "finish":
        this.finishes.push(effect);
        return;
      case "startTask":
        this.tasks.push(effect.task);
        this.answer(effect.task);
        return;
      case "startMapRun":
        this.mapRuns.push(effect.mapRun);
        this.signals.push(this.runMap(effect.mapRun));
        return;
      default:
        return;
    }
  }

  private answer(task: TaskRequest): void {
    const outcome = this.options.task?.(task, this.tasks.length - 1) ?? { output: task.parameters };
    if (outcome === "pending") return;
    const { taskId } = task;
    if (task.resource.kind === "activity") this.signals.push({ type: "taskStarted", taskId, workerName: "w" });
    if (outcome.submitted !== undefined)
      this.signals.push({ type: "taskSubmitted", taskId, output: outcome.submitted });
    const signal: Signal =
      "output" in outcome
        ? { type: "taskSucceeded", taskId, output: outcome.output }
        : {
            type: "taskFailed",
            taskId,
            ...(outcome.error === undefined ? {} : { error: outcome.error }),
            ...(outcome.cause === undefined ? {} : { cause: outcome.cause }),
            ...(outcome.stage === undefined ? {} : { stage: outcome.stage }),
          };
    if (outcome.afterSeconds === undefined) this.signals.push(signal);
    else this.later.push({ atMs: this.nowMs + outcome.afterSeconds * 1000, signal });
  }

  /** Runs the children of a distributed map one after the other. */
  private runMap(request: MapRunRequest): Signal {
    const { mapRunId } = request;
    const children = childMachine(this.machine, request.stateName);
    let inputs: Json[];
    try {
      inputs = (request.items ?? []).map((Value, Index) =>
        mapRunItem(this.machine, this.execution, mapRunId, { Index, Value }, this.env),
      );
    } catch (error) {
      return { type: "mapRunFailed", mapRunId, error: "States.Runtime", cause: String(error) };
    }
    if (request.itemBatcher) inputs = batchItems(inputs, request.itemBatcher);
    const outputs: Json[] = [];
    for (const input of inputs) {
      const child = new AslRunner(children, writeJson(input), { ...this.options, serialise: false });
      const result = child.run();
      if (result.status !== "SUCCEEDED") {
        const cause = "The specified tolerated failure threshold was exceeded";
        return { type: "mapRunFailed", mapRunId, error: "States.ExceedToleratedFailureThreshold", cause };
      }
      outputs.push(parseJson(result.outputText!));
    }
    return { type: "mapRunSucceeded", mapRunId, output: outputs };
  }

  /** Sends what is due now, then moves time to the next timer, until nothing is left or the execution ends. */
  settle(): void {
    for (let left = this.options.maxSignals ?? 100_000; left > 0; left--) {
      const signal = this.signals.shift();
      if (signal) this.send(signal);
      else if (this.execution.head.status !== "RUNNING" || !this.advance()) return;
    }
    throw new Error("The execution does not end");
  }

  private advance(): boolean {
    const timer = [...this.timers].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1))[0];
    const later = [...this.later].sort((a, b) => a.atMs - b.atMs)[0];
    if (later && (!timer || later.atMs <= timer[1])) {
      this.later.splice(this.later.indexOf(later), 1);
      this.nowMs = Math.max(this.nowMs, later.atMs);
      this.signals.push(later.signal);
      return true;
    }
    if (!timer) return false;
    this.timers.delete(timer[0]);
    this.nowMs = Math.max(this.nowMs, timer[1]);
    this.signals.push({ type: "timer", timerId: timer[0] });
    return true;
  }

  run(): RunOutcome {
    this.send({ type: "start" });
    this.settle();
    return this.outcome();
  }

  outcome(): RunOutcome {
    const finish = this.finishes.at(-1);
    return {
      status: finish?.status ?? "RUNNING",
      events: this.events,
      tasks: this.tasks,
      nowMs: this.nowMs,
      ...(finish?.output === undefined ? {} : { output: JSON.parse(finish.output) as Json, outputText: finish.output }),
      ...(finish?.error === undefined ? {} : { error: finish.error }),
      ...(finish?.cause === undefined ? {} : { cause: finish.cause }),
    };
  }
}

/** Runs a valid definition to its end. */
export function runDefinition(definition: JsonObject, input: Json, options: RunnerOptions = {}): RunOutcome {
  return new AslRunner(buildMachine(definition), JSON.stringify(input), options).run();
}

/** Events in the notation `3<2 PassStateExited`. */
export function shortHistory(events: readonly HistoryEvent[]): string[] {
  return events.map((event) => `${event.id}<${event.previousEventId} ${event.type}`);
}
