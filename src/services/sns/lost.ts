/** Notes of messages that subscribers did not get; the reason is computed when somebody looks. */
import { explainFilterPolicy, type FilterPolicyMismatch } from "../../events/filter-policy/index.ts";
import type { Subscriber } from "./deliveries.ts";
import type { Known } from "./fan-out.ts";
import type { Notification } from "./notification.ts";
import type { Sns } from "./sns.ts";

const maxShown = 200;
/** Cost of a subscriber on a list, in characters. */
const entryWeight = 8;

export function filterInput(notification: Notification, protocol: string) {
  return { body: notification.textFor(protocol), attributes: notification.published.attributes };
}

/**
 * Records a message for each subscription whose filter policy did not match it. Inside a transaction.
 * @param all subscriptions with a policy; those in `matching` got the message.
 */
export function noteFiltered(
  sns: Sns,
  all: readonly Subscriber[],
  matching: readonly Subscriber[],
  notification: Notification,
): void {
  const { topic, published } = notification;
  const got = new Set(matching);
  let rest: readonly Subscriber[] | undefined;
  const at = (place: number): Subscriber => {
    rest ??= got.size === 0 ? all : all.filter((subscriber) => !got.has(subscriber));
    return rest[place] as Subscriber;
  };
  sns.deps.delivery.noteLost({
    account: topic.account,
    region: topic.region,
    service: "sns",
    status: "filtered",
    count: all.length - matching.length,
    weight: published.message.length + all.length * entryWeight,
    source: (place) => at(place).row.arn,
    target: (place) => at(place).row.endpoint,
    reason: (place) => `The filter policy did not let the message through: ${reasonFor(at(place), notification)}`,
  });
}

/** Records a message that no subscription got. Inside a transaction. */
export function noteNobody(sns: Sns, known: Known | undefined, notification: Notification): void {
  const { topic, published } = notification;
  const [first] = known?.filtered.values() ?? [];
  const count = known?.filtered.size ?? 0;
  sns.deps.delivery.noteLost({
    account: topic.account,
    region: topic.region,
    service: "sns",
    status: "unmatched",
    count: 1,
    weight: published.message.length,
    source: () => topic.arn,
    target: () => "",
    reason: () => {
      if (first === undefined) return "The topic has no confirmed subscription.";
      const others = count === 1 ? "" : `, nor did the other ${count - 1}`;
      const why = reasonFor(first, notification);
      return `The filter policy of ${first.row.arn} did not let the message through${others}: ${why}`;
    },
  });
}

function reasonFor({ row, filter }: Subscriber, notification: Notification): string {
  return reasonOf(filter && explainFilterPolicy(filter, filterInput(notification, row.protocol)));
}

function reasonOf(mismatch: FilterPolicyMismatch | undefined): string {
  if (mismatch === undefined || mismatch.reason === "body-not-json-object") return "its body is not a JSON object.";
  if (mismatch.reason === "no-attributes") return "it has no attributes.";
  const { path, reason, expected, actual } = mismatch;
  if (reason === "absent") return `it has no ${path}, wanted ${expected.slice(0, maxShown)}.`;
  if (reason === "element") return `no one element of its array has all that is wanted, such as ${path}.`;
  const values = actual.map((value) => JSON.stringify(value) ?? "nothing").join(", ");
  return `${path} is ${values.slice(0, maxShown)}, wanted ${expected.slice(0, maxShown)}.`;
}
