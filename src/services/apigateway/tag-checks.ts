/** Validates tags, for everything that has some. */

import { getOwn } from "../../../protocols/unknown-json.ts";
import type { Texts } from "./definitions.ts";
import { badRequest } from "./errors.ts";

const maxTags = 50;
const maxKeyLength = 128;
const maxValueLength = 256;
/** A convention of local tools: the API gets this id instead of a random one. */
const customIdTag = "_custom_id_";

/** The tags with others added or replaced. @throws AwsError BadRequestException */
export function checkedTags(tags: Texts, added: Readonly<Record<string, string>> = {}): Texts {
  const all = new Map([...Object.entries(tags), ...Object.entries(added)]);
  for (const [key, value] of Object.entries(added)) {
    if (key === "" || key.length > maxKeyLength) {
      throw badRequest(`Invalid tag key ${key}. Tag keys must be between 1 and ${maxKeyLength} characters.`);
    }
    if (/^aws:/i.test(key)) throw badRequest("Tag keys cannot start with 'aws:', which is reserved for system use.");
    if (value.length > maxValueLength) {
      throw badRequest(`Invalid tag value for ${key}. Tag values must be at most ${maxValueLength} characters.`);
    }
  }
  if (all.size > maxTags) throw badRequest(`The maximum number of tags is ${maxTags}.`);
  return Object.fromEntries(all);
}

/** Tags as answers show them: not at all if there are none. */
export function shownTags(tags: Texts): Texts | undefined {
  return Object.keys(tags).length > 0 ? tags : undefined;
}

/** The id requested by a tag. @throws AwsError BadRequestException if it cannot be part of a host name. */
export function customIdOf(tags: Texts): string | undefined {
  const id = getOwn(tags, customIdTag);
  if (id === undefined) return undefined;
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(id)) {
    throw badRequest(`The tag ${customIdTag} must hold 1 to 63 lower-case letters, digits or dashes.`);
  }
  return id;
}
