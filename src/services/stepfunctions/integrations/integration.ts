import type { ServiceDependencies } from "../../../core/service.ts";
import type { TaskRequest } from "../asl/execution.ts";
import type { Json } from "../asl/json.ts";
import type { ExecutionRow } from "../tables.ts";

/** A task to be carried out, for whom, and when to give up. */
export interface TaskCall {
  readonly deps: ServiceDependencies;
  readonly row: ExecutionRow;
  readonly task: TaskRequest;
  readonly signal: AbortSignal;
}

/** One kind of resource. */
export interface Integration {
  /** Why a task cannot be started with these parameters; undefined when it can. */
  refusal(task: TaskRequest): string | undefined;
  /** The API's answer. @throws TaskError */
  call(call: TaskCall): Promise<Json>;
  /** The call may wait for time to pass: time does not wait for it. */
  waits?(task: TaskRequest): boolean;
}

/** AWS's sentence for parameters that do not fit. */
export function badParameters(parameters: Json, problems: readonly string[]): string {
  return `The Parameters '${JSON.stringify(parameters)}' could not be used to start the Task: [${problems.join(", ")}]`;
}
