/** Headers and query strings of a request, in the forms events have them in. */
import { percentDecoded } from "../../protocols/form.ts";
import { getOwn, setOwn } from "../../protocols/unknown-json.ts";

/** Names and values in turn, as a door gives them. */
export type RawHeaders = readonly string[];

export type SingleValues = Record<string, string>;
export type MultiValues = Record<string, string[]>;

/** Whether a text can be a header's name (RFC 9110 section 5.6.2). */
export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);
}

/** The media type in a Content-Type header, in lower case and without parameters. */
export function mediaType(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** Constructs objects whose prototype is empty. */
const NameMap = function NameMap() {} as unknown as new () => object;
NameMap.prototype = Object.create(null);

/**
 * An object without inherited members, since clients choose the names, `__proto__` and `constructor` among them.
 * Object.create(null) would do, but V8 makes it a hash table, about twice as slow to fill and to stringify.
 */
export function emptyMap<Value>(): Record<string, Value> {
  return new NameMap() as Record<string, Value>;
}

/**
 * A plain object by lower-case name; repeated ones joined with commas, as in payload format 2.0.
 * @param without names to leave out, in lower case.
 */
export function joinedHeaders(raw: RawHeaders, without: ReadonlySet<string>): SingleValues {
  const headers: SingleValues = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    if (without.has(name)) continue;
    const value = raw[at + 1] as string;
    const before = getOwn(headers, name);
    setOwn(headers, name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

/**
 * All values by name. Names that differ only in case count as one, spelt by `spell`, or as the client first spelt it.
 */
export function multiHeaders(
  raw: RawHeaders,
  without: ReadonlySet<string>,
  spell: (name: string) => string = (name) => name,
): MultiValues {
  const headers = emptyMap<string[]>();
  const spelt = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] as string;
    const key = name.toLowerCase();
    if (without.has(key)) continue;
    let spelling = spelt.get(key);
    if (spelling === undefined) {
      spelling = spell(name);
      spelt.set(key, spelling);
      headers[spelling] = [];
    }
    (headers[spelling] as string[]).push(raw[at + 1] as string);
  }
  return headers;
}

/** The last value of each name. */
export function lastValues(values: Readonly<MultiValues>): SingleValues {
  const last = emptyMap<string>();
  for (const name of Object.keys(values)) last[name] = (values[name] as string[]).at(-1) as string;
  return last;
}

/** All values of each name, joined with commas. */
export function joinedValues(values: Readonly<MultiValues>): SingleValues {
  const joined = emptyMap<string>();
  for (const name of Object.keys(values)) joined[name] = (values[name] as string[]).join(",");
  return joined;
}

/** The values of a query string by name, decoded, in order of appearance. Invalid percent-encoding stays as it is. */
export function queryValues(query: string): MultiValues {
  const values = emptyMap<string[]>();
  if (query === "") return values;
  for (const part of query.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = decodedQuery(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? "" : decodedQuery(part.slice(equals + 1));
    const before = values[name];
    if (before === undefined) values[name] = [value];
    else before.push(value);
  }
  return values;
}

function decodedQuery(text: string): string {
  return percentDecoded(text.includes("+") ? text.replaceAll("+", " ") : text);
}

/** Whether an object has no members. */
export function isEmpty(values: object): boolean {
  for (const _ in values) return false;
  return true;
}

/** The values of one header. @param name in lower case; the header may be written in any case. */
export function headerValues(raw: RawHeaders, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if ((raw[at] as string).toLowerCase() === name) values.push(raw[at + 1] as string);
  }
  return values;
}
