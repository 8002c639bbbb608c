/** Subscriptions after Subscribe: confirm, look at, change, list and end. */

import {
  AuthorizationErrorException$,
  ConfirmSubscription$,
  type ConfirmSubscriptionCommand,
  GetSubscriptionAttributes$,
  type GetSubscriptionAttributesCommand,
  ListSubscriptions$,
  ListSubscriptionsByTopic$,
  type ListSubscriptionsByTopicCommand,
  type ListSubscriptionsCommand,
  SetSubscriptionAttributes$,
  type SetSubscriptionAttributesCommand,
  Unsubscribe$,
  type UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import { AwsError } from "../../../protocols/error.ts";
import { encodeToken, takePage } from "../../calls/page.ts";
import { placeKey } from "../../calls/place.ts";
import { withoutSecrets } from "../../outside/secrets.ts";
import { confirmationDelivery } from "./deliveries.ts";
import { asSetAttribute, invalidParameter, notFound } from "./errors.ts";
import { pendingMs } from "./retention.ts";
import { checkArn, isSigned, operation, pageAfter, pageSize, type Sns } from "./sns.ts";
import { checkFilterPolicyLimit, pendingTimer } from "./subscribe.ts";
import { applySubscriptionAttributes, shownSubscriptionAttributes } from "./subscription-attributes.ts";
import type { SubscriptionRow } from "./tables.ts";

export const confirmSubscription = operation<ConfirmSubscriptionCommand>(ConfirmSubscription$, (input, context) => {
  const { service } = context;
  checkArn(input.TopicArn, "TopicArn");
  if (!service.topics.has(input.TopicArn as string)) throw notFound("Topic");
  const token = input.Token ?? "";
  const row = service.subscriptions.by.token.first(token) ?? ended(service, token);
  if (row === undefined || row.topicArn !== input.TopicArn) throw invalidParameter("Token");
  if (row.confirmed) return { SubscriptionArn: row.arn };
  const signed = isSigned(context);
  service.putSubscription({
    ...row,
    confirmed: true,
    authenticated: signed,
    authenticateOnUnsubscribe: signed && input.AuthenticateOnUnsubscribe?.toLowerCase() === "true",
    replay: service.replays.begin(row.arn, row.account, row.attributes["ReplayPolicy"]),
  });
  service.deps.timers.cancel(`${pendingTimer} ${row.arn}`);
  return { SubscriptionArn: row.arn };
});

/** The subscription whose end this token takes back, while it is valid. */
function ended(service: Sns, token: string): SubscriptionRow | undefined {
  service.retention.ended.run("");
  const row = service.ended.by.token.first(token);
  if (row === undefined) return undefined;
  service.ended.delete(row.arn);
  const { endedMs: _endedMs, ...subscription } = row;
  return subscription;
}

export const unsubscribe = operation<UnsubscribeCommand>(Unsubscribe$, (input, context) => {
  const { service } = context;
  const arn = input.SubscriptionArn;
  const row = arn === undefined ? undefined : service.subscriptions.get(arn);
  if (!row) {
    checkArn(arn, "SubscriptionArn");
    if (!/^arn:[^:]+:sns:[^:]*:[^:]*:[^:]+:[0-9a-f-]{36}$/.test(arn as string))
      throw invalidParameter("SubscriptionId");
    return;
  }
  const signed = isSigned(context);
  if (!signed && row.authenticateOnUnsubscribe) {
    throw AwsError.of(AuthorizationErrorException$, "This subscription can be ended by an authenticated request alone");
  }
  service.deps.timers.cancel(`${pendingTimer} ${row.arn}`);
  const topic = service.topics.get(row.topicArn);
  service.deleteSubscription(row);
  // Whoever followed the link may take it back: the token of the message brings the subscription to life again.
  if (!signed && row.confirmed && topic) {
    service.deps.delivery.submit(confirmationDelivery(service, topic, row, "UnsubscribeConfirmation"));
    service.ended.put({ ...row, confirmed: false, endedMs: service.now });
    service.retention.ended.expect("", service.now + pendingMs);
  }
});

export const getSubscriptionAttributes = operation<GetSubscriptionAttributesCommand>(
  GetSubscriptionAttributes$,
  (input, { service }) => ({
    Attributes: shownSubscriptionAttributes(service, service.subscriptionOf(input.SubscriptionArn)),
  }),
);

export const setSubscriptionAttributes = operation<SetSubscriptionAttributesCommand>(
  SetSubscriptionAttributes$,
  (input, { service }) => {
    const row = service.subscriptionOf(input.SubscriptionArn);
    const topic = service.topics.get(row.topicArn);
    if (!topic) throw notFound("Subscription");
    const name = input.AttributeName ?? "";
    const named = { [name]: input.AttributeValue };
    const attributes = asSetAttribute(() => applySubscriptionAttributes(row.attributes, named, { ...row, topic }));
    if (attributes["FilterPolicy"] !== undefined && row.attributes["FilterPolicy"] === undefined) {
      checkFilterPolicyLimit(service, topic, row.account);
    }
    let { replay } = row;
    if (name === "ReplayPolicy") {
      service.replays.stop(row);
      replay = row.confirmed ? service.replays.begin(row.arn, row.account, attributes["ReplayPolicy"]) : undefined;
    }
    service.putSubscription({ ...row, attributes, replay });
  },
);

export const listSubscriptions = operation<ListSubscriptionsCommand>(ListSubscriptions$, (input, context) => {
  const { service, account, region } = context;
  return page(service.subscriptions.by.place.range(placeKey({ account, region }), pageAfter(input.NextToken)));
});

export const listSubscriptionsByTopic = operation<ListSubscriptionsByTopicCommand>(
  ListSubscriptionsByTopic$,
  (input, context) => {
    const { service } = context;
    const topic = service.topicOf(input.TopicArn, context);
    return page(service.subscriptions.by.topic.range(topic.arn, pageAfter(input.NextToken)));
  },
);

function page(rows: Iterable<SubscriptionRow>) {
  const { items, more } = takePage(rows, pageSize);
  return {
    Subscriptions: items.map((row) => ({
      SubscriptionArn: row.confirmed ? row.arn : "PendingConfirmation",
      Owner: row.account,
      Protocol: row.protocol,
      Endpoint: withoutSecrets(row.endpoint),
      TopicArn: row.topicArn,
    })),
    NextToken: more ? encodeToken(items.at(-1)?.serial) : undefined,
  };
}
