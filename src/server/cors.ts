/** CORS for requests of pages, of which only those of origins that are let in come so far (admission.ts). */
import type { DoorAnswer, DoorRequest } from "../calls/door.ts";

type Headers = DoorRequest["headers"];

/** What lets a page read an answer; nothing where no page asks. */
export function corsHeaders({ origin }: Headers): Record<string, string> {
  if (origin === undefined) return {};
  return {
    "access-control-allow-origin": String(origin),
    "access-control-expose-headers": "x-amzn-RequestId, x-amzn-ErrorType, x-amzn-query-error, x-amz-id-2, Date",
    vary: "Origin",
  };
}

/** Answers a preflight, as permissive as AWS's own; false for any other request. */
export function answeredPreflight({ method, headers }: DoorRequest, answer: DoorAnswer): boolean {
  if (method !== "OPTIONS" || headers["access-control-request-method"] === undefined) return false;
  const isPrivate = headers["access-control-request-private-network"] === "true";
  answer.send(200, {
    ...corsHeaders(headers),
    ...(isPrivate ? { "access-control-allow-private-network": "true" } : {}),
    "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "access-control-allow-headers": String(headers["access-control-request-headers"] ?? "*"),
    "access-control-max-age": "172800",
  });
  return true;
}
