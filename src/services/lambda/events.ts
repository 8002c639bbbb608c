/**
 * Asynchronous invocations: events are stored as rows, run, and retried by their function's own rules (Lambda developer
 * guide, "How Lambda handles errors and retries with asynchronous invocation").
 */
import { AwsError } from "../../../protocols/error.ts";
import { Cause, currentCause } from "../../calls/cause.ts";
import { Invocation } from "../../calls/invocation.ts";
import type { FunctionAnswer } from "../../functions/types.ts";
import { type Condition, Destinations } from "./destinations.ts";
import { type EventRow, eventPayloadTable, eventTable } from "./event-tables.ts";
import type { Lambda } from "./lambda.ts";
import { type InvokeConfigRow, latest } from "./tables.ts";

/** The pauses before the first and second retry of an event for which the function failed. */
const retryPausesMs = [60_000, 120_000];
/** The pauses while a function is throttled or Lambda fails; each is twice as long. */
const [firstThrottleMs, maxThrottleMs] = [1000, 300_000];
const defaultRetries = 2;
const defaultMaxAgeSeconds = 21_600;
/** How many events of one function, and of all, run at a time; the others wait as rows. */
const [maxOfFunction, maxOfAll] = [50, 200];
const timerKind = "lambda.event";

/** An accepted event. */
export interface TakenEvent {
  readonly account: string;
  readonly region: string;
  /** The request's id, shared by all attempts. */
  readonly requestId: string;
  /** With the requested qualifier. */
  readonly arn: string;
  readonly functionArn: string;
  readonly payload: string;
  readonly clientContext?: string | undefined;
}

export class Events {
  readonly #lambda: Lambda;
  readonly #rows;
  readonly #payloads;
  readonly #destinations: Destinations;
  /** Due, but there is no capacity yet. */
  readonly #waiting: EventRow[] = [];
  readonly #running = new Map<string, number>();
  #runningOfAll = 0;
  #stopped = false;

  constructor(lambda: Lambda) {
    const { store, timers } = lambda.deps;
    this.#lambda = lambda;
    this.#rows = store.table(eventTable);
    this.#payloads = store.packedTable(eventPayloadTable);
    this.#destinations = new Destinations(lambda);
    timers.on(timerKind, ({ payload: id }) => {
      const row = this.#rows.get(id as string);
      if (row !== undefined) store.afterDurable(() => this.#due(row));
    });
    this.#resume();
  }

  /** Accepts an event. Inside a transaction. */
  accept({ payload, ...event }: TakenEvent): void {
    const { store, clock } = this.#lambda.deps;
    const serial = store.nextSerial();
    this.#payloads.put({ serial, account: event.account, text: payload });
    const row: EventRow = {
      ...event,
      payloadSerial: serial,
      acceptedMs: clock.now(),
      attempts: 0,
      throttles: 0,
      cause: currentCause()?.text,
    };
    this.#rows.put(row);
    this.#schedule(row, clock.now());
  }

  /** To be called after a reset has deleted rows. */
  reset(): void {
    this.#waiting.length = 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
  }

  /** Events whose attempt was under way when the process ended are tried again. */
  #resume(): void {
    const { store, clock, timers } = this.#lambda.deps;
    const lost = [...this.#rows.values()].filter((row) => timers.get(timerId(row)) === undefined);
    if (lost.length === 0) return;
    store.transaction(() => {
      for (const row of lost) this.#schedule(row, clock.now());
    });
  }

  #schedule(row: EventRow, dueMs: number): void {
    const { timers } = this.#lambda.deps;
    timers.schedule({ id: timerId(row), account: row.account, dueMs, kind: timerKind, payload: row.requestId });
  }

  #due(row: EventRow): void {
    if (this.#stopped) return;
    const ofFunction = this.#running.get(row.functionArn) ?? 0;
    if (ofFunction >= maxOfFunction || this.#runningOfAll >= maxOfAll) {
      this.#waiting.push(row);
      return;
    }
    this.#running.set(row.functionArn, ofFunction + 1);
    this.#runningOfAll += 1;
    const done = this.#try(row).finally(() => {
      const left = (this.#running.get(row.functionArn) ?? 1) - 1;
      if (left === 0) this.#running.delete(row.functionArn);
      else this.#running.set(row.functionArn, left);
      this.#runningOfAll -= 1;
      this.#goOn();
    });
    void this.#lambda.deps.clock.trackOutside(done);
  }

  #goOn(): void {
    const at = this.#waiting.findIndex((row) => (this.#running.get(row.functionArn) ?? 0) < maxOfFunction);
    if (at === -1) return;
    const [row] = this.#waiting.splice(at, 1);
    if (row !== undefined) this.#due(row);
  }

  /** Makes one attempt; its result is written in one transaction. */
  async #try(row: EventRow): Promise<void> {
    const { store, functions, clock } = this.#lambda.deps;
    const payload = this.#payloads.get(row.payloadSerial)?.text;
    if (payload === undefined || this.#rows.get(row.requestId) !== row) return;
    const cause = Cause.from(row.cause).next("message", row.requestId);
    const invocation = Invocation.ofService("lambda", row.functionArn, row, cause);
    const { requestId, clientContext } = row;
    let answer: FunctionAnswer | undefined;
    let failure: AwsError | undefined;
    if (!this.#isShut(row)) {
      try {
        answer = await functions.invoke(row.arn, payload, invocation, { requestId, clientContext });
      } catch (error) {
        if (this.#stopped) return;
        if (!(error instanceof AwsError)) {
          clock.report(error);
          failure = AwsError.unmodeled({ name: "ServiceException", status: 500, message: "Internal error." });
        } else failure = error;
      }
    }
    if (this.#stopped) return;
    try {
      cause.run(() => store.transaction(() => this.#settle(row, payload, answer, failure)));
    } catch (error) {
      // The emulator was stopped meanwhile: the next run repeats the attempt.
      if (!this.#stopped) clock.report(error);
    }
  }

  #settle(row: EventRow, payload: string, answer: FunctionAnswer | undefined, failure: AwsError | undefined): void {
    if (this.#rows.get(row.requestId) !== row) return;
    const now = this.#lambda.now;
    const config = this.#configOf(row);
    const attempts = row.attempts + (answer === undefined ? 0 : 1);
    const tried: EventRow = { ...row, attempts, throttles: row.throttles + (failure === undefined ? 0 : 1) };
    const oldestMs = row.acceptedMs + (config?.maximumEventAgeInSeconds ?? defaultMaxAgeSeconds) * 1000;
    const next = nextOf(tried, config, answer, failure);
    if (typeof next === "number") this.#again(tried, payload, now + next, oldestMs, answer, failure);
    else this.#end(tried, payload, next, answer, failure);
  }

  #again(
    row: EventRow,
    payload: string,
    dueMs: number,
    oldestMs: number,
    answer: FunctionAnswer | undefined,
    failure: AwsError | undefined,
  ): void {
    if (dueMs > oldestMs) {
      this.#end(row, payload, "EventAgeExceeded", answer, failure);
      return;
    }
    this.#rows.put(row);
    this.#schedule(row, dueMs);
    this.#lambda.deps.delivery.noteFailed(attemptOf(row), reasonOf(answer, failure), dueMs);
  }

  #end(
    row: EventRow,
    payload: string,
    condition: Condition,
    answer: FunctionAnswer | undefined,
    failure: AwsError | undefined,
  ): void {
    const { delivery } = this.#lambda.deps;
    this.#rows.delete(row.requestId);
    this.#payloads.delete(row.payloadSerial);
    if (condition === "Success") delivery.noteDelivered([row], ({ requestId }) => requestId);
    else {
      const reason = condition === "ZeroReservedConcurrency" ? zeroReserved : reasonOf(answer, failure);
      delivery.noteFailed(attemptOf(row), reason, undefined);
    }
    this.#destinations.send({ row, payload, condition, answer, failure, config: this.#configOf(row) });
  }

  /** A function with a reservation of 0 does not run, unless a handler or option replaces it. */
  #isShut({ functionArn, arn }: EventRow): boolean {
    const { functions } = this.#lambda.deps;
    return this.#lambda.functions.get(functionArn)?.reservedConcurrency === 0 && !functions.isOverridden(arn);
  }

  #configOf({ arn, functionArn }: EventRow): InvokeConfigRow | undefined {
    return this.#lambda.invokeConfigs.get(arn === functionArn ? `${arn}:${latest}` : arn);
  }
}

/**
 * How an event ends, or the pause before its next attempt in milliseconds.
 * @param row including the attempt just made.
 */
function nextOf(
  row: EventRow,
  config: InvokeConfigRow | undefined,
  answer: FunctionAnswer | undefined,
  failure: AwsError | undefined,
): Condition | number {
  if (answer !== undefined) {
    if (answer.functionError === undefined) return "Success";
    const retries = config?.maximumRetryAttempts ?? defaultRetries;
    return (row.attempts > retries ? undefined : retryPausesMs[row.attempts - 1]) ?? "RetriesExhausted";
  }
  if (failure === undefined) return "ZeroReservedConcurrency";
  // Without its function, or in a loop, retrying an event is pointless.
  if (failure.status === 404 || failure.name === "RecursiveInvocationException") return "RetriesExhausted";
  return Math.min(maxThrottleMs, firstThrottleMs * 2 ** (row.throttles - 1));
}

const zeroReserved = { code: "ZeroReservedConcurrency", message: "The function's reserved concurrency is 0." };

function timerId({ requestId }: EventRow): string {
  return `${timerKind} ${requestId}`;
}

function attemptOf({ requestId, account, region, arn, functionArn }: EventRow) {
  return { key: requestId, kind: "lambda", account, region, service: "lambda", source: functionArn, target: arn };
}

function reasonOf(
  answer: FunctionAnswer | undefined,
  failure: AwsError | undefined,
): { code: string; message: string } {
  if (failure !== undefined) return { code: failure.name, message: failure.message };
  return { code: answer?.functionError ?? "Unhandled", message: (answer?.payload ?? "").slice(0, 1000) };
}
