/**
 * Waits for the jobs of `.sync` tasks in services elsewhere: each is asked for on the clock, soon at first and then less and
 * less often, until it is over. The timer and what is asked are rows, so that a restart changes nothing.
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

/** Before the first question; each wait is twice the one before, up to the longest. */
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;

interface Waiting {
  readonly execution: string;
  readonly taskId: string;
  readonly waitMs: number;
}

export class Jobs {
  readonly #sfn: StepFunctions;
  readonly #services: PassThrough;

  constructor(sfn: StepFunctions, services: PassThrough) {
    this.#sfn = sfn;
    this.#services = services;
    sfn.deps.timers.on(timerKind, ({ payload }) => {
      sfn.deps.store.afterCommit(() => this.#ask(payload as Waiting));
    });
  }

  /** Inside a transaction: the job of an open task was submitted. */
  submitted(open: TaskRow, task: TaskRequest, answer: JsonObject): void {
    const { execution, taskId } = open;
    const job = kindOf(task).describe(answer, task.parameters as JsonObject);
    if (job === undefined) {
      const cause = writeJson(answer);
      this.#sfn.signal(execution, { type: "taskFailed", taskId, error: "States.TaskFailed", cause });
      return;
    }
    this.#sfn.runner.tasks.put({ ...open, job: writeJson(job) });
    this.#wait(open.account, { execution, taskId, waitMs: firstWaitMs });
  }

  /** Stops the job of a task that nobody waits for any more, as far as its service lets it. */
  async stop(row: ExecutionRow, open: TaskRow): Promise<void> {
    const task = readJson(open.request) as TaskRequest;
    const stopping = kindOf(task).stop?.(jobOf(open).parameters);
    if (stopping === undefined) return;
    const { deps } = this.#sfn;
    const invocation = taskInvocation(row, task, new AbortController());
    try {
      await deps.store.untilDurable();
      await deps.clock.trackOutside(this.#services.about({ deps, row, task, invocation }, stopping));
    } catch (error) {
      // There is nobody left to be told that the job goes on.
      if (!(error instanceof TaskError)) throw error;
    }
  }

  #wait(account: string, payload: Waiting): void {
    const { timers, clock } = this.#sfn.deps;
    const id = `states job ${taskKey(payload.execution, payload.taskId)}`;
    timers.schedule({ id, account, dueMs: clock.now() + payload.waitMs, kind: timerKind, payload });
  }

  #ask({ execution, taskId, waitMs }: Waiting): void {
    const { runner, performer, deps } = this.#sfn;
    const open = runner.task(execution, taskId);
    const row = runner.executions.get(execution);
    if (open?.job === undefined || row === undefined) return;
    const task = readJson(open.request) as TaskRequest;
    const call = async (invocation: Invocation) => {
      await deps.store.untilDurable();
      return this.#services.about({ deps, row, task, invocation }, jobOf(open));
    };
    const answered = (described: Json) => {
      if (this.#isOver(row, task, described as JsonObject)) return;
      const next = { execution, taskId, waitMs: Math.min(waitMs * 2, longestWaitMs) };
      deps.store.transaction(() => this.#wait(open.account, next));
    };
    const done = performer.carryOut(row, task, call, answered).catch((error) => deps.clock.report(error));
    void deps.clock.trackOutside(done);
  }

  /** Tells the execution when its job is over. */
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

/** Tasks without a kind of job are refused before they begin. */
function kindOf({ resource }: TaskRequest): JobKind {
  const { resourceType, api } = resource as Extract<TaskRequest["resource"], { kind: "service" }>;
  return jobKindOf(resourceType, api) as JobKind;
}
