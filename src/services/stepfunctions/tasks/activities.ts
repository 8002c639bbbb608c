/** Activities: their workers poll for tasks and send results. */
import {
  CreateActivity$,
  type CreateActivityCommand,
  DeleteActivity$,
  type DeleteActivityCommand,
  DescribeActivity$,
  type DescribeActivityCommand,
  GetActivityTask$,
  type GetActivityTaskCommand,
  ListActivities$,
  type ListActivitiesCommand,
  SendTaskFailure$,
  type SendTaskFailureCommand,
  SendTaskHeartbeat$,
  type SendTaskHeartbeatCommand,
  SendTaskSuccess$,
  type SendTaskSuccessCommand,
} from "@aws-sdk/client-sfn";
import { checkActivityArn, checkName, newArn } from "../arns.ts";
import { errorDetails } from "../asl/history.ts";
import { type Json, parseJson } from "../asl/json.ts";
import {
  activityAlreadyExists,
  activityDoesNotExist,
  invalidOutput,
  invalidToken,
  taskDoesNotExist,
  taskTimedOut,
  tooManyWorkers,
} from "../errors.ts";
import { inputFault } from "../executions/start.ts";
import { encryptionOf, withTags } from "../machines/configurations.ts";
import { pageOf, placeIn } from "../pages.ts";
import { operation, type StepFunctions } from "../stepfunctions.ts";
import type { TaskRow } from "../tables.ts";
import { parseToken } from "./tokens.ts";

/** Most simultaneous polls of an activity. */
const maxPollers = 1000;

export const createActivity = operation<CreateActivityCommand>(CreateActivity$, (input, context) => {
  const { service, account, region } = context;
  const name = input.name as string;
  checkName(name);
  const arn = newArn(context, "activity", name);
  const encryption = encryptionOf(input.encryptionConfiguration);
  const existing = service.activities.get(arn);
  if (existing) {
    if (JSON.stringify(existing.encryption) !== JSON.stringify(encryption)) throw activityAlreadyExists(arn);
    return { activityArn: arn, creationDate: new Date(existing.createdMs) };
  }
  const createdMs = service.now;
  const tags = withTags([], input.tags, arn);
  service.activities.put({ arn, account, region, name, createdMs, encryption, tags });
  return { activityArn: arn, creationDate: new Date(createdMs) };
});

export const describeActivity = operation<DescribeActivityCommand>(DescribeActivity$, (input, { service }) => {
  const arn = checkActivityArn(input.activityArn as string);
  const activity = service.activities.get(arn);
  if (activity === undefined) throw activityDoesNotExist(arn);
  return {
    activityArn: arn,
    name: activity.name,
    creationDate: new Date(activity.createdMs),
    encryptionConfiguration: activity.encryption,
  };
});

export const deleteActivity = operation<DeleteActivityCommand>(DeleteActivity$, (input, { service }) => {
  const arn = checkActivityArn(input.activityArn as string);
  if (service.activities.delete(arn)) service.deps.store.afterCommit(() => service.polls.deleted(arn));
  return {};
});

export const listActivities = operation<ListActivitiesCommand>(ListActivities$, (input, context) => {
  const { service, account, region } = context;
  const after = placeIn(input, "activities", "string");
  const rows = service.activities.by.name.range(`${account} ${region}`, after === undefined ? {} : { gt: after });
  const { items, nextToken } = pageOf(input, "activities", rows, ({ name }) => name);
  const activities = items.map(({ arn, name, createdMs }) => ({
    activityArn: arn,
    name,
    creationDate: new Date(createdMs),
  }));
  return { activities, nextToken };
});

export const getActivityTask = operation<GetActivityTaskCommand>(GetActivityTask$, (input, context) => {
  const { service } = context;
  const arn = checkActivityArn(input.activityArn as string);
  if (!service.activities.has(arn)) throw activityDoesNotExist(arn);
  const task = service.polls.take(arn, input.workerName);
  if (task !== undefined) return { ...task };
  if (service.polls.size(arn) >= maxPollers) throw tooManyWorkers();
  return service.polls.wait(arn, input.workerName, context.signal).then((found) => ({ ...found }));
});

/** The open task with a token. @throws AwsError InvalidToken, TaskDoesNotExist, TaskTimedOut */
function openTask(service: StepFunctions, token: string | undefined): TaskRow {
  const task = parseToken(token as string);
  if (task === undefined) throw invalidToken();
  const open = service.runner.tasks.get(task.execution, task.taskId);
  if (open?.token === token) return open as TaskRow;
  throw service.runner.executions.has(task.execution) ? taskTimedOut() : taskDoesNotExist();
}

export const sendTaskSuccess = operation<SendTaskSuccessCommand>(SendTaskSuccess$, (input, { service }) => {
  const { execution, taskId } = openTask(service, input.taskToken);
  let output: Json;
  try {
    output = parseJson(input.output as string);
  } catch (error) {
    throw invalidOutput(inputFault(input.output as string, error as Error));
  }
  service.signal(execution, { type: "taskSucceeded", taskId, output });
  return {};
});

export const sendTaskFailure = operation<SendTaskFailureCommand>(SendTaskFailure$, (input, { service }) => {
  const { execution, taskId } = openTask(service, input.taskToken);
  const failure = errorDetails(input.error, input.cause);
  service.signal(execution, { type: "taskFailed", taskId, stage: "run", ...failure });
  return {};
});

export const sendTaskHeartbeat = operation<SendTaskHeartbeatCommand>(SendTaskHeartbeat$, (input, { service }) => {
  const { execution, taskId } = openTask(service, input.taskToken);
  service.signal(execution, { type: "taskHeartbeat", taskId });
  return {};
});
