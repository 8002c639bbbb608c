/** The state of SNS: its tables, and what all operations share. */
import { credentialScope } from "../../../protocols/credential-scope.ts";
import { parseArn } from "../../calls/arn.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { operationsOf } from "../../calls/operation.ts";
import { decodeToken } from "../../calls/page.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import { Leftovers } from "../../engine/leftovers.ts";
import { Archive } from "./archive.ts";
import { invalidParameter, notFound } from "./errors.ts";
import { FanOut } from "./fan-out.ts";
import { Replays } from "./replays.ts";
import { Retention } from "./retention.ts";
import { Signer } from "./signing.ts";
import {
  deduplicationTable,
  endedTable,
  phoneTable,
  platformApplicationTable,
  platformEndpointTable,
  type SubscriptionRow,
  smsTable,
  subscriptionTable,
  type TopicRow,
  topicTable,
} from "./tables.ts";

export const pageSize = 100;

export class Sns {
  readonly deps: ServiceDependencies;
  readonly topics;
  readonly subscriptions;
  readonly ended;
  readonly deduplications;
  readonly archive: Archive;
  readonly applications;
  readonly endpoints;
  readonly sms;
  readonly phones;
  readonly fanOut: FanOut;
  readonly signer: Signer;
  readonly replays: Replays;
  readonly retention: Retention;
  /** Deletes, by topic, what belonged to deleted topics. */
  readonly leftovers: Leftovers;

  constructor(dependencies: ServiceDependencies) {
    const { store } = dependencies;
    this.deps = dependencies;
    this.topics = store.table(topicTable);
    this.subscriptions = store.table(subscriptionTable);
    this.ended = store.table(endedTable);
    this.deduplications = store.table(deduplicationTable);
    this.archive = new Archive(this);
    this.applications = store.table(platformApplicationTable);
    this.endpoints = store.table(platformEndpointTable);
    this.sms = store.table(smsTable);
    this.phones = store.table(phoneTable);
    this.signer = new Signer(store);
    this.fanOut = new FanOut(this);
    this.replays = new Replays(this);
    this.retention = new Retention(this);
    this.leftovers = new Leftovers(dependencies, "sns.topic", (topic) => this.#clear(topic));
  }

  get now(): number {
    return this.deps.clock.now();
  }

  /**
   * The topic an ARN names, in the caller's region.
   * @throws AwsError InvalidParameter, NotFound
   */
  topicOf(arn: string | undefined, context: OperationContext<Sns>, parameter = "TopicArn"): TopicRow {
    const topic = arn === undefined ? undefined : this.topics.get(arn);
    if (topic?.region === context.region) return topic;
    checkHere(arn, parameter, context);
    throw notFound("Topic");
  }

  /** @throws AwsError InvalidParameter, NotFound */
  subscriptionOf(arn: string | undefined, context: OperationContext<Sns>): SubscriptionRow {
    checkHere(arn, "SubscriptionArn", context);
    const subscription = this.subscriptions.get(arn as string);
    if (subscription) return subscription;
    throw notFound("Subscription");
  }

  /** Stores a subscription and updates the fan-out's view of its topic after the commit. */
  putSubscription(row: SubscriptionRow): void {
    this.subscriptions.put(row);
    this.deps.store.afterCommit(() => this.fanOut.refresh(row));
  }

  *#clear(topicArn: string): Generator<undefined> {
    for (const subscription of this.subscriptions.by.topic.range(topicArn)) {
      this.deleteSubscription(subscription);
      yield;
    }
    for (const row of this.ended.by.topic.range(topicArn)) {
      this.ended.delete(row.arn);
      yield;
    }
    for (const row of this.deduplications.by.expiry.range(topicArn)) {
      this.deduplications.delete(row.key);
      yield;
    }
    yield* this.archive.clearing(topicArn);
  }

  deleteSubscription(row: SubscriptionRow): void {
    this.subscriptions.delete(row.arn);
    this.replays.stop(row);
    const topic = this.topics.get(row.topicArn);
    if (topic) this.topics.put({ ...topic, deletedSubscriptions: topic.deletedSubscriptions + 1 });
    this.deps.store.afterCommit(() => this.fanOut.refresh(row));
  }
}

export const operation = operationsOf<Sns>();

/** @throws AwsError InvalidParameter for a text that is not an ARN. */
export function checkArn(arn: string | undefined, parameter: string): { service: string; region: string } {
  if (arn === undefined) throw invalidParameter(parameter, "no value for required parameter");
  const parts = arn.split(":", 6);
  if (parts.length < 6) {
    throw invalidParameter(parameter, `An ARN must have at least 6 elements, not ${parts.length}`);
  }
  const { service, region } = parseArn(arn) ?? { service: "", region: "" };
  return { service, region };
}

/**
 * Resources of another region can be neither seen nor changed, whether they exist or not.
 * @throws AwsError InvalidParameter for a text that is not an ARN, or an ARN of another region or service.
 */
export function checkHere(
  arn: string | undefined,
  parameter: string,
  context: Pick<OperationContext<Sns>, "region">,
): void {
  const { service, region } = checkArn(arn, parameter);
  if (service !== "sns" || region !== context.region) throw invalidParameter(parameter);
}

/** Whether a client signed the call: anybody with the URL may also confirm and unsubscribe. */
export function isSigned(context: OperationContext<Sns>): boolean {
  return context.request === undefined || credentialScope(context.request) !== undefined;
}

/** The serial after which a page begins. @throws AwsError InvalidParameter */
export function pageAfter(token: string | undefined): { gt: number } | Record<string, never> {
  if (token === undefined || token === "") return {};
  const position = decodeToken(token);
  if (typeof position !== "number") throw invalidParameter("NextToken");
  return { gt: position };
}
