/** Functions that a durable execution invokes and waits for. */
import { AwsError } from "../../../../protocols/error.ts";
import { Cause } from "../../../calls/cause.ts";
import { Invocation } from "../../../calls/invocation.ts";
import type { FunctionAnswer } from "../../../functions/types.ts";
import type { Lambda } from "../lambda.ts";
import { parseName } from "../names.ts";
import { errorOf, objectIn } from "./answers.ts";
import type { DurableExecutions } from "./executions.ts";
import { isOpen, type Updated } from "./updates.ts";

export class ChainedInvokes {
  readonly #lambda: Lambda;
  readonly #executions: DurableExecutions;
  readonly #running = new Set<string>();

  constructor(lambda: Lambda, executions: DurableExecutions) {
    this.#lambda = lambda;
    this.#executions = executions;
  }

  /** Invokes the function that an operation names, and completes the operation with the result. */
  begin(execution: string, id: string): void {
    const { clock } = this.#lambda.deps;
    const key = `${execution} ${id}`;
    if (this.#running.has(key)) return;
    this.#running.add(key);
    const done = this.#invoke(execution, id).finally(() => this.#running.delete(key));
    clock.trackOutside(done).catch((error: unknown) => clock.report(error));
  }

  async #invoke(execution: string, id: string): Promise<void> {
    const { state } = this.#executions;
    const row = state.executions.get(execution);
    const operation = state.operation(execution, id);
    if (row === undefined || operation === undefined) return;
    const { functions, store } = this.#lambda.deps;
    const cause = Cause.from(row.cause).next("execution", execution);
    let outcome: Pick<Updated, "result" | "error">;
    try {
      const arn = parseName(operation.functionName ?? "", undefined, row).asked;
      const invocation = Invocation.ofService("lambda", row.functionArn, row, cause);
      // A durable function is found again after a restart by this name.
      const executionName = `${row.arn.slice(row.arn.lastIndexOf("/") + 1)}-${id.slice(0, 27)}`;
      outcome = outcomeOf(
        await functions.invoke(arn, state.textOf(operation.input) ?? "", invocation, { executionName }),
      );
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      outcome = { error: { ErrorType: error.name, ErrorMessage: error.message } };
    }
    cause.run(() => store.transaction(() => this.#settle(execution, id, outcome)));
  }

  #settle(execution: string, id: string, outcome: Pick<Updated, "result" | "error">): void {
    const { state } = this.#executions;
    const row = state.executions.get(execution);
    const operation = state.operation(execution, id);
    if (row?.status !== "RUNNING" || operation === undefined || !isOpen(operation)) return;
    const { key: _key, account: _account, execution: _execution, place: _place, ...before } = operation;
    const status = outcome.error === undefined ? ("SUCCEEDED" as const) : ("FAILED" as const);
    const now = this.#lambda.now;
    this.#executions.hasChanged(state.change(row, { row: { ...before, status, endedMs: now }, ...outcome }, now), id);
  }
}

function outcomeOf({ payload, functionError }: FunctionAnswer): Pick<Updated, "result" | "error"> {
  return functionError === undefined ? { result: payload } : { error: errorOf(objectIn(payload)) };
}
