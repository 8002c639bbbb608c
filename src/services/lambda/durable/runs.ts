/** The invocations of a durable function, one after the other, and their answers. */
import type { ErrorObject } from "@aws-sdk/client-lambda";
import { AwsError } from "../../../../protocols/error.ts";
import { Cause } from "../../../calls/cause.ts";
import { Invocation } from "../../../calls/invocation.ts";
import type { FunctionAnswer } from "../../../functions/types.ts";
import type { Lambda } from "../lambda.ts";
import { answerIn, pauseAfter } from "./answers.ts";
import { type DurableExecutions, timerId } from "./executions.ts";
import type { ExecutionRow } from "./tables.ts";
import { checkpointToken } from "./tokens.ts";

export class DurableRuns {
  readonly #lambda: Lambda;
  readonly #executions: DurableExecutions;

  constructor(lambda: Lambda, executions: DurableExecutions) {
    this.#lambda = lambda;
    this.#executions = executions;
  }

  /** Invokes the function, unless it is running or waits before a retry, and stores the result. */
  async invoke(arn: string): Promise<void> {
    const { store, random, timers } = this.#lambda.deps;
    const { state } = this.#executions;
    const row = state.executions.get(arn);
    const waits = timers.get(timerId({ execution: arn, what: "retry" })) !== undefined;
    if (row?.status !== "RUNNING" || row.isInvoking || waits) return;
    const version = this.#lambda.versions.get(row.versionArn);
    const startedMs = this.#lambda.now;
    const requestId = random.fork("requests").uuid();
    const cause = Cause.from(row.cause).next("execution", row.arn);
    const invoking: ExecutionRow = {
      ...row,
      isInvoking: true,
      token: row.token + 1,
      changed: [],
      lastCheckpoint: undefined,
    };
    cause.run(() => store.transaction(() => state.executions.put(invoking)));
    let answer: FunctionAnswer | undefined;
    let failure: ErrorObject | undefined;
    if (version === undefined)
      failure = { ErrorType: "ResourceNotFoundException", ErrorMessage: `Function not found: ${row.versionArn}` };
    else {
      try {
        await store.untilDurable();
        const invocation = Invocation.ofService("lambda", row.functionArn, row, cause);
        const payload = JSON.stringify(this.#eventOf(invoking, row.changed));
        answer = await this.#lambda.runner.run(version, { arn: version.arn, payload, invocation, requestId });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        failure = { ErrorType: error.name, ErrorMessage: error.message };
      }
    }
    if (this.#executions.isStopped) return;
    cause.run(() => store.transaction(() => this.#settle(arn, invoking.token, startedMs, requestId, answer, failure)));
  }

  #eventOf(row: ExecutionRow, changed: readonly string[]): object {
    const { operations, next } = this.#executions.state.page(row.arn, undefined);
    return {
      DurableExecutionArn: row.arn,
      CheckpointToken: checkpointToken(row.arn, row.token),
      UpdatedOperationIds: row.token === 1 ? undefined : changed,
      InitialExecutionState: { Operations: operations, NextMarker: next === undefined ? undefined : String(next) },
    };
  }

  #settle(
    arn: string,
    token: number,
    startedMs: number,
    requestId: string,
    answer: FunctionAnswer | undefined,
    failure: ErrorObject | undefined,
  ): void {
    const { store } = this.#lambda.deps;
    const { state } = this.#executions;
    const found = state.executions.get(arn);
    if (found === undefined || found.token < token) return;
    const now = this.#lambda.now;
    const told = answerIn(answer, failure);
    const details = { StartTimestamp: startedMs, EndTimestamp: now, RequestId: requestId };
    const payload = told.status === "none" ? state.keep(found.account, JSON.stringify(told.error)) : undefined;
    const row = state.record({ ...found, isInvoking: false }, { type: "InvocationCompleted", details, payload }, now);
    if (row.status !== "RUNNING") return;
    switch (told.status) {
      case "SUCCEEDED":
        this.#executions.finish(row, "SUCCEEDED", { result: told.result });
        break;
      case "FAILED":
        this.#executions.finish(row, "FAILED", { error: told.error });
        break;
      case "PENDING":
        state.executions.put({ ...row, failures: 0 });
        if (row.changed.length > 0) store.afterDurable(() => this.#executions.goOn(arn));
        else if (!state.isWaiting(arn)) {
          const ErrorMessage = "Cannot return PENDING status with no pending operations.";
          this.#executions.finish(row, "FAILED", {
            error: { ErrorType: "InvalidParameterValueException", ErrorMessage },
          });
        }
        break;
      case "none":
        // The function was deleted, so there is no point in trying again.
        if (failure?.ErrorType === "ResourceNotFoundException")
          this.#executions.finish(row, "FAILED", { error: failure });
        else {
          state.executions.put({ ...row, failures: row.failures + 1 });
          this.#executions.schedule(row, { execution: arn, what: "retry" }, now + pauseAfter(row.failures));
        }
    }
  }
}
