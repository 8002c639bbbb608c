/**
 * First-class integrations of HTTP APIs: what each of them calls, with which parameters (developer guide: subtype
 * reference).
 */
import { getOwn } from "../../../protocols/unknown-json.ts";

/** `text` is passed as it is, `number` as a number, `blob` as bytes, `json` as what its text means. */
type ParameterKind = "text" | "number" | "blob" | "json" | "own";

export interface Subtype {
  /** The dispatcher's name for it, or the `--endpoint` name of one that Busbar does not have. */
  readonly service: string;
  readonly operation: string;
  readonly required: readonly string[];
  /** `own` ones are not passed on: the region and the trace. */
  readonly parameters: Readonly<Record<string, ParameterKind>>;
  /** Whether answers are XML, as in the Query protocol. */
  readonly isXml: boolean;
  /** For a service that Busbar does not have: its path with parameters, and the names of others in the query. */
  readonly request?: { readonly path: string; readonly query: Readonly<Record<string, string>> };
}

function subtype(
  service: string,
  operation: string,
  required: Readonly<Record<string, ParameterKind>>,
  optional: Readonly<Record<string, ParameterKind>>,
): Subtype {
  const parameters = { ...required, ...optional, Region: "own" as const };
  return { service, operation, required: Object.keys(required), parameters, isXml: service === "sqs" };
}

const queue = { QueueUrl: "text" } as const;

const subtypes: Readonly<Record<string, Subtype>> = {
  "EventBridge-PutEvents": subtype(
    "eventbridge",
    "PutEvents",
    { Detail: "text", DetailType: "text", Source: "text" },
    { Time: "text", EventBusName: "text", Resources: "json", TraceHeader: "own" },
  ),
  "SQS-SendMessage": subtype(
    "sqs",
    "SendMessage",
    { ...queue, MessageBody: "text" },
    {
      DelaySeconds: "number",
      MessageAttributes: "json",
      MessageDeduplicationId: "text",
      MessageGroupId: "text",
      MessageSystemAttributes: "json",
    },
  ),
  "SQS-ReceiveMessage": subtype("sqs", "ReceiveMessage", queue, {
    AttributeNames: "json",
    MaxNumberOfMessages: "number",
    MessageAttributeNames: "json",
    ReceiveRequestAttemptId: "text",
    VisibilityTimeout: "number",
    WaitTimeSeconds: "number",
  }),
  "SQS-DeleteMessage": subtype("sqs", "DeleteMessage", { ReceiptHandle: "text", ...queue }, {}),
  "SQS-PurgeQueue": subtype("sqs", "PurgeQueue", queue, {}),
  "AppConfig-GetConfiguration": {
    ...subtype(
      "appconfig",
      "GetConfiguration",
      { Application: "text", Environment: "text", Configuration: "text", ClientId: "text" },
      { ClientConfigurationVersion: "text" },
    ),
    request: {
      path: "/applications/{Application}/environments/{Environment}/configurations/{Configuration}",
      query: { ClientId: "client_id", ClientConfigurationVersion: "client_configuration_version" },
    },
  },
  "Kinesis-PutRecord": subtype(
    "kinesis",
    "PutRecord",
    { StreamName: "text", Data: "blob", PartitionKey: "text" },
    { SequenceNumberForOrdering: "text", ExplicitHashKey: "text" },
  ),
  "StepFunctions-StartExecution": subtype(
    "stepfunctions",
    "StartExecution",
    { StateMachineArn: "text" },
    { Name: "text", Input: "text" },
  ),
  "StepFunctions-StartSyncExecution": subtype(
    "stepfunctions",
    "StartSyncExecution",
    { StateMachineArn: "text" },
    { Name: "text", Input: "text", TraceHeader: "text" },
  ),
  "StepFunctions-StopExecution": subtype(
    "stepfunctions",
    "StopExecution",
    { ExecutionArn: "text" },
    { Cause: "text", Error: "text" },
  ),
};

/** Finds a subtype by its name, which may end in `-{version}`. */
export function subtypeOf(name: string): Subtype | undefined {
  const bare = name.replace(/-\d+$/, "");
  return getOwn(subtypes, bare);
}
