/** Carries out the tasks of executions and signals their outcomes. */
import type { OperationModel } from "../../../../protocols/schema.ts";
import type { Invocation } from "../../../calls/invocation.ts";
import type { TaskRequest } from "../asl/execution.ts";
import { errorDetails } from "../asl/history.ts";
import { type Json, type JsonObject, readJson, writeJson } from "../asl/json.ts";
import { taskInvocation } from "../executions/causes.ts";
import { describedExecution } from "../executions/described-execution.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import { type ExecutionRow, type TaskRow, taskKey } from "../tables.ts";
import { HttpCalls } from "./integrations/http-calls.ts";
import type { Integration, TaskCall } from "./integrations/integration.ts";
import { LambdaCalls } from "./integrations/lambda.ts";
import { PassThrough } from "./integrations/pass-through.ts";
import { childProblem, ServiceCalls } from "./integrations/service-calls.ts";
import { TaskError } from "./integrations/task-error.ts";
import { Jobs } from "./jobs.ts";
import type { MockOutcome } from "./mocks.ts";

export class Performer {
  readonly #sfn: StepFunctions;
  readonly #services: ServiceCalls;
  readonly #lambda = new LambdaCalls();
  readonly #http: HttpCalls;
  readonly #passThrough: PassThrough;
  readonly #jobs: Jobs;
  readonly #inFlight = new Map<string, AbortController>();

  constructor(sfn: StepFunctions) {
    const endpoints = sfn.deps.options.endpoints ?? {};
    this.#sfn = sfn;
    this.#services = new ServiceCalls(sfn.deps);
    this.#http = new HttpCalls(endpoints["apigateway"]);
    this.#passThrough = new PassThrough(endpoints);
    this.#jobs = new Jobs(sfn, this.#passThrough);
  }

  /** Why a task cannot be started; such a failure cannot be caught. */
  startProblem(task: TaskRequest, mocked = false): string | undefined {
    if (mocked) return undefined;
    const { resource } = task;
    if (resource.kind === "activity") {
      return this.#sfn.activities.has(resource.arn) ? undefined : `The activity ${resource.arn} does not exist.`;
    }
    return this.#integrationOf(task).startProblem(task);
  }

  /** Whether a resource names a service of Busbar. */
  isOwn(resource: TaskRequest["resource"]): boolean {
    return this.#services.isOwn(resource);
  }

  /** The operation of a resource, if its service is Busbar's or has an endpoint and an installed client. */
  operationOf(resource: TaskRequest["resource"]): OperationModel | undefined {
    return this.#services.target({ resource })?.operation ?? this.#passThrough.operation(resource);
  }

  /** Whether a resource names an operation that does not exist in a service of Busbar. */
  isUnknown(resource: TaskRequest["resource"]): boolean {
    return this.#services.isOwn(resource) && this.operationOf(resource) === undefined;
  }

  /** Starts a task. `mockCall`: how many times its state has been mocked before. */
  begin(row: ExecutionRow, task: TaskRequest, mockCall: number): void {
    const mocked = this.#sfn.mocks.outcome(row, task.stateName, mockCall);
    if (mocked !== undefined) this.#mocked(row, task, mocked);
    else this.#perform(row, task);
  }

  /** Calls a task's API for TestState. @throws TaskError */
  async callOnce(
    row: ExecutionRow,
    task: TaskRequest,
    options: Required<Pick<TaskCall, "invocation" | "trace">>,
  ): Promise<Json> {
    return this.#integrationOf(task).call({ deps: this.#sfn.deps, row, task, ...options });
  }

  /** Cancels a task that has been closed: aborts its call, and stops its child or its job. */
  cancel(open: TaskRow): void {
    this.abort(open.execution, open.taskId);
    if (open.child !== undefined) this.#sfn.signal(open.child, { type: "abort" });
    const row = open.job === undefined ? undefined : this.#sfn.runner.executions.get(open.execution);
    if (row !== undefined) this.#jobs.stop(row, open).catch((error) => this.#sfn.deps.clock.report(error));
  }

  /** Aborts the call of a task. */
  abort(execution: string, taskId: string): void {
    this.#inFlight.get(taskKey(execution, taskId))?.abort();
  }

  /** Aborts the calls of an account's executions, or of all. */
  cancelAll(account?: string): void {
    for (const [key, controller] of this.#inFlight) {
      if (account === undefined || key.split(":")[4] === account) controller.abort();
    }
  }

  /** Inside a transaction: an execution has ended, and tasks of others may be waiting for it. */
  childEnded(row: ExecutionRow): void {
    for (const open of this.#sfn.runner.tasks.rows.by.child.range(row.arn)) this.#tellParent(open, row);
  }

  #integrationOf(task: TaskRequest): Integration {
    const { resource } = task;
    if (resource.kind !== "service") return this.#lambda;
    const { resourceType, api } = resource;
    if (api === "invoke" && (resourceType === "lambda" || resourceType === "aws-sdk:lambda")) return this.#lambda;
    if (api === "invoke" && (resourceType === "apigateway" || resourceType === "http")) return this.#http;
    return this.#services.target(task) === undefined ? this.#passThrough : this.#services;
  }

  #mocked({ arn }: ExecutionRow, task: TaskRequest, outcome: MockOutcome): void {
    const { taskId, pattern } = task;
    if (task.resource.kind === "activity") this.#sfn.signal(arn, { type: "taskStarted", taskId });
    if (pattern !== "requestResponse") this.#sfn.signal(arn, { type: "taskSubmitted", taskId, output: {} });
    if ("output" in outcome) this.#sfn.signal(arn, { type: "taskSucceeded", taskId, output: outcome.output });
    else this.#sfn.signal(arn, { type: "taskFailed", taskId, ...outcome });
  }

  #perform(row: ExecutionRow, task: TaskRequest): void {
    const { deps } = this.#sfn;
    const integration = this.#integrationOf(task);
    const call = async (invocation: Invocation) => {
      // A call of our own services stays inside; others must not learn of a step that a crash could undo.
      if (integration !== this.#services) await deps.store.untilDurable();
      if (invocation.signal.aborted) throw new TaskError("States.TaskFailed", "The task was cancelled.");
      return integration.call({ deps, row, task, invocation });
    };
    const answered = (output: Json) => this.#answered(row, task, integration, output);
    const done = this.carryOut(row, task, call, answered).catch((error) => deps.clock.report(error));
    if (integration !== this.#services) void deps.clock.trackOutside(done);
    else if (!this.#services.waits(task)) void deps.clock.track(done);
  }

  /**
   * Makes a call for an open task, which fails with what the call throws. The outcome of an aborted call is ignored.
   */
  async carryOut(
    row: ExecutionRow,
    task: TaskRequest,
    call: (invocation: Invocation) => Promise<Json>,
    answered: (output: Json) => void,
  ): Promise<void> {
    const key = taskKey(row.arn, task.taskId);
    const controller = new AbortController();
    this.#inFlight.set(key, controller);
    try {
      const output = await call(taskInvocation(row, task, controller));
      if (!controller.signal.aborted) answered(output);
    } catch (error) {
      if (controller.signal.aborted) return;
      if (!(error instanceof TaskError)) this.#sfn.deps.clock.report(error);
      const failed =
        error instanceof TaskError ? error : new TaskError("States.Runtime", "An internal error occurred.");
      const { retryAfterSeconds } = failed;
      this.#sfn.signal(row.arn, {
        type: "taskFailed",
        taskId: task.taskId,
        ...errorDetails(failed.error, failed.causeText),
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      });
    } finally {
      if (this.#inFlight.get(key) === controller) this.#inFlight.delete(key);
    }
  }

  #answered(row: ExecutionRow, task: TaskRequest, integration: Integration, output: Json): void {
    const { taskId, pattern } = task;
    if (pattern === "requestResponse") {
      this.#sfn.signal(row.arn, { type: "taskSucceeded", taskId, output });
      return;
    }
    this.#sfn.deps.store.transaction(() => {
      this.#sfn.signal(row.arn, { type: "taskSubmitted", taskId, output });
      if (pattern === "waitForTaskToken") return;
      const { tasks, executions } = this.#sfn.runner;
      const open = tasks.get(row.arn, taskId);
      if (open !== undefined && integration === this.#passThrough) {
        this.#jobs.submitted(open, task, output as JsonObject);
        return;
      }
      const child = (output as { ExecutionArn?: string }).ExecutionArn;
      if (open === undefined || child === undefined) return;
      const problem = childProblem(child, this.#sfn.deps.random.fork("requests").uuid());
      if (problem !== undefined) {
        const { error = "", causeText = "" } = problem;
        this.#sfn.signal(row.arn, { type: "taskFailed", taskId, error, cause: causeText });
        return;
      }
      const waiting = { ...open, child };
      tasks.rows.put(waiting);
      const ended = executions.get(child);
      if (ended !== undefined && ended.status !== "RUNNING") this.#tellParent(waiting, ended);
    });
  }

  #tellParent({ execution, taskId, request }: TaskRow, child: ExecutionRow): void {
    const { pattern } = readJson(request) as TaskRequest;
    const described = describedExecution(child, this.#sfn, pattern === "sync:2");
    if (child.status === "SUCCEEDED") {
      this.#sfn.signal(execution, { type: "taskSucceeded", taskId, output: described });
      return;
    }
    const cause = writeJson(described);
    this.#sfn.signal(execution, { type: "taskFailed", taskId, error: "States.TaskFailed", cause });
  }
}
