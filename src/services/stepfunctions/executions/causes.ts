/** Executions and their tasks as causes. */
import { Cause } from "../../../calls/cause.ts";
import { Invocation } from "../../../calls/invocation.ts";
import type { TaskRequest } from "../asl/execution.ts";
import { isObject } from "../asl/json.ts";
import type { ExecutionRow } from "../tables.ts";

/** The cause of everything an execution does. */
export function causeOf({ causedBy, arn }: ExecutionRow): Cause {
  return Cause.from(causedBy).next("execution", arn);
}

/** The invocation for a task of an execution, cancelled by `outer`. */
export function taskInvocation(
  row: ExecutionRow,
  { taskId, credentials }: TaskRequest,
  outer: { readonly signal: AbortSignal },
): Invocation {
  const role = isObject(credentials) ? credentials["RoleArn"] : undefined;
  const { account, region, roleArn } = row;
  const acting = { account, region, roleArn: typeof role === "string" ? role : roleArn };
  return Invocation.ofService("states", row.machine, acting, causeOf(row).next("task", taskId), outer);
}
