/** Executions and their tasks as causes of what they bring about. */
import { Cause } from "../../../calls/cause.ts";
import { Invocation } from "../../../calls/invocation.ts";
import type { TaskRequest } from "../asl/execution.ts";
import type { ExecutionRow } from "../tables.ts";

/** The cause of what an execution does. */
export function causeOf({ causedBy, arn }: ExecutionRow): Cause {
  return Cause.from(causedBy).next("execution", arn);
}

/** The call that a task of an execution is, given up by `outer`. */
export function taskInvocation(
  row: ExecutionRow,
  { taskId }: TaskRequest,
  outer: { readonly signal: AbortSignal },
): Invocation {
  return Invocation.ofService("states", row.machine, row, causeOf(row).next("task", taskId), outer);
}
