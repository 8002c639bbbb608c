import type { Env } from "../asl/execution.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow } from "../tables.ts";
import { newToken } from "../tasks/tokens.ts";

/** What a step of an execution can access. Executions and tests of states draw from random sequences of their own. */
export function envOf(service: StepFunctions, row: ExecutionRow, purpose: "runs" | "tests" = "runs"): Env {
  const random = service.deps.random.fork(purpose);
  return {
    nowMs: service.now,
    chance: { random: () => random.float(), uuid: () => random.uuid() },
    region: row.region,
    taskToken: (taskId) => newToken(row.arn, taskId, random.uuid()),
    startProblem: (task) => service.performer.startProblem(task, service.mocks.isMocked(row, task.stateName)),
  };
}
