/** Writes values as XML by their shapes, with the names and the nesting of the XML traits. */
import { isSparse, kindOf, membersOf, type Shape, timestampFormat } from "./schema.ts";
import { base64Of, formatTimestamp } from "./serialization.ts";

/** Writes the inside of an element. */
export type XmlEncoder = (value: unknown) => string;
/** Writes whole elements, as many as the value takes. */
type ElementsEncoder = (value: unknown) => string;

interface XmlTraits {
  readonly xmlName?: string;
  readonly xmlFlattened?: 0 | 1;
}

const SPECIAL = /[&<>"\u0000-\u0008\u000b-\u001f]/;
const SPECIALS = /[&<>"\u0000-\u0008\u000b-\u001f]/g;

/** Escapes text; a carriage return is written as a reference, for parsers turn a bare one into a line feed. */
export function escapeXml(text: string): string {
  return SPECIAL.test(text) ? text.replace(SPECIALS, reference) : text;
}

function reference(character: string): string {
  switch (character) {
    case "&":
      return "&amp;";
    case "<":
      return "&lt;";
    case ">":
      return "&gt;";
    case '"':
      return "&quot;";
    default:
      return `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
  }
}

/**
 * XML with one element a line, two blanks for each level, and a line end behind the last. Takes what the encoders here
 * write: no comments, no processing instructions, no text beside elements.
 */
export function indentXml(xml: string): string {
  let out = "";
  let depth = 0;
  // Whether the line holds a start tag whose end may follow on it.
  let open = false;
  for (let at = 0; at < xml.length; ) {
    const tagEnd = xml.indexOf(">", at) + 1;
    const next = xml.indexOf("<", tagEnd);
    const end = next < 0 ? xml.length : next;
    const whole = xml.slice(at, end);
    if (xml[at + 1] === "/") {
      depth -= 1;
      out += open ? `${whole}\n` : `${indentation(depth)}${whole}\n`;
      open = false;
    } else {
      out += open ? `\n${indentation(depth)}${whole}` : indentation(depth) + whole;
      open = xml[tagEnd - 2] !== "/" || end > tagEnd;
      if (open) depth += 1;
      else out += "\n";
    }
    at = end;
  }
  return out;
}

const indentations = Array.from({ length: 16 }, (_, depth) => "  ".repeat(depth));

function indentation(depth: number): string {
  return indentations[depth] ?? "  ".repeat(depth);
}

export function xmlTraits(shape: Shape): XmlTraits {
  return shape.getMergedTraits() as XmlTraits;
}

/** Name of a list's items: `member` unless the model renames it. */
export function itemName(list: Shape): string {
  return xmlTraits(list.getValueSchema()).xmlName ?? "member";
}

/** Names of a map's keys and values: `key` and `value` unless the model renames them. */
export function entryNames(map: Shape): { readonly key: string; readonly value: string } {
  return {
    key: xmlTraits(map.getKeySchema()).xmlName ?? "key",
    value: xmlTraits(map.getValueSchema()).xmlName ?? "value",
  };
}

/** Compiles a writer for the inside of an element of this shape. */
export function xmlEncoder(shape: Shape, without?: ReadonlySet<string>): XmlEncoder {
  return content(shape, new Map(), without);
}

type Open = Map<string, { run: XmlEncoder | undefined }>;

function content(shape: Shape, open: Open, without?: ReadonlySet<string>): XmlEncoder {
  switch (kindOf(shape)) {
    case "unit":
      return () => "";
    case "struct":
      return structContent(shape, open, without);
    case "list":
      return repeat(itemName(shape), content(shape.getValueSchema(), open), isSparse(shape));
    case "map":
      return entries("entry", shape, open);
    case "blob":
      return base64Of;
    case "timestamp": {
      const format = timestampFormat(shape, "date-time");
      return (value) => formatTimestamp(value as Date, format).replace(".000Z", "Z");
    }
    case "number":
    case "boolean":
      return String;
    case "document":
      return (value) => escapeXml(JSON.stringify(value));
    case "string":
      return (value) => escapeXml(value as string);
  }
}

function structContent(shape: Shape, open: Open, without?: ReadonlySet<string>): XmlEncoder {
  const shapeName = shape.getName(true) ?? "";
  const outer = open.get(shapeName);
  if (outer) return (value) => outer.run!(value);
  const entry: { run: XmlEncoder | undefined } = { run: undefined };
  open.set(shapeName, entry);
  const members = membersOf(shape, {})
    .filter(({ name }) => !without?.has(name))
    .map(({ name, shape: member }) => ({ name, encode: elements(name, member, open) }));
  open.delete(shapeName);
  entry.run = (value) => {
    const fields = value as Record<string, unknown>;
    let text = "";
    for (const { name, encode } of members) {
      const field = fields[name];
      if (field !== undefined && field !== null) text += encode(field);
    }
    return text;
  };
  return entry.run;
}

function elements(name: string, shape: Shape, open: Open): ElementsEncoder {
  const { xmlName = name, xmlFlattened } = xmlTraits(shape);
  if (xmlFlattened) {
    const kind = kindOf(shape);
    if (kind === "list") return repeat(xmlName, content(shape.getValueSchema(), open), isSparse(shape));
    if (kind === "map") return entries(xmlName, shape, open);
  }
  return element(xmlName, content(shape, open));
}

function element(name: string, inside: XmlEncoder): ElementsEncoder {
  const [start, end, empty] = [`<${name}>`, `</${name}>`, `<${name}/>`];
  return (value) => {
    const text = inside(value);
    return text === "" ? empty : start + text + end;
  };
}

function repeat(name: string, inside: XmlEncoder, sparse: boolean): XmlEncoder {
  const write = element(name, inside);
  return (value) => {
    let text = "";
    for (const item of value as Iterable<unknown>) {
      if (item !== null && item !== undefined) text += write(item);
      else if (sparse) text += `<${name}/>`;
    }
    return text;
  };
}

function entries(name: string, shape: Shape, open: Open): XmlEncoder {
  const { key, value } = entryNames(shape);
  const writeKey = element(key, (text) => escapeXml(text as string));
  const writeValue = element(value, content(shape.getValueSchema(), open));
  return (map) => {
    let text = "";
    for (const [entryKey, item] of Object.entries(map as object)) {
      if (item !== null && item !== undefined) text += `<${name}>${writeKey(entryKey)}${writeValue(item)}</${name}>`;
    }
    return text;
  };
}
