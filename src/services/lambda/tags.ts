/** TagResource, UntagResource and ListTags. */
import {
  ListTags$,
  type ListTagsCommand,
  TagResource$,
  type TagResourceCommand,
  UntagResource$,
  type UntagResourceCommand,
} from "@aws-sdk/client-lambda";
import type { Place } from "../../calls/place.ts";
import { functionNotFound, invalidParameter, notFound } from "./errors.ts";
import { type Lambda, operation } from "./lambda.ts";
import { parseName } from "./names.ts";
import { modifiedText } from "./shown.ts";

const maxTags = 50;

type Tags = Readonly<Record<string, string>>;

/** Something that has tags. */
export interface Tagged {
  readonly tags: Tags;
  /** Inside a transaction. */
  put(tags: Tags): void;
}

export const tagResource = operation<TagResourceCommand>(TagResource$, (input, context) => {
  change(context.service, input.Resource as string, context, (tags) => checkedTags(tags, input.Tags));
});

export const untagResource = operation<UntagResourceCommand>(UntagResource$, (input, context) => {
  const gone = new Set(input.TagKeys);
  change(context.service, input.Resource as string, context, (tags) =>
    Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key))),
  );
});

export const listTags = operation<ListTagsCommand>(ListTags$, (input, context) => {
  const tags = taggedOf(context.service, input.Resource as string, context).tags;
  return { Tags: Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1))) };
});

/** @throws AwsError InvalidParameterValueException for more tags than a resource may have. */
export function checkedTags(before: Tags, added: Tags | undefined): Tags {
  const tags = { ...before, ...added };
  if (Object.keys(tags).length <= maxTags) return tags;
  throw invalidParameter(`A resource can have ${maxTags} tags at most.`);
}

function change(service: Lambda, arn: string, place: Place, changed: (tags: Tags) => Tags): void {
  const tagged = taggedOf(service, arn, place);
  tagged.put(changed(tagged.tags));
}

/** @throws AwsError */
function taggedOf(service: Lambda, arn: string, place: Place): Tagged {
  const tagged = service.taggedElsewhere.map((look) => look(arn)).find((found) => found !== undefined);
  if (tagged !== undefined) return tagged;
  const signing = service.codeSigning.get(arn);
  if (signing !== undefined) {
    return { tags: signing.tags, put: (tags) => service.codeSigning.put({ ...signing, tags }) };
  }
  const provider = service.capacityProviders.get(arn);
  if (provider !== undefined) {
    return { tags: provider.tags, put: (tags) => service.capacityProviders.put({ ...provider, tags }) };
  }
  if (!/:function:/.test(arn)) throw notFound();
  const named = parseName(arn, undefined, place);
  if (named.qualifier !== undefined) {
    throw invalidParameter("Tags on function aliases and versions are not supported. Please specify a function ARN.");
  }
  const row = service.functions.get(named.arn);
  if (row === undefined) throw functionNotFound(named.arn);
  return {
    tags: row.tags,
    put: (tags) => {
      service.functions.put({ ...row, tags });
      const version = service.latestOf(row);
      const lastModified = modifiedText(service.now, true);
      service.versions.put({ ...version, lastModified, revisionId: service.newRevision() });
    },
  };
}
