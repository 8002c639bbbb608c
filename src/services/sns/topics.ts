/** Topics: create, show, change, list and delete. */

import {
  CreateTopic$,
  type CreateTopicCommand,
  type CreateTopicCommandInput,
  DeleteTopic$,
  type DeleteTopicCommand,
  GetTopicAttributes$,
  type GetTopicAttributesCommand,
  ListTopics$,
  type ListTopicsCommand,
  SetTopicAttributes$,
  type SetTopicAttributesCommand,
  TopicLimitExceededException$,
} from "@aws-sdk/client-sns";
import { AwsError } from "../../../protocols/error.ts";
import { formatArn } from "../../calls/arn.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { decodeToken, encodeToken, takePage } from "../../calls/page.ts";
import { placeKey } from "../../calls/place.ts";
import { checkMay, topicFor } from "./access.ts";
import { checkDataProtectionPolicy } from "./data-protection.ts";
import { asGivenAttributes, asSetAttribute, invalidParameter, invalidState } from "./errors.ts";
import { checkHere, operation, pageSize, type Sns } from "./sns.ts";
import type { TopicRow } from "./tables.ts";
import { checkTags } from "./tags.ts";
import { applyTopicAttributes, shownTopicAttributes } from "./topic-attributes.ts";

/** Names that SetTopicAttributes rejects on a standard topic. */
const fifoOnly = new Set(["FifoTopic", "ContentBasedDeduplication", "FifoThroughputScope"]);
const maxTopics = 100_000;

export const createTopic = operation<CreateTopicCommand>(CreateTopic$, (input, context) => {
  const { service, account, region } = context;
  const arn = formatArn("sns", region, account, input.Name ?? "");
  return service.leftovers.afterwards(arn, () => context.invocation.cause.run(() => create(arn, input, context)));
});

function create(arn: string, input: CreateTopicCommandInput, context: OperationContext<Sns>) {
  const { service, account, region, partition } = context;
  const name = input.Name ?? "";
  const { FifoTopic = "false", ...named } = (input.Attributes ?? {}) as Record<string, string>;
  const fifo = FifoTopic.toLowerCase() === "true";
  if (name.length > 256 || !(fifo ? /^[\w-]+\.fifo$/ : /^[\w-]+$/).test(name)) throw invalidParameter("Topic Name");
  if (!/^(true|false)$/i.test(FifoTopic)) {
    throw invalidParameter(`Attributes Reason: FifoTopic: Invalid value [${FifoTopic}]. Must be true or false.`);
  }
  const unknown = (attribute: string) => invalidParameter("Attributes", `Unknown attribute: ${attribute}`);
  const attributes = asGivenAttributes(() => applyTopicAttributes({}, named, { fifo, partition }, unknown));
  const tags = checkTags(input.Tags);
  const existing = service.topics.get(arn);
  if (existing) {
    checkSame(existing, shownTopicAttributes(service, existing), attributes, named, tags);
    return { TopicArn: arn };
  }
  if (service.topics.by.name.size(placeKey({ account, region })) >= maxTopics) {
    throw AwsError.of(TopicLimitExceededException$, `At most ${maxTopics} topics are allowed`);
  }
  service.topics.put({
    arn,
    account,
    region,
    name,
    fifo,
    attributes,
    tags,
    deletedSubscriptions: 0,
    dataProtectionPolicy: input.DataProtectionPolicy && checkDataProtectionPolicy(input.DataProtectionPolicy, fifo),
    archivingSinceMs: attributes["ArchivePolicy"] === undefined ? undefined : service.now,
  });
  return { TopicArn: arn };
}

/** An existing topic is returned if it has everything that the request names. */
function checkSame(
  topic: TopicRow,
  shown: Readonly<Record<string, string>>,
  asked: Readonly<Record<string, string>>,
  named: Readonly<Record<string, string>>,
  tags: Readonly<Record<string, string>>,
): void {
  for (const name of Object.keys(named)) {
    // A topic with an archive is never returned for a request that names an archive policy, not even its own.
    const same =
      shown[name] === asked[name] || (name === "FifoThroughputScope" && asked[name] === "Topic" && !shown[name]);
    if (same && (name !== "ArchivePolicy" || shown[name] === undefined)) continue;
    throw invalidParameter("Attributes", "Topic already exists with different attributes");
  }
  for (const [key, value] of Object.entries(tags)) {
    if (topic.tags[key] !== value) throw invalidParameter("Tags", "Topic already exists with different tags");
  }
}

export const deleteTopic = operation<DeleteTopicCommand>(DeleteTopic$, (input, context) => {
  const { service } = context;
  checkHere(input.TopicArn, "TopicArn", context);
  const topic = service.topics.get(input.TopicArn as string);
  if (!topic) return;
  checkMay(topic, context, "DeleteTopic");
  if (topic.attributes["ArchivePolicy"] !== undefined) {
    throw invalidState("A topic with an active archive policy cannot be deleted");
  }
  service.topics.delete(topic.arn);
  service.leftovers.begin(topic.arn, topic.account);
});

export const getTopicAttributes = operation<GetTopicAttributesCommand>(GetTopicAttributes$, (input, context) => {
  const { service } = context;
  return { Attributes: shownTopicAttributes(service, topicFor(input.TopicArn, context, "GetTopicAttributes")) };
});

export const setTopicAttributes = operation<SetTopicAttributesCommand>(SetTopicAttributes$, (input, context) => {
  const { service } = context;
  const topic = topicFor(input.TopicArn, context, "SetTopicAttributes");
  const name = input.AttributeName ?? "";
  const named = { [name]: input.AttributeValue ?? "" };
  const unknown = () => invalidParameter("AttributeName");
  if (!topic.fifo && fifoOnly.has(name)) throw unknown();
  if (name === "FifoTopic") {
    if (named[name]?.toLowerCase() === "true") return;
    throw invalidParameter("FifoTopic: Modifying topic type is not supported");
  }
  const attributes = asSetAttribute(() =>
    applyTopicAttributes(topic.attributes, named, { fifo: topic.fifo, partition: context.partition }, unknown),
  );
  const archiving = attributes["ArchivePolicy"] !== undefined;
  const archivingSinceMs = archiving ? (topic.archivingSinceMs ?? service.now) : undefined;
  service.topics.put({ ...topic, attributes, archivingSinceMs });
  if (archiving) service.archive.retentionChanged(topic.arn);
  else service.archive.clear(topic.arn);
});

export const listTopics = operation<ListTopicsCommand>(ListTopics$, (input, { service, account, region }) => {
  const after = input.NextToken ? decodeToken(input.NextToken) : undefined;
  if (input.NextToken && typeof after !== "string") throw invalidParameter("NextToken");
  const topics = service.topics.by.name.range(
    placeKey({ account, region }),
    after === undefined ? {} : { gt: after as string },
  );
  const { items, more } = takePage(topics, pageSize);
  return {
    Topics: items.map(({ arn }) => ({ TopicArn: arn })),
    NextToken: more ? encodeToken(items.at(-1)?.name) : undefined,
  };
});
