/** The attributes of topics: which can be set, and which are shown. */
import { jsonObject, numberOf, textOf } from "../../../protocols/unknown-json.ts";
import { storedPolicy } from "../../access/stored-policy.ts";
import { parsedObject } from "./attribute-json.ts";
import { checkTopicDeliveryPolicy, effectiveTopicPolicy } from "./delivery-policy.ts";
import { AttributeFault, invalidParameter } from "./errors.ts";
import { checkedPolicy, defaultPolicy } from "./policy.ts";
import type { Sns } from "./sns.ts";
import type { TopicRow } from "./tables.ts";

type Attributes = Readonly<Record<string, string>>;

const feedback =
  /^(HTTP|Firehose|Lambda|Application|SQS)(SuccessFeedbackRoleArn|SuccessFeedbackSampleRate|FailureFeedbackRoleArn)$/;

/** Checks a value; returns what is stored, or undefined to remove the attribute. */
type Setter = (
  value: string,
  topic: { readonly fifo: boolean; readonly current: Attributes; readonly partition: string },
) => string | undefined;

const setters: Readonly<Record<string, Setter>> = {
  Policy(value, { partition }) {
    if (value === "") return undefined;
    return storedPolicy(checkedPolicy(value), partition);
  },
  DisplayName(value) {
    if (value.length > 100) throw invalidParameter("DisplayName", "must be at most 100 characters long");
    return value;
  },
  DeliveryPolicy: (value) => (value === "" ? undefined : checkTopicDeliveryPolicy(value)),
  TracingConfig: oneOf("TracingConfig", ["PassThrough", "Active"]),
  SignatureVersion: oneOf("SignatureVersion", ["1", "2"]),
  KmsMasterKeyId: (value) => value || undefined,
  ContentBasedDeduplication(value, { fifo }) {
    if (!fifo) throw invalidParameter("Attributes", "Content-based deduplication can only be set for FIFO topics");
    return flag("ContentBasedDeduplication", value);
  },
  FifoThroughputScope(value, { fifo, current }) {
    if (!fifo) throw invalidParameter("Attributes", "FifoThroughputScope can only be set for FIFO topics");
    if (value !== "Topic" && value !== "MessageGroup") throw invalidParameter(`Invalid FifoThroughputScope: ${value}`);
    if (value === "Topic" && current["FifoThroughputScope"] === "MessageGroup") {
      throw invalidParameter("Modifying FifoThroughputScope from MessageGroup to Topic is not supported");
    }
    return value;
  },
  ArchivePolicy(value, { fifo }) {
    if (!fifo) throw invalidParameter("ArchivePolicy", "message archiving is supported for FIFO topics only");
    return value === "" || value === "{}" ? undefined : checkArchivePolicy(value);
  },
};

/**
 * Applies values by name to a topic's attributes.
 * @throws AwsError InvalidParameter; AttributeFault
 * @param unknown creates the error for a name that cannot be set.
 */
export function applyTopicAttributes(
  current: Attributes,
  named: Attributes,
  { fifo, partition }: { readonly fifo: boolean; readonly partition: string },
  unknown: (name: string) => Error,
): Record<string, string> {
  const attributes: Record<string, string> = { ...current };
  for (const [name, value] of Object.entries(named)) {
    const set = Object.hasOwn(setters, name) ? setters[name] : feedback.test(name) ? feedbackSetter(name) : undefined;
    if (set === undefined) throw unknown(name);
    const kept = set(value, { fifo, partition, current });
    if (kept === undefined) delete attributes[name];
    else attributes[name] = kept;
  }
  return attributes;
}

/** In the form of GetTopicAttributes. */
export function shownTopicAttributes(service: Sns, topic: TopicRow): Record<string, string> {
  const all = service.subscriptions.by.topic.size(topic.arn);
  const pending = service.subscriptions.by.pending.size(topic.arn);
  return {
    Policy: JSON.stringify(defaultPolicy(topic.arn, topic.account)),
    Owner: topic.account,
    SubscriptionsPending: String(pending),
    TopicArn: topic.arn,
    SubscriptionsConfirmed: String(all - pending),
    SubscriptionsDeleted: String(topic.deletedSubscriptions),
    DisplayName: "",
    EffectiveDeliveryPolicy: JSON.stringify(effectiveTopicPolicy(topic.attributes["DeliveryPolicy"])),
    ...(topic.fifo ? { FifoTopic: "true", ContentBasedDeduplication: "false" } : {}),
    ...(topic.archivingSinceMs === undefined
      ? {}
      : { BeginningArchiveTime: new Date(topic.archivingSinceMs).toISOString() }),
    ...topic.attributes,
  };
}

/** How many days a topic's archive covers. */
export function archiveDays(attributes: Attributes): number | undefined {
  const policy = attributes["ArchivePolicy"];
  return policy === undefined ? undefined : numberOf(jsonObject(policy)?.["MessageRetentionPeriod"]);
}

function checkArchivePolicy(value: string): string {
  const policy = parsedObject("ArchivePolicy", value);
  const days = textOf(policy["MessageRetentionPeriod"]);
  const unknown = Object.keys(policy).find((name) => name !== "MessageRetentionPeriod");
  if (unknown !== undefined) throw invalidParameter("ArchivePolicy", `Attribute ${unknown} is unknown`);
  if (!/^\d{1,3}$/.test(days) || Number(days) < 1 || Number(days) > 365) {
    throw invalidParameter("ArchivePolicy", "MessageRetentionPeriod must be between 1 and 365 days");
  }
  return value;
}

function feedbackSetter(name: string): Setter {
  return (value) => {
    if (value === "") return undefined;
    if (name.endsWith("SampleRate")) {
      if (!/^\d{1,3}$/.test(value) || Number(value) > 100) throw invalidParameter(name);
      return value;
    }
    if (!/^arn:[^:]+:iam::\d{12}:role\/.+$/.test(value)) throw invalidParameter(name);
    return value;
  };
}

function oneOf(name: string, values: readonly string[]): Setter {
  return (value) => {
    if (!values.includes(value)) {
      throw new AttributeFault(`${name}: Invalid value [${value}]. Must be one of ${values.join(", ")}`);
    }
    return value;
  };
}

/** A boolean attribute in lower case. @throws AttributeFault */
export function flag(name: string, value: string): string {
  const lower = value.toLowerCase();
  if (lower === "true" || lower === "false") return lower;
  throw new AttributeFault(`${name}: Invalid value [${value}]. Must be true or false.`);
}
