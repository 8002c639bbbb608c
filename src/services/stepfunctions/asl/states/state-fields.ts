import type { QueryLanguage, StateType } from "../machine.ts";

const common = ["Type", "Comment", "QueryLanguage"];
const leaving = ["Next", "End"];
const handling = ["Retry", "Catch"];
const paths = ["InputPath", "OutputPath"];
const results = ["Parameters", "ResultSelector", "ResultPath"];
const task = ["Resource", "Credentials", "TimeoutSeconds", "HeartbeatSeconds"];
const map = ["ItemProcessor", "Iterator", "ItemSelector", "MaxConcurrency"];
/** An inline Map may have these too, without effect. */
const tolerances = ["ToleratedFailureCount", "ToleratedFailurePercentage"];

/** Fields that only a distributed Map may have. */
export const distributedFields: readonly string[] = ["ItemReader", "ItemBatcher", "ResultWriter", "Label"];

/** The fields that each state type may have, by query language (Amazon States Language, State types). */
export const stateFields: Record<QueryLanguage, Record<StateType, ReadonlySet<string>>> = {
  JSONPath: {
    Task: new Set([
      ...[...common, ...leaving, ...handling, ...paths, ...results, ...task],
      ...["Assign", "TimeoutSecondsPath", "HeartbeatSecondsPath"],
    ]),
    Pass: new Set([...common, ...leaving, ...paths, "Parameters", "Result", "ResultPath", "Assign"]),
    Wait: new Set([...common, ...leaving, ...paths, "Seconds", "SecondsPath", "Timestamp", "TimestampPath", "Assign"]),
    Choice: new Set([...common, ...paths, "Choices", "Default", "Assign"]),
    Succeed: new Set([...common, ...paths]),
    Fail: new Set([...common, "Error", "ErrorPath", "Cause", "CausePath"]),
    Parallel: new Set([...common, ...leaving, ...handling, ...paths, ...results, "Branches", "Assign"]),
    Map: new Set([
      ...[...common, ...leaving, ...handling, ...paths, ...results, ...map, ...distributedFields],
      ...[...tolerances, ...tolerances.map((field) => `${field}Path`)],
      ...["Assign", "ItemsPath", "MaxConcurrencyPath"],
    ]),
  },
  JSONata: {
    Task: new Set([...common, ...leaving, ...handling, ...task, "Arguments", "Output", "Assign"]),
    Pass: new Set([...common, ...leaving, "Output", "Assign"]),
    Wait: new Set([...common, ...leaving, "Seconds", "Timestamp", "Output", "Assign"]),
    Choice: new Set([...common, "Choices", "Default", "Output", "Assign"]),
    Succeed: new Set([...common, "Output"]),
    Fail: new Set([...common, "Error", "Cause"]),
    Parallel: new Set([...common, ...leaving, ...handling, "Branches", "Arguments", "Output", "Assign"]),
    Map: new Set([
      ...[...common, ...leaving, ...handling, ...map, ...distributedFields, ...tolerances],
      ...["Items", "Output", "Assign"],
    ]),
  },
};

/** Fields that exist in only one query language, for any state type. */
export const languageFields: Record<QueryLanguage, ReadonlySet<string>> = {
  JSONPath: new Set([
    ...["InputPath", "OutputPath", "Parameters", "ResultSelector", "ResultPath", "Result", "ItemsPath", "ErrorPath"],
    ...["CausePath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath"],
    ...["MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath"],
  ]),
  JSONata: new Set(["Arguments", "Output", "Items"]),
};

/**
 * Services with optimized integrations, and the patterns of these: R request/response, S job (`.sync`), T callback with
 * a task token.
 */
export const optimizedServices: ReadonlyMap<string, string> = new Map([
  ...["dynamodb", "http"].map((name) => [name, "R"] as const),
  ...["apigateway", "events", "lambda", "sns", "sqs"].map((name) => [name, "RT"] as const),
  ...["athena", "batch", "codebuild", "databrew", "elasticmapreduce", "emr-containers", "emr-serverless"].map(
    (name) => [name, "RS"] as const,
  ),
  ...["glue", "mediaconvert", "sagemaker"].map((name) => [name, "RS"] as const),
  ...["bedrock", "ecs", "eks", "states"].map((name) => [name, "RST"] as const),
]);

/** The APIs of the optimized integrations (Step Functions, Integrating services). */
export const optimizedApis: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    apigateway: "invoke",
    athena: "startQueryExecution stopQueryExecution getQueryExecution getQueryResults",
    batch: "submitJob",
    bedrock: "invokeModel createModelCustomizationJob",
    codebuild:
      "startBuild stopBuild batchDeleteBuilds batchGetReports startBuildBatch stopBuildBatch retryBuildBatch deleteBuildBatch",
    databrew: "startJobRun",
    dynamodb: "getItem putItem updateItem deleteItem",
    ecs: "runTask",
    eks: "call runJob createCluster deleteCluster createNodegroup deleteNodegroup createFargateProfile deleteFargateProfile",
    elasticmapreduce:
      "createCluster terminateCluster setClusterTerminationProtection addStep cancelStep modifyInstanceFleetByName modifyInstanceGroupByName",
    "emr-containers": "createVirtualCluster deleteVirtualCluster startJobRun",
    "emr-serverless": "createApplication startApplication stopApplication deleteApplication startJobRun cancelJobRun",
    events: "putEvents",
    glue: "startJobRun",
    http: "invoke",
    lambda: "invoke",
    mediaconvert: "createJob",
    sagemaker:
      "createTrainingJob createTransformJob createProcessingJob createHyperParameterTuningJob createLabelingJob " +
      "createModel createEndpoint createEndpointConfig updateEndpoint",
    sns: "publish",
    sqs: "sendMessage",
    states: "startExecution",
  }).map(([service, apis]) => [service, apis.split(" ")]),
);

/** Fields of the integrations that are emulated here: those that are required, and all known ones. */
export const integrationFields: ReadonlyMap<string, { required: string[]; known: ReadonlySet<string> }> = new Map(
  Object.entries({
    "sqs:sendMessage": [
      ["QueueUrl", "MessageBody"],
      ["DelaySeconds", "MessageAttributes", "MessageSystemAttributes", "MessageDeduplicationId", "MessageGroupId"],
    ],
    "sns:publish": [
      ["Message"],
      [
        ...["TopicArn", "TargetArn", "PhoneNumber", "Subject", "MessageStructure", "MessageAttributes"],
        ...["MessageGroupId", "MessageDeduplicationId"],
      ],
    ],
    "events:putEvents": [["Entries"], ["EndpointId"]],
    "states:startExecution": [["StateMachineArn"], ["Input", "Name", "TraceHeader"]],
    "lambda:invoke": [["FunctionName"], ["Payload", "Qualifier", "ClientContext", "InvocationType", "LogType"]],
    "apigateway:invoke": [
      ["ApiEndpoint", "Method"],
      ["Stage", "Path", "Headers", "QueryParameters", "RequestBody", "AllowNullValues", "AuthType"],
    ],
  } as Record<string, [string[], string[]]>).map(([name, [required, optional]]) => [
    name,
    { required, known: new Set([...required, ...optional]) },
  ]),
);
