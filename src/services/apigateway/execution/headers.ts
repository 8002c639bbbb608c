/**
 * What API Gateway does to headers by their names (developer guide, "Important notes"; where the guide and recorded answers
 * differ the latter are followed). All names in lower case.
 */

/** Request headers that templates and functions do not get to see. */
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

/** Headers mapped onto an HTTP request that are left out in silence. */
export const droppedFromMapping: ReadonlySet<string> = new Set([
  "connection",
  "proxy-authenticate",
  "te",
  "via",
  "expect",
]);

/** Headers whose mapping makes an HTTP integration fail when it is called. */
export const failsHttpMapping: ReadonlySet<string> = new Set(["content-length", "transfer-encoding"]);

/** The same of AWS and AWS_PROXY integrations. */
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

/** Headers of a backend that an HTTP_PROXY answer has under another name, beside the gateway's own. */
const remappedFromProxy: ReadonlySet<string> = new Set(["connection", "content-length", "date", "server"]);

/** Under which name a mapped or returned header leaves; undefined for one that does not. */
export function responseHeaderName(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (lower === "transfer-encoding") return undefined;
  return remappedFromMapping.has(lower) ? `x-amzn-Remapped-${name}` : name;
}

/** The same for a header that comes from the backend of an HTTP_PROXY integration. */
export function proxiedHeaderName(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (lower === "transfer-encoding" || lower === "keep-alive") return undefined;
  return remappedFromProxy.has(lower) ? `x-amzn-Remapped-${name}` : name;
}
