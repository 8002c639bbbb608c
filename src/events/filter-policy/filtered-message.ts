import { type EventValue, isEventObject, numberFromText, tryParseEvent } from "../pattern/index.ts";

/** A message attribute as published. */
export interface MessageAttribute {
  DataType?: string | undefined;
  StringValue?: string | undefined;
}

/** The part of a published message that filter policies look at. `body` is what this subscription's protocol receives. */
export interface FilteredMessage {
  body: string;
  attributes: Readonly<Record<string, MessageAttribute>>;
}

const jsonNumber = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * The attributes as a flat JSON object: String as text, Number as number, String.Array as its JSON array or as the
 * single value in its place. Binary attributes, arrays that are not JSON and numbers that JSON does not allow (`.5`,
 * `5.`) are left out, so nothing matches them. Undefined when there are no attributes: then not even `exists: false`
 * matches.
 */
export function attributesForFiltering(attributes: Readonly<Record<string, MessageAttribute>>): EventValue | undefined {
  const object: { [name: string]: EventValue } = Object.create(null);
  let some = false;
  for (const [name, { DataType = "", StringValue }] of Object.entries(attributes)) {
    some = true;
    if (StringValue === undefined) continue;
    const value = attributeValue(DataType, StringValue);
    if (value !== undefined) object[name] = value;
  }
  return some ? object : undefined;
}

function attributeValue(type: string, text: string): EventValue | undefined {
  if (type === "String.Array") {
    const value = tryParseEvent(text);
    return isEventObject(value) ? undefined : value;
  }
  if (type === "Number" || type.startsWith("Number.")) {
    const trimmed = text.trim();
    return jsonNumber.test(trimmed) ? numberFromText(trimmed) : undefined;
  }
  return type === "String" || type.startsWith("String.") ? text : undefined;
}

/** The body as a JSON object with members, or undefined when it is not one: then no policy on the body matches. */
export function bodyForFiltering(body: string): EventValue | undefined {
  const value = tryParseEvent(body);
  return isEventObject(value) && Object.keys(value).length > 0 ? value : undefined;
}
