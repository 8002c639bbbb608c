/** Carries out the tasks of executions and tells them how they went. */
import type { OperationModel } from "../../../protocols/schema.ts";
import type { TaskRequest } from "./asl/execution.ts";
import type { Json } from "./asl/json.ts";
import { describedExecution } from "./described-execution.ts";
import { HttpCalls } from "./integrations/http-calls.ts";
import type { Integration, TaskCall } from "./integrations/integration.ts";
import { LambdaCalls } from "./integrations/lambda.ts";
import { PassThrough } from "./integrations/pass-through.ts";
import { parameterNames } from "./integrations/sdk-values.ts";
import { ServiceCalls } from "./integrations/service-calls.ts";
import { TaskError } from "./integrations/task-error.ts";
import type { MockOutcome } from "./mocks.ts";
import type { StepFunctions } from "./stepfunctions.ts";
import { type ExecutionRow, type TaskRow, taskKey } from "./tables.ts";

export class Performer {
  readonly #sfn: StepFunctions;
  readonly #services: ServiceCalls;
  readonly #lambda = new LambdaCalls();
  readonly #http: HttpCalls;
  readonly #passThrough: PassThrough;
  readonly #underWay = new Map<string, AbortController>();

  constructor(sfn: StepFunctions) {
    const endpoints = sfn.deps.options.endpoints ?? {};
    this.#sfn = sfn;
    this.#services = new ServiceCalls(sfn.deps);
    this.#http = new HttpCalls(endpoints["apigateway"]);
    this.#passThrough = new PassThrough(endpoints);
  }

  /** Why a task cannot be started at all; such a failure cannot be caught. */
  refusal(task: TaskRequest, mocked = false): string | undefined {
    if (mocked) return undefined;
    const { resource } = task;
    if (resource.kind === "activity") {
      return this.#sfn.activities.has(resource.arn) ? undefined : `The activity ${resource.arn} does not exist.`;
    }
    return this.#integrationOf(task).refusal(task);
  }

  /** The parameters an API takes; undefined when they are not known. */
  parametersOf(resource: TaskRequest["resource"]): ReadonlySet<string> | undefined {
    const operation = this.operationOf(resource);
    return operation && parameterNames(operation.input);
  }

  /** The operation of a service of Busbar that a resource names. */
  operationOf(resource: TaskRequest["resource"]): OperationModel | undefined {
    return this.#services.target({ resource })?.operation;
  }

  /** Carries out a task from its beginning. */
  begin(row: ExecutionRow, task: TaskRequest, mockCall: number): void {
    const mocked = this.#sfn.mocks.outcome(row, task.stateName, mockCall);
    if (mocked !== undefined) this.#mocked(row, task, mocked);
    else void this.#perform(row, task);
  }

  /** The answer of a task's API, for TestState. @throws TaskError */
  async once(row: ExecutionRow, task: TaskRequest, how: Required<Pick<TaskCall, "signal" | "trace">>): Promise<Json> {
    return this.#integrationOf(task).call({ deps: this.#sfn.deps, row, task, ...how });
  }

  /** A task nobody waits for any more: its call is given up, its child stopped. */
  cancel(open: TaskRow): void {
    this.abort(open.execution, open.taskId);
    if (open.child !== undefined) this.#sfn.signal(open.child, { type: "abort" });
  }

  abort(execution: string, taskId: string): void {
    this.#underWay.get(taskKey(execution, taskId))?.abort();
  }

  /** @param account whose executions' calls are given up; all of them unless told. */
  cancelAll(account?: string): void {
    for (const [key, controller] of this.#underWay) {
      if (account === undefined || key.split(":")[4] === account) controller.abort();
    }
  }

  /** Inside a transaction: an execution has ended, for which tasks of others may wait. */
  childEnded(row: ExecutionRow): void {
    for (const open of this.#sfn.runner.tasks.by.child.range(row.arn)) this.#tellParent(open, row);
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

  async #perform(row: ExecutionRow, task: TaskRequest): Promise<void> {
    const { deps } = this.#sfn;
    const key = taskKey(row.arn, task.taskId);
    const controller = new AbortController();
    this.#underWay.set(key, controller);
    const integration = this.#integrationOf(task);
    const end = integration.waits?.(task) === true ? undefined : deps.clock.begin();
    try {
      const output = await integration.call({ deps, row, task, signal: controller.signal });
      if (!controller.signal.aborted) this.#answered(row, task, output);
    } catch (error) {
      if (controller.signal.aborted) return;
      if (!(error instanceof TaskError)) {
        deps.clock.report(error);
      }
      const failed =
        error instanceof TaskError ? error : new TaskError("States.Runtime", "An internal error occurred.");
      this.#sfn.signal(row.arn, {
        type: "taskFailed",
        taskId: task.taskId,
        ...(failed.error === undefined ? {} : { error: failed.error }),
        ...(failed.causeText === undefined ? {} : { cause: failed.causeText }),
      });
    } finally {
      if (this.#underWay.get(key) === controller) this.#underWay.delete(key);
      end?.();
    }
  }

  #answered(row: ExecutionRow, task: TaskRequest, output: Json): void {
    const { taskId, pattern } = task;
    if (pattern === "requestResponse") {
      this.#sfn.signal(row.arn, { type: "taskSucceeded", taskId, output });
      return;
    }
    this.#sfn.deps.store.transaction(() => {
      this.#sfn.signal(row.arn, { type: "taskSubmitted", taskId, output });
      if (pattern === "waitForTaskToken") return;
      const { tasks, executions } = this.#sfn.runner;
      const open = tasks.get(taskKey(row.arn, taskId));
      const child = (output as { ExecutionArn?: string }).ExecutionArn;
      if (open === undefined || child === undefined) return;
      const waiting = { ...open, child };
      tasks.put(waiting);
      const ended = executions.get(child);
      if (ended !== undefined && ended.status !== "RUNNING") this.#tellParent(waiting, ended);
    });
  }

  #tellParent({ execution, taskId, request }: TaskRow, child: ExecutionRow): void {
    const { pattern } = JSON.parse(request) as TaskRequest;
    if (child.status === "SUCCEEDED") {
      const output = describedExecution(child, this.#sfn, pattern === "sync:2");
      this.#sfn.signal(execution, { type: "taskSucceeded", taskId, output });
      return;
    }
    const described = describedExecution(child, this.#sfn, pattern === "sync:2");
    this.#sfn.signal(execution, {
      type: "taskFailed",
      taskId,
      error: "States.TaskFailed",
      cause: JSON.stringify(described),
    });
  }
}
