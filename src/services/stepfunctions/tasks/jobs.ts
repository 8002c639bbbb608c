/**
 * Polls the jobs of `.sync` tasks in services elsewhere, at growing intervals, until they end. Timers and calls are
 * rows, so that polling continues after a restart.
 */
import type { Invocation } from "../../../calls/invocation.ts";
import type { TaskRequest } from "../asl/execution.ts";
import { type Json, type JsonObject, readJson, writeJson } from "../asl/json.ts";
import { taskInvocation } from "../executions/causes.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import { type ExecutionRow, type TaskRow, taskKey } from "../tables.ts";
import { type JobCall, type JobKind, jobKindOf } from "./integrations/job-kinds.ts";
import type { PassThrough } from "./integrations/pass-through.ts";
import { TaskError } from "./integrations/task-error.ts";

const timerKind = "states.job";

/** Before the first poll; each wait is twice the one before, up to the maximum. */
const firstWaitMs = 1_000;
const maxWaitMs = 60_000;

interface JobTimer {
  readonly execution: string;
  readonly taskId: string;
  readonly waitMs: number;
}

export class Jobs {
  readonly #sfn: StepFunctions;
  readonly #passThrough: PassThrough;

  constructor(sfn: StepFunctions, passThrough: PassThrough) {
    this.#sfn = sfn;
    this.#passThrough = passThrough;
    sfn.deps.timers.on(timerKind, ({ payload }) => {
      sfn.deps.store.afterCommit(() => this.#poll(payload as JobTimer));
    });
  }

  /** Inside a transaction: the job of an open task has been submitted. */
  submitted(open: TaskRow, task: TaskRequest, answer: JsonObject): void {
    const { execution, taskId } = open;
    const job = kindOf(task).describe(answer, task.parameters as JsonObject);
    if (job === undefined) {
      const cause = writeJson(answer);
      this.#sfn.signal(execution, { type: "taskFailed", taskId, error: "States.TaskFailed", cause });
      return;
    }
    this.#sfn.runner.tasks.rows.put({ ...open, job: writeJson(job) });
    this.#wait(open.account, { execution, taskId, waitMs: firstWaitMs });
  }

  /** Stops the job of a cancelled task, if its service can. */
  async stop(row: ExecutionRow, open: TaskRow): Promise<void> {
    const task = readJson(open.request) as TaskRequest;
    const stopping = kindOf(task).stop?.(jobOf(open).parameters);
    if (stopping === undefined) return;
    const { deps } = this.#sfn;
    const invocation = taskInvocation(row, task, new AbortController());
    try {
      await deps.store.untilDurable();
      await deps.clock.trackOutside(this.#passThrough.callForJob({ deps, row, task, invocation }, stopping));
    } catch (error) {
      // The task is gone, so nobody is left to be told that its job continues.
      if (!(error instanceof TaskError)) throw error;
    }
  }

  #wait(account: string, payload: JobTimer): void {
    const { timers, clock } = this.#sfn.deps;
    const id = `states job ${taskKey(payload.execution, payload.taskId)}`;
    timers.schedule({ id, account, dueMs: clock.now() + payload.waitMs, kind: timerKind, payload });
  }

  #poll({ execution, taskId, waitMs }: JobTimer): void {
    const { runner, performer, deps } = this.#sfn;
    const open = runner.tasks.get(execution, taskId);
    const row = runner.executions.get(execution);
    if (open?.job === undefined || row === undefined) return;
    const task = readJson(open.request) as TaskRequest;
    const call = async (invocation: Invocation) => {
      await deps.store.untilDurable();
      return this.#passThrough.callForJob({ deps, row, task, invocation }, jobOf(open));
    };
    const answered = (described: Json) => {
      if (this.#isOver(row, task, described as JsonObject)) return;
      const next = { execution, taskId, waitMs: Math.min(waitMs * 2, maxWaitMs) };
      deps.store.transaction(() => this.#wait(open.account, next));
    };
    const done = performer.carryOut(row, task, call, answered).catch((error) => deps.clock.report(error));
    void deps.clock.trackOutside(done);
  }

  /** Signals the end of a job to its execution; false if it is still running. */
  #isOver({ arn }: ExecutionRow, task: TaskRequest, described: JsonObject): boolean {
    const { taskId } = task;
    const kind = kindOf(task);
    const output: Json = kind.result(described);
    const status = kind.status(output);
    if (kind.succeeded.includes(status)) this.#sfn.signal(arn, { type: "taskSucceeded", taskId, output });
    else if (kind.failed.includes(status)) {
      const cause = writeJson(output);
      this.#sfn.signal(arn, { type: "taskFailed", taskId, error: "States.TaskFailed", cause });
    } else return false;
    return true;
  }
}

function jobOf(open: TaskRow): JobCall {
  return readJson(open.job as string) as JobCall;
}

/** Tasks whose job is of no known kind have been refused before they start. */
function kindOf({ resource }: TaskRequest): JobKind {
  const { resourceType, api } = resource as Extract<TaskRequest["resource"], { kind: "service" }>;
  return jobKindOf(resourceType, api) as JobKind;
}
