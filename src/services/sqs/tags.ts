/** TagQueue, UntagQueue and ListQueueTags. */
import {
  ListQueueTags$,
  type ListQueueTagsCommand,
  TagQueue$,
  type TagQueueCommand,
  UntagQueue$,
  type UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import { invalidParameterValue, missingParameter } from "./errors.ts";
import { operation } from "./sqs.ts";

const maxTags = 50;

export const tagQueue = operation<TagQueueCommand>(TagQueue$, (input, context) => {
  const { service } = context;
  const queue = service.queueOf(input.QueueUrl, context, "TagQueue");
  const added = checkTags(input.Tags);
  if (Object.keys(added).length === 0) throw missingParameter("Tags");
  const tags = { ...queue.tags, ...added };
  if (Object.keys(tags).length > maxTags) {
    throw invalidParameterValue(`Too many tags added for queue ${queue.name}. Maximum allowed is ${maxTags}.`);
  }
  service.queues.put({ ...queue, tags });
});

export const untagQueue = operation<UntagQueueCommand>(UntagQueue$, (input, context) => {
  const { service } = context;
  const queue = service.queueOf(input.QueueUrl, context, "UntagQueue");
  if (!input.TagKeys?.length) throw missingParameter("TagKeys");
  const tags = Object.fromEntries(Object.entries(queue.tags).filter(([key]) => !input.TagKeys?.includes(key)));
  service.queues.put({ ...queue, tags });
});

export const listQueueTags = operation<ListQueueTagsCommand>(ListQueueTags$, (input, context) => {
  const { tags } = context.service.queueOf(input.QueueUrl, context, "ListQueueTags");
  return { Tags: Object.keys(tags).length > 0 ? { ...tags } : undefined };
});

/** Tags that a queue may have: at most 50, with keys of 1–128 and values of up to 256 of AWS's tag characters. */
export function checkTags(tags: Readonly<Record<string, string | undefined>> | undefined): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [key, value = ""] of Object.entries(tags ?? {})) {
    if (!/^[\p{L}\p{N}\p{Z}_.:/=+\-@]{1,128}$/u.test(key) || !/^[\p{L}\p{N}\p{Z}_.:/=+\-@]{0,256}$/u.test(value)) {
      throw invalidParameterValue(
        `Tag ${key} is invalid. Keys have 1 to 128 and values up to 256 letters, digits, spaces and _ . : / = + - @ characters.`,
      );
    }
    if (/^aws:/i.test(key)) throw invalidParameterValue("Tag keys that start with aws: are reserved for system use.");
    checked[key] = value;
  }
  if (Object.keys(checked).length > maxTags) {
    throw invalidParameterValue(`Too many tags. Maximum allowed is ${maxTags}.`);
  }
  return checked;
}
