/** The open tasks of executions: rows, from the step that starts a task to its outcome. */
import type { TaskRequest } from "../asl/execution.ts";
import { readJson, writeJson } from "../asl/json.ts";
import type { Live } from "../executions/frames.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import { type TaskRow, taskKey, taskTable } from "../tables.ts";

export class OpenTasks {
  readonly rows;
  readonly #sfn: StepFunctions;

  constructor(sfn: StepFunctions) {
    this.#sfn = sfn;
    this.rows = sfn.deps.store.table(taskTable);
  }

  get(execution: string, taskId: string): TaskRow | undefined {
    return this.rows.get(taskKey(execution, taskId));
  }

  /** Inside the transaction of the step that starts the task. */
  open({ row, mockCalls }: Live, task: TaskRequest): void {
    const { store } = this.#sfn.deps;
    const activity = task.resource.kind === "activity" ? task.resource.arn : undefined;
    const mocked = this.#sfn.mocks.isMocked(row, task.stateName);
    const open: TaskRow = {
      execution: row.arn,
      taskId: task.taskId,
      account: row.account,
      serial: store.nextSerial(),
      request: writeJson(task),
      token: task.token,
      stage: activity !== undefined && !mocked ? "activity" : "call",
      activity,
      child: undefined,
      job: undefined,
      mockCall: mockCalls[task.stateName] ?? 0,
    };
    this.rows.put(open);
    if (mocked) mockCalls[task.stateName] = open.mockCall + 1;
    if (open.stage === "activity") store.afterCommit(() => this.#sfn.polls.check(activity as string));
    else store.afterCommit(() => this.#carryOut(open));
  }

  /** Inside a transaction: nothing is left to be called; the task waits for a worker, a job, a child or a callback. */
  setWaiting(execution: string, taskId: string): void {
    const open = this.get(execution, taskId);
    if (open !== undefined) this.rows.put({ ...open, stage: "wait" });
  }

  /** Inside a transaction: the task has its outcome. */
  close(execution: string, taskId: string): void {
    this.rows.delete(taskKey(execution, taskId));
  }

  /** Inside a transaction: closes the task and cancels its work. */
  cancel(execution: string, taskId: string): void {
    const open = this.get(execution, taskId);
    if (open === undefined) return;
    this.close(execution, taskId);
    this.#sfn.deps.store.afterCommit(() => this.#sfn.performer.cancel(open));
  }

  /** Inside a transaction: cancels all tasks of an execution. */
  cancelAll(execution: string): void {
    for (const { taskId } of this.rows.by.execution.range(execution)) this.cancel(execution, taskId);
  }

  /** After a restart: carries out the tasks whose calls have not been answered. */
  recover(): void {
    for (const open of this.rows.by.toCall.range("")) this.#carryOut(open);
  }

  #carryOut(open: TaskRow): void {
    this.#sfn.turns.soon(() => {
      if (this.get(open.execution, open.taskId) !== open) return;
      const row = this.#sfn.runner.executions.get(open.execution);
      if (row === undefined) return;
      const task = readJson(open.request) as TaskRequest;
      this.#sfn.performer.begin(row, task, open.mockCall);
    });
  }
}
