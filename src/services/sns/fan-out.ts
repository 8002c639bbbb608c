/** Brings a published message to all subscriptions of its topic whose filter policy lets it through. */
import {
  explainFilterPolicy,
  FilterPolicyIndex,
  type FilterPolicyMismatch,
  matchesFilterPolicy,
} from "../../events/filter-policy/index.ts";
import { deliveryOf, type Subscriber, subscriberOf } from "./deliveries.ts";
import { Notification } from "./notification.ts";
import type { Sns } from "./sns.ts";
import type { Published, SubscriptionRow, TopicRow } from "./tables.ts";

/** What is known of a topic's confirmed subscriptions; derived from their rows and kept in step with them. */
interface Known {
  readonly open: Map<string, Subscriber>;
  readonly filtered: Map<string, Subscriber>;
  /** The filter policies by subscription. */
  readonly policies: FilterPolicyIndex<string>;
}

export class FanOut {
  readonly #sns: Sns;
  readonly #topics = new Map<string, Known>();

  constructor(sns: Sns) {
    this.#sns = sns;
  }

  /** Submits the deliveries of a message, inside the transaction of its publication. */
  publish(topic: TopicRow, published: Published): void {
    const known = this.#sns.subscriptions.by.topic.size(topic.arn) === 0 ? undefined : this.#of(topic.arn);
    const notification = new Notification(this.#sns, topic, published);
    let taken = false;
    for (const subscriber of known === undefined ? [] : this.#matching(known, notification)) {
      taken = true;
      this.#deliver(subscriber, notification);
    }
    if (taken) return;
    const source = { account: topic.account, region: topic.region, service: "sns", source: topic.arn };
    this.#sns.deps.delivery.noteUnmatched(source, whyNobody(known, notification));
  }

  /** Whether a subscription's filter policy lets a message through; for replays. */
  lets({ row, filter }: Subscriber, notification: Notification): boolean {
    return filter === undefined || matchesFilterPolicy(filter, filterInput(notification, row.protocol));
  }

  /** Takes over what became of a subscription, after the commit. */
  refresh({ arn, topicArn }: SubscriptionRow): void {
    const known = this.#topics.get(topicArn);
    if (known === undefined) return;
    known.open.delete(arn);
    known.filtered.delete(arn);
    known.policies.remove(arn);
    const row = this.#sns.subscriptions.get(arn);
    if (row !== undefined) add(known, row);
    if (known.open.size === 0 && known.filtered.size === 0) this.#topics.delete(topicArn);
  }

  /** After a reset of rows. */
  clear(): void {
    this.#topics.clear();
  }

  #of(topicArn: string): Known {
    let known = this.#topics.get(topicArn);
    if (known === undefined) {
      known = { open: new Map(), filtered: new Map(), policies: new FilterPolicyIndex() };
      for (const row of this.#sns.subscriptions.by.topic.range(topicArn)) add(known, row);
      this.#topics.set(topicArn, known);
    }
    return known;
  }

  *#matching({ open, filtered, policies }: Known, notification: Notification): IterableIterator<Subscriber> {
    yield* open.values();
    if (filtered.size === 0) return;
    const protocols = Object.keys(notification.published.messages ?? {});
    const found = (protocol: string, fits: (protocol: string) => boolean) =>
      policies
        .match(filterInput(notification, protocol))
        .map((arn) => filtered.get(arn) as Subscriber)
        .filter(({ row }) => fits(row.protocol));
    // Policies look at the text their own protocol gets: once for each text, and once for all others.
    yield* found("default", (protocol) => !protocols.includes(protocol));
    for (const one of protocols) yield* found(one, (protocol) => protocol === one);
  }

  #deliver(subscriber: Subscriber, notification: Notification): void {
    // While a replay catches up with the topic it brings new messages too, in their order.
    const { row } = subscriber;
    if (row.replay !== undefined && !this.#sns.replays.isLive(row)) this.#sns.replays.wake(row);
    else this.#sns.deps.delivery.submit(deliveryOf(this.#sns, subscriber, notification));
  }
}

function add(known: Known, row: SubscriptionRow): void {
  if (!row.confirmed) return;
  const subscriber = subscriberOf(row);
  if (subscriber.filter === undefined) {
    known.open.set(row.arn, subscriber);
    return;
  }
  known.filtered.set(row.arn, subscriber);
  known.policies.add(row.arn, subscriber.filter);
}

function filterInput(notification: Notification, protocol: string) {
  return { body: notification.textFor(protocol), attributes: notification.published.attributes };
}

const mostShown = 200;

/** Why a message reached nobody; of several filter policies the first one is explained. */
function whyNobody(known: Known | undefined, notification: Notification): string {
  const [first] = known?.filtered.values() ?? [];
  if (known === undefined || first?.filter === undefined) return "The topic has no confirmed subscription.";
  const { row, filter } = first;
  const mismatch = explainFilterPolicy(filter, filterInput(notification, row.protocol));
  const others = known.filtered.size === 1 ? "" : `, nor did the other ${known.filtered.size - 1}`;
  return `The filter policy of ${row.arn} did not let the message through${others}: ${reasonOf(mismatch)}`;
}

function reasonOf(mismatch: FilterPolicyMismatch | undefined): string {
  if (mismatch === undefined || mismatch.reason === "body-not-json-object") return "its body is no JSON object.";
  if (mismatch.reason === "no-attributes") return "it has no attributes.";
  const { path, reason, expected, actual } = mismatch;
  if (reason === "absent") return `it has no ${path}, wanted ${expected.slice(0, mostShown)}.`;
  if (reason === "element") return `no one element of its array has all that is wanted, such as ${path}.`;
  const values = actual.map((value) => JSON.stringify(value) ?? String(value)).join(", ");
  return `${path} is ${values.slice(0, mostShown)}, wanted ${expected.slice(0, mostShown)}.`;
}
