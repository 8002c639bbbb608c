/**
 * What API Gateway does to particular headers (developer guide, "Important notes"; recorded answers win over the
 * guide). All names in lower case.
 */

/** Request headers that templates and functions do not see. */
export const hiddenFromRequest: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "content-md5",
  "expect",
  "max-forwards",
  "proxy-authenticate",
  "server",
  "te",
  "transfer-encoding",
  "trailer",
  "upgrade",
  "www-authenticate",
]);

/** Headers of a client that an HTTP_PROXY integration does not pass on. */
export const notForwarded: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-md5",
  "expect",
  "host",
  "keep-alive",
  "max-forwards",
  "proxy-authenticate",
  "proxy-connection",
  "server",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
  "www-authenticate",
  "x-amzn-trace-id",
  "x-amzn-apigateway-api-id",
]);

/** Headers that are silently dropped if mapped to an HTTP request. */
export const droppedFromMapping: ReadonlySet<string> = new Set([
  "connection",
  "proxy-authenticate",
  "te",
  "via",
  "expect",
]);

/** Headers that make an HTTP integration fail if mapped. */
export const failsHttpMapping: ReadonlySet<string> = new Set(["content-length", "transfer-encoding"]);

/** The same for AWS and AWS_PROXY integrations. */
export const failsAwsMapping: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-length",
  "expect",
  "proxy-authenticate",
  "te",
  "transfer-encoding",
]);

const remappedFromMapping: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-length",
  "content-md5",
  "date",
  "expect",
  "host",
  "max-forwards",
  "proxy-authenticate",
  "server",
  "trailer",
  "upgrade",
  "user-agent",
  "www-authenticate",
]);

/** Backend headers that an HTTP_PROXY answer renames, because the gateway sends its own. */
const remappedFromProxy: ReadonlySet<string> = new Set(["connection", "content-length", "date", "server"]);

/** The name under which a mapped or returned header is sent; undefined if it is not sent. */
export function responseHeaderName(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (lower === "transfer-encoding") return undefined;
  return remappedFromMapping.has(lower) ? `x-amzn-Remapped-${name}` : name;
}

/** The same for a header from an HTTP_PROXY integration's backend. */
export function proxiedHeaderName(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (lower === "transfer-encoding" || lower === "keep-alive") return undefined;
  return remappedFromProxy.has(lower) ? `x-amzn-Remapped-${name}` : name;
}
