/**
 * The words of the delivery engine: one durable outbox for every service that pushes to a queue, a function, an HTTP
 * endpoint or another service.
 */
import type { Invocation } from "../calls/invocation.ts";
import type { Kind, Kinds } from "./kinds.ts";

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
  /** Shares the limit with all sources that give the same key. */
  readonly rateKey?: string;
}

export type MessageAttributes = Readonly<
  Record<string, { readonly DataType: string; readonly StringValue?: string; readonly BinaryValue?: string }>
>;

/** Where a delivery that is given up goes: a queue, with what its source adds to the message. */
export interface DeadLetter {
  readonly arn: string;
  /** The role as which it is written; without one the source's service writes it in its own name. */
  readonly roleArn?: string | undefined;
  /** Body of the dead letter when it is not the payload itself; see also `DeliveryEngine.describeFailure`. */
  readonly body?: string | undefined;
  /** Message attributes known beforehand (RULE_ARN …); those that tell the failure are added by `describeFailure`. */
  readonly attributes?: MessageAttributes | undefined;
  readonly messageGroupId?: string | undefined;
  readonly messageDeduplicationId?: string | undefined;
}

/** Which registered target takes a delivery, and what that needs besides target and payload; plain data. */
export type Way<K extends Kind = Kind> = K extends Kind ? { readonly kind: K; readonly parameters: Kinds[K] } : never;

/** What a service hands over, inside the transaction of the operation that causes it. */
export type DeliveryRequest<K extends Kind = Kind> = Order & Way<K>;

/** A delivery whatever its kind is. */
export interface Order {
  /** Owner of the source; the delivery acts for it. */
  readonly account: string;
  readonly region: string;
  /** Service that pushes: `sns`, `eventbridge`, `scheduler`, … */
  readonly service: string;
  /** ARN of what pushes: a subscription, a rule, a schedule. */
  readonly source: string;
  /** The role as which it pushes, where it has one. */
  readonly roleArn?: string | undefined;
  /** ARN or URL it goes to, as the user knows it. */
  readonly target: string;
  /** One text shared by all copies of a fan-out. */
  readonly payload: string;
  readonly retry: RetryPolicy;
  readonly deadLetter?: DeadLetter | undefined;
  /** Deliveries of one source with the same key keep their order: the next waits until this one is done or given up. */
  readonly orderKey?: string | undefined;
  /** The first attempt begins this long after it was accepted. */
  readonly delayMs?: number | undefined;
  /** Name under which the source's service wants to hear how it ended (`DeliveryEngine.onEnd`); optional. */
  readonly notify?: string | undefined;
  /** The target has taken it before and failed with it then: the tries are its own. */
  readonly taken?: boolean | undefined;
  /** What the source's service wants to find again when it prepares an attempt or hears of the end; plain data. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
}

/** Whom one delivery of a fan-out is for, which is all it has of its own. */
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
 * Besides deliveries, messages that go nowhere have records. `filtered`: a filter let it not through. `unmatched`: nothing
 * took it up, so that there was nothing to deliver. `expired`: it was past its retention. `purged`: a purge or the deletion
 * of its queue took it.
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

/** One attempt and what came of it. */
export interface Attempt {
  /** ISO 8601. */
  readonly time: string;
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
  /** What the target answered (an HTTP status, a response body), for the handler named by `notify`. */
  readonly details: Readonly<Record<string, unknown>>;
  /** The target asked not to be tried again before this time has passed. */
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
 * Thrown by a target that has taken a delivery and then failed with it: its source's part is over and hears that it was
 * delivered, and from here on it is tried again by the target's own policy. It gets no dead letter of the source's.
 */
export class FailedAfterTaking extends DeliveryFailure {
  /** As the target took it: its tries are made with this. */
  readonly taken: Delivery;
  readonly retry: RetryPolicy;
  /** What the source hears as the answer. */
  readonly response: unknown;

  constructor(code: string, message: string, taken: Delivery, retry: RetryPolicy, response: unknown) {
    super(code, message, true);
    this.taken = taken;
    this.retry = retry;
    this.response = response;
  }
}

/**
 * Takes deliveries of one kind. Resolves with what the target answered; throws DeliveryFailure, or AwsError, of which
 * server faults and throttling are tried again. The invocation is that of the service that pushes, and given up when the
 * attempt's time is over or the emulator stops.
 */
export type DeliverTo<K extends Kind = Kind> = (delivery: Delivery<K>, invocation: Invocation) => Promise<unknown>;

/** Takes deliveries of one kind at once, by writing rows: it runs inside the transaction that causes them. */
export type DeliverLocally<K extends Kind = Kind> = (delivery: Delivery<K>) => unknown;

/**
 * Takes the first attempts of a fan-out's deliveries, as `DeliverLocally` takes one; ids are the deliveries' in the order
 * of the receivers. The cause in force is that of the fan-out.
 * @returns the places of those that cannot be delivered, with the reason; when it throws, each is attempted by itself.
 */
export type DeliverAllLocally<K extends Kind = Kind> = (
  shared: Shared<K>,
  receivers: readonly Receiver[],
  ids: readonly string[],
) => ReadonlyMap<number, DeliveryFailure>;

/** Makes the payload of an attempt, for a service whose payloads describe the attempt. @throws DeliveryFailure */
export type PrepareAttempt = (delivery: Delivery) => string;

/** A delivery that has ended, as the handler named by `notify` gets it. */
export interface DeliveryEnd {
  readonly delivery: Delivery;
  readonly status: "delivered" | "failed";
  readonly acceptedMs: number;
  /** What the target answered, when it was delivered. */
  readonly response?: unknown;
  /** Why it was given up. */
  readonly failure?: DeliveryFailure;
  /** Which of its limits ended it: no retry left, too old, or not worth a retry. */
  readonly exhausted?: Exhausted;
}

export type Exhausted = "MaximumRetryAttempts" | "MaximumEventAgeInSeconds" | "NotRetryable";

/** What a service adds to the dead letter of a delivery that is given up. */
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
  /** When the next attempt is due, ISO 8601; pending ones alone. */
  readonly nextAttemptAt?: string | undefined;
  readonly attemptCount: number;
  /** The last attempts, oldest first. */
  readonly attempts: readonly Attempt[];
  /** Why it is not delivered: the outcome of the last attempt, or why nothing took the message up. */
  readonly reason?: string | undefined;
  /** What a policy had against it: for what AWS would have refused it, or did refuse it here. */
  readonly policy?: string | undefined;
  /** What became of the dead letter: sent to the queue, or why not. */
  readonly deadLetter?: { readonly arn: string; readonly sent: boolean; readonly reason?: string } | undefined;
  /** The first 1,024 characters; absent for delivered ones and messages that went nowhere. */
  readonly payload?: string | undefined;
  /** How many messages the record stands for, when it is more than one. */
  readonly count?: number | undefined;
}

/** An attempt as it is kept; times are epoch milliseconds. */
export type KeptAttempt = Omit<Attempt, "time"> & { readonly timeMs: number };

/** A delivery as it is kept; times are epoch milliseconds. */
export type KeptDelivery = Omit<DeliveryRecord, "acceptedAt" | "nextAttemptAt" | "attempts"> & {
  readonly acceptedMs: number;
  readonly nextAttemptMs?: number | undefined;
  readonly attempts: readonly KeptAttempt[];
};

/**
 * A message that went nowhere, or the same message for many who did not get it. Whatever costs anything is worked out
 * when somebody looks.
 */
export interface Lost {
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly status: "filtered" | "unmatched";
  /** How many did not get it, each with a record of its own. */
  readonly count: number;
  /** What it keeps from being forgotten, in characters or so. */
  readonly weight: number;
  /** ARNs of what would have sent it to the first, second, … of them, and of whom. */
  source(place: number): string;
  target(place: number): string;
  reason(place: number): string;
}

/** Messages of a queue that are gone without having been read. */
export interface Gone {
  readonly account: string;
  readonly region: string;
  readonly service: string;
  /** ARN of the queue. */
  readonly source: string;
  readonly status: "expired" | "purged";
  readonly reason: string;
  readonly count: number;
  /** Of some of the messages. */
  readonly messageIds: readonly string[];
}

/** An attempt of somebody who tries again by itself, as a pipe does with a batch. */
export type OwnAttempt = Pick<Order, "account" | "region" | "service" | "source" | "target"> & {
  /** The same for all attempts with one message. */
  readonly key: string;
  readonly kind: string;
  /** The message, where it stays in its queue until it got through. */
  readonly message?: { readonly queue: string; readonly id: string } | undefined;
};

/** Each filter that is present must be equal; newest first, up to `limit` (100). */
export interface DeliveryFilter {
  readonly account?: string | undefined;
  readonly source?: string | undefined;
  readonly target?: string | undefined;
  readonly status?: DeliveryStatus | undefined;
  readonly limit?: number | undefined;
}
