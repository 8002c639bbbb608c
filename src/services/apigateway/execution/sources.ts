/** Mapping expressions: where the value of a header, query parameter or path parameter comes from. */

import { getOwn } from "../../../../protocols/unknown-json.ts";
import { Budget } from "../../../apis/vtl/budget.ts";
import { readPath } from "../../../apis/vtl/json-path.ts";
import { JsonSyntaxError, readJson } from "../../../apis/vtl/json-reader.ts";
import { TemplateError } from "../../../apis/vtl/syntax.ts";
import { javaText, jsonText, VtlList, VtlMap } from "../../../apis/vtl/values.ts";
import type { BackendAnswer } from "./backend.ts";
import type { RestCall } from "./call.ts";
import { textAt } from "./plain-text.ts";

/**
 * The value for one call; several for a multi-value source, undefined if there is none.
 * @param answered for response mappings.
 */
export type Source = (call: RestCall, answered: BackendAnswer | undefined) => string | readonly string[] | undefined;

const nothing: Source = () => undefined;

/** Compiles the expression of a mapping's value. An unknown one has no value. */
export function sourceOf(expression: string): Source {
  if (/^'.*'$/s.test(expression)) {
    const text = expression.slice(1, -1);
    return () => text;
  }
  const [, scope = "", rest = ""] = /^([a-zA-Z]+)\.(.+)$/s.exec(expression) ?? [];
  if (scope === "stageVariables") return ({ place: { variables } }) => getOwn(variables, rest);
  if (scope === "context") return contextSource(rest);
  const [, part = "", kind = "", name = ""] = /^(request|response)\.([a-z]+)(?:\.(.+))?$/s.exec(rest) ?? [];
  if (scope === "method" && part === "request") return requestSource(kind, name);
  if (scope === "integration" && part === "response") return responseSource(kind, name);
  return nothing;
}

function contextSource(rest: string): Source {
  const path = rest.split(".");
  // The request id is common enough to be worth a shortcut.
  if (rest === "requestId") return ({ ids }) => ids.requestId;
  return (call) => textAt(call.context(), path);
}

function requestSource(kind: string, name: string): Source {
  switch (kind) {
    case "path":
      return ({ pathParameters }) => getOwn(pathParameters, name);
    case "querystring":
      return ({ request }) => getOwn(request.lastQuery, name);
    case "header":
      return ({ request }) => request.headerValues(name)?.at(-1);
    case "multivaluequerystring":
      return ({ request }) => getOwn(request.multiQuery, name);
    case "multivalueheader":
      return ({ request }) => request.headerValues(name);
    case "body":
      return ({ request }) => partOf(request.body.toString(), name);
    default:
      return nothing;
  }
}

function responseSource(kind: string, name: string): Source {
  const lower = name.toLowerCase();
  const values = (answered: BackendAnswer | undefined) =>
    answered?.rawHeaders.filter((_, at, all) => at % 2 === 1 && all[at - 1]?.toLowerCase() === lower);
  switch (kind) {
    case "header":
      return (_call, answered) => values(answered)?.at(-1);
    case "multivalueheader":
      return (_call, answered) => {
        const found = values(answered);
        return found?.length === 0 ? undefined : found;
      };
    case "body":
      return (_call, answered) => (answered === undefined ? undefined : partOf(answered.payload.text, name));
    default:
      return nothing;
  }
}

/** Part of a JSON body as text; without a path the whole body, whatever it is. */
function partOf(body: string, path: string): string | undefined {
  if (path === "") return body === "" ? undefined : body;
  try {
    const value = readPath(readJson(body), `$.${path}`, new Budget());
    if (value === undefined || value === null) return undefined;
    return value instanceof VtlMap || value instanceof VtlList ? jsonText(value) : javaText(value);
  } catch (error) {
    if (error instanceof TemplateError || error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}
