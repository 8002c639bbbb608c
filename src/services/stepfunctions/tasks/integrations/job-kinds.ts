/**
 * Jobs that `.sync` tasks of optimized integrations run in services Busbar does not have (Step Functions Developer Guide, "Run a
 * job"): how they are asked for, when they are over, and how they are stopped.
 */

import { getOwn } from "../../../../../protocols/unknown-json.ts";
import { isObject, type Json, type JsonObject, textOf } from "../../asl/json.ts";

/** An operation of the job's service with its parameters, in Step Functions' JSON. */
export interface JobCall {
  /** `describeTasks`. */
  readonly api: string;
  readonly parameters: JsonObject;
}

export interface JobKind {
  /** The call that describes the job; undefined when what was answered to its submission names none. */
  describe(submitted: JsonObject, parameters: JsonObject): JobCall | undefined;
  /** What the task's result is, of what the call answers. */
  result(described: JsonObject): Json;
  /** The job's status by the task's result. */
  status(result: Json): string;
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
  /** The call that stops the job, given the one that describes it; absent where the service has none. */
  stop?(describe: JsonObject): JobCall;
}

/** The value behind names and indexes divided by dots: `Tasks.0.TaskArn`. */
function valueAt(value: Json | undefined, path: string): Json | undefined {
  let found: Json | undefined = value;
  for (const step of path.split(".")) {
    if (Array.isArray(found)) found = found[Number(step)];
    else if (isObject(found) && Object.hasOwn(found, step)) found = found[step];
    else return undefined;
  }
  return found ?? undefined;
}

/**
 * Parameters of a call by where their values stand: `submitted.JobId` (in the answer to the submission) or
 * `parameters.Cluster` (of the task). With `?` at its end a value may be missing, with `[]` it becomes a list of one; after
 * `'` the text itself is the value.
 */
type Places = Readonly<Record<string, string>>;

interface Declaration {
  readonly describe: string;
  readonly with: Places;
  /** Where the result stands in what the call answers; all of it unless told. */
  readonly result?: string;
  /** The one member of the result that holds it. */
  readonly as?: string;
  /** Where the status stands in the result. */
  readonly status: string;
  readonly succeeded: string;
  readonly failed: string;
  /** Its values stand in the parameters of the describing call. */
  readonly stop?: readonly [api: string, parameters: Places];
}

/** Undefined when a value is missing that may not be. */
function taken(from: JsonObject, declared: Places): JsonObject | undefined {
  const parameters: JsonObject = {};
  for (const [name, place] of Object.entries(declared)) {
    const value = place.startsWith("'") ? place.slice(1) : valueAt(from, place.replace(/\?|\[\]/g, ""));
    if (value !== undefined) parameters[name] = place.endsWith("[]") ? [value] : value;
    else if (!place.endsWith("?")) return undefined;
  }
  return parameters;
}

function jobKind({ describe, result, as, status, succeeded, failed, stop, ...declared }: Declaration): JobKind {
  return {
    describe(submitted, parameters) {
      const found = taken({ submitted, parameters }, declared.with);
      return found && { api: describe, parameters: found };
    },
    result(described) {
      const found = result === undefined ? described : (valueAt(described, result) ?? {});
      return as === undefined ? found : { [as]: found };
    },
    status: (found) => textOf(valueAt(found, status) ?? ""),
    succeeded: succeeded.split(" "),
    failed: failed.split(" "),
    ...(stop && { stop: (describing: JsonObject) => ({ api: stop[0], parameters: taken(describing, stop[1]) ?? {} }) }),
  };
}

/** A container that ended with another code than 0, or never came to its end, makes its task one that failed. */
function ecsStatus(task: Json): string {
  const status = textOf(valueAt(task, "LastStatus") ?? "");
  if (status !== "STOPPED") return status;
  const containers = valueAt(task, "Containers");
  if (!Array.isArray(containers)) return "FAILED";
  return containers.every((one) => isObject(one) && one["ExitCode"] === 0) ? "SUCCEEDED" : "FAILED";
}

/** By resource: `ecs:runTask`. */
const kinds: Readonly<Record<string, JobKind>> = {
  "ecs:runTask": {
    ...jobKind({
      describe: "describeTasks",
      with: { Cluster: "parameters.Cluster?", Tasks: "submitted.Tasks.0.TaskArn[]" },
      result: "Tasks.0",
      status: "LastStatus",
      succeeded: "SUCCEEDED",
      failed: "FAILED",
      stop: ["stopTask", { Cluster: "Cluster?", Task: "Tasks.0" }],
    }),
    status: ecsStatus,
  },
  "batch:submitJob": jobKind({
    describe: "describeJobs",
    with: { Jobs: "submitted.JobId[]" },
    result: "Jobs.0",
    status: "Status",
    succeeded: "SUCCEEDED",
    failed: "FAILED",
    stop: ["terminateJob", { JobId: "Jobs.0", Reason: "'Terminated by AWS Step Functions" }],
  }),
  "glue:startJobRun": jobKind({
    describe: "getJobRun",
    with: { JobName: "parameters.JobName", RunId: "submitted.JobRunId" },
    result: "JobRun",
    status: "JobRunState",
    succeeded: "SUCCEEDED",
    failed: "FAILED STOPPED TIMEOUT ERROR EXPIRED",
    stop: ["batchStopJobRun", { JobName: "JobName", JobRunIds: "RunId[]" }],
  }),
  "databrew:startJobRun": jobKind({
    describe: "describeJobRun",
    with: { Name: "parameters.Name", RunId: "submitted.RunId" },
    status: "State",
    succeeded: "SUCCEEDED",
    failed: "FAILED STOPPED TIMEOUT",
    stop: ["stopJobRun", { Name: "Name", RunId: "RunId" }],
  }),
  "codebuild:startBuild": jobKind({
    describe: "batchGetBuilds",
    with: { Ids: "submitted.Build.Id[]" },
    result: "Builds.0",
    as: "Build",
    status: "Build.BuildStatus",
    succeeded: "SUCCEEDED",
    failed: "FAILED FAULT STOPPED TIMED_OUT",
    stop: ["stopBuild", { Id: "Ids.0" }],
  }),
  "codebuild:startBuildBatch": jobKind({
    describe: "batchGetBuildBatches",
    with: { Ids: "submitted.BuildBatch.Id[]" },
    result: "BuildBatches.0",
    as: "BuildBatch",
    status: "BuildBatch.BuildBatchStatus",
    succeeded: "SUCCEEDED",
    failed: "FAILED FAULT STOPPED TIMED_OUT",
    stop: ["stopBuildBatch", { Id: "Ids.0" }],
  }),
  "athena:startQueryExecution": jobKind({
    describe: "getQueryExecution",
    with: { QueryExecutionId: "submitted.QueryExecutionId" },
    status: "QueryExecution.Status.State",
    succeeded: "SUCCEEDED",
    failed: "FAILED CANCELLED",
    stop: ["stopQueryExecution", { QueryExecutionId: "QueryExecutionId" }],
  }),
  "sagemaker:createTrainingJob": sageMakerJob("TrainingJob"),
  "sagemaker:createTransformJob": sageMakerJob("TransformJob"),
  "sagemaker:createProcessingJob": sageMakerJob("ProcessingJob"),
  "sagemaker:createHyperParameterTuningJob": sageMakerJob("HyperParameterTuningJob"),
  "emr-containers:startJobRun": jobKind({
    describe: "describeJobRun",
    with: { Id: "submitted.Id", VirtualClusterId: "parameters.VirtualClusterId" },
    status: "JobRun.State",
    succeeded: "COMPLETED",
    failed: "FAILED CANCELLED",
    stop: ["cancelJobRun", { Id: "Id", VirtualClusterId: "VirtualClusterId" }],
  }),
  "emr-serverless:startJobRun": jobKind({
    describe: "getJobRun",
    with: { ApplicationId: "parameters.ApplicationId", JobRunId: "submitted.JobRunId" },
    status: "JobRun.State",
    succeeded: "SUCCESS",
    failed: "FAILED CANCELLED",
    stop: ["cancelJobRun", { ApplicationId: "ApplicationId", JobRunId: "JobRunId" }],
  }),
  "mediaconvert:createJob": jobKind({
    describe: "getJob",
    with: { Id: "submitted.Job.Id" },
    status: "Job.Status",
    succeeded: "COMPLETE",
    failed: "ERROR CANCELED",
    stop: ["cancelJob", { Id: "Id" }],
  }),
};

function sageMakerJob(name: string): JobKind {
  return jobKind({
    describe: `describe${name}`,
    with: { [`${name}Name`]: `parameters.${name}Name` },
    status: `${name}Status`,
    succeeded: "Completed",
    failed: "Failed Stopped",
    stop: [`stop${name}`, { [`${name}Name`]: `${name}Name` }],
  });
}

/** How Busbar waits for the job of a `.sync` task; undefined when it cannot. */
export function jobKindOf(resourceType: string, api: string): JobKind | undefined {
  const name = `${resourceType}:${api}`;
  return getOwn(kinds, name);
}
