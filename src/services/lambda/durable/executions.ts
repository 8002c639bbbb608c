/**
 * Durable executions: a function is invoked repeatedly, each time with the results of its operations, until it answers
 * that it has succeeded or failed (Lambda developer guide, "Durable functions").
 */
import type { ErrorObject, EventType, ExecutionStatus } from "@aws-sdk/client-lambda";
import { DurableExecutionAlreadyStartedException$ } from "@aws-sdk/client-lambda";
import { AwsError } from "../../../../protocols/error.ts";
import { currentCause } from "../../../calls/cause.ts";
import type { FunctionAnswer, FunctionCall } from "../../../functions/types.ts";
import { invalidParameter } from "../errors.ts";
import type { Lambda } from "../lambda.ts";
import type { VersionRow } from "../tables.ts";
import { answerOf } from "./answers.ts";
import { ChainedInvokes } from "./chained-invokes.ts";
import { DurableRuns } from "./runs.ts";
import { DurableState } from "./state.ts";
import { type ExecutionRow, nameKey, type OperationRow } from "./tables.ts";
import { isOpen } from "./updates.ts";

/** A client waits no longer for an execution than for any other function (Lambda quotas). */
const maxSyncSeconds = 900;
const daySeconds = 86_400;
const yearSeconds = 366 * daySeconds;
const defaultRetentionDays = 14;
const timerKind = "lambda.durable";

export interface DurableTimer {
  readonly execution: string;
  /** An operation's id, or what is to be done with the execution. */
  readonly operation?: string;
  readonly what?: "timeout" | "retry" | "retention";
}

type Ended = Extract<ExecutionStatus, "SUCCEEDED" | "FAILED" | "STOPPED" | "TIMED_OUT">;

const endEvents: Readonly<Record<Ended, EventType>> = {
  SUCCEEDED: "ExecutionSucceeded",
  FAILED: "ExecutionFailed",
  STOPPED: "ExecutionStopped",
  TIMED_OUT: "ExecutionTimedOut",
};

export class DurableExecutions {
  readonly state: DurableState;
  readonly #lambda: Lambda;
  readonly #chained: ChainedInvokes;
  readonly #runs: DurableRuns;
  readonly #waiters = new Map<string, ((row: ExecutionRow | undefined) => void)[]>();
  #stopped = false;

  constructor(lambda: Lambda) {
    const { store, timers, clock } = lambda.deps;
    this.#lambda = lambda;
    this.state = new DurableState(store);
    this.#chained = new ChainedInvokes(lambda, this);
    this.#runs = new DurableRuns(lambda, this);
    timers.on(timerKind, ({ payload }) => this.#due(payload as DurableTimer));
    // Once every service exists: resumes what was under way when the process ended.
    clock.at(clock.now(), () => this.#resume());
  }

  /** @throws AwsError InvalidParameterValueException for a call that durable functions do not accept. */
  check(version: VersionRow, isQualified: boolean, isSync: boolean): void {
    if (!isQualified) throw invalidParameter("You cannot invoke a durable function using an unqualified ARN.");
    const { ExecutionTimeout = yearSeconds } = version.settings.DurableConfig ?? {};
    if (isSync && ExecutionTimeout > maxSyncSeconds) {
      throw invalidParameter(
        "You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.",
      );
    }
  }

  /** Starts an execution, or finds the one with this name, and waits for it to end. */
  async invoke(version: VersionRow, call: FunctionCall): Promise<FunctionAnswer> {
    const { store, clock } = this.#lambda.deps;
    const begun = call.invocation.cause.run(() => store.transaction(() => this.start(version, call)));
    const row = begun.status === "RUNNING" ? await clock.trackOutside(this.#end(begun.arn)) : begun;
    return answerOf(row, this.state.textOf, call.requestId, version.version);
  }

  /**
   * Starts an execution, or finds the one with this name. Inside a transaction.
   * @throws AwsError DurableExecutionAlreadyStartedException if that one has another input.
   */
  start(
    version: VersionRow,
    { payload, executionName }: Pick<FunctionCall, "payload" | "executionName">,
  ): ExecutionRow {
    const { random, store } = this.#lambda.deps;
    const { account, region, functionArn, settings } = version;
    const input = payload === "" ? "{}" : payload;
    if (executionName !== undefined) {
      const [known] = this.state.executions.by.name.range(nameKey(functionArn, executionName));
      if (known !== undefined) {
        if (this.state.textOf(known.input) === input) return known;
        throw AwsError.of(
          DurableExecutionAlreadyStartedException$,
          `A durable execution with name ${executionName} has already been started with another payload.`,
          { Type: "User" },
        );
      }
    }
    const ids = random.fork("durable");
    const name = executionName ?? ids.uuid();
    const { ExecutionTimeout = yearSeconds, RetentionPeriodInDays = defaultRetentionDays } =
      settings.DurableConfig ?? {};
    const now = this.#lambda.now;
    const row: ExecutionRow = {
      arn: `${version.arn}/durable-execution/${name}/${ids.uuid()}`,
      account,
      region,
      functionArn,
      versionArn: version.arn,
      name,
      serial: store.nextSerial(),
      status: "RUNNING",
      startedMs: now,
      timeoutSeconds: ExecutionTimeout,
      retentionDays: RetentionPeriodInDays,
      input: this.state.keep(account, input) as number,
      token: 0,
      changed: [],
      isInvoking: false,
      failures: 0,
      events: 0,
      operations: 0,
      size: input.length,
      cause: currentCause()?.text,
    };
    const begun = this.state.begin(row, input);
    this.schedule(begun, { execution: row.arn, what: "timeout" }, now + ExecutionTimeout * 1000);
    this.#emit(begun);
    store.afterDurable(() => this.goOn(row.arn));
    return begun;
  }

  /** Ends an execution. Inside a transaction. */
  finish(
    row: ExecutionRow,
    status: Ended,
    given: { result?: string | undefined; error?: ErrorObject | undefined },
  ): ExecutionRow {
    const { store, timers } = this.#lambda.deps;
    const now = this.#lambda.now;
    const errorText = given.error === undefined ? undefined : JSON.stringify(given.error);
    const ended: ExecutionRow = {
      ...row,
      status,
      endedMs: now,
      result: this.state.keep(row.account, given.result),
      error: this.state.keep(row.account, errorText),
      isInvoking: false,
      changed: [],
    };
    const payload = this.state.keep(row.account, errorText ?? given.result);
    const id = row.arn.slice(row.arn.lastIndexOf("/") + 1);
    const kept = this.state.record(ended, { type: endEvents[status], id, name: row.name, details: {}, payload }, now);
    for (const operation of this.state.operations.by.execution.range(row.arn)) {
      timers.cancel(timerId({ execution: row.arn, operation: operation.id }));
    }
    for (const what of ["timeout", "retry"] as const) timers.cancel(timerId({ execution: row.arn, what }));
    this.schedule(kept, { execution: row.arn, what: "retention" }, now + row.retentionDays * daySeconds * 1000);
    this.#emit(kept);
    store.afterDurable(() => this.#tell(kept.arn, kept));
    return kept;
  }

  /** Notes that an operation has changed, and invokes the function again. Inside a transaction. */
  hasChanged(row: ExecutionRow, operationId: string): void {
    this.state.executions.put({ ...row, changed: [...row.changed, operationId] });
    this.#lambda.deps.store.afterDurable(() => this.goOn(row.arn));
  }

  /** Starts what a new operation needs: a timer, or a function. Inside a transaction. */
  await(row: ExecutionRow, operation: OperationRow): void {
    const dueMs = operation.status === "PENDING" ? operation.nextAttemptMs : this.#dueMsOf(operation);
    const payload = { execution: row.arn, operation: operation.id };
    if (isOpen(operation) && dueMs !== undefined) this.schedule(row, payload, dueMs);
    else this.#lambda.deps.timers.cancel(timerId(payload));
    if (operation.type === "CHAINED_INVOKE" && isOpen(operation)) {
      this.#lambda.deps.store.afterDurable(() => this.#chained.begin(row.arn, operation.id));
    }
  }

  /** Invokes the function, unless it is running or waits before a retry. */
  goOn(arn: string): void {
    if (this.#stopped) return;
    const { clock } = this.#lambda.deps;
    clock.trackOutside(this.#runs.invoke(arn)).catch((error: unknown) => {
      if (!this.#stopped) clock.report(error);
    });
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** To be called after a reset has deleted rows: ends all waits for them. */
  reset(): void {
    for (const arn of [...this.#waiters.keys()]) if (!this.state.executions.has(arn)) this.#tell(arn, undefined);
  }

  #due({ execution, operation: id, what }: DurableTimer): void {
    const { store } = this.#lambda.deps;
    const row = this.state.executions.get(execution);
    if (row === undefined) return;
    if (what === "retention") this.state.delete(row);
    if (row.status !== "RUNNING") return;
    if (what === "timeout")
      this.finish(row, "TIMED_OUT", { error: { ErrorMessage: "The durable execution has timed out." } });
    if (what === "retry") store.afterDurable(() => this.goOn(execution));
    const operation = id === undefined ? undefined : this.state.operation(execution, id);
    if (operation === undefined || !isOpen(operation)) return;
    const now = this.#lambda.now;
    const { key: _key, account: _account, execution: _execution, place: _place, ...before } = operation;
    if (operation.type === "STEP") {
      this.state.operations.put({ ...operation, status: "READY" });
      this.hasChanged(row, operation.id);
    } else if (operation.type === "WAIT") {
      const ended = { ...before, status: "SUCCEEDED" as const, endedMs: now };
      this.hasChanged(this.state.change(row, { row: ended }, now), operation.id);
    } else {
      const isHeartbeat = operation.dueMs === undefined || now < operation.dueMs;
      const ErrorMessage = isHeartbeat ? "Callback timed out on heartbeat" : "Callback timed out";
      const ended = { ...before, status: "TIMED_OUT" as const, endedMs: now };
      const error = { ErrorType: isHeartbeat ? "Callback.Heartbeat" : "Callback.Timeout", ErrorMessage };
      this.hasChanged(this.state.change(row, { row: ended, error }, now), operation.id);
    }
  }

  /** A callback is due at its time-out, or earlier when heartbeats stop. */
  #dueMsOf({ type, dueMs, heartbeatSeconds }: OperationRow): number | undefined {
    if (type !== "CALLBACK" || heartbeatSeconds === undefined) return dueMs;
    return Math.min(dueMs ?? Number.POSITIVE_INFINITY, this.#lambda.now + heartbeatSeconds * 1000);
  }

  #resume(): void {
    const { store } = this.#lambda.deps;
    for (const row of [...this.state.executions.values()]) {
      if (row.status !== "RUNNING") continue;
      if (row.isInvoking || row.token === 0 || row.changed.length > 0) {
        store.transaction(() => this.state.executions.put({ ...row, isInvoking: false }));
        this.goOn(row.arn);
      }
      for (const { type, id, status } of this.state.operations.by.execution.range(row.arn)) {
        if (type === "CHAINED_INVOKE" && status === "STARTED") this.#chained.begin(row.arn, id);
      }
    }
  }

  /** Inside a transaction. */
  schedule({ account }: ExecutionRow, payload: DurableTimer, dueMs: number): void {
    this.#lambda.deps.timers.schedule({ id: timerId(payload), account, dueMs, kind: timerKind, payload });
  }

  /** The execution once it has ended; undefined when a reset has deleted it. */
  #end(arn: string): Promise<ExecutionRow | undefined> {
    return new Promise((resolve) => this.#waiters.set(arn, [...(this.#waiters.get(arn) ?? []), resolve]));
  }

  #tell(arn: string, row: ExecutionRow | undefined): void {
    const waiting = this.#waiters.get(arn) ?? [];
    this.#waiters.delete(arn);
    for (const resolve of waiting) resolve(row);
  }

  #emit({ account, region, arn, name, versionArn, status, startedMs, endedMs }: ExecutionRow): void {
    this.#lambda.deps.awsEvents.emit({
      account,
      region,
      source: "aws.lambda",
      detailType: "Durable Execution Status Change",
      resources: [arn],
      detail: {
        durableExecutionArn: arn,
        durableExecutionName: name,
        functionArn: versionArn,
        status,
        startTimestamp: new Date(startedMs).toISOString(),
        ...(endedMs === undefined ? {} : { endTimestamp: new Date(endedMs).toISOString() }),
      },
    });
  }
}

export function timerId({ execution, operation, what }: DurableTimer): string {
  return `${timerKind} ${execution} ${what ?? `of ${operation}`}`;
}
