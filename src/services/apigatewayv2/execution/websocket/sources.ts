/** Where expressions of WebSocket APIs find their values: in a message, in the handshake, in what is known of both. */

import { getOwn, jsonObject } from "../../../../../protocols/unknown-json.ts";
import { isEmpty } from "../../../../apis/request-headers.ts";
import { type Expression, expression, expressionText, type Sources } from "../expressions.ts";
import { type Happening, requestContext } from "./events.ts";

export function sourcesOf(what: Happening): Sources {
  let context: Record<string, unknown> | undefined;
  return {
    request: (place, name) => {
      if (place === "body") return what.body;
      if (place === "header" || place === "multivalueheader") return headerValues(what, name).at(-1);
      if (place === "querystring" || place === "multivaluequerystring") return what.request?.query[name]?.at(-1);
      return undefined;
    },
    requestJson: () => (what.body === undefined ? undefined : jsonObject(what.body)),
    context: (name) => {
      if (name === "authorizer.usageIdentifierKey") return what.connection.usageIdentifierKey;
      context ??= requestContext(what);
      const value = at(context, name);
      return value === undefined ? undefined : expressionText(value);
    },
    stageVariables: (name) => getOwn(what.stageVariables, name),
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

function headerValues({ request }: Happening, name: string): readonly string[] {
  const lower = name.toLowerCase();
  const found = Object.entries(request?.multiValueHeaders ?? {}).find(([one]) => one.toLowerCase() === lower);
  return found?.[1] ?? [];
}

/** A source as authorizers and parameters name it: `route.request.header.X`, `context.x`, `stageVariables.x`. */
export function routeSource(text: string): Expression {
  return expression(`$${text.startsWith("route.request.") ? text.slice("route.".length) : text}`);
}

/** The values of an integration's parameter; none for what is not there. */
function parameterValues(source: string, what: Happening): readonly string[] {
  const literal = /^'(.*)'$/s.exec(source)?.[1];
  if (literal !== undefined) return [literal];
  const [, kind, name = ""] = /^route\.request\.multivalue(header|querystring)\.(.+)$/.exec(source) ?? [];
  if (kind === "header") return headerValues(what, name);
  if (kind === "querystring") return what.request?.query[name] ?? [];
  const value = routeSource(source)(sourcesOf(what));
  return value === undefined || value === null ? [] : [expressionText(value)];
}

export interface RequestParameters {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly path: Readonly<Record<string, string>>;
}

/** `integration.request.{header|querystring|path}.X` from what the value names. */
export function requestParameters(
  parameters: Readonly<Record<string, string>> | undefined,
  what: Happening,
): RequestParameters {
  const headers: [string, string][] = [];
  const query: [string, string][] = [];
  const path: Record<string, string> = {};
  for (const [key, source] of Object.entries(parameters ?? {})) {
    const [, place, name = ""] = /^integration\.request\.(header|querystring|path)\.(.+)$/.exec(key) ?? [];
    for (const value of parameterValues(source, what)) {
      if (place === "header") headers.push([name, value]);
      else if (place === "querystring") query.push([name, value]);
      else path[name] = value;
    }
  }
  return { headers, query, path };
}

/** What a route requires of the handshake and the client has not sent. */
export function missingParameters(
  parameters: Readonly<Record<string, { readonly Required?: boolean | undefined }>> | undefined,
  what: Happening,
): readonly string[] {
  if (parameters === undefined || isEmpty(parameters)) return [];
  const sources = sourcesOf(what);
  return Object.entries(parameters).flatMap(([key, { Required }]) => {
    if (Required !== true || expressionText(routeSource(key)(sources)).trim() !== "") return [];
    return [key.split(".").slice(3).join(".")];
  });
}
