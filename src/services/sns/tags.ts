/** TagResource, UntagResource and ListTagsForResource. */
import {
  ListTagsForResource$,
  type ListTagsForResourceCommand,
  TagLimitExceededException$,
  TagResource$,
  type TagResourceCommand,
  UntagResource$,
  type UntagResourceCommand,
} from "@aws-sdk/client-sns";
import { AwsError } from "../../../protocols/error.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { checkMay } from "./access.ts";
import { invalidParameter, resourceNotFound } from "./errors.ts";
import { checkHere, operation, type Sns } from "./sns.ts";
import type { TopicRow } from "./tables.ts";

const maxTags = 50;

interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

export const tagResource = operation<TagResourceCommand>(TagResource$, (input, context) => {
  const { service } = context;
  const topic = taggedTopic(context, input.ResourceArn);
  checkMay(topic, context, "TagResource");
  const tags = { ...topic.tags, ...checkTags(input.Tags) };
  checkCount(tags);
  service.topics.put({ ...topic, tags });
  return {};
});

export const untagResource = operation<UntagResourceCommand>(UntagResource$, (input, context) => {
  const { service } = context;
  const topic = taggedTopic(context, input.ResourceArn);
  checkMay(topic, context, "UntagResource");
  const gone = new Set(input.TagKeys);
  const tags = Object.fromEntries(Object.entries(topic.tags).filter(([key]) => !gone.has(key)));
  service.topics.put({ ...topic, tags });
  return {};
});

export const listTagsForResource = operation<ListTagsForResourceCommand>(ListTagsForResource$, (input, context) => {
  const topic = taggedTopic(context, input.ResourceArn);
  return { Tags: Object.entries(topic.tags).map(([Key, Value]) => ({ Key, Value })) };
});

/** @throws AwsError InvalidParameter, TagLimitExceeded */
export function checkTags(given: readonly Tag[] | undefined): Record<string, string> {
  const tags = new Map<string, string>();
  for (const { Key = "", Value = "" } of given ?? []) {
    if (tags.has(Key)) throw invalidParameter("Duplicated keys are not allowed.");
    if (/^aws:/i.test(Key)) throw invalidParameter("Tags", "Tag keys that start with aws: are reserved");
    if (!/^[\p{L}\p{N}\p{Z}_.:/=+\-@]+$/u.test(Key) || !/^[\p{L}\p{N}\p{Z}_.:/=+\-@]*$/u.test(Value)) {
      throw invalidParameter("Tags", `The tag ${Key} has characters that are not allowed`);
    }
    tags.set(Key, Value);
  }
  const checked = Object.fromEntries(tags);
  checkCount(checked);
  return checked;
}

function checkCount(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length <= maxTags) return;
  const message = "Could not complete request: tag quota of per resource exceeded";
  throw AwsError.of(TagLimitExceededException$, message);
}

function taggedTopic(context: OperationContext<Sns>, arn: string | undefined): TopicRow {
  checkHere(arn, "ResourceArn", context);
  const topic = context.service.topics.get(arn as string);
  if (topic) return topic;
  throw resourceNotFound();
}
