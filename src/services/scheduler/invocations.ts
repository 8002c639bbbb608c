/** One invocation of a schedule: its target, its retries, and its dead letter. */
import type { Invocation } from "../../calls/invocation.ts";
import { eventRetry } from "../../delivery/event-retry.ts";
import {
  type DeadLetter,
  type Delivery,
  type DeliveryEnd,
  DeliveryFailure,
  FailedAfterTaking,
  type MessageAttributes,
} from "../../delivery/types.ts";
import { applySchedulerContext } from "../../events/input-transform/index.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ScheduleRow, TargetSpec } from "./tables.ts";
import { requestOf, universalInput, wayTo } from "./targets.ts";

const service = "scheduler";

/** What an invocation's attempts and its end need to know. */
interface Planned {
  readonly executionId: string;
  readonly plannedMs: number;
  /** The serial of the schedule that caused it. */
  readonly serial: number;
  /** The last invocation: a schedule that is to be deleted after completion is deleted when this one has ended. */
  readonly last: boolean;
  readonly spec: TargetSpec;
}

export class Invocations {
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    const { delivery } = scheduler.deps;
    delivery.register("aws-sdk", (one, invocation) => this.#call(one, invocation));
    delivery.prepareAttempt(service, (one) => filled(one, one.attempt));
    delivery.describeFailure(service, (end) => this.#deadLetter(end));
    delivery.onEnd(service, (end) => this.#ended(end));
  }

  /** Submits an invocation to the delivery engine. Inside a transaction. */
  submit(row: ScheduleRow, plannedMs: number, last: boolean): void {
    const { deps } = this.#scheduler;
    const { target: spec, serial } = row;
    const executionId = deps.random.fork("invocations").hex(16);
    const context: Planned = { executionId, plannedMs, serial, last, spec };
    const deadLetterArn = spec.DeadLetterConfig?.Arn;
    const deadLetter: DeadLetter | undefined =
      deadLetterArn === undefined ? undefined : { arn: deadLetterArn, roleArn: spec.RoleArn };
    deps.delivery.submit({
      account: row.account,
      region: row.region,
      service,
      source: row.arn,
      roleArn: spec.RoleArn,
      target: spec.Arn,
      ...wayTo(spec, executionId),
      payload: spec.Input ?? this.#notification(row, plannedMs),
      retry: eventRetry(spec.RetryPolicy),
      deadLetter,
      notify: service,
      context: { ...context },
    });
  }

  /** The payload for a schedule without input. */
  #notification(row: ScheduleRow, plannedMs: number): string {
    return JSON.stringify({
      version: "0",
      id: this.#scheduler.deps.random.fork("invocations").uuid(),
      "detail-type": "Scheduled Event",
      source: "aws.scheduler",
      account: row.account,
      time: isoSeconds(plannedMs),
      region: row.region,
      resources: [row.arn],
      detail: "{}",
    });
  }

  /** The target kind `aws-sdk`: a universal target's call. */
  async #call(delivery: Delivery<"aws-sdk">, invocation: Invocation): Promise<unknown> {
    const { service: called, action } = delivery.parameters;
    const input = universalInput(delivery.payload);
    if (called === "lambda") return this.#invoke(delivery, action, input, invocation);
    return this.#scheduler.deps.call(called, action, input, invocation, "json");
  }

  /** Lambda's Invoke; an asynchronous invocation is up to the function from then on. */
  #invoke(
    delivery: Delivery<"aws-sdk">,
    action: string,
    input: Readonly<Record<string, unknown>>,
    invocation: Invocation,
  ): Promise<unknown> {
    const { functions } = this.#scheduler.deps;
    const { FunctionName: name, InvocationType: type = "RequestResponse", Payload: payload = "{}" } = input;
    if (!/^invoke$/i.test(action) || typeof name !== "string" || typeof payload !== "string") {
      const message = `Busbar knows of Lambda nothing but invoke with FunctionName and Payload, not ${action}.`;
      throw new DeliveryFailure("NotImplemented", message, false);
    }
    const taken = { ...delivery, kind: "lambda", parameters: {}, target: name, payload } as const;
    return type === "Event" ? functions.target(taken, invocation) : this.#invokeAndWait(taken, invocation);
  }

  /** The schedule's part is done when the function answers, even with an error. */
  async #invokeAndWait(taken: Delivery<"lambda">, invocation: Invocation): Promise<unknown> {
    const answer = await this.#scheduler.deps.functions.invoke(taken.target, taken.payload, invocation);
    const { functionError, payload } = answer;
    if (functionError === undefined) return answer;
    throw new FailedAfterTaking(functionError, payload.slice(0, 1000), taken, { phases: [] }, answer);
  }

  #deadLetter(end: DeliveryEnd) {
    const { delivery, failure, exhausted } = end;
    const { executionId, plannedMs } = plannedOf(delivery);
    // `attempt` counts the attempt that would be next.
    const attempts = Math.max(1, delivery.attempt - 1);
    const attributes: Record<string, MessageAttributes[string]> = {
      ERROR_CODE: text(failure?.code || "Unknown"),
      ERROR_MESSAGE: text(failure?.message || "Unknown"),
      EXECUTION_ID: text(executionId),
      IS_PAYLOAD_TRUNCATED: text("false"),
      RETRY_ATTEMPTS: text(String(attempts - 1)),
      SCHEDULED_TIME: text(isoSeconds(plannedMs)),
      SCHEDULE_ARN: text(delivery.source),
      TARGET_ARN: text(delivery.target),
    };
    if (exhausted !== undefined && exhausted !== "NotRetryable") {
      attributes["EXHAUSTED_RETRY_CONDITION"] = text(exhausted);
    }
    return { body: deadLetterBody(delivery, attempts), attributes };
  }

  /** A completed schedule is deleted at the end of its last invocation, unless it was updated since. */
  #ended({ delivery }: DeliveryEnd): void {
    const { last, serial } = plannedOf(delivery);
    if (!last) return;
    const { schedules } = this.#scheduler;
    const row = schedules.get(delivery.source);
    if (row?.serial === serial && row.deleteAfterCompletion) schedules.delete(row.arn);
  }
}

function plannedOf({ context }: Delivery): Planned {
  return context as unknown as Planned;
}

/** The input of an attempt: its keywords may include the attempt's number. */
function filled(delivery: Delivery, attempt: number): string {
  const { executionId, plannedMs } = plannedOf(delivery);
  return applySchedulerContext(delivery.payload, {
    scheduleArn: delivery.source,
    scheduledTimeMs: plannedMs,
    executionId,
    attemptNumber: attempt,
  });
}

/** The request that could not be made; or the input, when no request can be built from it. */
function deadLetterBody(delivery: Delivery, attempt: number): string {
  const { spec, executionId } = plannedOf(delivery);
  try {
    return JSON.stringify(requestOf(spec, { input: filled(delivery, attempt), executionId }));
  } catch {
    return delivery.payload;
  }
}

function isoSeconds(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, "Z");
}

function text(StringValue: string) {
  return { DataType: "String", StringValue };
}
