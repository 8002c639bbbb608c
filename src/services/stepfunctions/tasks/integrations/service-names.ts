/** How Step Functions calls services, and how it names their errors. */
import { getOwn } from "../../../../../protocols/unknown-json.ts";

/** An optimized integration, with names of the SDK for Java v1, which AWS uses for it. */
export interface Optimized {
  /** Busbar's name of the service or, if Busbar does not have it, the name in `aws-sdk:<service>`. */
  readonly service: string;
  readonly errorPrefix: string;
  /** The exception for errors that the service's model does not have. */
  readonly unmodelled: string;
  /** The text after `Service:` in causes. */
  readonly serviceText: string;
  readonly contentType: string;
  /** The spelling of the Connection header in the service's responses; `none` if there is no such header. */
  readonly connection?: "connection" | "Connection" | "none";
}

const json10 = "application/x-amz-json-1.0";
const json11 = "application/x-amz-json-1.1";
const restJson = "application/json";

/** Most names are derived from the service's: `AmazonSQS`. */
function integration(vendor: string, name: string, service: string, contentType: string): Optimized {
  const serviceText = vendor + name;
  const unmodelled = `${serviceText}Exception`;
  return { service, errorPrefix: name, unmodelled, serviceText, contentType };
}

const optimized: Readonly<Record<string, Optimized>> = {
  sqs: integration("Amazon", "SQS", "sqs", json10),
  sns: integration("Amazon", "SNS", "sns", "text/xml"),
  states: integration("AWS", "StepFunctions", "stepfunctions", json10),
  events: integration("Amazon", "EventBridge", "eventbridge", json11),
  dynamodb: {
    ...integration("Amazon", "DynamoDB", "dynamodb", json10),
    serviceText: "AmazonDynamoDBv2",
    connection: "Connection",
  },
  lambda: { ...integration("AWS", "Lambda", "lambda", restJson), connection: "Connection" },
  ecs: { ...integration("Amazon", "ECS", "ecs", json11), connection: "none" },
  batch: integration("AWS", "Batch", "batch", restJson),
  glue: integration("AWS", "Glue", "glue", json11),
  databrew: integration("AWS", "GlueDataBrew", "databrew", restJson),
  mediaconvert: integration("AWS", "MediaConvert", "mediaconvert", restJson),
  bedrock: integration("Amazon", "BedrockRuntime", "bedrockruntime", restJson),
  codebuild: integration("AWS", "CodeBuild", "codebuild", json11),
  athena: integration("Amazon", "Athena", "athena", json11),
  sagemaker: integration("Amazon", "SageMaker", "sagemaker", json11),
  "emr-containers": integration("Amazon", "EMRContainers", "emrcontainers", restJson),
  "emr-serverless": integration("AWS", "EMRServerless", "emrserverless", restJson),
  eks: integration("Amazon", "EKS", "eks", restJson),
};

/** The integration of `arn:aws:states:::<name>:<api>`; undefined if there is none. */
export function optimizedIntegration(name: string): Optimized | undefined {
  return getOwn(optimized, name);
}

/** Busbar's services by their names in `aws-sdk:<service>`. */
const ownServices: Readonly<Record<string, string>> = {
  sqs: "sqs",
  sns: "sns",
  sfn: "stepfunctions",
  eventbridge: "eventbridge",
  kinesis: "kinesis",
  lambda: "lambda",
  sts: "sts",
  scheduler: "scheduler",
  pipes: "pipes",
};

/** Busbar's name of the service in `aws-sdk:<name>`; undefined if Busbar does not have it. */
export function ownService(name: string): string | undefined {
  return getOwn(ownServices, name);
}

/** Clients of the SDK for Java v2 with more than one capital letter in their names. */
const clients: readonly string[] = [
  ...["EventBridge", "DynamoDb", "SecretsManager", "CloudWatchLogs", "CloudWatch", "ApiGateway", "ApiGatewayV2"],
  ...[
    "CodeBuild",
    "CodePipeline",
    "CognitoIdentityProvider",
    "ServiceDiscovery",
    "SageMaker",
    "DataBrew",
    "CloudTrail",
  ],
];
const clientNames = new Map(clients.map((name) => [name.toLowerCase(), name]));

/** The client for `aws-sdk:<name>` in the SDK for Java v2; the names of its errors start with it. */
export function clientName(name: string): string {
  return clientNames.get(name) ?? pascalCase(name);
}

/**
 * The Java client's name for a service id in AWS's models (`CloudWatch Logs`, `SESv2`), whose words are separated by
 * spaces, a change of case, acronyms and versions: each word is capitalized, with the rest in lower case.
 */
export function clientNameOf(serviceId: string): string {
  const words = serviceId
    .replace(/[^A-Za-z0-9]+/g, " ")
    .replace(/([^a-z]{2,})v(\d+)/g, "$1 v$2 ")
    .replace(/([^A-Z]{2,})V(\d+)/g, "$1 V$2 ")
    .replace(/([a-z])(?=[A-Z][A-Za-z0-9])/g, "$1 ")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .replace(/(\d)(?=[A-Za-z])/g, "$1 ");
  return words
    .trim()
    .split(/\s+/)
    .map((word) => pascalCase(word.toLowerCase()))
    .join("");
}

/** The name of the class in Java, which always ends in Exception. */
export function exceptionName(name: string): string {
  return name.endsWith("Exception") ? name : `${name}Exception`;
}

/** The text with its first letter in upper case. */
export function pascalCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
