/** TagResource, UntagResource and ListTagsForResource: tags of rules and buses. */
import {
  ListTagsForResource$,
  type ListTagsForResourceCommand,
  type Tag,
  TagResource$,
  type TagResourceCommand,
  UntagResource$,
  type UntagResourceCommand,
} from "@aws-sdk/client-eventbridge";
import type { FromWire } from "../../../protocols/blob.ts";
import { parseArn } from "../../calls/arn.ts";
import { invalidParameter, managedRule, validation } from "./errors.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import { busName, noBus, noRule } from "./names.ts";
import type { BusRow, RuleRow } from "./tables.ts";

const maxTags = 50;

export type Tags = Readonly<Record<string, string>>;

export const tagResource = operation<TagResourceCommand>(TagResource$, (input, { service }) => {
  const resource = taggedResource(service, input.ResourceARN as string);
  refuseManaged(resource);
  const tags = { ...tagsOf(resource), ...checkTags(input.Tags) };
  checkTagTotal(tags);
  setTags(service, resource, tags);
});

export const untagResource = operation<UntagResourceCommand>(UntagResource$, (input, { service }) => {
  const resource = taggedResource(service, input.ResourceARN as string);
  refuseManaged(resource);
  const gone = new Set(input.TagKeys);
  setTags(service, resource, Object.fromEntries(Object.entries(tagsOf(resource)).filter(([key]) => !gone.has(key))));
});

export const listTagsForResource = operation<ListTagsForResourceCommand>(
  ListTagsForResource$,
  (input, { service }) => ({
    Tags: Object.entries(tagsOf(taggedResource(service, input.ResourceARN as string))).map(([Key, Value]) => ({
      Key,
      Value,
    })),
  }),
);

/** Checks tags of a resource; keys that begin with `aws:` are reserved. */
export function checkTags(tags: readonly FromWire<Tag>[] | undefined): Tags {
  const checked = new Map<string, string>();
  for (const { Key: key = "", Value: value = "" } of tags ?? []) {
    if (/^aws:/i.test(key)) throw validation("Tag keys that start with aws: are reserved for system use.");
    checked.set(key, value);
  }
  return Object.fromEntries(checked);
}

export function checkTagTotal(tags: Tags): void {
  if (Object.keys(tags).length > maxTags) throw validation(`A resource cannot have more than ${maxTags} tags.`);
}

type Resource = { readonly rule: RuleRow } | { readonly bus: BusRow };

/** @throws AwsError ResourceNotFoundException for a rule or bus that does not exist */
function taggedResource(service: EventBridge, text: string): Resource {
  const arn = parseArn(text);
  const [, type, path = ""] = /^(rule|event-bus)\/(.+)$/.exec(arn?.resource ?? "") ?? [];
  if (arn === undefined || arn.service !== "events" || type === undefined) {
    throw invalidParameter("ResourceARN", "Must contain the ARN of a rule or an event bus.");
  }
  if (type === "event-bus") {
    const bus = service.bus(busName(text, arn));
    if (bus === undefined) throw noBus(path);
    return { bus };
  }
  const rule = service.rules.get(text);
  if (rule === undefined) {
    const slash = path.lastIndexOf("/");
    throw noRule(path.slice(slash + 1), slash < 0 ? "default" : path.slice(0, slash));
  }
  return { rule };
}

function refuseManaged(resource: Resource): void {
  if ("rule" in resource && resource.rule.managedBy !== undefined) {
    throw managedRule(resource.rule.name, resource.rule.managedBy);
  }
}

function tagsOf(resource: Resource): Tags {
  return "rule" in resource ? resource.rule.tags : resource.bus.tags;
}

function setTags(service: EventBridge, resource: Resource, tags: Tags): void {
  if ("rule" in resource) service.rules.put({ ...resource.rule, tags });
  else service.buses.put({ ...resource.bus, tags });
}
