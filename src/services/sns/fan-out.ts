/** Brings a published message to all subscriptions of its topic whose filter policy lets it through. */
import { FilterPolicyIndex, type FilterPolicyScope, parseFilterPolicy } from "../../core/filter-policy/index.ts";
import { deliveryOf, type Subscriber, subscriberOf } from "./deliveries.ts";
import { Notification } from "./notification.ts";
import type { Sns } from "./sns.ts";
import type { Published, SubscriptionRow, TopicRow } from "./tables.ts";

/** What is known of a topic's confirmed subscriptions; derived from their rows and kept in step with them. */
interface Known {
  readonly open: Map<string, Subscriber>;
  readonly filtered: Map<string, Subscriber>;
  /** Policies by subscription; on bodies too, for messages that have one text for all protocols. */
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
    if (this.#sns.subscriptions.by.topic.size(topic.arn) === 0) return;
    const known = this.#of(topic.arn);
    const notification = new Notification(this.#sns, topic, published);
    for (const subscriber of known.open.values()) this.#deliver(subscriber, notification);
    if (known.filtered.size === 0) return;
    const texts = published.messages === undefined ? undefined : Object.entries(published.messages);
    for (const subscriber of this.#matching(known, notification, texts)) this.#deliver(subscriber, notification);
  }

  /** Whether a subscription's policy lets a message through; for replays. */
  lets(row: SubscriptionRow, notification: Notification): boolean {
    const policy = policyOf(row);
    if (policy === undefined) return true;
    const alone = new FilterPolicyIndex<string>();
    alone.add(row.arn, policy);
    return alone.match(filterInput(notification, row.protocol)).length > 0;
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

  *#matching(
    { policies, filtered }: Known,
    notification: Notification,
    texts: readonly (readonly [string, string])[] | undefined,
  ): IterableIterator<Subscriber> {
    const protocols = texts?.map(([protocol]) => protocol) ?? [];
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
  const policy = policyOf(row);
  if (policy === undefined) {
    known.open.set(row.arn, subscriberOf(row));
    return;
  }
  known.filtered.set(row.arn, subscriberOf(row));
  known.policies.add(row.arn, policy);
}

function policyOf({ attributes }: SubscriptionRow) {
  const text = attributes["FilterPolicy"];
  const scope = (attributes["FilterPolicyScope"] ?? "MessageAttributes") as FilterPolicyScope;
  return text === undefined ? undefined : parseFilterPolicy(text, scope);
}

function filterInput(notification: Notification, protocol: string) {
  return { body: notification.textFor(protocol), attributes: notification.published.attributes };
}
