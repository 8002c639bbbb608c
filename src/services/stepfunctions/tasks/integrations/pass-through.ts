/**
 * Tasks for services Busbar does not have, passed through to their `--endpoint`: by the service's client if the user
 * has installed it, otherwise as AWS JSON if the service speaks it.
 */
import { crc32 } from "node:zlib";
import { type OperationModel, requiredMembers } from "../../../../../protocols/schema.ts";
import type { TaskRequest } from "../../asl/execution.ts";
import { isObject, type Json, type JsonObject, writeJson } from "../../asl/json.ts";
import { optimizedApis } from "../../asl/states/state-fields.ts";
import { awsJsonCall, speaksAwsJson } from "./aws-json.ts";
import { badParameters, type Integration, type TaskCall } from "./integration.ts";
import { type JobCall, jobKindOf } from "./job-kinds.ts";
import { withMetadata } from "./metadata.ts";
import { ErrorResponse, NoResponse } from "./remote-call.ts";
import { SdkClients } from "./sdk-clients.ts";
import { clientPackage } from "./sdk-packages.ts";
import { javaName, toSdkInput } from "./sdk-values.ts";
import { serviceTaskError, unreachable } from "./service-errors.ts";
import { optimizedIntegration, pascalCase } from "./service-names.ts";
import { TaskError } from "./task-error.ts";

type Resource = TaskRequest["resource"];
type ServiceResource = Extract<Resource, { kind: "service" }>;

/** The operation that a resource calls. */
interface Called {
  /** The resource's type: `ecs` or `aws-sdk:ecs`. */
  readonly type: string;
  readonly sdk: boolean;
  /** The service's name in `aws-sdk:<service>`. */
  readonly service: string;
  /** `RunTask`. */
  readonly operation: string;
}

export class PassThrough implements Integration {
  readonly #endpoints: ReadonlyMap<string, string>;
  readonly #clients = new SdkClients();

  /** @param endpoints URLs by the names of services in `aws-sdk:<service>`. */
  constructor(endpoints: Readonly<Record<string, string>>) {
    this.#endpoints = new Map(Object.entries(endpoints));
  }

  /** The operation of a resource, if its service has an endpoint and an installed client. */
  operation(resource: Resource): OperationModel | undefined {
    const { service, operation } = called(resource) ?? {};
    if (service === undefined || !this.#endpoints.has(service)) return undefined;
    return this.#clients.model(service)?.operations.get(operation as string);
  }

  /** Why the task's service cannot be called, and what to do about it. */
  startProblem(task: TaskRequest): string | undefined {
    const { arn } = task.resource;
    const target = called(task.resource);
    if (target === undefined) return `Busbar has no integration ${arn}; mock the state with --mocks.`;
    const { type, api, pattern, service, operation } = target;
    if (!this.#endpoints.has(service)) return withoutEndpoint(service);
    if (pattern === "sync" && jobKindOf(type, api) === undefined) {
      return `Busbar does not know how to wait for the job of ${arn}; mock the state with --mocks.`;
    }
    const { parameters } = task;
    if (!isObject(parameters)) return badParameters(parameters, ["The parameters must be an object"]);
    const model = this.#clients.model(service);
    if (model === undefined) {
      if (speaksAwsJson(service)) return undefined;
      const client = clientPackage(service);
      return `Busbar calls ${service} through its client: install ${client}, its current version, where Busbar is started.`;
    }
    const known = model.operations.get(operation);
    if (known === undefined) return unknownOperation(service, operation);
    const problems = requiredMembers(known.input)
      .map(javaName)
      .filter((name) => (parameters[name] ?? null) === null)
      .map((name) => `The field '${name}' is required but was missing`);
    toSdkInput(known.input, parameters, problems);
    return problems.length > 0 ? badParameters(parameters, problems) : undefined;
  }

  async call(call: TaskCall): Promise<Json> {
    const { deps, task } = call;
    const target = called(task.resource) as Called;
    const requestId = deps.random.fork("requests").uuid();
    const value = await this.#send(call, target, task.parameters as JsonObject, requestId);
    if (target.sdk) return value;
    const integration = optimizedIntegration(target.type);
    const more = target.type === "dynamodb" ? dynamoHeaders(value) : {};
    return withMetadata(value, { requestId, integration, more, nowMs: deps.clock.now() });
  }

  /** Makes a call that concerns the job of a task. @throws TaskError */
  callForJob({ task, ...call }: TaskCall, { api, parameters }: JobCall): Promise<JsonObject> {
    const { type, service } = called(task.resource) as Called;
    return this.#send(
      call,
      { type, sdk: false, service, operation: pascalCase(api) },
      parameters,
      call.deps.random.fork("requests").uuid(),
    );
  }

  async #send(
    { deps, row, invocation }: Omit<TaskCall, "task">,
    { type, sdk, service, operation }: Called,
    parameters: JsonObject,
    requestId: string,
  ): Promise<JsonObject> {
    const { account, region } = row;
    const endpoint = this.#endpoints.get(service);
    // The task may be from an earlier run, which had one.
    if (endpoint === undefined) throw new TaskError("States.Runtime", withoutEndpoint(service));
    const { signal, trace } = invocation;
    const to = { service, endpoint, account, region, nowMs: deps.clock.now(), requestId, signal, trace };
    const model = this.#clients.model(service);
    const known = model?.operations.get(operation);
    try {
      if (model === undefined) return await awsJsonCall(operation, parameters, to);
      if (known === undefined) throw new TaskError("States.Runtime", unknownOperation(service, operation));
      return await this.#clients.call(known, parameters, to, sdk ? "iso" : "epoch");
    } catch (error) {
      const client = sdk ? this.#clients.clientName(service) : undefined;
      if (error instanceof ErrorResponse) throw serviceTaskError(type, error.serviceError, client);
      if (error instanceof NoResponse) throw unreachable(type, error.message, client);
      throw error;
    }
  }
}

function withoutEndpoint(service: string): string {
  return `Busbar has no service ${service}: start it with --endpoint ${service}=<url>, or mock the state with --mocks.`;
}

function unknownOperation(service: string, operation: string): string {
  return `The installed client of ${service} has no operation ${operation}.`;
}

/** The operation that a resource calls; undefined if Step Functions or Busbar has no such integration. */
function called(resource: Resource): (Called & Pick<ServiceResource, "api" | "pattern">) | undefined {
  if (resource.kind !== "service") return undefined;
  const { resourceType: type, api, pattern } = resource;
  const operation = pascalCase(api);
  const sdk = type.startsWith("aws-sdk:");
  if (sdk) return { type, sdk, service: type.slice("aws-sdk:".length), operation, api, pattern };
  const integration = optimizedIntegration(type);
  if (integration === undefined || !optimizedApis.get(type)?.includes(api)) return undefined;
  return { type, sdk, service: integration.service, operation, api, pattern };
}

/** Headers that only DynamoDB's responses have. */
function dynamoHeaders(value: JsonObject): JsonObject {
  return { Server: "Server", "x-amz-crc32": String(crc32(writeJson(value))) };
}
