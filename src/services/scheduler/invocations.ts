/** One invocation of a schedule: what its target is asked, how often it is tried, and what its dead letter says. */
import { AwsError } from "../../../protocols/error.ts";
import { parseArn } from "../../calls/arn.ts";
import type { Invocation } from "../../calls/invocation.ts";
import {
  type DeadLetter,
  type Delivery,
  type DeliveryEnd,
  DeliveryFailure,
  type MessageAttributes,
  type RetryPolicy,
} from "../../delivery/types.ts";
import { applySchedulerContext } from "../../events/input-transform/index.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ScheduleRow, TargetSpec } from "./tables.ts";
import { callOf, type TargetCall, targetKind } from "./targets.ts";

const service = "scheduler";
/** Deliveries of this kind are API calls, made anew at each attempt: the input may tell its number. */
const callKind = "scheduler.call";

export const defaultRetries = 185;
export const defaultMaxAgeSeconds = 86_400;
const fastRetries = 10;
const firstRetryMs = 1000;
/** So that 185 retries take about 24 hours. */
const slowRetryMs = 480_000;
const jitter = 0.05;

interface CallParameters {
  readonly executionId: string;
  readonly plannedMs: number;
  /** Of the schedule that caused it. */
  readonly serial: number;
  /** No invocation follows: a schedule that is to be deleted after completion goes when this one has ended. */
  readonly last: boolean;
  readonly spec: TargetSpec;
}

export class Invocations {
  readonly #scheduler: Scheduler;
  readonly #invokeFunction;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    const { delivery, functions, store } = scheduler.deps;
    this.#invokeFunction = functions.target(delivery, (body) => store.transaction(body));
    delivery.register(callKind, (one, invocation) => this.#call(one, invocation));
    delivery.describeFailure(service, (end) => this.#deadLetter(end));
    delivery.onEnd(service, (end) => this.#ended(end));
  }

  /** Hands an invocation to the delivery engine. Inside a transaction. */
  submit(row: ScheduleRow, plannedMs: number, last: boolean): void {
    const { deps } = this.#scheduler;
    const { target: spec } = row;
    const parameters: CallParameters = {
      executionId: deps.random.hex(16),
      plannedMs,
      serial: row.serial,
      last,
      spec,
    };
    const payload = spec.Input ?? this.#notification(row, plannedMs);
    const deadLetterArn = spec.DeadLetterConfig?.Arn;
    const deadLetter: DeadLetter | undefined = deadLetterArn === undefined ? undefined : { arn: deadLetterArn };
    const request = {
      account: row.account,
      region: row.region,
      service,
      source: row.arn,
      target: spec.Arn,
      retry: retryOf(spec.RetryPolicy),
      deadLetter,
      notify: service,
    };
    const kind = targetKind(spec.Arn);
    if (kind?.mailbox === undefined) {
      deps.delivery.submit({ ...request, kind: callKind, payload, parameters: { ...parameters } });
      return;
    }
    const input = filled(payload, row.arn, parameters, 1);
    const {
      service: channel,
      action,
      input: details,
    } = {
      ...kind.call(spec, { input, executionId: parameters.executionId }),
      action: kind.action,
    };
    deps.delivery.submit({
      ...request,
      kind: kind.mailbox,
      payload: input,
      parameters: { ...parameters, channel, operation: action, request: details },
    });
  }

  /** What a target gets of a schedule without input. */
  #notification(row: ScheduleRow, plannedMs: number): string {
    return JSON.stringify({
      version: "0",
      id: this.#scheduler.deps.random.uuid(),
      "detail-type": "Scheduled Event",
      source: "aws.scheduler",
      account: row.account,
      time: isoSeconds(plannedMs),
      region: row.region,
      resources: [row.arn],
      detail: "{}",
    });
  }

  async #call(delivery: Delivery, invocation: Invocation): Promise<unknown> {
    const call = requestOf(delivery, delivery.attempt);
    if (call.service === "lambda") return this.#invoke(delivery, call, invocation);
    const region = parseArn(delivery.target)?.region || delivery.region;
    try {
      const there = invocation.for({ region });
      const answer = await this.#scheduler.deps.call(call.service, call.action, call.input, there, "json");
      refuseFailedEntry(answer);
      return answer;
    } catch (error) {
      // What Busbar does not have will not be there at the next attempt either.
      if (error instanceof AwsError && error.status === 501) {
        throw new DeliveryFailure(error.name, error.message, false);
      }
      throw error;
    }
  }

  /** Lambda's Invoke takes the event; what becomes of an asynchronous one is its own affair. */
  async #invoke(delivery: Delivery, { action, input }: TargetCall, invocation: Invocation): Promise<unknown> {
    const { FunctionName: name, InvocationType: type = "RequestResponse", Payload: payload = "{}" } = input;
    if (!/^invoke$/i.test(action) || typeof name !== "string" || typeof payload !== "string") {
      const message = `Busbar knows of Lambda nothing but invoke with FunctionName and Payload, not ${action}.`;
      throw new DeliveryFailure("NotImplemented", message, false);
    }
    try {
      JSON.parse(payload);
    } catch {
      const message = "Could not parse request body into json: the payload is not valid JSON.";
      throw new DeliveryFailure("InvalidRequestContentException", message, false);
    }
    if (type === "Event") return this.#invokeFunction({ ...delivery, target: name, payload }, invocation);
    return this.#scheduler.deps.functions.invoke(name, payload, invocation);
  }

  #deadLetter(end: DeliveryEnd) {
    const { delivery, failure, exhausted } = end;
    const { executionId, plannedMs } = delivery.parameters as unknown as CallParameters;
    // `attempt` counts the one that would be next.
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

  /** A schedule that is complete goes with the end of its last invocation, unless it was updated since. */
  #ended({ delivery }: DeliveryEnd): void {
    const { last, serial } = delivery.parameters as unknown as CallParameters;
    if (!last) return;
    const { schedules } = this.#scheduler;
    const row = schedules.get(delivery.source);
    if (row?.serial === serial && row.deleteAfterCompletion) schedules.delete(row.arn);
  }
}

/** The call of an attempt. @throws DeliveryFailure */
function requestOf({ payload, source, parameters }: Delivery, attempt: number): TargetCall {
  const known = parameters as unknown as CallParameters;
  const input = filled(payload, source, known, attempt);
  return callOf(known.spec, { input, executionId: known.executionId });
}

function filled(input: string, arn: string, { executionId, plannedMs }: CallParameters, attempt: number): string {
  return applySchedulerContext(input, {
    scheduleArn: arn,
    scheduledTimeMs: plannedMs,
    executionId,
    attemptNumber: attempt,
  });
}

/** The request that could not be made; the input itself when no request can be made of it. */
function deadLetterBody(delivery: Delivery, attempt: number): string {
  try {
    return JSON.stringify(requestOf(delivery, attempt).input);
  } catch {
    return delivery.payload;
  }
}

/** PutEvents tells of a refused entry inside its answer. */
function refuseFailedEntry(answer: object): void {
  const { FailedEntryCount: failed, Entries: entries } = answer as {
    FailedEntryCount?: number;
    Entries?: readonly { ErrorCode?: string; ErrorMessage?: string }[];
  };
  if (failed === undefined || failed === 0) return;
  const { ErrorCode: code = "Unknown", ErrorMessage: message = "" } = entries?.find(({ ErrorCode }) => ErrorCode) ?? {};
  throw new DeliveryFailure(code, message, /Throttling|Internal/.test(code));
}

/** By default 185 retries within 24 hours, backing off (Scheduler user guide, "Configuring a retry policy"). */
function retryOf(policy: TargetSpec["RetryPolicy"]): RetryPolicy {
  const retries = policy?.MaximumRetryAttempts ?? defaultRetries;
  const fast = Math.min(retries, fastRetries);
  const slow = retries - fast;
  const phases: RetryPolicy["phases"][number][] = [];
  if (fast > 0) {
    const maxMs = firstRetryMs * 2 ** (fast - 1);
    phases.push({ count: fast, minMs: firstRetryMs, maxMs, curve: "geometric" });
  }
  if (slow > 0) phases.push({ count: slow, minMs: slowRetryMs, maxMs: slowRetryMs, curve: "constant" });
  return { phases, maxAgeMs: (policy?.MaximumEventAgeInSeconds ?? defaultMaxAgeSeconds) * 1000, jitter };
}

function isoSeconds(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, "Z");
}

function text(StringValue: string) {
  return { DataType: "String", StringValue };
}
