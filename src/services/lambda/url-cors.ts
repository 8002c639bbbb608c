/** CORS of function URLs (Lambda developer guide, "Cross-origin resource sharing"). */
import type { Cors } from "@aws-sdk/client-lambda";
import type { DoorRequest } from "../../calls/door.ts";

/** A browser's preflight. Any other OPTIONS request goes to the function. */
export function isPreflight({ method, headers }: DoorRequest): boolean {
  return (
    method === "OPTIONS" && originOf(headers) !== undefined && headers["access-control-request-method"] !== undefined
  );
}

export function preflightFields(cors: Cors, { headers }: DoorRequest): string[] {
  const origin = originOf(headers);
  if (origin === undefined || !isAllowed(cors, origin)) return [];
  const list = (name: string, values: readonly string[] | undefined) =>
    values === undefined || values.length === 0 ? [] : [name, values.join(",")];
  return [
    ...["Access-Control-Allow-Origin", origin],
    ...list("Access-Control-Allow-Headers", cors.AllowHeaders),
    ...["Vary", "Origin"],
    ...list("Access-Control-Allow-Methods", cors.AllowMethods),
    ...(cors.MaxAge === undefined ? [] : ["Access-Control-Max-Age", String(cors.MaxAge)]),
    ...(cors.AllowCredentials ? ["Access-Control-Allow-Credentials", "true"] : []),
  ];
}

/** Headers added to the answer to any other request from an allowed origin. */
export function corsFields(cors: Cors | undefined, { headers }: DoorRequest): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const origin = originOf(headers);
  if (cors === undefined || origin === undefined || !isAllowed(cors, origin)) return fields;
  fields.set("Access-Control-Allow-Origin", origin);
  if (cors.AllowCredentials) fields.set("Access-Control-Allow-Credentials", "true");
  const { ExposeHeaders = [] } = cors;
  if (ExposeHeaders.length > 0) fields.set("Access-Control-Expose-Headers", ExposeHeaders.join(","));
  fields.set("Vary", "Origin");
  return fields;
}

function originOf(headers: DoorRequest["headers"]): string | undefined {
  const { origin } = headers;
  return typeof origin === "string" ? origin : undefined;
}

/** `*` may stand for everything, or for a part of a host name. */
function isAllowed({ AllowOrigins = [] }: Cors, origin: string): boolean {
  return AllowOrigins.some((allowed) => {
    if (!allowed.includes("*")) return allowed.toLowerCase() === origin.toLowerCase();
    const [before = "", after = ""] = allowed.toLowerCase().split("*", 2);
    const asked = origin.toLowerCase();
    return asked.length >= before.length + after.length && asked.startsWith(before) && asked.endsWith(after);
  });
}
