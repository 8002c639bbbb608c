/**
 * Jobs that `.sync` tasks of optimized integrations run in services Busbar does not have (Step Functions Developer
 * Guide, "Run a job"): how they are described, when they have ended, and how they are stopped.
 */

import { getOwn } from "../../../../../protocols/unknown-json.ts";
import { isObject, type Json, type JsonObject, textOf } from "../../asl/json.ts";

/** A call of the job's service, with parameters in Step Functions' JSON. */
export interface JobCall {
  /** `describeTasks`. */
  readonly api: string;
  readonly parameters: JsonObject;
}

export interface JobKind {
  /** The call that describes the job; undefined if the response to its submission names no job. */
  describe(submitted: JsonObject, parameters: JsonObject): JobCall | undefined;
  /** The task's result, taken from that call's response. */
  result(described: JsonObject): Json;
  /** The job's status, taken from the task's result. */
  status(result: Json): string;
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
  /** The call that stops the job, made from the one that describes it; absent if the service has none. */
  stop?(describe: JsonObject): JobCall;
}

/** The value at a path of names and indexes: `Tasks.0.TaskArn`. */
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
 * The parameters of a call, with the paths of their values: `submitted.JobId` (in the response to the submission) or
 * `parameters.Cluster` (of the task). `?` at the end: the value may be missing. `[]` at the end: it becomes a list. After
 * `'`: the text itself is the value.
 */
type Sources = Readonly<Record<string, string>>;

interface Declaration {
  readonly describe: string;
  readonly with: Sources;
  /** Path of the result in the response; by default, all of it. */
  readonly result?: string;
  /** Wraps the result into an object with this member. */
  readonly as?: string;
  /** Path of the status in the result. */
  readonly status: string;
  readonly succeeded: string;
  readonly failed: string;
  /** Its values are taken from the parameters of the describing call. */
  readonly stop?: readonly [api: string, parameters: Sources];
}

/** The parameters with their values; undefined if a required one is missing. */
function parametersFrom(from: JsonObject, declared: Sources): JsonObject | undefined {
  const parameters: JsonObject = {};
  for (const [name, source] of Object.entries(declared)) {
    const value = source.startsWith("'") ? source.slice(1) : valueAt(from, source.replace(/\?|\[\]/g, ""));
    if (value !== undefined) parameters[name] = source.endsWith("[]") ? [value] : value;
    else if (!source.endsWith("?")) return undefined;
  }
  return parameters;
}

function jobKind({ describe, result, as, status, succeeded, failed, stop, ...declared }: Declaration): JobKind {
  return {
    describe(submitted, parameters) {
      const found = parametersFrom({ submitted, parameters }, declared.with);
      return found && { api: describe, parameters: found };
    },
    result(described) {
      const found = result === undefined ? described : (valueAt(described, result) ?? {});
      return as === undefined ? found : { [as]: found };
    },
    status: (found) => textOf(valueAt(found, status) ?? ""),
    succeeded: succeeded.split(" "),
    failed: failed.split(" "),
    ...(stop && {
      stop: (describing: JsonObject) => ({ api: stop[0], parameters: parametersFrom(describing, stop[1]) ?? {} }),
    }),
  };
}

/** An ECS task fails if one of its containers has an exit code other than 0, or none. */
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

/** How to wait for the job of a `.sync` task; undefined if Busbar cannot. */
export function jobKindOf(resourceType: string, api: string): JobKind | undefined {
  return getOwn(kinds, `${resourceType}:${api}`);
}
