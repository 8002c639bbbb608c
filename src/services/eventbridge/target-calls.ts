/** Requests to services that Busbar does not implement: kept in the mailbox, with the input as the body. */
import type { EcsParameters, Target } from "@aws-sdk/client-eventbridge";
import type { Arn } from "../../calls/arn.ts";
import type { Kinds } from "../../delivery/kinds.ts";
import type { BusEvent } from "./event.ts";
import { dynamic } from "./target-input.ts";

/** The call a target means, by the service in its ARN. */
const operations: Readonly<Record<string, string>> = {
  ecs: "RunTask",
  batch: "SubmitJob",
  redshift: "ExecuteStatement",
  "redshift-serverless": "ExecuteStatement",
  codebuild: "StartBuild",
  codepipeline: "StartPipelineExecution",
  ssm: "SendCommand",
  sagemaker: "StartPipelineExecution",
  glue: "NotifyEvent",
  appsync: "GraphQL",
  inspector: "StartAssessmentRun",
  imagebuilder: "StartImagePipelineExecution",
  "ssm-incidents": "StartIncident",
  automation: "BuiltInAction",
  events: "BuiltInAction",
};

/** A mailbox delivery's parameters. Texts that are JSON paths are replaced by the event's values where AWS does so. */
export function callOf(arn: Arn, target: Target, event: BusEvent): Kinds["mailbox"] {
  const { EcsParameters: ecs, RedshiftDataParameters: redshift, SageMakerPipelineParameters: pipeline } = target;
  const filled = <T>(value: T): T => fill(value, event) as T;
  return {
    channel: arn.service,
    operation: operations[arn.service],
    roleArn: target.RoleArn,
    ecs: ecs && filled({ TaskCount: 1, ...(ecs as EcsParameters) }),
    batch: target.BatchParameters,
    runCommand: target.RunCommandParameters,
    redshiftData: redshift && filled(redshift),
    sageMakerPipeline: pipeline && filled(pipeline),
    appSync: target.AppSyncParameters,
  };
}

function fill(value: unknown, event: BusEvent): unknown {
  if (typeof value === "string") return dynamic(value, event);
  if (Array.isArray(value)) return value.map((item) => fill(item, event));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fill(item, event)]));
}
