/** Lambda functions: by their ARN, by the optimized integration and by `aws-sdk:lambda:invoke`. */
import { AwsError } from "../../../../../protocols/error.ts";
import { formatArn } from "../../../../calls/arn.ts";
import type { FunctionAnswer } from "../../../../functions/types.ts";
import type { TaskRequest } from "../../asl/execution.ts";
import { isObject, type Json, type JsonObject, parseJson, textOf, writeJson } from "../../asl/json.ts";
import { badParameters, type Integration, type TaskCall } from "./integration.ts";
import { withMetadata } from "./metadata.ts";
import { exceptionName } from "./service-names.ts";
import { TaskError } from "./task-error.ts";

const members = [
  "FunctionName",
  "Payload",
  "Qualifier",
  "ClientContext",
  "InvocationType",
  "LogType",
  "DurableExecutionName",
  "TenantId",
];

export class LambdaCalls implements Integration {
  refusal(task: TaskRequest): string | undefined {
    if (task.resource.kind === "lambda") return undefined;
    const { parameters } = task;
    if (!isObject(parameters)) return badParameters(parameters, ["The parameters must be an object"]);
    const problems = Object.keys(parameters)
      .filter((key) => !members.includes(key))
      .map((key) => `The field '${key}' is not supported by Step Functions`);
    if (parameters["FunctionName"] === undefined) problems.push("The field 'FunctionName' is required but was missing");
    return problems.length > 0 ? badParameters(parameters, problems) : undefined;
  }

  async call(call: TaskCall): Promise<Json> {
    const { task } = call;
    if (task.resource.kind === "lambda") {
      const answer = await invoke(call, task.resource.arn, writeJson(task.parameters));
      if (answer.functionError !== undefined) throw functionError(answer.payload, false);
      return resultOf(answer.payload);
    }
    return this.#invoke(call, task.parameters as JsonObject);
  }

  async #invoke(call: TaskCall, parameters: JsonObject): Promise<Json> {
    const { deps, task } = call;
    const sdk = task.resource.kind === "service" && task.resource.resourceType.startsWith("aws-sdk:");
    const { Payload: payload = null, Qualifier: qualifier } = parameters;
    const arn = functionArn(textOf(parameters["FunctionName"]), call);
    const qualified = typeof qualifier === "string" && arn.split(":").length === 7 ? `${arn}:${qualifier}` : arn;
    // A text is the event's JSON itself.
    const event = payload === null ? "{}" : textOf(payload);
    if (payload !== null && parsed(event) === undefined) {
      throw new TaskError(
        "Lambda.InvalidRequestContentException",
        "Could not parse request body into json: Unexpected character in the payload.",
      );
    }
    const asynchronous = parameters["InvocationType"] === "Event";
    const answer = await invoke(call, qualified, event);
    if (answer.functionError !== undefined && !asynchronous && !sdk) throw functionError(answer.payload, true);
    const status = asynchronous ? 202 : 200;
    if (sdk) {
      return {
        ExecutedVersion: "$LATEST",
        ...(answer.functionError === undefined ? {} : { FunctionError: answer.functionError }),
        Payload: asynchronous ? "" : answer.payload,
        StatusCode: status,
      };
    }
    const result: JsonObject = {
      ExecutedVersion: "$LATEST",
      Payload: asynchronous ? "" : resultOf(answer.payload),
      StatusCode: status,
      ...(parameters["LogType"] === "Tail" ? { LogResult: "" } : {}),
    };
    return withMetadata(result, {
      requestId: answer.requestId,
      contentType: "application/json",
      length: asynchronous ? 0 : Buffer.byteLength(answer.payload),
      nowMs: deps.clock.now(),
      more: { "X-Amz-Executed-Version": "$LATEST", "x-amzn-Remapped-Content-Length": "0" },
    });
  }
}

async function invoke({ deps, invocation }: TaskCall, arn: string, event: string): Promise<FunctionAnswer> {
  try {
    return await deps.functions.invoke(arn, event, invocation);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const text = `Service: AWSLambda; Status Code: ${error.status}; Error Code: ${error.name}; Request ID: ${deps.random.fork("requests").uuid()}; Proxy: null`;
    const version = error.name === "ResourceNotFoundException" && arn.split(":").length === 7 ? ":$LATEST" : "";
    throw new TaskError(`Lambda.${exceptionName(error.name)}`, `${error.message}${version} (${text})`);
  }
}

function functionArn(name: string, { row }: TaskCall): string {
  if (name.startsWith("arn:")) return name;
  const bare = name.replace(/^\d{12}:function:/, "");
  return formatArn("lambda", row.region, row.account, `function:${bare}`);
}

function parsed(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** What a function answered: mostly JSON, null too, else its text. */
function resultOf(payload: string): Json {
  const value = parsed(payload);
  return value === undefined ? payload : value;
}

/** The error a function ended with; the cause is its payload, as the runtime wrote it or rewritten. */
function functionError(payload: string, compact: boolean): TaskError {
  const value = parsed(payload);
  const type = isObject(value ?? null) ? (value as JsonObject)["errorType"] : undefined;
  const cause = compact && value !== undefined ? writeJson(value) : payload;
  if (typeof type === "string" && type !== "") return new TaskError(type, cause);
  const unknown = "The cause could not be determined because Lambda did not return an error type.";
  return new TaskError("Lambda.Unknown", `${unknown} Returned payload: ${payload}`);
}
