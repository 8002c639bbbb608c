/** Subscribe: who receives a topic's messages, and who must confirm first. */
import {
  FilterPolicyLimitExceededException$,
  Subscribe$,
  type SubscribeCommand,
  SubscriptionLimitExceededException$,
} from "@aws-sdk/client-sns";
import { AwsError } from "../../../protocols/error.ts";
import { getOwn } from "../../../protocols/unknown-json.ts";
import { parseArn } from "../../calls/arn.ts";
import { checkMay } from "./access.ts";
import { confirmationDelivery } from "./deliveries.ts";
import { asGivenAttributes, invalid, invalidParameter } from "./errors.ts";
import { pendingMs } from "./retention.ts";
import { operation, type Sns } from "./sns.ts";
import { applySubscriptionAttributes, shownSubscriptionAttributes } from "./subscription-attributes.ts";
import { endpointKey, type SubscriptionRow, type TopicRow } from "./tables.ts";

const maxFifoSubscriptions = 100;
const maxSubscriptions = 12_500_000;
const maxPoliciesOfTopic = 200;
const maxPoliciesOfAccount = 10_000;
/** Number of hex digits in a confirmation token. */
export const tokenLength = 288;
export const pendingTimer = "sns.pending";
/** What Subscribe and the lists return instead of the ARN. */
const pendingConfirmation = "pending confirmation";

export const subscribe = operation<SubscribeCommand>(Subscribe$, (input, context) => {
  const { service, account, region, origin, principal } = context;
  const protocol = input.Protocol ?? "";
  const endpoint = input.Endpoint ?? "";
  const topic = service.topicOf(input.TopicArn, context);
  checkEndpoint(service, protocol, endpoint, input.Attributes);
  checkCompatible(topic, protocol, endpoint);
  checkMay(topic, context, "Subscribe", { "sns:endpoint": endpoint, "sns:protocol": protocol });
  const named = (input.Attributes ?? {}) as Record<string, string>;
  const kind = { protocol, endpoint, account, topic };
  const attributes = asGivenAttributes(() => applySubscriptionAttributes({}, named, kind));
  const existing = service.subscriptions.by.endpoint.first(endpointKey(topic.arn, protocol, endpoint));
  if (existing) {
    checkSame({ ...shownSubscriptionAttributes(service, existing), ...existing.attributes }, named);
    if (existing.confirmed) {
      // An endpoint in another account must confirm even if it has done so before.
      const owner = parseArn(endpoint)?.account;
      if (owner !== undefined && owner !== account && existing.account === owner) {
        deliverConfirmation(service, topic, existing);
      }
      return { SubscriptionArn: existing.arn };
    }
    askToConfirm(service, topic, existing);
    return { SubscriptionArn: input.ReturnSubscriptionArn ? existing.arn : pendingConfirmation };
  }
  checkLimits(service, topic, account, attributes);
  const { random, store } = service.deps;
  const confirmed = confirmsItself(protocol, endpoint, account);
  const arn = `${topic.arn}:${random.uuid()}`;
  const row: SubscriptionRow = {
    arn,
    account,
    region,
    topicArn: topic.arn,
    protocol,
    endpoint,
    attributes,
    confirmed,
    authenticated: confirmed,
    authenticateOnUnsubscribe: false,
    principal: principal.arn,
    token: random.hex(tokenLength),
    origin,
    serial: store.nextSerial(),
    replay: confirmed ? service.replays.begin(arn, account, attributes["ReplayPolicy"]) : undefined,
  };
  service.putSubscription(row);
  if (confirmed) return { SubscriptionArn: arn };
  askToConfirm(service, topic, row);
  return { SubscriptionArn: input.ReturnSubscriptionArn ? arn : pendingConfirmation };
});

/** Sends the confirmation message, and sets the deadline for it. */
export function askToConfirm(service: Sns, topic: TopicRow, row: SubscriptionRow): void {
  deliverConfirmation(service, topic, row);
  service.deps.timers.schedule({
    id: `${pendingTimer} ${row.arn}`,
    account: row.account,
    dueMs: service.now + pendingMs,
    kind: pendingTimer,
    payload: row.arn,
  });
}

function deliverConfirmation(service: Sns, topic: TopicRow, row: SubscriptionRow): void {
  service.deps.delivery.submit(confirmationDelivery(service, topic, row, "SubscriptionConfirmation"));
}

/** Endpoints in the subscriber's own account need no confirmation; web and mail endpoints always do. */
function confirmsItself(protocol: string, endpoint: string, account: string): boolean {
  if (protocol === "sms") return true;
  if (/^(http|email)/.test(protocol)) return false;
  return parseArn(endpoint)?.account === account;
}

type Check = (service: Sns, endpoint: string, protocol: string) => void;

const web: Check = (_service, endpoint, protocol) => {
  if (!endpoint.startsWith(`${protocol}://`) || !URL.canParse(endpoint)) {
    throw invalidParameter("Endpoint must match the specified protocol");
  }
  if (protocol === "http" && new URL(endpoint).username !== "") {
    throw invalidParameter("Endpoint", "Please use HTTPS for subscriptions that contain inline credentials");
  }
};
const mail: Check = (_service, endpoint) => {
  if (endpoint.length > 320 || !/^[^\s@]+@[^\s@]+$/.test(endpoint)) throw invalidParameter("Email address");
};

const endpointChecks: Readonly<Record<string, Check>> = {
  http: web,
  https: web,
  email: mail,
  "email-json": mail,
  sms(_service, endpoint) {
    if (!/^\+?\d+([-/.]\d+)*$/.test(endpoint)) throw invalid(`Invalid SMS endpoint: ${endpoint}`);
  },
  sqs(_service, endpoint) {
    if (parseArn(endpoint)?.service !== "sqs") throw invalidParameter("SQS endpoint ARN");
  },
  lambda(_service, endpoint) {
    if (parseArn(endpoint)?.service !== "lambda") throw invalidParameter("Lambda endpoint ARN");
  },
  firehose(_service, endpoint) {
    if (parseArn(endpoint)?.service !== "firehose") throw invalidParameter("Firehose endpoint ARN");
  },
  application(service, endpoint) {
    if (service.endpoints.has(endpoint)) return;
    throw invalidParameter("Endpoint", `Endpoint does not exist for endpoint arn${endpoint}`);
  },
};

const maxEndpointChars = 1024;

function checkEndpoint(service: Sns, protocol: string, endpoint: string, attributes: object | undefined): void {
  const check = getOwn(endpointChecks, protocol);
  if (check === undefined) throw invalidParameter(`Amazon SNS does not support this protocol string: ${protocol}`);
  if (endpoint.length > maxEndpointChars) throw invalidParameter("Endpoint", "The endpoint is too long");
  check(service, endpoint, protocol);
  if (protocol === "firehose" && !Object.hasOwn(attributes ?? {}, "SubscriptionRoleArn")) {
    throw invalidParameter("Attributes", "SubscriptionRoleArn is required for Firehose subscriptions");
  }
}

function checkCompatible(topic: TopicRow, protocol: string, endpoint: string): void {
  if (topic.fifo && protocol !== "sqs") throw invalidParameter(`Invalid protocol type: ${protocol}`);
  if (!topic.fifo && protocol === "sqs" && endpoint.endsWith(".fifo")) {
    throw invalidParameter(
      "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
    );
  }
}

/** An existing subscription is returned if it has everything that the request names. */
function checkSame(shown: Readonly<Record<string, string>>, named: Readonly<Record<string, string>>): void {
  const defaults: Record<string, string> = { FilterPolicyScope: "MessageAttributes" };
  for (const [name, value] of Object.entries(named)) {
    const current = shown[name] ?? defaults[name] ?? "";
    const same = name === "RawMessageDelivery" ? current === value.toLowerCase() : current === value;
    if (same || (name === "FilterPolicy" && current === "" && value === "{}")) continue;
    throw invalidParameter("Attributes", "Subscription already exists with different attributes");
  }
}

function checkLimits(
  service: Sns,
  topic: TopicRow,
  account: string,
  attributes: Readonly<Record<string, string>>,
): void {
  const { by } = service.subscriptions;
  if (by.topic.size(topic.arn) >= (topic.fifo ? maxFifoSubscriptions : maxSubscriptions)) {
    const message = "Subscription limit exceeded for this topic";
    throw AwsError.of(SubscriptionLimitExceededException$, message);
  }
  if (attributes["FilterPolicy"] !== undefined) checkFilterPolicyLimit(service, topic, account);
}

/** AWS can raise the limit of a topic, so it is only enforced with `--strict`. */
export function checkFilterPolicyLimit(service: Sns, topic: TopicRow, account: string): void {
  const { by } = service.subscriptions;
  const ofTopic = service.deps.options.strict ? maxPoliciesOfTopic : maxPoliciesOfAccount;
  if (by.filteredOfTopic.size(topic.arn) >= ofTopic || by.filtered.size(account) >= maxPoliciesOfAccount) {
    const message = "Filter policy limit exceeded";
    throw AwsError.of(FilterPolicyLimitExceededException$, message);
  }
}
