/** TagResource, UntagResource and ListTagsForResource. */
import {
  ListTagsForResource$,
  type ListTagsForResourceCommand,
  TagResource$,
  type TagResourceCommand,
  UntagResource$,
  type UntagResourceCommand,
} from "@aws-sdk/client-pipes";
import type { OperationContext } from "../../calls/operation.ts";
import { pipeDoesNotExist, validation } from "./errors.ts";
import { operation, type Pipes } from "./pipes.ts";
import type { PipeRow } from "./tables.ts";

const maxTags = 50;

export const tagResource = operation<TagResourceCommand>(TagResource$, (input, context) => {
  const pipe = pipeOf(input.resourceArn, context);
  const added = input.tags ?? {};
  const reserved = Object.keys(added).find((key) => /^aws:/i.test(key));
  if (reserved !== undefined) throw validation("Tag keys that start with aws: are reserved for system use.");
  const tags = { ...pipe.tags, ...added };
  if (Object.keys(tags).length > maxTags) throw validation(`A pipe can have at most ${maxTags} tags.`);
  context.service.pipes.put({ ...pipe, tags });
  return {};
});

export const untagResource = operation<UntagResourceCommand>(UntagResource$, (input, context) => {
  const pipe = pipeOf(input.resourceArn, context);
  const gone = new Set(input.tagKeys);
  const tags = Object.fromEntries(Object.entries(pipe.tags).filter(([key]) => !gone.has(key)));
  context.service.pipes.put({ ...pipe, tags });
  return {};
});

export const listTagsForResource = operation<ListTagsForResourceCommand>(ListTagsForResource$, (input, context) => ({
  tags: { ...pipeOf(input.resourceArn, context).tags },
}));

/** @throws AwsError NotFoundException */
function pipeOf(arn: string | undefined, context: OperationContext<Pipes>): PipeRow {
  const pipe = context.service.pipes.get(arn ?? "");
  if (pipe === undefined || pipe.account !== context.account) throw pipeDoesNotExist(arn?.split("/").at(-1) ?? "");
  return pipe;
}
