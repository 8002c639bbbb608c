/**
 * Makes an HTTP answer of what a proxy integration's function returned (API Gateway developer guide: proxy
 * integrations).
 */
import { isObject } from "../../protocols/unknown-json.ts";
import type { HeaderFields } from "../calls/door.ts";
import { isHeaderName } from "./request-headers.ts";

/** The parts of a valid result. */
export interface ProxyResult {
  /** Undefined if the result has none. */
  readonly status: number | undefined;
  /** Names and values in turn; a name in `multiValueHeaders` overrides the same name in `headers`. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
  readonly cookies: readonly string[];
}

const knownKeys = new Set(["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"]);

/**
 * Reads a function's result in the form `{statusCode, headers, multiValueHeaders, body, isBase64Encoded, cookies}`.
 * @param form `1.0` has multiValueHeaders and no cookies, `2.0` the reverse, the head of a stream both; `rest` is 1.0
 * but refuses unknown members.
 * @returns undefined for a malformed result.
 */
export function proxyResult(value: unknown, form: "rest" | "1.0" | "2.0" | "streamed"): ProxyResult | undefined {
  if (!isObject(value)) return undefined;
  if (form === "rest" && Object.keys(value).some((key) => !knownKeys.has(key))) return undefined;
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded, cookies } = value;
  const status = statusOf(statusCode);
  if (status === null) return undefined;
  if (body !== undefined && body !== null && typeof body !== "string") return undefined;
  if (isBase64Encoded !== undefined && isBase64Encoded !== null && typeof isBase64Encoded !== "boolean")
    return undefined;
  const fields = fieldsOf(headers, form === "2.0" ? undefined : multiValueHeaders);
  if (fields === undefined) return undefined;
  const set = form === "2.0" || form === "streamed" ? (cookies ?? []) : [];
  if (!Array.isArray(set) || !set.every((cookie) => typeof cookie === "string")) return undefined;
  return { status, headers: fields, body: body ?? "", isBase64Encoded: isBase64Encoded === true, cookies: set };
}

/** A status code, or the text of one; undefined if there is none, null for anything else. */
function statusOf(value: unknown): number | undefined | null {
  if (value === undefined || value === null) return undefined;
  const status = typeof value === "string" && /^\d{3}$/.test(value) ? Number(value) : value;
  return Number.isInteger(status) && (status as number) >= 100 && (status as number) <= 599 ? (status as number) : null;
}

const none: object = {};

function fieldsOf(headers: unknown, multiValueHeaders: unknown): string[] | undefined {
  const single = headers ?? none;
  const multi = multiValueHeaders ?? none;
  if (!isObject(single) || !isObject(multi)) return undefined;
  const fields: string[] = [];
  const repeated = multi === none ? undefined : new Set(Object.keys(multi).map((name) => name.toLowerCase()));
  for (const [name, value] of Object.entries(single)) {
    const text = headerText(value);
    if (text === undefined || !isHeaderName(name)) return undefined;
    if (!repeated?.has(name.toLowerCase())) fields.push(name, text);
  }
  for (const [name, values] of Object.entries(multi)) {
    if (!Array.isArray(values) || !isHeaderName(name)) return undefined;
    for (const value of values) {
      const text = headerText(value);
      if (text === undefined) return undefined;
      fields.push(name, text);
    }
  }
  return fields;
}

function headerText(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") return undefined;
  return headerSafe(value);
}

/** Replaces what a header cannot hold (line breaks, control characters, anything beyond Latin-1) by `?`. */
export function headerSafe(text: string): string {
  return /[^\t\u0020-\u007e\u0080-\u00ff]/.test(text) ? text.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, "?") : text;
}

/** Whether there is a header of this name. @param name in lower case. */
export function hasHeader(fields: HeaderFields, name: string): boolean {
  if (!Array.isArray(fields)) return Object.keys(fields).some((key) => key.toLowerCase() === name);
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at].length === name.length && fields[at].toLowerCase() === name) return true;
  }
  return false;
}
