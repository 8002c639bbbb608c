/**
 * The words of the delivery engine: one durable outbox for every service that pushes to a queue, a function, an HTTP
 * endpoint or another service.
 */

/** Waits between attempts: `count` retries whose delays go from `minMs` to `maxMs` along a curve. */
export interface RetryPhase {
  readonly count: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly curve: "constant" | "linear" | "arithmetic" | "geometric" | "exponential";
}

export interface RetryPolicy {
  readonly phases: readonly RetryPhase[];
  /** No attempt begins later than this after the delivery was accepted; unbounded when absent. */
  readonly maxAgeMs?: number;
  /** Spreads each delay by up to this share of itself, by the emulator's randomness. */
  readonly jitter?: number;
  /** Most deliveries a second to this target for this source; unbounded when absent. */
  readonly maxPerSecond?: number;
}

/** Where a delivery that is given up goes: a queue, with what its source adds to the message. */
export interface DeadLetter {
  readonly arn: string;
  /** Body of the dead letter when it is not the payload itself. */
  readonly body?: string;
  /** Message attributes known beforehand (RULE_ARN …); those that tell the failure are added by `describeFailure`. */
  readonly attributes?: Readonly<Record<string, { DataType: string; StringValue: string }>>;
  readonly messageGroupId?: string;
  readonly messageDeduplicationId?: string;
}

/** What a service hands over, inside the transaction of the operation that causes it. */
export interface DeliveryRequest {
  /** Owner of the source; the delivery acts for it. */
  readonly account: string;
  readonly region: string;
  /** Service that pushes: `sns`, `eventbridge`, `scheduler`, … */
  readonly service: string;
  /** ARN of what pushes: a subscription, a rule, a schedule. */
  readonly source: string;
  /** ARN or URL it goes to, as the user knows it. */
  readonly target: string;
  /** Which registered target takes it: `sqs`, `http`, `lambda`, `sns`, `kinesis`, `events`, `states`, `mailbox`, … */
  readonly kind: string;
  /** One text shared by all copies of a fan-out. */
  readonly payload: string;
  /** What the target kind needs besides (headers, message group, partition key, …); plain data. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly retry: RetryPolicy;
  readonly deadLetter?: DeadLetter | undefined;
  /** Deliveries of one source with the same key keep their order: the next waits until this one is done or given up. */
  readonly orderKey?: string | undefined;
  /** Name under which the source's service wants to hear how it ended (`DeliveryEngine.onEnd`); optional. */
  readonly notify?: string;
}

export type DeliveryStatus = "pending" | "delivered" | "failed";

/** One attempt and what came of it. */
export interface Attempt {
  readonly timeMs: number;
  readonly outcome: "delivered" | "failed";
  /** HTTP status, AWS error code or reason in short: `503`, `AWS.SimpleQueueService.NonExistentQueue`, `TIMEOUT`. */
  readonly code?: string;
  readonly message?: string;
}

/** Thrown by a target that could not take a delivery. */
export class DeliveryFailure extends Error {
  override readonly name = "DeliveryFailure";
  readonly code: string;
  /** False: trying again cannot help (a queue that does not exist, a 4xx); it is given up at once. */
  readonly retryable: boolean;
  /** What the target answered, for who asked with `notify` (an HTTP status, a response body). */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, retryable: boolean, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.retryable = retryable;
    this.details = details;
  }
}

/** Takes deliveries of one kind. Resolves with what the target answered; throws DeliveryFailure. */
export type DeliverTo = (
  delivery: DeliveryRequest & { readonly id: string; readonly attempt: number },
) => Promise<unknown>;
