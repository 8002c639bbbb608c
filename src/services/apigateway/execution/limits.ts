/** Limits for the request line and headers (API Gateway quotas), checked before anything else. */

import type { ClientRequest } from "./client-request.ts";
import { GatewayError } from "./gateway-error.ts";

/** Characters of a Regional API's URL; edge-optimized APIs, behind CloudFront, allow fewer. */
const maxUrlLength = 10_240;
const maxEdgeUrlLength = 8_192;
const maxHeadersLength = 20_480;

/** @throws GatewayError 400, 414 or 431 */
export function checkRequest(request: ClientRequest, path: string, isRegional: boolean): void {
  if (path.length + request.query.length + 1 > (isRegional ? maxUrlLength : maxEdgeUrlLength)) {
    throw new GatewayError("DEFAULT_4XX", "Request URI too long", {
      status: 414,
      errorType: "RequestURITooLongException",
    });
  }
  let length = 0;
  for (const text of request.rawHeaders) length += text.length + 2;
  if (length > maxHeadersLength) {
    throw new GatewayError("DEFAULT_4XX", "Request Header Fields Too Large", {
      status: 431,
      errorType: "RequestHeaderFieldsTooLargeException",
    });
  }
  if (request.query !== "" && /[|{}]/.test(request.query))
    throw new GatewayError("DEFAULT_4XX", "Bad Request", { status: 400 });
}
