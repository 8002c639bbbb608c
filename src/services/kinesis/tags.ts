/** Tags of streams and consumers: the stream operations and the generic ones. */
import {
  AddTagsToStream$,
  type AddTagsToStreamCommand,
  ListTagsForResource$,
  type ListTagsForResourceCommand,
  ListTagsForStream$,
  type ListTagsForStreamCommand,
  RemoveTagsFromStream$,
  type RemoveTagsFromStreamCommand,
  TagResource$,
  type TagResourceCommand,
  UntagResource$,
  type UntagResourceCommand,
} from "@aws-sdk/client-kinesis";
import { takePage } from "../../calls/page.ts";
import { invalidArgument } from "./errors.ts";
import { operation } from "./kinesis.ts";
import { type Resource, resourceOf } from "./resources.ts";

const maxTags = 50;
const tagText = /^[\p{L}\p{N}\p{Z}_./=+\-%@:]*$/u;

type Tags = Readonly<Record<string, string>>;

export const addTagsToStream = operation<AddTagsToStreamCommand>(AddTagsToStream$, (input, context) => {
  const { service } = context;
  const stream = service.activeStreamOf(input, context);
  service.streams.put({ ...stream, tags: checkTags(stream, stream.tags, input.Tags) });
});

export const removeTagsFromStream = operation<RemoveTagsFromStreamCommand>(RemoveTagsFromStream$, (input, context) => {
  const { service } = context;
  const stream = service.activeStreamOf(input, context);
  service.streams.put({ ...stream, tags: without(stream.tags, input.TagKeys) });
});

export const listTagsForStream = operation<ListTagsForStreamCommand>(ListTagsForStream$, (input, context) => {
  const { tags } = context.service.streamOf(input, context);
  const after = input.ExclusiveStartTagKey;
  const behind = shownTags(tags).filter(({ Key }) => after === undefined || Key > after);
  const { items, more } = takePage(behind, input.Limit ?? maxTags);
  return { Tags: items, HasMoreTags: more };
});

export const tagResource = operation<TagResourceCommand>(TagResource$, (input, context) => {
  const resource = resourceOf(input.ResourceARN, context);
  const { arn, account, tags } = resource.row;
  retag(resource, checkTags({ name: arn, account }, tags, input.Tags));
});

export const untagResource = operation<UntagResourceCommand>(UntagResource$, (input, context) => {
  const resource = resourceOf(input.ResourceARN, context);
  retag(resource, without(resource.row.tags, input.TagKeys));
});

export const listTagsForResource = operation<ListTagsForResourceCommand>(ListTagsForResource$, (input, context) => ({
  Tags: shownTags(resourceOf(input.ResourceARN, context).row.tags),
}));

function retag(resource: Resource, tags: Tags): void {
  resource.change({ tags });
}

/**
 * A resource's tags together with new ones.
 * @throws AwsError InvalidArgumentException for invalid characters or more than 50 tags.
 */
export function checkTags(
  resource: { readonly name: string; readonly account: string },
  present: Tags,
  added: Readonly<Record<string, string | undefined>> | undefined,
): Record<string, string> {
  const tags: Record<string, string> = { ...present };
  for (const [key, value = ""] of Object.entries(added ?? {})) {
    checkTag(key, value);
    tags[key] = value;
  }
  if (Object.keys(tags).length <= maxTags) return tags;
  throw invalidArgument(
    `Failed to add tags to stream ${resource.name} under account ${resource.account} because a given stream cannot have more than ${maxTags} tags associated with it.`,
  );
}

/** @throws AwsError InvalidArgumentException for an invalid tag. */
function checkTag(key: string, value: string): void {
  if (!tagText.test(key) || !tagText.test(value)) {
    throw invalidArgument(
      "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.",
    );
  }
  if (/^aws:/i.test(key)) {
    throw invalidArgument("Some tag keys in the request started with 'aws:'. System tags cannot be modified.");
  }
}

/** @throws AwsError InvalidArgumentException for invalid keys. */
function without(tags: Tags, keys: readonly string[] | undefined): Record<string, string> {
  for (const key of keys ?? []) checkTag(key, "");
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !keys?.includes(key)));
}

function shownTags(tags: Tags): { Key: string; Value: string }[] {
  const keys = Object.keys(tags).sort();
  return keys.map((Key) => ({ Key, Value: tags[Key] as string }));
}
