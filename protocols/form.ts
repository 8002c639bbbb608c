/** Form and query-string parameters: `a=1&b.2=x`, percent-encoded, as AWS Query carries them. */
import { isUtf8 } from "node:buffer";
import { AwsError } from "./error.ts";
import type { WireRequest } from "./protocol.ts";

export type Parameters = ReadonlyMap<string, string>;

/** Parameters of one request; the largest batch of any service has some thousand. */
const maxParameters = 50_000;
const NONE: Parameters = new Map();
/** The last request whose parameters were read. A claim and its decoding follow each other. */
let last: { readonly request: WireRequest; readonly parameters: Parameters } | undefined;

/**
 * The parameters of a request, from its URL and, when it posts a form, from its body; the body wins.
 * Parsed once for the claim, which looks for `Action`, and for the codec, which reads everything else.
 * @throws AwsError MalformedQueryString for broken percent-encoding.
 */
export function parametersOf(request: WireRequest): Parameters {
  if (last?.request !== request) last = { request, parameters: readParameters(request) };
  return last.parameters;
}

function readParameters(request: WireRequest): Parameters {
  const hasBody = request.body.length > 0 && isForm(request);
  if (!hasBody && request.query === "") return NONE;
  const parameters = new Map<string, string>();
  parseInto(parameters, request.query);
  if (hasBody) {
    if (!isUtf8(request.body)) throw malformed();
    parseInto(parameters, request.body.toString());
  }
  return parameters;
}

/** Whether the body is a form; a client that names no type is believed to send one. */
export function isForm(request: WireRequest): boolean {
  const type = request.headers["content-type"];
  return typeof type !== "string" || type === "" || type.startsWith("application/x-www-form-urlencoded");
}

/** Calls `each` for every `name=value` of a query string, decoded, in order. */
export function parseQuery(text: string, each: (name: string, value: string) => void): void {
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf("&", start);
    if (end === -1) end = text.length;
    if (end > start) {
      const pair = text.slice(start, end);
      const equals = pair.indexOf("=");
      if (equals === -1) each(decode(pair), "");
      else each(decode(pair.slice(0, equals)), decode(pair.slice(equals + 1)));
    }
    start = end + 1;
  }
}

function parseInto(parameters: Map<string, string>, text: string): void {
  let count = 0;
  parseQuery(text.trimEnd(), (name, value) => {
    if (++count > maxParameters) throw malformed();
    parameters.set(name, value);
  });
}

function decode(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw malformed();
  }
}

/** Percent-decoded once; text with broken percent-encoding is returned as it is. */
export function percentDecoded(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function malformed(): AwsError {
  return AwsError.unmodeled({
    name: "MalformedQueryString",
    message: "The query string contains a syntax error",
    status: 404,
  });
}
