/** What a request line and its headers may be (quotas of API Gateway), seen before anything is looked for. */
import { GatewayError } from "./gateway-error.ts";
import type { Sent } from "./sent.ts";

/** Of Regional APIs; what is nearer to CloudFront takes less. */
const longestUrl = 10_240;
const longestEdgeUrl = 8_192;
const longestHeaders = 20_480;

/** @throws GatewayError 400, 414 or 431 */
export function checkRequest(sent: Sent, path: string, isRegional: boolean): void {
  if (path.length + sent.query.length + 1 > (isRegional ? longestUrl : longestEdgeUrl)) {
    throw new GatewayError("DEFAULT_4XX", "Request URI too long", {
      status: 414,
      errorType: "RequestURITooLongException",
    });
  }
  let length = 0;
  for (const text of sent.rawHeaders) length += text.length + 2;
  if (length > longestHeaders) {
    throw new GatewayError("DEFAULT_4XX", "Request Header Fields Too Large", {
      status: 431,
      errorType: "RequestHeaderFieldsTooLargeException",
    });
  }
  if (sent.query !== "" && /[|{}]/.test(sent.query))
    throw new GatewayError("DEFAULT_4XX", "Bad Request", { status: 400 });
}
