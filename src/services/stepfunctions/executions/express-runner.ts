/** Runs express executions: only in memory, as cheaply as possible; a restart ends them. */
import type { Cause } from "../../../calls/cause.ts";
import type { Timer } from "../../../engine/clock.ts";
import type { Effect, Execution, Signal } from "../asl/execution.ts";
import type { HistoryEvent } from "../asl/history.ts";
import { startExecution, step } from "../asl/interpreter.ts";
import type { Json } from "../asl/json.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { WholeExecution } from "../tables.ts";
import { causeOf } from "./causes.ts";
import { envOf } from "./env.ts";
import { metaOf } from "./frames.ts";

/** More than an execution can reach in its five minutes; ends an endless loop even when time stands still. */
const maxEvents = 500_000;

interface Running {
  readonly row: WholeExecution;
  readonly execution: Execution;
  readonly cause: Cause;
  readonly timers: Map<string, Timer>;
  readonly tasks: Set<string>;
  readonly mockCalls: Record<string, number>;
  readonly onEnd: (row: WholeExecution) => void;
  stepping: boolean;
}

export class ExpressRunner {
  readonly #sfn: StepFunctions;
  readonly #running = new Map<string, Running>();

  constructor(sfn: StepFunctions) {
    this.#sfn = sfn;
  }

  has(arn: string): boolean {
    return this.#running.has(arn);
  }

  /**
   * Starts an execution; `onEnd` is called at its end, which may be before this call returns. `sync`: the caller waits
   * for it.
   */
  start(row: WholeExecution, input: Json, onEnd: (row: WholeExecution) => void, sync = false): void {
    const meta = metaOf(row, row.input, this.#sfn.machineNameOf(row), { type: "EXPRESS", sync });
    const running: Running = {
      row,
      execution: startExecution(meta, input),
      cause: causeOf(row),
      timers: new Map(),
      tasks: new Set(),
      mockCalls: {},
      onEnd,
      stepping: false,
    };
    this.#running.set(row.arn, running);
    this.#step(running, { type: "start" });
  }

  signal(arn: string, signal: Signal): void {
    const running = this.#running.get(arn);
    if (running === undefined) return;
    if (running.stepping) this.#sfn.turns.soon(() => this.signal(arn, signal));
    else this.#step(running, signal);
  }

  /** Whether the task is still waiting for its result. */
  isOpen(arn: string, taskId: string): boolean {
    return this.#running.get(arn)?.tasks.has(taskId) ?? false;
  }

  /**
   * Ends executions, of one account or of all, and tells their callers; map runs start theirs again in the next run.
   */
  reset(account?: string): void {
    for (const [arn, { row, timers, onEnd }] of [...this.#running]) {
      if (account !== undefined && row.account !== account) continue;
      for (const timer of timers.values()) timer.cancel();
      this.#running.delete(arn);
      if (row.mapRun === undefined) onEnd({ ...row, status: "ABORTED", stoppedMs: this.#sfn.now });
    }
  }

  #step(running: Running, signal: Signal): void {
    running.cause.run(() => this.#takeStep(running, signal));
  }

  #takeStep(running: Running, signal: Signal): void {
    const { row, execution } = running;
    if (signal.type === "taskSucceeded" || signal.type === "taskFailed") running.tasks.delete(signal.taskId);
    running.stepping = true;
    let finish: Extract<Effect, { type: "finish" }> | undefined;
    try {
      const { effects } = step(this.#sfn.machineOf(row), execution, signal, envOf(this.#sfn, row));
      const events: HistoryEvent[] = [];
      for (const effect of effects) {
        if (effect.type === "event") events.push(effect.event);
        else if (effect.type === "finish") finish = effect;
        else this.#carryOut(running, effect);
      }
      this.#sfn.deps.store.transaction(() => this.#sfn.log(row, events, 0));
    } finally {
      running.stepping = false;
    }
    if (finish !== undefined) this.#finish(running, finish);
  }

  #carryOut(running: Running, effect: Effect): void {
    const { row } = running;
    const { clock } = this.#sfn.deps;
    switch (effect.type) {
      case "setTimer": {
        const { timerId, atMs } = effect;
        running.timers.get(timerId)?.cancel();
        const fire = () => {
          running.timers.delete(timerId);
          this.signal(row.arn, { type: "timer", timerId });
        };
        running.timers.set(timerId, clock.at(atMs, fire));
        return;
      }
      case "cancelTimer":
        running.timers.get(effect.timerId)?.cancel();
        running.timers.delete(effect.timerId);
        return;
      case "startTask": {
        const { task } = effect;
        running.tasks.add(task.taskId);
        let calls = 0;
        if (this.#sfn.mocks.isMocked(row, task.stateName)) {
          calls = running.mockCalls[task.stateName] ?? 0;
          running.mockCalls[task.stateName] = calls + 1;
        }
        this.#sfn.turns.soon(() => {
          if (this.isOpen(row.arn, task.taskId)) this.#sfn.performer.begin(row, task, calls);
        });
        return;
      }
      case "cancelTask":
        running.tasks.delete(effect.taskId);
        this.#sfn.performer.abort(row.arn, effect.taskId);
        return;
      case "continue": {
        const spent = running.execution.head.lastEventId > maxEvents;
        const signal: Signal = spent ? { type: "timer", timerId: "execution" } : { type: "continue" };
        this.#sfn.turns.soon(() => this.signal(row.arn, signal));
      }
    }
  }

  #finish(running: Running, { status, output, error, cause }: Extract<Effect, { type: "finish" }>): void {
    const { row, timers, tasks } = running;
    for (const timer of timers.values()) timer.cancel();
    for (const taskId of tasks) this.#sfn.performer.abort(row.arn, taskId);
    this.#running.delete(row.arn);
    running.onEnd({ ...row, status, stoppedMs: this.#sfn.now, output, error, cause });
  }
}
