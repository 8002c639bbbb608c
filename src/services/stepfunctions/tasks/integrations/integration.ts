import type { Invocation } from "../../../../calls/invocation.ts";
import type { ServiceDependencies } from "../../../../calls/service.ts";
import type { TaskRequest } from "../../asl/execution.ts";
import { type Json, writeJson } from "../../asl/json.ts";
import type { ExecutionRow } from "../../tables.ts";

/** A task to be carried out. */
export interface TaskCall {
  readonly deps: ServiceDependencies;
  readonly row: ExecutionRow;
  readonly task: TaskRequest;
  readonly invocation: Invocation;
  /** Called with what an HTTP task sends and receives. */
  readonly trace?: (exchange: HttpExchange) => void;
}

interface HttpRequest {
  readonly protocol: string;
  readonly method: string;
  readonly url: string;
  readonly headers: string;
  readonly body: string;
}

/** The request and response of an HTTP task as TestState shows them. */
export interface HttpExchange {
  /** Without what the connection adds. */
  readonly request: HttpRequest;
  readonly revealed: HttpRequest;
  readonly response?: {
    readonly protocol: string;
    readonly statusCode: string;
    readonly statusMessage: string;
    readonly headers: string;
    readonly body: string;
  };
}

/** Carries out tasks of one kind of resource. */
export interface Integration {
  /** Why a task cannot be started with its parameters; undefined if it can. */
  startProblem(task: TaskRequest): string | undefined;
  /** Calls the API and returns the task's result. @throws TaskError */
  call(call: TaskCall): Promise<Json>;
}

/** AWS's message for invalid parameters. */
export function badParameters(parameters: Json, problems: readonly string[]): string {
  return `The Parameters '${writeJson(parameters)}' could not be used to start the Task: [${problems.join(", ")}]`;
}
