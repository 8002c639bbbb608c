/**
 * The limit for an open standard execution (Step Functions Developer Guide, service quotas): one year, after which it
 * ends as if its machine had a TimeoutSeconds. An account has one durable timer, for its oldest execution.
 */
import { dayMs } from "../../../engine/duration.ts";
import type { StepFunctions } from "../stepfunctions.ts";
import type { ExecutionRow } from "../tables.ts";

export const maxOpenMs = 365 * dayMs;

const timerKind = "states.timeLimit";

/** Executions ended in one transaction. */
const endedAtOnce = 50;

export class TimeLimit {
  readonly #sfn: StepFunctions;

  constructor(sfn: StepFunctions) {
    this.#sfn = sfn;
    sfn.deps.timers.on(timerKind, ({ account }) => this.#endOldest(account));
  }

  /** Inside a transaction: call it when an execution starts, or is redriven. */
  watch({ account, startedMs }: Pick<ExecutionRow, "account" | "startedMs">): void {
    const { timers } = this.#sfn.deps;
    const id = `states oldest ${account}`;
    const dueMs = startedMs + maxOpenMs;
    const armed = timers.get(id);
    if (armed !== undefined && armed.dueMs <= dueMs) return;
    timers.schedule({ id, account, dueMs, kind: timerKind, payload: undefined });
  }

  /** The timer's execution may have ended long ago: then this only sets the timer for the next one. */
  #endOldest(account: string): void {
    const { runner, now } = this.#sfn;
    const { open } = runner.executions.by;
    let left = endedAtOnce;
    for (const { arn } of open.range(account, { lte: now - maxOpenMs })) {
      runner.signal(arn, { type: "timer", timerId: "execution" });
      left -= 1;
      if (left === 0) break;
    }
    const oldest = open.first(account);
    if (oldest !== undefined) this.watch(oldest);
  }
}
