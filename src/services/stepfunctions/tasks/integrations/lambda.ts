/** Invokes Lambda functions: by their ARN, the optimized integration, or `aws-sdk:lambda:invoke`. */
import { AwsError } from "../../../../../protocols/error.ts";
import { formatArn } from "../../../../calls/arn.ts";
import type { FunctionAnswer } from "../../../../functions/types.ts";
import type { TaskRequest } from "../../asl/execution.ts";
import { isObject, type Json, type JsonObject, textOf, tryParseJson, writeJson } from "../../asl/json.ts";
import { badParameters, type Integration, type TaskCall } from "./integration.ts";
import { withMetadata } from "./metadata.ts";
import { serviceTaskError } from "./service-errors.ts";
import { optimizedIntegration } from "./service-names.ts";
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
  startProblem(task: TaskRequest): string | undefined {
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
    // A string is the event's JSON text.
    const event = payload === null ? "{}" : textOf(payload);
    if (payload !== null && tryParseJson(event) === undefined) {
      throw new TaskError(
        "Lambda.InvalidRequestContentException",
        "Could not parse request body into json: Unexpected character in the payload.",
      );
    }
    const requestId = deps.random.fork("requests").uuid();
    const withEnvelope = (result: JsonObject, length: number, more: JsonObject = {}): JsonObject =>
      sdk
        ? result
        : withMetadata(result, {
            ...{ requestId, length, nowMs: deps.clock.now() },
            integration: optimizedIntegration("lambda"),
            more: { "x-amzn-Remapped-Content-Length": "0", "X-Amzn-Trace-Id": call.invocation.trace, ...more },
          });
    const type = parameters["InvocationType"];
    if (type === "Event" || type === "DryRun") {
      await withTaskErrors(call, arn, async () => invokeAsynchronously(call, qualified, event, type === "DryRun"));
      return withEnvelope({ Payload: "", StatusCode: type === "Event" ? 202 : 204 }, 0);
    }
    const answer = await invoke(call, qualified, event, requestId);
    const { functionError: unhandled, executedVersion, logTail } = answer;
    if (unhandled !== undefined && !sdk) throw functionError(answer.payload, true);
    const tail = parameters["LogType"] === "Tail" ? Buffer.from(logTail ?? "").toString("base64") : undefined;
    const result: JsonObject = {
      ExecutedVersion: executedVersion,
      ...(unhandled === undefined ? {} : { FunctionError: unhandled }),
      ...(tail === undefined ? {} : { LogResult: tail }),
      Payload: sdk ? answer.payload : resultOf(answer.payload),
      StatusCode: 200,
    };
    return withEnvelope(result, Buffer.byteLength(answer.payload), {
      "X-Amz-Executed-Version": executedVersion,
      ...(tail === undefined ? {} : { "X-Amz-Log-Result": tail }),
    });
  }
}

function invoke(call: TaskCall, arn: string, event: string, requestId?: string): Promise<FunctionAnswer> {
  return withTaskErrors(call, arn, async () => call.deps.functions.invoke(arn, event, call.invocation, { requestId }));
}

/** The task ends when the event is queued, whatever becomes of it. @throws AwsError when there is no such function */
function invokeAsynchronously({ deps, row, invocation }: TaskCall, arn: string, payload: string, isDry: boolean): void {
  if (!deps.functions.has(arn, invocation)) {
    throw AwsError.unmodeled({
      name: "ResourceNotFoundException",
      status: 404,
      message: `Function not found: ${arn}`,
    });
  }
  if (isDry) return;
  const { account, region, roleArn, machine } = row;
  const order = { account, region, roleArn, service: "states", source: machine, target: arn, payload };
  invocation.cause.run(() =>
    deps.store.transaction(() =>
      deps.delivery.submit({ ...order, kind: "lambda", parameters: {}, retry: { phases: [] } }),
    ),
  );
}

/** Turns errors of Lambda into the task's failure. @throws TaskError */
async function withTaskErrors<T>({ deps, task }: TaskCall, arn: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { name, status } = error;
    const version = name === "ResourceNotFoundException" && arn.split(":").length === 7 ? ":$LATEST" : "";
    throw serviceTaskError(task.resource.kind === "service" ? task.resource.resourceType : "lambda", {
      ...{ name, code: name, status, message: `${error.message}${version}` },
      modelled: deps.models.get("lambda")?.errors.has(name) ?? false,
      requestId: deps.random.fork("requests").uuid(),
    });
  }
}

function functionArn(name: string, { row }: TaskCall): string {
  if (name.startsWith("arn:")) return name;
  const bare = name.replace(/^\d{12}:function:/, "");
  return formatArn("lambda", row.region, row.account, `function:${bare}`);
}

/** A function's result: parsed JSON, or the text if it is not JSON. */
function resultOf(payload: string): Json {
  const value = tryParseJson(payload);
  return value === undefined ? payload : value;
}

/** A function's error. The cause is its payload, as the runtime wrote it or, if `compact`, rewritten. */
function functionError(payload: string, compact: boolean): TaskError {
  const value = tryParseJson(payload);
  const type = isObject(value ?? null) ? (value as JsonObject)["errorType"] : undefined;
  const cause = compact && value !== undefined ? writeJson(value) : payload;
  if (typeof type === "string" && type !== "") return new TaskError(type, cause);
  const unknown = "The cause could not be determined because Lambda did not return an error type.";
  return new TaskError("Lambda.Unknown", `${unknown} Returned payload: ${payload}`);
}
