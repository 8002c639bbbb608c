/** Tasks that call one of Busbar's services, by optimized integrations and by `aws-sdk:*`. */
import { awsQuery } from "../../../../../protocols/aws-query.ts";
import { AwsError } from "../../../../../protocols/error.ts";
import type { WireRequest } from "../../../../../protocols/protocol.ts";
import type { OperationModel } from "../../../../../protocols/schema.ts";
import type { ServiceDependencies } from "../../../../calls/service.ts";
import { uuidFor } from "../../../../engine/digest.ts";
import { checkExecutionArn } from "../../arns.ts";
import type { TaskRequest } from "../../asl/execution.ts";
import { javaDouble } from "../../asl/java-numbers.ts";
import { isObject, type Json, type JsonObject, textOf, writeJson } from "../../asl/json.ts";
import { optimizedApis } from "../../asl/states/state-fields.ts";
import { badParameters, type Integration, type TaskCall } from "./integration.ts";
import { withMetadata } from "./metadata.ts";
import { fromSdkOutput, toSdkInput } from "./sdk-values.ts";
import { type ServiceError, serviceTaskError } from "./service-errors.ts";
import { optimizedIntegration, ownService, pascalCase } from "./service-names.ts";
import { TaskError } from "./task-error.ts";

/** The operation that a task calls. */
interface Target {
  readonly service: string;
  readonly operation: OperationModel;
  readonly sdk: boolean;
}

/** Operations that wait for time to pass, or for others. */
const waiting = new Set(["ReceiveMessage", "GetActivityTask", "StartSyncExecution", "TestState"]);

export class ServiceCalls implements Integration {
  readonly #deps: ServiceDependencies;

  constructor(deps: ServiceDependencies) {
    this.#deps = deps;
  }

  /** The operation of a resource; undefined if Busbar does not have it. */
  target({ resource }: Pick<TaskRequest, "resource">): Target | undefined {
    if (resource.kind !== "service") return undefined;
    const { resourceType, api } = resource;
    const sdk = resourceType.startsWith("aws-sdk:");
    if (!sdk && !optimizedApis.get(resourceType)?.includes(api)) return undefined;
    const service = serviceOf(resourceType);
    const operation =
      service === undefined ? undefined : this.#deps.models.get(service)?.operations.get(pascalCase(api));
    return operation && { service: service as string, operation, sdk };
  }

  /** Whether a resource names one of Busbar's services. */
  isOwn(resource: TaskRequest["resource"]): boolean {
    return resource.kind === "service" && this.#deps.models.has(serviceOf(resource.resourceType) ?? "");
  }

  startProblem(task: TaskRequest): string | undefined {
    const target = this.target(task);
    if (target === undefined) return undefined;
    const { parameters } = task;
    const problems: string[] = [];
    if (isObject(parameters)) toSdkInput(target.operation.input, parameters, problems);
    else problems.push("The parameters must be an object");
    return problems.length > 0 ? badParameters(parameters, problems) : undefined;
  }

  /** Whether the call may wait for time to pass, so that the clock must not wait for it. */
  waits(task: TaskRequest): boolean {
    return waiting.has(this.target(task)?.operation.name ?? "");
  }

  async call({ row, task, invocation }: TaskCall): Promise<Json> {
    const { service, operation, sdk } = this.target(task) as Target;
    const type = task.resource.kind === "service" ? task.resource.resourceType : "";
    const input = toSdkInput(operation.input, task.parameters as JsonObject, []);
    if (!sdk) prepare(type, input, { row, task });
    const requestId = this.#deps.random.fork("requests").uuid();
    let answer: object;
    try {
      answer = await this.#deps.call(service, operation.name, input, invocation);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const earlier = type === "states" && (await this.#startedEarlier(input, { row, task, invocation }, error));
      if (earlier)
        return withMetadata(earlier, {
          requestId,
          integration: optimizedIntegration(type),
          length: answerLength(
            operation,
            { executionArn: earlier["ExecutionArn"], startDate: earlier["StartDate"] },
            requestId,
          ),
          nowMs: this.#deps.clock.now(),
        });
      throw serviceTaskError(type, serviceError(sdk, error, requestId));
    }
    const output = fromSdkOutput(operation.output, answer, sdk ? "iso" : "epoch") as JsonObject;
    if (sdk) return output;
    if (type === "events") return eventsOutput(output);
    const integration = optimizedIntegration(type);
    const length = answerLength(operation, answer, requestId);
    return withMetadata(output, { requestId, integration, length, nowMs: this.#deps.clock.now() });
  }

  /**
   * The child that this attempt started before the emulator was restarted. Its name is made of the attempt, so no other
   * execution can have it.
   */
  async #startedEarlier(
    input: Record<string, unknown>,
    { row, task, invocation }: Pick<TaskCall, "row" | "task" | "invocation">,
    error: AwsError,
  ): Promise<JsonObject | undefined> {
    const child = /^Execution Already Exists: '(.+)'$/.exec(error.message)?.[1];
    if (child === undefined || input["name"] !== childName(row.arn, task.taskId)) return undefined;
    const described = await this.#deps.call("stepfunctions", "DescribeExecution", { executionArn: child }, invocation);
    const { startDate } = described as { startDate: Date };
    return { ExecutionArn: child, StartDate: startDate.getTime() };
  }
}

const bareRequest: WireRequest = { method: "POST", path: "/", query: "", headers: {}, body: Buffer.alloc(0) };

/** Bytes of a response in the service's protocol; undefined if it is as long as the result. */
function answerLength(operation: OperationModel, answer: object, requestId: string): number | undefined {
  if (operation.service.name === "sns") {
    const { body } = awsQuery.compile(operation).encode(answer, requestId, bareRequest);
    return typeof body === "string" ? Buffer.byteLength(body) : undefined;
  }
  if (operation.name !== "StartExecution") return undefined;
  const { executionArn, startDate } = answer as { executionArn: Json; startDate: Date | number };
  return `{"executionArn":"${textOf(executionArn)}","startDate":${javaDouble(Number(startDate) / 1000)}}`.length;
}

/** Busbar's name of the service for a resource's type. */
function serviceOf(type: string): string | undefined {
  return type.startsWith("aws-sdk:") ? ownService(type.slice("aws-sdk:".length)) : optimizedIntegration(type)?.service;
}

/** Adds what Step Functions adds to the parameters of optimized integrations. */
function prepare(type: string, input: Record<string, unknown>, { row, task }: Pick<TaskCall, "row" | "task">): void {
  if (type === "states") input["name"] ??= childName(row.arn, task.taskId);
  if (type !== "events") return;
  for (const entry of (input["Entries"] ?? []) as Record<string, unknown>[]) {
    entry["Resources"] = [...((entry["Resources"] as string[] | undefined) ?? []), row.machine, row.arn];
  }
}

/** The default name of a child: the same whenever the same attempt is carried out. */
function childName(execution: string, taskId: string): string {
  return uuidFor(`${execution} ${taskId}`);
}

/** The task fails if any entry fails. */
function eventsOutput(output: JsonObject): JsonObject {
  if ((output["FailedEntryCount"] ?? 0) !== 0) throw new TaskError("EventBridge.FailedEntry", writeJson(output));
  return { Entries: output["Entries"] ?? [], FailedEntryCount: 0 };
}

/** Why a `.sync` task cannot wait for its child: an express execution cannot be described. Undefined if it can. */
export function childProblem(child: string, requestId: string): TaskError | undefined {
  try {
    checkExecutionArn(child);
    return undefined;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return serviceTaskError("states", serviceError(false, error, requestId));
  }
}

function serviceError(sdk: boolean, error: AwsError, requestId: string): ServiceError {
  const { name, message, queryCode: code } = error;
  const status = sdk ? error.status : error.queryStatus;
  return { name, modelled: error.schema !== undefined, code, message, status, requestId };
}
