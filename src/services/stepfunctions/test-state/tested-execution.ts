/** The execution that TestState pretends to run, and how it carries out the state's task. */
import type { OperationContext } from "../../../calls/operation.ts";
import { newArn } from "../arns.ts";
import type { Env, TaskRequest } from "../asl/execution.ts";
import { errorDetails } from "../asl/history.ts";
import type { Json } from "../asl/json.ts";
import { taskInvocation } from "../executions/causes.ts";
import { envOf } from "../executions/env.ts";
import { executionRow } from "../executions/execution-row.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow } from "../tables.ts";
import type { HttpExchange } from "../tasks/integrations/integration.ts";
import { TaskError } from "../tasks/integrations/task-error.ts";

/** Longest duration of a test (Step Functions, TestState). */
const maxTestSeconds = 300;

/** The row of an execution that is never stored. */
export function testedExecution(
  context: OperationContext<StepFunctions>,
  input: string,
  roleArn: string | undefined,
): ExecutionRow {
  const { service, account, region } = context;
  const random = service.deps.random.fork("tests");
  const name = random.uuid();
  return executionRow({
    arn: newArn(context, "express", `${random.uuid()}:${name}`),
    account,
    region,
    name,
    machine: newArn(context, "stateMachine", random.uuid()),
    revision: "",
    roleArn: roleArn ?? "",
    startedMs: service.now,
    input,
    causedBy: context.invocation.cause.text,
    serial: 0,
    testCase: undefined,
  });
}

/** The environment of the test's steps. */
export function testEnvOf(service: StepFunctions, row: ExecutionRow, mocked: boolean): Env {
  const env = envOf(service, row, "tests");
  return {
    ...env,
    taskToken: env.chance.uuid,
    startProblem: (task) => service.performer.startProblem(task, mocked),
  };
}

/** Carries out a task; States.Timeout if it takes longer than its TimeoutSeconds or than a test may. */
export async function taskOutcome(
  service: StepFunctions,
  row: ExecutionRow,
  task: TaskRequest,
  trace: (exchange: HttpExchange) => void,
): Promise<{ output: Json } | { error?: string; cause?: string }> {
  const { clock } = service.deps;
  const call = new AbortController();
  const invocation = taskInvocation(row, task, call);
  const limitMs = Math.min(task.timeoutSeconds ?? maxTestSeconds, maxTestSeconds) * 1000;
  let timeOut = (): void => {};
  const timedOut = new Promise<{ error: string }>((resolve) => {
    timeOut = () => resolve({ error: "States.Timeout" });
  });
  const timer = clock.at(clock.now() + limitMs, timeOut);
  try {
    const answered = service.performer.callOnce(row, task, { invocation, trace }).then((output) => ({ output }));
    return await Promise.race([answered, timedOut]);
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    return errorDetails(error.error, error.causeText);
  } finally {
    timer.cancel();
    call.abort();
  }
}
