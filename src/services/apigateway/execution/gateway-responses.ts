/**
 * What the gateway's own answers look like: as customized for the API, or AWS's default (developer guide, gateway
 * responses).
 */
import { headerSafe } from "../../../apis/lambda-answer.ts";
import { isHeaderName } from "../../../apis/request-headers.ts";
import type { GatewayResponseDefinition } from "../definitions.ts";
import type { RestCall } from "./call.ts";
import type { GatewayError } from "./gateway-error.ts";
import { responseHeaderName } from "./headers.ts";
import { acceptedType } from "./media-types.ts";
import type { Outcome } from "./outcome.ts";
import { PlainText } from "./plain-text.ts";
import { type Source, sourceOf } from "./sources.ts";

interface Compiled {
  readonly status: number | undefined;
  readonly headers: readonly { readonly name: string; readonly source: Source }[];
  /** By content type; undefined for AWS's default. */
  readonly templates: ReadonlyMap<string, PlainText> | undefined;
}

export class GatewayResponses {
  readonly #compiled = new Map<string, Compiled>();

  constructor(definitions: Readonly<Record<string, GatewayResponseDefinition>>) {
    for (const [type, definition] of Object.entries(definitions)) this.#compiled.set(type, compile(definition));
  }

  /** The answer to a call that has ended with an error. */
  answer(error: GatewayError, call: RestCall): Outcome {
    const fallback = error.status < 500 ? "DEFAULT_4XX" : "DEFAULT_5XX";
    // A request that is too large is refused before the API's gateway responses are looked at.
    const custom =
      error.type === "REQUEST_TOO_LARGE" ? undefined : (this.#compiled.get(error.type) ?? this.#compiled.get(fallback));
    const templates = custom?.templates;
    const headers = ["x-amzn-ErrorType", error.errorType];
    for (const { name, source } of custom?.headers ?? []) {
      const value = source(call, undefined);
      const shown = responseHeaderName(name);
      if (value === undefined || shown === undefined) continue;
      for (const one of typeof value === "string" ? [value] : value) headers.push(shown, headerSafe(one));
    }
    const accepted = acceptedType(call.request.header("accept"));
    const type = templates === undefined ? "application/json" : templates.has(accepted) ? accepted : firstOf(templates);
    if (!headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === "content-type")) {
      headers.unshift("Content-Type", type);
    }
    const body = templates?.get(type)?.fill(call.context(), call.place.variables, "") ?? defaultBody(error);
    return { status: custom?.status ?? error.status, headers, body };
  }
}

/** AWS's default body. */
export function defaultBody({ text, capitalMessage }: GatewayError): string {
  return JSON.stringify(capitalMessage ? { Message: text } : { message: text });
}

function compile({ statusCode, responseParameters, responseTemplates }: GatewayResponseDefinition): Compiled {
  const templates = Object.entries(responseTemplates ?? {});
  const status = Number(statusCode);
  return {
    status: status >= 100 && status <= 599 ? status : undefined,
    headers: Object.entries(responseParameters ?? {}).flatMap(([key, expression]) => {
      const name = /^gatewayresponse\.header\.(.+)$/s.exec(key)?.[1];
      return name !== undefined && isHeaderName(name) ? [{ name, source: sourceOf(expression) }] : [];
    }),
    templates:
      templates.length === 0
        ? undefined
        : new Map(templates.map(([type, text]) => [type.toLowerCase(), new PlainText(text)])),
  };
}

function firstOf(templates: ReadonlyMap<string, PlainText>): string {
  return templates.keys().next().value ?? "application/json";
}
