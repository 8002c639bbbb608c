/** Where expressions of WebSocket APIs find their values: in the message, the handshake and the context. */

import { getOwn, jsonObject } from "../../../../../protocols/unknown-json.ts";
import { isEmpty } from "../../../../apis/request-headers.ts";
import { type Expression, expression, expressionText, type Sources } from "../expressions.ts";
import { type ConnectionEvent, requestContext } from "./events.ts";

export function sourcesOf(event: ConnectionEvent): Sources {
  let context: Record<string, unknown> | undefined;
  return {
    request: (place, name) => {
      if (place === "body") return event.body;
      if (place === "header" || place === "multivalueheader") return headerValues(event, name).at(-1);
      if (place === "querystring" || place === "multivaluequerystring") return event.request?.query[name]?.at(-1);
      return undefined;
    },
    requestJson: () => (event.body === undefined ? undefined : jsonObject(event.body)),
    context: (name) => {
      if (name === "authorizer.usageIdentifierKey") return event.connection.usageIdentifierKey;
      context ??= requestContext(event);
      const value = at(context, name);
      return value === undefined ? undefined : expressionText(value);
    },
    stageVariables: (name) => getOwn(event.stageVariables, name),
  };
}

function at(record: Record<string, unknown>, path: string): unknown {
  let value: unknown = record;
  for (const step of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

function headerValues({ request }: ConnectionEvent, name: string): readonly string[] {
  const lower = name.toLowerCase();
  const found = Object.entries(request?.multiValueHeaders ?? {}).find(([one]) => one.toLowerCase() === lower);
  return found?.[1] ?? [];
}

/**
 * Compiles a source as authorizers and parameters name it: `route.request.header.X`, `context.x`, `stageVariables.x`.
 */
export function routeSource(text: string): Expression {
  return expression(`$${text.startsWith("route.request.") ? text.slice("route.".length) : text}`);
}

/** The values for an integration's parameter; none if its source has none. */
function parameterValues(source: string, event: ConnectionEvent): readonly string[] {
  const literal = /^'(.*)'$/s.exec(source)?.[1];
  if (literal !== undefined) return [literal];
  const [, kind, name = ""] = /^route\.request\.multivalue(header|querystring)\.(.+)$/.exec(source) ?? [];
  if (kind === "header") return headerValues(event, name);
  if (kind === "querystring") return event.request?.query[name] ?? [];
  const value = routeSource(source)(sourcesOf(event));
  return value === undefined || value === null ? [] : [expressionText(value)];
}

export interface RequestParameters {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly path: Readonly<Record<string, string>>;
}

/** `integration.request.{header|querystring|path}.X` filled from its sources. */
export function requestParameters(
  parameters: Readonly<Record<string, string>> | undefined,
  event: ConnectionEvent,
): RequestParameters {
  const headers: [string, string][] = [];
  const query: [string, string][] = [];
  const path: Record<string, string> = {};
  for (const [key, source] of Object.entries(parameters ?? {})) {
    const [, place, name = ""] = /^integration\.request\.(header|querystring|path)\.(.+)$/.exec(key) ?? [];
    for (const value of parameterValues(source, event)) {
      if (place === "header") headers.push([name, value]);
      else if (place === "querystring") query.push([name, value]);
      else path[name] = value;
    }
  }
  return { headers, query, path };
}

/** Parameters a route requires that the handshake does not have. */
export function missingParameters(
  parameters: Readonly<Record<string, { readonly Required?: boolean | undefined }>> | undefined,
  event: ConnectionEvent,
): readonly string[] {
  if (parameters === undefined || isEmpty(parameters)) return [];
  const sources = sourcesOf(event);
  return Object.entries(parameters).flatMap(([key, { Required }]) => {
    if (Required !== true || expressionText(routeSource(key)(sources)).trim() !== "") return [];
    return [key.split(".").slice(3).join(".")];
  });
}
