import { type EventValue, isEventObject, numberFromText, parseEvent } from "../pattern/index.ts";

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
 * The attributes as a flat JSON object: String as text, Number as number, String.Array as its JSON array. Binary
 * attributes and arrays that are not JSON arrays are left out, so nothing can match them.
 */
export function attributesForFiltering(attributes: Readonly<Record<string, MessageAttribute>>): EventValue {
  const object: { [name: string]: EventValue } = Object.create(null);
  for (const [name, { DataType = "", StringValue }] of Object.entries(attributes)) {
    if (StringValue === undefined) continue;
    const value = attributeValue(DataType, StringValue);
    if (value !== undefined) object[name] = value;
  }
  return object;
}

function attributeValue(type: string, text: string): EventValue | undefined {
  if (type === "String.Array") {
    const list = parsed(text);
    return Array.isArray(list) ? list : undefined;
  }
  if (type === "Number" || type.startsWith("Number.")) {
    const trimmed = text.trim();
    if (jsonNumber.test(trimmed)) return numberFromText(trimmed);
    return Number.isFinite(Number(trimmed)) && trimmed !== "" ? Number(trimmed) : undefined;
  }
  return type === "String" || type.startsWith("String.") ? text : undefined;
}

/** The body as a JSON object, or undefined if it is not one: then no policy on the body lets the message through. */
export function bodyForFiltering(body: string): EventValue | undefined {
  const value = parsed(body);
  return isEventObject(value) ? value : undefined;
}

function parsed(text: string): EventValue | undefined {
  try {
    return parseEvent(text);
  } catch {
    return undefined;
  }
}
