import type { Invocation } from "../../../../calls/invocation.ts";
import type { ServiceDependencies } from "../../../../calls/service.ts";
import type { TaskRequest } from "../../asl/execution.ts";
import { type Json, writeJson } from "../../asl/json.ts";
import type { ExecutionRow } from "../../tables.ts";

/** A task to be carried out, for whom, and the call that it is. */
export interface TaskCall {
  readonly deps: ServiceDependencies;
  readonly row: ExecutionRow;
  readonly task: TaskRequest;
  readonly invocation: Invocation;
  /** Hears what an HTTP task sent and got. */
  readonly trace?: (exchange: HttpExchange) => void;
}

interface HttpRequest {
  readonly protocol: string;
  readonly method: string;
  readonly url: string;
  readonly headers: string;
  readonly body: string;
}

/** The call of an HTTP task as TestState shows it. */
export interface HttpExchange {
  /** Without what a connection added. */
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

/** One kind of resource. */
export interface Integration {
  /** Why a task cannot be started with these parameters; undefined when it can. */
  refusal(task: TaskRequest): string | undefined;
  /** The API's answer. @throws TaskError */
  call(call: TaskCall): Promise<Json>;
}

/** AWS's sentence for parameters that do not fit. */
export function badParameters(parameters: Json, problems: readonly string[]): string {
  return `The Parameters '${writeJson(parameters)}' could not be used to start the Task: [${problems.join(", ")}]`;
}
