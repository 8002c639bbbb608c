/** The attributes of subscriptions: which can be set, and which are shown. */
import { getOwn } from "../../../protocols/unknown-json.ts";
import { parseArn } from "../../calls/arn.ts";
import { type FilterPolicyScope, InvalidFilterPolicy, parseFilterPolicy } from "../../events/filter-policy/index.ts";
import { withoutSecrets } from "../../outside/secrets.ts";
import { parsedObject } from "./attribute-json.ts";
import { checkSubscriptionDeliveryPolicy, effectivePolicy } from "./delivery-policy.ts";
import { AttributeFault, invalidParameter } from "./errors.ts";
import type { Sns } from "./sns.ts";
import type { SubscriptionRow, TopicRow } from "./tables.ts";
import { flag } from "./topic-attributes.ts";

type Attributes = Readonly<Record<string, string>>;

/** What the check of an attribute depends on besides its value. */
export interface SubscriptionKind {
  readonly protocol: string;
  readonly endpoint: string;
  readonly account: string;
  readonly topic: TopicRow;
}

const isWeb = (protocol: string) => protocol === "http" || protocol === "https";

/** Checks a value and returns what is stored; undefined removes the attribute. */
type Setter = (value: string, kind: SubscriptionKind) => string | undefined;

const setters: Readonly<Record<string, Setter>> = {
  RawMessageDelivery(value, { protocol }) {
    const raw = flag("RawMessageDelivery", value);
    if (raw === "true" && !isWeb(protocol) && protocol !== "sqs" && protocol !== "firehose") {
      throw invalidParameter(`Delivery protocol [${protocol}] does not support raw message delivery.`);
    }
    return raw;
  },
  FilterPolicy: (value) => (value === "" || value === "{}" ? undefined : value),
  FilterPolicyScope(value) {
    if (value === "MessageAttributes" || value === "MessageBody") return value;
    throw new AttributeFault(
      `FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`,
    );
  },
  RedrivePolicy: (value, kind) => (value === "" ? undefined : checkRedrivePolicy(value, kind)),
  DeliveryPolicy(value, { protocol }) {
    if (value === "") return undefined;
    if (!isWeb(protocol))
      throw new AttributeFault("DeliveryPolicy: is only supported for http and https subscriptions");
    return checkSubscriptionDeliveryPolicy(value);
  },
  SubscriptionRoleArn(value, { protocol }) {
    if (protocol !== "firehose") throw new AttributeFault("SubscriptionRoleArn: is only supported for firehose");
    if (!/^arn:[^:]+:iam::\d{12}:role\/.+$/.test(value)) throw new AttributeFault("SubscriptionRoleArn: invalid ARN");
    return value;
  },
  ReplayPolicy: (value, { topic }) => (value === "" || value === "{}" ? undefined : checkReplayPolicy(value, topic)),
};

/**
 * Applies values by name to a subscription's attributes; undefined removes one.
 * @throws AwsError InvalidParameter; AttributeFault
 */
export function applySubscriptionAttributes(
  current: Attributes,
  named: Readonly<Record<string, string | undefined>>,
  kind: SubscriptionKind,
): Record<string, string> {
  const attributes: Record<string, string> = { ...current };
  for (const [name, value] of Object.entries(named)) {
    const set = getOwn(setters, name);
    if (set === undefined) throw invalidParameter("AttributeName");
    const kept = value === undefined ? undefined : set(value, kind);
    if (kept === undefined) delete attributes[name];
    else attributes[name] = kept;
  }
  // A scope may be set before its policy: it is stored but hidden, and applies to a policy that is set later.
  const policy = attributes["FilterPolicy"];
  if (policy !== undefined && (named["FilterPolicy"] !== undefined || named["FilterPolicyScope"] !== undefined)) {
    attributes["FilterPolicyScope"] ??= "MessageAttributes";
    checkFilterPolicy(policy, attributes["FilterPolicyScope"] as FilterPolicyScope);
  }
  return attributes;
}

/** In the form of GetSubscriptionAttributes. */
export function shownSubscriptionAttributes(service: Sns, row: SubscriptionRow): Record<string, string> {
  const topic = service.topics.get(row.topicArn);
  const { FilterPolicyScope: _scope, ...others } = row.attributes;
  const shown = others["FilterPolicy"] === undefined ? others : row.attributes;
  return {
    SubscriptionArn: row.arn,
    TopicArn: row.topicArn,
    Protocol: row.protocol,
    Endpoint: withoutSecrets(row.endpoint),
    Owner: row.account,
    ConfirmationWasAuthenticated: String(row.authenticated),
    PendingConfirmation: String(!row.confirmed),
    SubscriptionPrincipal: row.principal,
    RawMessageDelivery: "false",
    ...(isWeb(row.protocol)
      ? {
          EffectiveDeliveryPolicy: JSON.stringify(
            effectivePolicy(topic?.attributes["DeliveryPolicy"], row.attributes["DeliveryPolicy"]),
          ),
        }
      : {}),
    ...shown,
    ...(row.replay === undefined ? {} : { ReplayStatus: row.replay.status }),
  };
}

function checkFilterPolicy(text: string, scope: FilterPolicyScope): void {
  try {
    parseFilterPolicy(text, scope);
  } catch (error) {
    if (error instanceof InvalidFilterPolicy) throw new AttributeFault(error.message);
    throw error;
  }
}

function checkRedrivePolicy(text: string, { topic, protocol, endpoint, account }: SubscriptionKind): string {
  const policy = parsedObject("RedrivePolicy", text);
  const unknown = Object.keys(policy).find((name) => name !== "deadLetterTargetArn");
  if (unknown !== undefined) {
    throw new AttributeFault(`RedrivePolicy: invalid JSON. Attribute ${unknown} is unknown.`);
  }
  const target = policy["deadLetterTargetArn"];
  const arn = typeof target === "string" ? parseArn(target) : undefined;
  if (arn?.service !== "sqs") throw new AttributeFault("RedrivePolicy: deadLetterTargetArn is an invalid arn");
  if (arn.region !== topic.region || arn.account !== account) {
    throw new AttributeFault(
      "RedrivePolicy: deadLetterTargetArn must be in the same account and region as the subscription",
    );
  }
  const fifo = protocol === "sqs" && endpoint.endsWith(".fifo");
  if (fifo && !arn.resource.endsWith(".fifo")) {
    throw new AttributeFault("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.");
  }
  if (!fifo && arn.resource.endsWith(".fifo")) {
    throw new AttributeFault("RedrivePolicy: must use a standard queue as DLQ for a standard subscription.");
  }
  return text;
}

function checkReplayPolicy(text: string, topic: TopicRow): string {
  if (topic.attributes["ArchivePolicy"] === undefined) {
    throw new AttributeFault("ReplayPolicy: the topic has no active archive policy");
  }
  const policy = parsedObject("ReplayPolicy", text);
  const unknown = Object.keys(policy).find((name) => !["PointType", "StartingPoint", "EndingPoint"].includes(name));
  if (unknown !== undefined) throw new AttributeFault(`ReplayPolicy: invalid JSON. Attribute ${unknown} is unknown.`);
  if (policy["PointType"] !== "Timestamp") throw new AttributeFault("ReplayPolicy: PointType must be Timestamp");
  const start = timeOf(policy["StartingPoint"], "StartingPoint");
  const end = policy["EndingPoint"];
  if (end !== undefined && timeOf(end, "EndingPoint") <= start) {
    throw new AttributeFault("ReplayPolicy: EndingPoint must be later than StartingPoint");
  }
  return text;
}

function timeOf(value: unknown, name: string): number {
  const ms = typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw new AttributeFault(`ReplayPolicy: ${name} must be an ISO 8601 timestamp`);
  return ms;
}
