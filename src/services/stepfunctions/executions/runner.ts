/** Runs standard executions: each step and all its effects are one transaction. */

import { dayMs } from "../../../engine/duration.ts";
import { Sweep } from "../../../engine/sweep.ts";
import type { Effect, Signal } from "../asl/execution.ts";
import type { HistoryEvent } from "../asl/history.ts";
import { startExecution, step } from "../asl/interpreter.ts";
import type { Json } from "../asl/json.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import { type ExecutionRow, executionTable, executionTextTable, shortId, type WholeExecution } from "../tables.ts";
import { OpenTasks } from "../tasks/open-tasks.ts";
import { Texts } from "../texts.ts";
import { causeOf } from "./causes.ts";
import { envOf } from "./env.ts";
import { Frames, type Live, metaOf } from "./frames.ts";
import { Histories } from "./histories.ts";

/** Executions cached in memory, so that most steps need not load their rows. */
const maxLive = 2000;

const timerKind = "states.execution";

/** How long a closed execution can be described. */
const retentionMs = 90 * dayMs;

export class Runner {
  readonly executions;
  readonly tasks: OpenTasks;
  readonly frames: Frames;
  readonly histories: Histories;
  /** Inputs and outputs of executions. */
  readonly texts: Texts;
  /** Closed executions past their retention, under `""`. */
  readonly #old: Sweep<ExecutionRow>;
  readonly #sfn: StepFunctions;
  readonly #live = new Map<string, { live: Live; head: object }>();
  readonly #stepping = new Set<string>();

  constructor(sfn: StepFunctions) {
    const { store, timers, clock } = sfn.deps;
    this.#sfn = sfn;
    const executions = store.table(executionTable);
    this.executions = executions;
    this.#old = new Sweep(store, clock, {
      first: (key) => executions.by.closed.first(key),
      endMs: (row) => (row.stoppedMs as number) + retentionMs,
      drop: (row) => this.forget(row),
      keys: () => executions.by.closed.groups(),
    });
    this.tasks = new OpenTasks(sfn);
    this.texts = new Texts(store, executionTextTable);
    this.frames = new Frames(store, this.texts);
    this.histories = new Histories(store);
    timers.on(timerKind, ({ payload }) => {
      const { execution, timerId } = payload as { execution: string; timerId: string };
      this.signal(execution, { type: "timer", timerId });
    });
  }

  /** Inside a transaction: stores a new execution and takes its first step. */
  start(given: WholeExecution, input: Json): void {
    const row = { ...given, input: this.texts.keep(given.account, given.input) };
    this.executions.put(row);
    this.#sfn.timeLimit.watch(row);
    this.#sfn.statusChanged(row);
    const execution = startExecution(metaOf(row, given.input, this.#sfn.machineNameOf(row)), input);
    this.#step({ row, execution, mockCalls: {}, inputs: new Map() }, { type: "start" });
  }

  /**
   * Passes a signal to an execution. Has no effect if it has ended or does not exist. If called within the execution's
   * own step, the signal follows after it.
   */
  signal(arn: string, signal: Signal): void {
    const { store } = this.#sfn.deps;
    if (this.#stepping.has(arn)) {
      store.afterCommit(() => this.signal(arn, signal));
      return;
    }
    store.transaction(() => {
      const live = this.liveOf(arn);
      if (live !== undefined) this.#step(live, signal);
    });
  }

  /** Appends the events of a redrive, and of what follows, to the execution's history. Inside a transaction. */
  redrive(row: ExecutionRow): void {
    this.executions.put(row);
    this.#sfn.timeLimit.watch(row);
    this.#live.delete(row.arn);
    this.#sfn.statusChanged(row);
    this.signal(row.arn, { type: "redrive", atMs: row.redrivenMs ?? this.#sfn.now });
  }

  /** After a restart: continues what was running. */
  recover(): void {
    const { turns } = this.#sfn;
    for (const { execution } of this.frames.heads.by.ready.range("")) {
      turns.soon(() => this.signal(execution, { type: "continue" }));
    }
    this.tasks.recover();
  }

  reset(): void {
    this.#live.clear();
  }

  /** The execution's current state, from memory or from its rows. */
  liveOf(arn: string): Live | undefined {
    const kept = this.#live.get(arn);
    const row = this.executions.get(arn);
    // An undone transaction restores the rows, but not what is in memory.
    if (kept !== undefined && kept.live.row === row && this.frames.heads.get(arn)?.head === kept.head) return kept.live;
    return row && this.frames.load(row, this.#sfn.machineNameOf(row));
  }

  #keep(live: Live): void {
    const { arn } = live.row;
    this.#live.delete(arn);
    const head = this.frames.heads.get(arn)?.head;
    if (head === undefined || live.execution.head.status !== "RUNNING") return;
    this.#live.set(arn, { live, head });
    if (this.#live.size <= maxLive) return;
    for (const oldest of this.#live.keys()) {
      this.#live.delete(oldest);
      break;
    }
  }

  #step(live: Live, signal: Signal): void {
    causeOf(live.row).run(() => this.#takeStep(live, signal));
  }

  #takeStep(live: Live, signal: Signal): void {
    const { row, execution } = live;
    if (signal.type === "taskSucceeded" || signal.type === "taskFailed") {
      this.tasks.close(row.arn, signal.taskId);
    } else if (signal.type === "taskSubmitted") this.tasks.setWaiting(row.arn, signal.taskId);
    this.#stepping.add(row.arn);
    try {
      const machine = this.#sfn.machineOf(row);
      const { effects, touched, removed } = step(machine, execution, signal, envOf(this.#sfn, row));
      const events: HistoryEvent[] = [];
      for (const effect of effects) if (effect.type === "event") events.push(effect.event);
      if (events.length > 0) {
        this.histories.append(row.arn, row.account, events);
        this.#sfn.log(row, events, execution.head.redriveCount);
      }
      const over = execution.head.status === "SUCCEEDED";
      for (const effect of effects) this.#carryOut(live, effect);
      if (!over) this.frames.store(live, touched, removed);
      else this.frames.forget(row.arn);
      this.#keep(live);
    } catch (error) {
      this.#live.delete(row.arn);
      throw error;
    } finally {
      this.#stepping.delete(row.arn);
    }
  }

  #carryOut(live: Live, effect: Effect): void {
    const { row } = live;
    const { timers, store } = this.#sfn.deps;
    switch (effect.type) {
      case "event":
        return;
      case "setTimer": {
        const payload = { execution: row.arn, timerId: effect.timerId };
        const id = timerKey(row.arn, effect.timerId);
        timers.schedule({ id, account: row.account, dueMs: effect.atMs, kind: timerKind, payload });
        return;
      }
      case "cancelTimer":
        timers.cancel(timerKey(row.arn, effect.timerId));
        return;
      case "startTask":
        this.tasks.open(live, effect.task);
        return;
      case "cancelTask":
        this.tasks.cancel(row.arn, effect.taskId);
        return;
      case "startMapRun":
        this.#sfn.mapRuns.start(row, effect.mapRun);
        return;
      case "redriveMapRun":
        this.#sfn.mapRuns.redrive(effect.mapRunArn);
        return;
      case "cancelMapRun":
        this.#sfn.mapRuns.cancel(row.arn, effect.mapRunId);
        return;
      case "continue":
        store.afterCommit(() => this.#sfn.turns.soon(() => this.signal(row.arn, { type: "continue" })));
        return;
      case "finish":
        this.#finish(live, effect);
    }
  }

  #finish(live: Live, { status, output, error, cause }: Extract<Effect, { type: "finish" }>): void {
    const { head } = live.execution;
    const now = this.#sfn.now;
    const row: ExecutionRow = {
      ...live.row,
      status,
      stoppedMs: now,
      output: output === undefined ? undefined : this.texts.keep(live.row.account, output),
      error,
      cause,
      redriveCount: head.redriveCount,
      redrivenMs: head.redrivenAtMs,
    };
    this.executions.put(row);
    this.tasks.cancelAll(row.arn);
    this.#sfn.statusChanged(row);
    if (row.mapRun !== undefined) this.#sfn.mapRuns.childEnded({ ...row, output });
    this.#sfn.performer.childEnded(row);
    this.#old.expect("", now + retentionMs);
  }

  /** Inside a transaction: deletes everything stored about an execution. */
  forget(row: ExecutionRow): void {
    this.executions.delete(row.arn);
    this.texts.drop(row.input);
    this.texts.drop(row.output);
    this.frames.forget(row.arn);
    this.histories.forget(row.arn);
    this.#sfn.mapRuns.forget(row.arn);
    this.#sfn.dropRevision(row.revision);
  }
}

function timerKey(execution: string, timerId: string): string {
  return `states ${execution} ${shortId(timerId)}`;
}
