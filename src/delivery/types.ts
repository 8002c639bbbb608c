/**
 * Types of the delivery engine, which is one durable outbox for every service that pushes to a queue, a function, an
 * HTTP endpoint or another service.
 */
import type { Invocation } from "../calls/invocation.ts";
import type { Uuids } from "../engine/random.ts";
import type { Kind, Kinds } from "./kinds.ts";

/** The waits of `count` retries, which go from `minMs` to `maxMs` along a curve. */
export interface RetryPhase {
  readonly count: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly curve: "constant" | "linear" | "arithmetic" | "geometric" | "exponential";
}

export interface RetryPolicy {
  readonly phases: readonly RetryPhase[];
  /** No attempt begins later than this after the delivery was accepted. Default: no limit. */
  readonly maxAgeMs?: number;
  /** Randomly changes each delay by up to this share of it. */
  readonly jitter?: number;
  /** Most deliveries per second to this target from this source. Default: no limit. */
  readonly maxPerSecond?: number;
  /** Sources with the same key share the limit. */
  readonly rateKey?: string;
}

export type MessageAttributes = Readonly<
  Record<string, { readonly DataType: string; readonly StringValue?: string; readonly BinaryValue?: string }>
>;

/** Where a delivery goes when it is given up: a queue, and what its source adds to the message. */
export interface DeadLetter {
  readonly arn: string;
  /** The role used to send it; without one the source's service sends it in its own name. */
  readonly roleArn?: string | undefined;
  /** Body of the dead letter if it is not the payload itself; see also `DeliveryEngine.describeFailure`. */
  readonly body?: string | undefined;
  /** Message attributes known beforehand (RULE_ARN …); `describeFailure` adds those that describe the failure. */
  readonly attributes?: MessageAttributes | undefined;
  readonly messageGroupId?: string | undefined;
  readonly messageDeduplicationId?: string | undefined;
}

/** The kind of target, and its parameters as plain data. */
export type Way<K extends Kind = Kind> = K extends Kind ? { readonly kind: K; readonly parameters: Kinds[K] } : never;

/** What a service hands over, inside the transaction of the operation that causes it. */
export type DeliveryRequest<K extends Kind = Kind> = Order & Way<K>;

/** The parts of a delivery that do not depend on its kind. */
export interface Order {
  /** The account of the source, for which the delivery acts. */
  readonly account: string;
  readonly region: string;
  /** Service that pushes: `sns`, `eventbridge`, `scheduler`, … */
  readonly service: string;
  /** ARN of what pushes it: a subscription, a rule, a schedule. */
  readonly source: string;
  /** The role used to push it, if any. */
  readonly roleArn?: string | undefined;
  /** ARN or URL of the target, as the user knows it. */
  readonly target: string;
  /** The text, shared by all copies of a fan-out. */
  readonly payload: string;
  readonly retry: RetryPolicy;
  readonly deadLetter?: DeadLetter | undefined;
  /**
   * Deliveries from one source with the same key keep their order: each waits until the one before is done or given up.
   */
  readonly orderKey?: string | undefined;
  /** Delay of the first attempt. */
  readonly delayMs?: number | undefined;
  /** Name under which the source's service wants to be told how the delivery ended (`DeliveryEngine.onEnd`). */
  readonly notify?: string | undefined;
  /** The target had already taken it and then failed: the attempts are the target's own. */
  readonly taken?: boolean | undefined;
  /** Plain data for the source's service, available when it prepares an attempt and when the delivery ends. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
}

/** One receiver of a fan-out: all that its delivery has of its own. */
export type Receiver = Pick<Order, "account" | "source" | "target" | "deadLetter">;

/** What the deliveries of a fan-out share. */
export type Shared<K extends Kind = Kind> = Omit<Order, keyof Receiver> & Way<K>;

/** A delivery as its target sees it. */
export type Delivery<K extends Kind = Kind> = DeliveryRequest<K> & {
  readonly id: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
};

/**
 * Messages that go nowhere have records too. `filtered`: a filter rejected it. `unmatched`: nothing matched it, so
 * there was nothing to deliver. `expired`: its retention period was over. `purged`: a purge or the deletion of its
 * queue removed it.
 */
export const deliveryStatuses = [
  "pending",
  "delivered",
  "failed",
  "filtered",
  "unmatched",
  "expired",
  "purged",
] as const;

export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** One attempt and its outcome. */
export interface Attempt {
  /** ISO 8601. */
  readonly time: string;
  readonly outcome: "delivered" | "failed";
  /** HTTP status, AWS error code or a short reason: `503`, `AWS.SimpleQueueService.NonExistentQueue`, `TIMEOUT`. */
  readonly code?: string;
  readonly message?: string;
}

/** Thrown by a target that could not take a delivery. */
export class DeliveryFailure extends Error {
  override readonly name = "DeliveryFailure";
  readonly code: string;
  /** False when retrying cannot help (the queue does not exist, a 4xx); the delivery is then given up at once. */
  readonly retryable: boolean;
  /** The target's answer (an HTTP status, a response body), for the handler named by `notify`. */
  readonly details: Readonly<Record<string, unknown>>;
  /** The target asked for no retry before this time has passed. */
  readonly retryAfterMs: number;

  constructor(
    code: string,
    message: string,
    retryable: boolean,
    details: Record<string, unknown> = {},
    retryAfterMs = 0,
  ) {
    super(message);
    this.code = code;
    this.retryable = retryable;
    this.details = details;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Thrown by a target that has accepted a delivery and then failed to process it. For the source it is delivered; from
 * here on the target retries it by its own policy, without the source's dead-letter queue.
 */
export class FailedAfterTaking extends DeliveryFailure {
  /** The delivery for the target's own attempts. */
  readonly taken: Delivery;
  readonly retry: RetryPolicy;
  /** The answer that the source gets. */
  readonly response: unknown;

  constructor(code: string, message: string, taken: Delivery, retry: RetryPolicy, response: unknown) {
    super(code, message, true);
    this.taken = taken;
    this.retry = retry;
    this.response = response;
  }
}

/**
 * Takes deliveries of one kind. Resolves with the target's answer. Throws DeliveryFailure, or AwsError, of which server
 * faults and throttling are retried. The invocation is made by the service that pushes; it is cancelled when the
 * attempt's time is up or the emulator stops.
 */
export type DeliverTo<K extends Kind = Kind> = (delivery: Delivery<K>, invocation: Invocation) => Promise<unknown>;

/** Takes deliveries of one kind at once, by writing rows, inside the transaction that causes them. */
export type DeliverLocally<K extends Kind = Kind> = (delivery: Delivery<K>) => unknown;

/**
 * Takes the first attempts of all deliveries of a fan-out, as `DeliverLocally` takes one; ids are in the order of the
 * receivers. The current cause is that of the fan-out.
 * @returns the indexes of those that cannot be delivered, with reasons; if it throws, each is attempted by itself.
 */
export type DeliverAllLocally<K extends Kind = Kind> = (
  shared: Shared<K>,
  receivers: readonly Receiver[],
  ids: Uuids,
) => ReadonlyMap<number, DeliveryFailure>;

/** What deliveries from one source to one target share. */
export type Batch<K extends Kind = Kind> = K extends Kind ? Omit<Order, "payload"> & { readonly kind: K } : never;

/** What a delivery of a batch has of its own. */
export type BatchEntry<K extends Kind = Kind> = { readonly payload: string; readonly parameters: Kinds[K] };

/**
 * Takes the deliveries of a batch together, as `DeliverLocally` takes one; ids are in the order of the entries.
 * @returns for each, in the same order, an answer, or the DeliveryFailure or AwsError with which it failed.
 * @throws DeliveryFailure or AwsError when all fail alike.
 */
export type DeliverBatchLocally<K extends Kind = Kind> = (
  batch: Batch<K>,
  entries: readonly BatchEntry<K>[],
  ids: Uuids,
) => readonly PromiseSettledResult<unknown>[];

/** Builds the payload of an attempt, for a service whose payloads describe the attempt. @throws DeliveryFailure */
export type PrepareAttempt = (delivery: Delivery) => string;

/** A delivery that has ended, as passed to the handler named by `notify`. */
export interface DeliveryEnd {
  readonly delivery: Delivery;
  readonly status: "delivered" | "failed";
  readonly acceptedMs: number;
  /** The target's answer, if it was delivered. */
  readonly response?: unknown;
  /** Why it was given up. */
  readonly failure?: DeliveryFailure;
  /** The limit that ended it: no retries left, too old, or not retryable. */
  readonly exhausted?: Exhausted;
}

export type Exhausted = "MaximumRetryAttempts" | "MaximumEventAgeInSeconds" | "NotRetryable";

/** What a service adds to the dead letter of a delivery. */
export type DescribeFailure = (end: DeliveryEnd) => {
  readonly body?: string | undefined;
  readonly attributes?: MessageAttributes | undefined;
};

/** A delivery as `/_busbar/deliveries` and the embedding API show it. */
export interface DeliveryRecord {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly source: string;
  readonly target: string;
  readonly kind: string;
  readonly status: DeliveryStatus;
  /** On the emulator's clock, ISO 8601. */
  readonly acceptedAt: string;
  /** When the next attempt is due, ISO 8601; only for pending ones. */
  readonly nextAttemptAt?: string | undefined;
  readonly attemptCount: number;
  /** The latest attempts, oldest first. */
  readonly attempts: readonly Attempt[];
  /** Why it was not delivered: the outcome of the last attempt, or why nothing matched the message. */
  readonly reason?: string | undefined;
  /** A policy's objection: why AWS would have refused it, or why it was refused here. */
  readonly policy?: string | undefined;
  /** What became of the dead letter: sent to the queue, or why it was not. */
  readonly deadLetter?: { readonly arn: string; readonly sent: boolean; readonly reason?: string } | undefined;
  /** The first 1,024 characters; absent for delivered ones and lost messages. */
  readonly payload?: string | undefined;
  /** How many messages the record stands for, if more than one. */
  readonly count?: number | undefined;
}

/** An attempt as stored; times are epoch milliseconds. */
export type KeptAttempt = Omit<Attempt, "time"> & { readonly timeMs: number };

/** A delivery as stored; times are epoch milliseconds. */
export type KeptDelivery = Omit<DeliveryRecord, "acceptedAt" | "nextAttemptAt" | "attempts"> & {
  readonly acceptedMs: number;
  readonly nextAttemptMs?: number | undefined;
  readonly attempts: readonly KeptAttempt[];
};

/** A lost message, or the same message lost for several receivers. Anything costly is computed when somebody looks. */
export interface Lost {
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly status: "filtered" | "unmatched";
  /** For how many receivers it was lost; each has a record. */
  readonly count: number;
  /** Roughly how many characters it keeps in memory. */
  readonly weight: number;
  /** ARNs of the sender and the receiver, by the receiver's index. */
  source(place: number): string;
  target(place: number): string;
  reason(place: number): string;
}

/** Messages that left a queue unread. */
export interface Gone {
  readonly account: string;
  readonly region: string;
  readonly service: string;
  /** ARN of the queue. */
  readonly source: string;
  readonly status: "expired" | "purged";
  readonly reason: string;
  readonly count: number;
  /** Ids of some of the messages. */
  readonly messageIds: readonly string[];
}

/** An attempt by a service that retries by itself, such as a pipe with a batch. */
export type OwnAttempt = Pick<Order, "account" | "region" | "service" | "source" | "target"> & {
  /** The same for all attempts at one message. */
  readonly key: string;
  readonly kind: string;
  /** The message, if it stays in its queue until it gets through. */
  readonly message?: { readonly queue: string; readonly id: string } | undefined;
};

/** All filters that are present must match exactly; newest first, up to `limit` (100). */
export interface DeliveryFilter {
  readonly account?: string | undefined;
  readonly source?: string | undefined;
  readonly target?: string | undefined;
  readonly status?: DeliveryStatus | undefined;
  readonly limit?: number | undefined;
}
