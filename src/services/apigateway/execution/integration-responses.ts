/** Selects a method's response for an integration's answer, and maps it (developer guide, integration responses). */
import { headerSafe } from "../../../apis/lambda-answer.ts";
import { isHeaderName } from "../../../apis/request-headers.ts";
import { javaRegexIfUsable } from "../../../apis/vtl/java-regex.ts";
import { javaText, type Value } from "../../../apis/vtl/values.ts";
import type { LinearRegex } from "../../../regex/linear-regex.ts";
import type { ContentHandling, IntegrationResponseDefinition, MethodDefinition } from "../definitions.ts";
import { type BackendAnswer, lastHeader } from "./backend.ts";
import type { RestCall } from "./call.ts";
import { configurationError } from "./gateway-error.ts";
import { responseHeaderName } from "./headers.ts";
import { acceptedType, type BinaryTypes, typeOf } from "./media-types.ts";
import type { Outcome } from "./outcome.ts";
import { Payload } from "./payload.ts";
import { textsOf } from "./request-mapping.ts";
import { Templates } from "./request-template.ts";
import { type Source, sourceOf } from "./sources.ts";

interface Response {
  readonly status: number;
  /** Undefined for the default response; an unusable pattern matches nothing. */
  readonly pattern: LinearRegex | "unusable" | undefined;
  readonly templates: Templates;
  readonly headers: readonly { readonly name: string; readonly source: Source }[];
  readonly contentHandling: ContentHandling | undefined;
  /** Whether the method has a response of this status. */
  readonly isDeclared: boolean;
}

export class IntegrationResponses {
  readonly #responses: readonly Response[];
  readonly #default: Response | undefined;
  readonly #binary: BinaryTypes;

  constructor(method: MethodDefinition, binary: BinaryTypes) {
    const responses = Object.values(method.integration?.responses ?? {})
      .map((definition) => compile(definition, Object.hasOwn(method.responses, definition.statusCode)))
      .sort((a, b) => a.status - b.status);
    this.#responses = responses.filter(({ pattern }) => pattern !== undefined);
    this.#default = responses.find(({ pattern }) => pattern === undefined);
    this.#binary = binary;
  }

  /** @throws GatewayError if no response matches, or the one that does cannot be built. */
  answer(call: RestCall, answer: BackendAnswer): Outcome {
    const response = this.#select(answer.selector);
    if (response === undefined) {
      throw configurationError(
        `No match for output mapping and no default output mapping configured. Endpoint Response Status Code: ${answer.status}`,
      );
    }
    if (!response.isDeclared) {
      throw configurationError(`Output mapping refers to an invalid method response: ${response.status}`);
    }
    const { payload } = answer;
    const mapped: string[] = [];
    for (const { name, source } of response.headers) {
      const value = source(call, answer);
      if (value !== undefined) addHeader(mapped, name, typeof value === "string" ? [value] : value);
    }
    const accept = call.request.header("accept");
    let type = lastHeader(answer.rawHeaders, "content-type") ?? "application/json";
    let body = payload;
    const { templates } = response;
    if (templates.size > 0) {
      const accepted = acceptedType(accept);
      const chosen = templates.has(accepted) ? accepted : (templates.first as string);
      const text = templates.render(chosen, call, payload.text, (reason) =>
        configurationError(`Unable to transform response: ${reason}`),
      );
      type = templates.spelling(chosen);
      // A template's text is sent as UTF-8 even for a binary type; base64 is only decoded in a text.
      const isBinary = this.#binary.has(typeOf(type));
      body = isBinary ? Payload.ofBytes(Buffer.from(text), true) : Payload.ofText(text);
    }
    const converted = body.answered(response.contentHandling, this.#binary.wants(accept), this.#binary.none);
    const { status, headers } = overridden(call, response.status, mapped);
    if (lastHeader(headers, "content-type") === undefined) headers.unshift("Content-Type", type);
    return { status, headers, body: converted.content };
  }

  #select(selector: string | undefined): Response | undefined {
    if (selector !== undefined) {
      for (const response of this.#responses) {
        const { pattern } = response;
        if (pattern !== "unusable" && pattern?.matches(selector)) return response;
      }
    }
    return this.#default;
  }
}

/** Applies `$context.responseOverride` on top of the mapping. @throws GatewayError for an invalid status. */
function overridden(call: RestCall, status: number, headers: string[]): { status: number; headers: string[] } {
  const { overridesIfAny } = call;
  if (overridesIfAny === undefined) return { status, headers };
  for (const [name, value] of overridesIfAny.responseHeader) {
    const shown = responseHeaderName(name)?.toLowerCase();
    for (let at = headers.length - 2; at >= 0; at -= 2) {
      if (headers[at]?.toLowerCase() === shown) headers.splice(at, 2);
    }
    addHeader(headers, name, textsOf(value));
  }
  return { status: overridesIfAny.status === null ? status : statusOf(overridesIfAny.status), headers };
}

function statusOf(value: Value): number {
  const text = value === null ? "" : javaText(value);
  if (!/^[1-5]\d\d$/.test(text)) throw configurationError(`Invalid status code override: ${text.slice(0, 100)}`);
  return Number(text);
}

function addHeader(headers: string[], name: string, values: readonly string[]): void {
  const shown = responseHeaderName(name);
  if (shown === undefined || !isHeaderName(shown)) return;
  for (const value of values) headers.push(shown, headerSafe(value));
}

function compile(definition: IntegrationResponseDefinition, isDeclared: boolean): Response {
  const { statusCode, selectionPattern, responseParameters, responseTemplates, contentHandling } = definition;
  return {
    status: Number(statusCode),
    pattern:
      selectionPattern === undefined || selectionPattern === "" ? undefined : javaRegexIfUsable(selectionPattern),
    templates: new Templates(responseTemplates),
    headers: Object.entries(responseParameters ?? {}).flatMap(([key, expression]) => {
      const name = /^method\.response\.header\.(.+)$/s.exec(key)?.[1];
      return name === undefined ? [] : [{ name, source: sourceOf(expression) }];
    }),
    contentHandling,
    isDeclared,
  };
}
