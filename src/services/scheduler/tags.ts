/** TagResource, UntagResource and ListTagsForResource: only schedule groups have tags. */
import {
  ListTagsForResource$,
  type ListTagsForResourceCommand,
  TagResource$,
  type TagResourceCommand,
  UntagResource$,
  type UntagResourceCommand,
} from "@aws-sdk/client-scheduler";
import type { OperationContext } from "../../calls/operation.ts";
import { groupDoesNotExist, quotaExceeded, validation } from "./errors.ts";
import { defaultGroup, operation, type Scheduler } from "./scheduler.ts";
import type { GroupRow } from "./tables.ts";

const maxTags = 50;

export const tagResource = operation<TagResourceCommand>(TagResource$, (input, context) => {
  const group = groupOf(input.ResourceArn, context);
  context.service.groups.put({ ...group, tags: checkedTags(group.tags, input.Tags) });
  return {};
});

export const untagResource = operation<UntagResourceCommand>(UntagResource$, (input, context) => {
  const group = groupOf(input.ResourceArn, context);
  const gone = new Set(input.TagKeys);
  const tags = Object.fromEntries(Object.entries(group.tags).filter(([key]) => !gone.has(key)));
  context.service.groups.put({ ...group, tags });
  return {};
});

export const listTagsForResource = operation<ListTagsForResourceCommand>(ListTagsForResource$, (input, context) => {
  const { tags } = groupOf(input.ResourceArn, context);
  return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
});

/** A group's tags together with new ones. @throws AwsError ValidationException, ServiceQuotaExceededException */
export function checkedTags(
  tags: Readonly<Record<string, string>>,
  added: readonly { readonly Key: string | undefined; readonly Value: string | undefined }[] = [],
): Record<string, string> {
  const all = new Map(Object.entries(tags));
  for (const { Key = "", Value = "" } of added) {
    if (/^aws:/i.test(Key)) throw validation("Tag keys that start with aws: are reserved for system use.");
    all.set(Key, Value);
  }
  if (all.size > maxTags) throw quotaExceeded(`A schedule group can have at most ${maxTags} tags.`);
  return Object.fromEntries(all);
}

/** @throws AwsError ResourceNotFoundException */
function groupOf(arn: string | undefined, context: OperationContext<Scheduler>): GroupRow {
  const { service } = context;
  const name = arn?.split("/")[1] ?? "";
  if (arn === service.groupArn(context, defaultGroup)) service.makeDefaultGroup(context);
  const group = service.groups.get(arn ?? "");
  if (group === undefined || group.account !== context.account) throw groupDoesNotExist(name);
  return group;
}
