/** Tasks for services Busbar has not, passed through to an endpoint that speaks AWS JSON. */
import { callAwsJson, errorOf, type JsonService } from "../../../core/aws-json-call.ts";
import { type HttpAnswer, HttpCallError } from "../../../core/http-client.ts";
import type { TaskRequest } from "../asl/execution.ts";
import { isObject, type Json, type JsonObject, parseJson, writeJson } from "../asl/json.ts";
import { badParameters, type Integration, type TaskCall } from "./integration.ts";
import { withMetadata } from "./metadata.ts";
import { pascalCase } from "./sdk-values.ts";
import { capital, exceptionName, optimized, sdkService } from "./service-names.ts";
import { TaskError } from "./task-error.ts";

interface PassedService extends Omit<JsonService, "signingName"> {
  /** Its name unless told. */
  readonly signingName?: string;
  /** Members on the wire begin in lower case. */
  readonly camel?: boolean;
}

/** Services with an AWS JSON protocol, by the name of their client in the SDK for Java v2. */
const services: Readonly<Record<string, PassedService>> = {
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
  databrew: { target: "AWSGlueDataBrew", version: "1.1" },
  cloudtrail: { target: "CloudTrail_20131101", version: "1.1" },
  cloudwatch: { target: "GraniteServiceVersion20100801", version: "1.0", signingName: "monitoring" },
};

const timeoutMs = 60_000;

export class PassThrough implements Integration {
  readonly #endpoints: Readonly<Record<string, string>>;

  constructor(endpoints: Readonly<Record<string, string>>) {
    this.#endpoints = endpoints;
  }

  #name(task: Pick<TaskRequest, "resource">): string {
    const type = task.resource.kind === "service" ? task.resource.resourceType : "";
    return type.replace(/^aws-sdk:/, "");
  }

  /** Why the task's service cannot be called, with what to do about it. */
  refusal(task: TaskRequest): string | undefined {
    const name = this.#name(task);
    if (this.#endpoints[name] === undefined) {
      return `Busbar has no service ${name}: start it with --endpoint ${name}=<url>, or mock the state with --mocks.`;
    }
    if (services[name] === undefined)
      return `The service ${name} does not speak AWS JSON, which is all Busbar passes on.`;
    if (!isObject(task.parameters)) return badParameters(task.parameters, ["The parameters must be an object"]);
    return undefined;
  }

  async call({ deps, row, task, signal }: TaskCall): Promise<Json> {
    const name = this.#name(task);
    const service = services[name] as PassedService;
    const api = task.resource.kind === "service" ? capital(task.resource.api) : "";
    let answer: HttpAnswer;
    try {
      answer = await callAwsJson(this.#endpoints[name] as string, {
        service: { signingName: name, ...service },
        operation: api,
        body: writeJson(service.camel ? renamed(task.parameters, camelCase) : task.parameters),
        account: row.account,
        region: row.region,
        now: deps.clock.now(),
        timeoutMs,
        signal,
      });
    } catch (error) {
      if (!(error instanceof HttpCallError)) throw error;
      const { client } = sdkService(name);
      throw new TaskError(`${client}.SdkClientException`, `Unable to execute HTTP request: ${error.message}`);
    }
    const value = answer.status >= 300 ? {} : parsed(answer.body);
    const requestId = String(answer.headers["x-amzn-requestid"] ?? deps.random.uuid());
    const sdk = task.resource.kind === "service" && task.resource.resourceType.startsWith("aws-sdk:");
    if (answer.status >= 300) throw failure(name, sdk, answer, requestId);
    if (sdk) return service.camel ? renamed(value, pascalCase) : value;
    const contentType = optimized[name]?.contentType ?? "";
    return withMetadata(value, { requestId, contentType, nowMs: deps.clock.now() });
  }
}

function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function renamed(value: Json, rename: (name: string) => string): Json {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [rename(name), renamed(item, rename)]));
}

function parsed(text: string): JsonObject {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function failure(name: string, sdk: boolean, answer: HttpAnswer, requestId: string): TaskError {
  const { code, message } = errorOf(answer);
  // The names are those of modelled exceptions, but for what every service answers without modelling it.
  const modelled = code !== "" && code !== "ValidationException" && code !== "SerializationException";
  if (!sdk) {
    const { errorPrefix, unmodelled, serviceText } = optimized[name] as (typeof optimized)[string];
    const text = `Service: ${serviceText}; Status Code: ${answer.status}; Error Code: ${code}; Request ID: ${requestId}; Proxy: null`;
    return new TaskError(`${errorPrefix}.${modelled ? exceptionName(code) : unmodelled}`, `${message} (${text})`);
  }
  const { client } = sdkService(name);
  const text = `Service: ${client}, Status Code: ${answer.status}, Request ID: ${requestId}`;
  return new TaskError(`${client}.${modelled ? exceptionName(code) : `${client}Exception`}`, `${message} (${text})`);
}
