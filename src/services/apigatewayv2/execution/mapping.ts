/** Parameter mapping of HTTP APIs, for requests and answers (developer guide: transforming requests). */
import { tryParseJson } from "../../../../protocols/unknown-json.ts";
import { headerSafe } from "../../../apis/lambda-answer.ts";
import { headerValues } from "../../../apis/request-headers.ts";
import { type MappingKey, parseMappingKey } from "../mapping-expressions.ts";
import { type Expression, expression, expressionText, type Sources } from "./expressions.ts";
import type { HttpAnswer, HttpCall } from "./http-call.ts";
import { type EventRequest, seenHeaders } from "./http-events.ts";

interface Mapping {
  readonly key: MappingKey;
  readonly value: Expression;
}

const parsed = new WeakMap<object, readonly Mapping[]>();

/** A definition's mappings, compiled once. */
function mappingsOf(parameters: Readonly<Record<string, string>>): readonly Mapping[] {
  let mappings = parsed.get(parameters);
  if (mappings === undefined) {
    mappings = Object.entries(parameters).flatMap(([text, value]) => {
      const key = parseMappingKey(text);
      return key === undefined ? [] : [{ key, value: expression(value) }];
    });
    parsed.set(parameters, mappings);
  }
  return mappings;
}

export interface MappedRequest extends EventRequest {
  /** The path was overwritten, so it is used as it is whatever the route. */
  readonly isPathMapped: boolean;
}

/** The request as the integration gets it. */
export function mappedRequest(call: HttpCall, parameters: Readonly<Record<string, string>> | undefined): MappedRequest {
  const rawHeaders = seenHeaders(call);
  const rawQuery = call.request.query;
  const mapped = { rawHeaders, rawQuery, rawPath: call.rawPath, isPathMapped: false };
  if (parameters === undefined) return mapped;
  for (const { key, value } of mappingsOf(parameters)) {
    const given = value(call.sources);
    if (key.action !== "remove" && given === undefined) continue;
    const text = expressionText(given);
    if (key.place === "header") {
      mapped.rawHeaders = mappedHeaders(mapped.rawHeaders, key, text);
    } else if (key.place === "querystring") {
      mapped.rawQuery = mappedQuery(mapped.rawQuery, key, text);
    } else {
      mapped.rawPath = text.startsWith("/") ? text : `/${text}`;
      mapped.isPathMapped = true;
    }
  }
  return mapped;
}

function mappedHeaders(fields: readonly string[], { action, name }: MappingKey, text: string): string[] {
  const lower = name.toLowerCase();
  const before = headerValues(fields, lower);
  const rest = before.length === 0 ? [...fields] : withoutHeader(fields, lower);
  if (action === "remove") return rest;
  const value = action === "append" && before.length > 0 ? `${before.join(",")},${text}` : text;
  return [...rest, name, headerSafe(value)];
}

function withoutHeader(fields: readonly string[], lower: string): string[] {
  return fields.filter((_text, index) => (fields[index - (index % 2)] as string).toLowerCase() !== lower);
}

function mappedQuery(query: string, { action, name }: MappingKey, text: string): string {
  const values = new URLSearchParams(query);
  if (action !== "append") values.delete(name);
  if (action !== "remove") values.append(name, text);
  return values.toString();
}

/** An integration's answer as the client gets it. */
export function mappedAnswer(
  call: HttpCall,
  answer: HttpAnswer,
  parameters: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined,
): HttpAnswer {
  const ofStatus = parameters?.[String(answer.status)];
  if (ofStatus === undefined) return answer;
  const sources: Sources = {
    ...call.sources,
    response: (place, name) => {
      if (place === "header") return headerValues(answer.headers, name.toLowerCase()).join(",") || undefined;
      return place === "body" ? bodyText(answer) : undefined;
    },
    responseJson: () => tryParseJson(bodyText(answer)),
  };
  let { status, headers } = answer;
  for (const { key, value } of mappingsOf(ofStatus)) {
    const given = value(sources);
    if (key.action !== "remove" && given === undefined) continue;
    const text = expressionText(given);
    if (key.place === "header") headers = mappedHeaders(headers, key, text);
    else if (/^[1-5]\d\d$/.test(text)) status = Number(text);
  }
  return { ...answer, status, headers };
}

function bodyText({ body }: HttpAnswer): string {
  return typeof body === "string" ? body : Buffer.from(body).toString();
}
