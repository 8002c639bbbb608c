/** CORS for pages; only pages of allowed origins get this far (admission.ts). */
import type { DoorAnswer, DoorRequest } from "../calls/door.ts";

type Headers = DoorRequest["headers"];

/** The headers that let a page read an answer; empty when no page asks. */
export function corsHeaders({ origin }: Headers): Record<string, string> {
  if (origin === undefined) return {};
  return { "access-control-allow-origin": String(origin), vary: "Origin" };
}

/**
 * The same for AWS's own answers, in AWS's form. The `*` opens nothing to pages that are refused: they get no answer to
 * read, and `Vary` keeps a browser from using a cached one.
 * @param names of the answer's headers, in lower case.
 */
export function awsCorsHeaders({ origin }: Headers, names: readonly string[] = []): Record<string, string> {
  if (origin === undefined) return {};
  const exposed = "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date";
  const queryError = "x-amzn-query-error";
  return {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": names.includes(queryError) ? `${exposed},${queryError}` : exposed,
    vary: "Origin",
  };
}

/** Answers a preflight; returns false for any other request. */
export function answeredPreflight({ method, headers }: DoorRequest, answer: DoorAnswer): boolean {
  if (method !== "OPTIONS" || headers["access-control-request-method"] === undefined) return false;
  answer.send(200, {
    ...corsHeaders(headers),
    ...privateNetwork(headers),
    "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "access-control-allow-headers": String(headers["access-control-request-headers"] ?? "*"),
    "access-control-max-age": maxAge,
  });
  return true;
}

/** To AWS a preflight is any OPTIONS request by a page. */
export function isAwsPreflight({ method, headers }: DoorRequest): boolean {
  return method === "OPTIONS" && headers["origin"] !== undefined;
}

/** The headers of AWS's answer to a preflight: what was asked for is repeated. */
export function awsPreflight({ headers }: DoorRequest, requestId: string): Record<string, string> {
  const repeated = (name: "headers" | "method", as: string) => {
    const asked = headers[`access-control-request-${name}`];
    return asked === undefined ? {} : { [`access-control-allow-${as}`]: String(asked) };
  };
  return {
    ...awsCorsHeaders(headers),
    ...privateNetwork(headers),
    ...repeated("headers", "headers"),
    ...repeated("method", "methods"),
    "access-control-max-age": maxAge,
    "x-amzn-RequestId": requestId,
  };
}

/** Two days, in seconds. */
const maxAge = "172800";

function privateNetwork(headers: Headers): Record<string, string> {
  const asked = headers["access-control-request-private-network"] === "true";
  return asked ? { "access-control-allow-private-network": "true" } : {};
}
