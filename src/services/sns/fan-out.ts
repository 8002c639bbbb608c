/** Delivers a published message to all subscriptions of its topic whose filter policy matches it. */
import { FilterPolicyIndex, matchesFilterPolicy } from "../../events/filter-policy/index.ts";
import { type Audience, audienceOf, copyFor } from "./copies.ts";
import { deliveryOf, type Subscriber, subscriberOf } from "./deliveries.ts";
import { filterInput, noteFiltered, noteNobody } from "./lost.ts";
import { Notification } from "./notification.ts";
import type { Sns } from "./sns.ts";
import type { Published, SubscriptionRow, TopicRow } from "./tables.ts";

const nobody: readonly Subscriber[] = [];

/** A topic's confirmed subscriptions in memory; derived from their rows and kept in step with them. */
export interface Known {
  readonly open: Map<string, Subscriber>;
  readonly filtered: Map<string, Subscriber>;
  /** Those without a filter policy, grouped; undefined after a change, until the next message. */
  audience: Audience | undefined;
  /** The filter policies by subscription. */
  readonly policies: FilterPolicyIndex<string>;
  /**
   * Those with a filter policy as a list, shared by notes of lost messages; undefined after a change, until it is
   * needed.
   */
  list: readonly Subscriber[] | undefined;
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
    if (known === undefined) {
      noteNobody(this.#sns, known, notification);
      return;
    }
    const matching = this.#matching(known, notification);
    known.audience ??= audienceOf(known.open.values());
    this.#deliverAll(known.audience, notification);
    if (matching.length > 0) this.#deliverAll(audienceOf(matching), notification);
    if (matching.length < known.filtered.size) {
      known.list ??= [...known.filtered.values()];
      noteFiltered(this.#sns, known.list, matching, notification);
    }
    if (known.open.size === 0 && matching.length === 0) noteNobody(this.#sns, known, notification);
  }

  /** Whether a subscription's filter policy matches a message; for replays. */
  lets({ row, filter }: Subscriber, notification: Notification): boolean {
    return filter === undefined || matchesFilterPolicy(filter, filterInput(notification, row.protocol));
  }

  /** Applies a subscription's change, after the commit. */
  refresh({ arn, topicArn }: SubscriptionRow): void {
    const known = this.#topics.get(topicArn);
    if (known === undefined) return;
    known.open.delete(arn);
    known.filtered.delete(arn);
    known.policies.remove(arn);
    known.list = undefined;
    known.audience = undefined;
    const row = this.#sns.subscriptions.get(arn);
    if (row !== undefined) add(known, row);
    if (known.open.size === 0 && known.filtered.size === 0) this.#topics.delete(topicArn);
  }

  /** To be called after a reset of rows. */
  clear(): void {
    this.#topics.clear();
  }

  #of(topicArn: string): Known {
    let known = this.#topics.get(topicArn);
    if (known === undefined) {
      known = {
        open: new Map(),
        filtered: new Map(),
        audience: undefined,
        policies: new FilterPolicyIndex(),
        list: undefined,
      };
      for (const row of this.#sns.subscriptions.by.topic.range(topicArn)) add(known, row);
      this.#topics.set(topicArn, known);
    }
    return known;
  }

  /** Those with a filter policy that matches the message. */
  #matching({ filtered, policies }: Known, notification: Notification): readonly Subscriber[] {
    if (filtered.size === 0) return nobody;
    const protocols = Object.keys(notification.published.messages ?? {});
    const found = (protocol: string, fits: (protocol: string) => boolean) =>
      policies
        .match(filterInput(notification, protocol))
        .map((arn) => filtered.get(arn) as Subscriber)
        .filter(({ row }) => fits(row.protocol));
    // Policies see the text for their own protocol: match once for each special text, and once for all others.
    const others = found("default", (protocol) => !protocols.includes(protocol));
    return [...others, ...protocols.flatMap((one) => found(one, (protocol) => protocol === one))];
  }

  #deliverAll({ copies, others }: Audience, notification: Notification): void {
    if (notification.topic.fifo) {
      for (const { subscribers } of copies) for (const one of subscribers) this.#deliver(one, notification);
    } else {
      for (const group of copies) this.#sns.deps.delivery.submitAll(copyFor(group, notification), group.receivers);
    }
    for (const subscriber of others) this.#deliver(subscriber, notification);
  }

  #deliver(subscriber: Subscriber, notification: Notification): void {
    // A replay that is catching up also delivers new messages, in order.
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
