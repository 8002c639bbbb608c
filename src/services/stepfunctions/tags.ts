/** Tags of state machines and activities. */
import {
  ListTagsForResource$,
  type ListTagsForResourceCommand,
  TagResource$,
  type TagResourceCommand,
  UntagResource$,
  type UntagResourceCommand,
} from "@aws-sdk/client-sfn";
import { parseArn } from "../../calls/arn.ts";
import { invalidArn, taggedNotFound } from "./errors.ts";
import { withTags } from "./machines/configurations.ts";
import { operation, type StepFunctions } from "./stepfunctions.ts";
import type { Tags } from "./tables.ts";

/** The tags of a resource, and how to change them. @throws AwsError InvalidArn, ResourceNotFound */
function taggedOf(service: StepFunctions, arn: string): { tags: Tags; put: (tags: Tags) => void } {
  if (parseArn(arn)?.service !== "states") throw invalidArn(`Invalid ARN prefix: ${arn}`);
  const machine = service.machines.get(arn);
  if (machine) return { tags: machine.tags, put: (tags) => service.machines.put({ ...machine, tags }) };
  const activity = service.activities.get(arn);
  if (activity) return { tags: activity.tags, put: (tags) => service.activities.put({ ...activity, tags }) };
  throw taggedNotFound(arn);
}

export const tagResource = operation<TagResourceCommand>(TagResource$, (input, { service }) => {
  const arn = input.resourceArn as string;
  const { tags, put } = taggedOf(service, arn);
  put(withTags(tags, input.tags, arn));
  return {};
});

export const untagResource = operation<UntagResourceCommand>(UntagResource$, (input, { service }) => {
  const { tags, put } = taggedOf(service, input.resourceArn as string);
  put(tags.filter(({ key }) => !input.tagKeys?.includes(key)));
  return {};
});

export const listTagsForResource = operation<ListTagsForResourceCommand>(ListTagsForResource$, (input, { service }) => {
  const arn = input.resourceArn as string;
  // A version has no tags, but they may be requested.
  return { tags: service.versions.has(arn) ? [] : taggedOf(service, arn).tags };
});
