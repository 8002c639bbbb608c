/** Calls services that Busbar does not have without their client, if they speak AWS JSON. */

import { callAwsJson, errorOf, type JsonService } from "../../../../outside/aws-json-call.ts";
import { type HttpAnswer, HttpCallError } from "../../../../outside/http-client.ts";
import { isObject, type Json, type JsonObject, tryParseJson, writeJson } from "../../asl/json.ts";
import { type Destination, ErrorResponse, NoResponse } from "./remote-call.ts";
import { pascalCase } from "./service-names.ts";

interface KnownService extends Omit<JsonService, "signingName"> {
  /** By default the service's name. */
  readonly signingName?: string;
  /** Whether members on the wire are in camel case. */
  readonly camel?: boolean;
}

/** Services with an AWS JSON protocol, by the name of their client in the SDK for Java v2. */
const services: Readonly<Record<string, KnownService>> = {
  dynamodb: { target: "DynamoDB_20120810", version: "1.0" },
  secretsmanager: { target: "secretsmanager", version: "1.1" },
  ssm: { target: "AmazonSSM", version: "1.1" },
  kms: { target: "TrentService", version: "1.1" },
  cloudwatchlogs: { target: "Logs_20140328", version: "1.1", signingName: "logs", camel: true },
  firehose: { target: "Firehose_20150804", version: "1.1" },
  ecs: { target: "AmazonEC2ContainerServiceV20141113", version: "1.1", camel: true },
  ecr: { target: "AmazonEC2ContainerRegistry_V20150921", version: "1.1", camel: true },
  codebuild: { target: "CodeBuild_20161006", version: "1.1", camel: true },
  codepipeline: { target: "CodePipeline_20150709", version: "1.1", camel: true },
  glue: { target: "AWSGlue", version: "1.1" },
  athena: { target: "AmazonAthena", version: "1.1" },
  cognitoidentityprovider: { target: "AWSCognitoIdentityProviderService", version: "1.1", signingName: "cognito-idp" },
  comprehend: { target: "Comprehend_20171127", version: "1.1" },
  rekognition: { target: "RekognitionService", version: "1.1" },
  textract: { target: "Textract", version: "1.1" },
  transcribe: { target: "Transcribe", version: "1.1" },
  translate: { target: "AWSShineFrontendService_20170701", version: "1.1" },
  sagemaker: { target: "SageMaker", version: "1.1" },
  servicediscovery: { target: "Route53AutoNaming_v20170314", version: "1.1" },
  emr: { target: "ElasticMapReduce", version: "1.1", signingName: "elasticmapreduce" },
  cloudtrail: { target: "CloudTrail_20131101", version: "1.1" },
  cloudwatch: { target: "GraniteServiceVersion20100801", version: "1.0", signingName: "monitoring" },
};

const timeoutMs = 60_000;

/** Whether {@link awsJsonCall} can call the service. */
export function speaksAwsJson(service: string): boolean {
  return Object.hasOwn(services, service);
}

/**
 * Calls an operation; returns its output in Step Functions' JSON.
 * @param operation `GetItem`.
 * @throws NoResponse, ErrorResponse
 */
export async function awsJsonCall(operation: string, parameters: JsonObject, to: Destination): Promise<JsonObject> {
  const { camel, ...known } = services[to.service] as KnownService;
  const { account, region, nowMs, signal, trace } = to;
  const service = { signingName: to.service, ...known };
  const body = writeJson(camel ? renamed(parameters, camelCase) : parameters);
  let answer: HttpAnswer;
  try {
    const as = { account, region, nowMs, timeoutMs, signal, trace };
    answer = await callAwsJson(to.endpoint, { service, operation, body, ...as });
  } catch (error) {
    throw error instanceof HttpCallError ? new NoResponse(error.message) : error;
  }
  const { status } = answer;
  if (status < 300) {
    const body = tryParseJson(answer.body);
    const value = isObject(body) ? body : {};
    return camel ? (renamed(value, pascalCase) as JsonObject) : value;
  }
  const { code, message } = errorOf(answer);
  throw new ErrorResponse({
    name: code,
    // All names are of modelled exceptions, except those that every service has without modelling them.
    modelled: code !== "" && code !== "ValidationException" && code !== "SerializationException",
    code,
    message,
    status,
    requestId: String(answer.headers["x-amzn-requestid"] ?? to.requestId),
  });
}

function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function renamed(value: Json, rename: (name: string) => string): Json {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [rename(name), renamed(item, rename)]));
}
