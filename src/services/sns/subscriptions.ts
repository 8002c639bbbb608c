/** Subscriptions after Subscribe: confirm, show, change, list and unsubscribe. */

import {
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
import { parseArn } from "../../calls/arn.ts";
import { encodeToken, takePage } from "../../calls/page.ts";
import { placeKey } from "../../calls/place.ts";
import { withoutSecrets } from "../../outside/secrets.ts";
import { authorizationError, checkMay, topicFor } from "./access.ts";
import { confirmationDelivery } from "./deliveries.ts";
import { asSetAttribute, invalid, invalidParameter, notFound } from "./errors.ts";
import { pendingMs } from "./retention.ts";
import { checkHere, isSigned, operation, pageAfter, pageSize, type Sns } from "./sns.ts";
import { checkFilterPolicyLimit, pendingTimer, tokenLength } from "./subscribe.ts";
import { applySubscriptionAttributes, shownSubscriptionAttributes } from "./subscription-attributes.ts";
import type { EndedRow, SubscriptionRow } from "./tables.ts";

export const confirmSubscription = operation<ConfirmSubscriptionCommand>(ConfirmSubscription$, (input, context) => {
  const { service } = context;
  // The topic's name does not matter: the token identifies the subscription.
  const arn = parseArn(input.TopicArn ?? "");
  if (arn?.service !== "sns" || arn.region !== context.region) throw invalidParameter("Topic");
  const token = input.Token ?? "";
  const row = service.subscriptions.by.token.first(token) ?? ended(service, token);
  if (row === undefined) throw isToken(token) ? invalidParameter("Token") : invalid("Invalid token");
  const signed = isSigned(context);
  const authenticate = input.AuthenticateOnUnsubscribe?.toLowerCase() === "true";
  if (authenticate && !signed) {
    throw authorizationError("To disallow anonymous unsubscription, subscriber and confirmer IDs must match");
  }
  if (row.confirmed) {
    if (authenticate) throw authorizationError("Subscription already confirmed");
    return { SubscriptionArn: row.arn };
  }
  service.putSubscription({
    ...row,
    confirmed: true,
    authenticated: signed,
    authenticateOnUnsubscribe: authenticate,
    replay: service.replays.begin(row.arn, row.account, row.attributes["ReplayPolicy"]),
  });
  service.deps.timers.cancel(`${pendingTimer} ${row.arn}`);
  return { SubscriptionArn: row.arn };
});

function isToken(text: string): boolean {
  return text.length === tokenLength && /^[0-9a-f]*$/i.test(text);
}

/** The unsubscription that this token can still undo. */
function ended(service: Sns, token: string): SubscriptionRow | undefined {
  service.retention.ended.run("");
  const row = service.ended.by.token.first(token);
  if (row === undefined) return undefined;
  if (row.forGood) throw notFound("Subscription");
  service.ended.delete(row.arn);
  const { endedMs: _endedMs, ...subscription } = row;
  return subscription;
}

export const unsubscribe = operation<UnsubscribeCommand>(Unsubscribe$, (input, context) => {
  const { service } = context;
  const arn = input.SubscriptionArn;
  checkHere(arn, "SubscriptionArn", context);
  const row = service.subscriptions.get(arn as string);
  if (!row) {
    if (!/^arn:[^:]+:sns:[^:]*:[^:]*:[^:]+:[0-9a-f-]{36}$/.test(arn as string))
      throw invalidParameter("SubscriptionId");
    return;
  }
  const signed = isSigned(context);
  if (!signed && row.authenticateOnUnsubscribe) {
    throw authorizationError("This subscription may only be deleted by an authorized user.");
  }
  const topic = service.topics.get(row.topicArn);
  if (topic && row.account !== context.account) checkMay(topic, context, "Unsubscribe");
  service.deps.timers.cancel(`${pendingTimer} ${row.arn}`);
  service.deleteSubscription(row);
  // An unsubscription by link can be undone: the token in the message restores the subscription.
  if (!signed && row.confirmed && topic) {
    service.deps.delivery.submit(confirmationDelivery(service, topic, row, "UnsubscribeConfirmation"));
    keepEnded(service, { ...row, confirmed: false, endedMs: service.now });
  } else if (signed) keepEnded(service, { ...row, endedMs: service.now, forGood: true });
});

/** Keeps an ended subscription as long as its token would have been valid. */
function keepEnded(service: Sns, row: EndedRow): void {
  service.ended.put(row);
  service.retention.ended.expect("", service.now + pendingMs);
}

export const getSubscriptionAttributes = operation<GetSubscriptionAttributesCommand>(
  GetSubscriptionAttributes$,
  (input, context) => {
    const { service } = context;
    service.retention.ended.run("");
    const ended = service.ended.get(input.SubscriptionArn ?? "");
    const shown = ended !== undefined && !ended.forGood && ended.region === context.region ? ended : undefined;
    const row = shown ?? service.subscriptionOf(input.SubscriptionArn, context);
    return { Attributes: shownSubscriptionAttributes(service, row) };
  },
);

export const setSubscriptionAttributes = operation<SetSubscriptionAttributesCommand>(
  SetSubscriptionAttributes$,
  (input, context) => {
    const { service } = context;
    const row = service.subscriptionOf(input.SubscriptionArn, context);
    const topic = service.topics.get(row.topicArn);
    if (!topic) throw notFound("Subscription");
    if (row.account !== context.account) checkMay(topic, context, "SetSubscriptionAttributes");
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
  const place = placeKey({ account, region });
  const after = pageAfter(input.NextToken);
  service.retention.ended.run("");
  return page(service.subscriptions.by.place.range(place, after), service.ended.by.place.range(place, after));
});

export const listSubscriptionsByTopic = operation<ListSubscriptionsByTopicCommand>(
  ListSubscriptionsByTopic$,
  (input, context) => {
    const { service } = context;
    const topic = topicFor(input.TopicArn, context, "ListSubscriptionsByTopic");
    const after = pageAfter(input.NextToken);
    service.retention.ended.run("");
    return page(service.subscriptions.by.topic.range(topic.arn, after), service.ended.by.topic.range(topic.arn, after));
  },
);

function page(rows: Iterable<SubscriptionRow>, ended: Iterable<EndedRow>) {
  const { items, more } = takePage(bySerial(rows, ended), pageSize);
  return {
    Subscriptions: items.map((row) => ({
      SubscriptionArn: "endedMs" in row ? "Deleted" : row.confirmed ? row.arn : "PendingConfirmation",
      Owner: row.account,
      Protocol: row.protocol,
      Endpoint: withoutSecrets(row.endpoint),
      TopicArn: row.topicArn,
    })),
    NextToken: more ? encodeToken(items.at(-1)?.serial) : undefined,
  };
}

/** Merges active and ended subscriptions in the order of their creation. */
function* bySerial(rows: Iterable<SubscriptionRow>, ended: Iterable<EndedRow>): IterableIterator<SubscriptionRow> {
  const over = ended[Symbol.iterator]();
  let next = over.next();
  for (const row of rows) {
    while (!next.done && next.value.serial < row.serial) {
      yield next.value;
      next = over.next();
    }
    yield row;
  }
  while (!next.done) {
    yield next.value;
    next = over.next();
  }
}
