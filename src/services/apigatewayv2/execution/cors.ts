/** CORS of HTTP APIs: the gateway answers preflights, and its headers replace the backend's in every answer. */
import type { HttpAnswer, HttpCall } from "./http-call.ts";

type Cors = NonNullable<HttpCall["snapshot"]["cors"]>;

const corsHeader = /^access-control-/i;

/** The origin to allow; undefined if the request's origin is not allowed. */
function allowedOrigin({ AllowOrigins = [], AllowCredentials }: Cors, origin: string): string | undefined {
  if (AllowOrigins.includes("*")) return AllowCredentials === true ? origin : "*";
  const isAllowed = AllowOrigins.some((allowed) => {
    if (allowed.toLowerCase() === origin.toLowerCase()) return true;
    const scheme = /^([a-z][a-z0-9+.-]*:\/\/)\*$/i.exec(allowed)?.[1];
    return scheme !== undefined && origin.toLowerCase().startsWith(scheme.toLowerCase());
  });
  return isAllowed ? origin : undefined;
}

/** The answer to a preflight request; without headers unless the origin is allowed. */
export function preflight(cors: Cors, origin: string): HttpAnswer {
  const allowed = allowedOrigin(cors, origin);
  const headers: string[] = [];
  if (allowed !== undefined) {
    headers.push("access-control-allow-origin", allowed);
    const lists = [
      ["access-control-allow-methods", cors.AllowMethods],
      ["access-control-allow-headers", cors.AllowHeaders],
    ] as const;
    for (const [name, values] of lists)
      if (values !== undefined && values.length > 0) headers.push(name, values.join(","));
    if (cors.MaxAge !== undefined) headers.push("access-control-max-age", String(cors.MaxAge));
    if (cors.AllowCredentials === true) headers.push("access-control-allow-credentials", "true");
  }
  return { status: 204, headers, body: "" };
}

/** An answer's headers with the gateway's CORS headers instead of the backend's. */
export function withCors(cors: Cors, origin: string | undefined, headers: readonly string[]): readonly string[] {
  const kept = headers.filter((_text, index) => !corsHeader.test(headers[index - (index % 2)] as string));
  const allowed = origin === undefined ? undefined : allowedOrigin(cors, origin);
  if (allowed === undefined) return kept;
  kept.push("access-control-allow-origin", allowed);
  if (allowed !== "*") kept.push("vary", "origin");
  if (cors.ExposeHeaders !== undefined && cors.ExposeHeaders.length > 0) {
    kept.push("access-control-expose-headers", cors.ExposeHeaders.join(","));
  }
  if (cors.AllowCredentials === true) kept.push("access-control-allow-credentials", "true");
  return kept;
}
