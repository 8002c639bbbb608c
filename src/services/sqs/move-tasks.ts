/** StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask: redrive out of a dead-letter queue. */
import {
  CancelMessageMoveTask$,
  type CancelMessageMoveTaskCommand,
  ListMessageMoveTasks$,
  type ListMessageMoveTasksCommand,
  StartMessageMoveTask$,
  type StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import type { OperationContext } from "../../calls/operation.ts";
import { takePage } from "../../calls/page.ts";
import {
  invalidParameterValue,
  invalidValue,
  missingParameter,
  overLimit,
  resourceNotFound,
  unsupportedOperation,
} from "./errors.ts";
import type { SqsAction } from "./policy.ts";
import { operation, type Sqs } from "./sqs.ts";
import { isFifo, type MoveTaskRow, type QueueRow } from "./tables.ts";

/** Of one account in one region (SQS developer guide: dead-letter queue redrive). */
const maxActiveTasks = 100;

export const startMessageMoveTask = operation<StartMessageMoveTaskCommand>(StartMessageMoveTask$, (input, context) => {
  const { service } = context;
  const source = sourceOf(input.SourceArn, context, "StartMessageMoveTask");
  const { DestinationArn: destinationArn, MaxNumberOfMessagesPerSecond: perSecond } = input;
  if (service.queues.by.deadLetterTarget.size(source.arn) === 0) {
    throw invalidParameterValue("Source queue must be configured as a Dead Letter Queue.");
  }
  if (destinationArn !== undefined) {
    const destination = service.queues.get(destinationArn);
    if (!destination) {
      throw resourceNotFound("The resource that you specified for the DestinationArn parameter doesn't exist.");
    }
    service.access.check(destination, context, "StartMessageMoveTask");
    if (isFifo(destination.arn) !== isFifo(source.arn)) {
      throw invalidParameterValue("Source and destination queues must be of the same type.");
    }
    if (destination.arn === source.arn) {
      throw invalidParameterValue("Source queue arn and destination queue arn must be different.");
    }
  }
  if (perSecond !== undefined && (perSecond < 1 || perSecond > 500)) {
    throw invalidValue(perSecond, "MaxNumberOfMessagesPerSecond", "You must enter a value that's between 1 and 500.");
  }
  if (service.moveTasks.isActive(source.arn)) {
    throw invalidParameterValue(
      "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
    );
  }
  if (service.moveTasks.activeInAccountOf(source.arn) >= maxActiveTasks) {
    throw overLimit(`${maxActiveTasks} message movement tasks are active, which is the most an account can have.`);
  }
  return { TaskHandle: taskHandle(service.moveTasks.start(source, destinationArn, perSecond)) };
});

export const listMessageMoveTasks = operation<ListMessageMoveTasksCommand>(ListMessageMoveTasks$, (input, context) => {
  const { service } = context;
  const source = sourceOf(input.SourceArn, context, "ListMessageMoveTasks");
  const max = input.MaxResults ?? 1;
  if (max < 1 || max > 10) {
    throw invalidValue(max, "MaxResults", "MaxResults must be an integer between 1 and 10.");
  }
  return { Results: takePage(service.moveTasks.newestFirst(source.arn), max).items.map(shown) };
});

export const cancelMessageMoveTask = operation<CancelMessageMoveTaskCommand>(
  CancelMessageMoveTask$,
  (input, context) => {
    const { service } = context;
    const handle = input.TaskHandle;
    if (handle === undefined || handle === "") throw missingParameter("TaskHandle");
    const parsed = parseTaskHandle(handle);
    if (!parsed) throw invalidParameterValue("Value for parameter TaskHandle is invalid.");
    const source = sourceOf(parsed.sourceArn, context, "CancelMessageMoveTask");
    const task = service.moveTasks.find(parsed.taskId);
    if (task?.source !== source.arn) throw resourceNotFound("Task does not exist.");
    if (task.status !== "RUNNING") throw unsupportedOperation("Only active tasks can be cancelled.");
    service.moveTasks.cancel(task);
    return { ApproximateNumberOfMessagesMoved: task.moved };
  },
);

function sourceOf(arn: string | undefined, context: OperationContext<Sqs>, action: SqsAction): QueueRow {
  const { service } = context;
  if (arn === undefined || arn === "") throw missingParameter("SourceArn");
  const queue = service.queues.get(arn);
  if (!queue) throw resourceNotFound("The resource that you specified for the SourceArn parameter doesn't exist.");
  service.access.check(queue, context, action);
  return queue;
}

function taskHandle(task: MoveTaskRow): string {
  return Buffer.from(JSON.stringify({ taskId: task.id, sourceArn: task.source })).toString("base64");
}

function parseTaskHandle(handle: string): { taskId: string; sourceArn: string } | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(handle, "base64").toString("utf8"));
    const { taskId, sourceArn }: { taskId?: unknown; sourceArn?: unknown } = value ?? {};
    return typeof taskId === "string" && typeof sourceArn === "string" ? { taskId, sourceArn } : undefined;
  } catch {
    return undefined;
  }
}

function shown(task: MoveTaskRow) {
  return {
    TaskHandle: task.status === "RUNNING" ? taskHandle(task) : undefined,
    Status: task.status,
    SourceArn: task.source,
    DestinationArn: task.destination,
    MaxNumberOfMessagesPerSecond: task.perSecond,
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    FailureReason: task.failure,
    StartedTimestamp: task.startedMs,
  };
}
