/** How Step Functions calls services, and how it names their errors. */

/** An optimized integration, in the words of the SDK for Java v1 that AWS uses for it. */
export interface Optimized {
  /** Busbar's name of the service. */
  readonly service: string;
  readonly errorPrefix: string;
  /** The exception for errors the service's model lacks. */
  readonly unmodelled: string;
  /** `Service:` in causes. */
  readonly serviceText: string;
  readonly contentType: string;
}

const json10 = "application/x-amz-json-1.0";

export const optimized: Readonly<Record<string, Optimized>> = {
  sqs: {
    service: "sqs",
    errorPrefix: "SQS",
    unmodelled: "AmazonSQSException",
    serviceText: "AmazonSQS",
    contentType: json10,
  },
  sns: {
    service: "sns",
    errorPrefix: "SNS",
    unmodelled: "AmazonSNSException",
    serviceText: "AmazonSNS",
    contentType: "text/xml",
  },
  states: {
    service: "stepfunctions",
    errorPrefix: "StepFunctions",
    unmodelled: "AWSStepFunctionsException",
    serviceText: "AWSStepFunctions",
    contentType: json10,
  },
  events: {
    service: "eventbridge",
    errorPrefix: "EventBridge",
    unmodelled: "AmazonEventBridgeException",
    serviceText: "AmazonEventBridge",
    contentType: "application/x-amz-json-1.1",
  },
  dynamodb: {
    service: "dynamodb",
    errorPrefix: "DynamoDB",
    unmodelled: "AmazonDynamoDBException",
    serviceText: "AmazonDynamoDBv2",
    contentType: json10,
  },
};

/** The APIs that have an optimized integration. */
export const optimizedApis: Readonly<Record<string, readonly string[]>> = {
  sqs: ["sendMessage"],
  sns: ["publish"],
  states: ["startExecution"],
  events: ["putEvents"],
  dynamodb: ["getItem", "putItem", "updateItem", "deleteItem"],
};

interface SdkService {
  /** Busbar's name of the service; absent when Busbar has none. */
  readonly service?: string;
  /** Client name of the SDK for Java v2. */
  readonly client: string;
}

const sdkServices: Readonly<Record<string, SdkService>> = {
  sqs: { service: "sqs", client: "Sqs" },
  sns: { service: "sns", client: "Sns" },
  sfn: { service: "stepfunctions", client: "Sfn" },
  eventbridge: { service: "eventbridge", client: "EventBridge" },
  kinesis: { service: "kinesis", client: "Kinesis" },
  sts: { service: "sts", client: "Sts" },
  scheduler: { service: "scheduler", client: "Scheduler" },
  pipes: { service: "pipes", client: "Pipes" },
  dynamodb: { client: "DynamoDb" },
  secretsmanager: { client: "SecretsManager" },
  cloudwatchlogs: { client: "CloudWatchLogs" },
  cloudwatch: { client: "CloudWatch" },
  apigateway: { client: "ApiGateway" },
  apigatewayv2: { client: "ApiGatewayV2" },
};

/** The service behind `aws-sdk:<name>`. */
export function sdkService(name: string): SdkService {
  return Object.hasOwn(sdkServices, name) ? (sdkServices[name] as SdkService) : { client: capital(name) };
}

/** The class Java would throw: every name ends in Exception. */
export function exceptionName(name: string): string {
  return name.endsWith("Exception") ? name : `${name}Exception`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
