/** The event of a request to a function URL: API Gateway's payload format 2.0. */
import { isUtf8 } from "node:buffer";
import { percentDecoded } from "../../../protocols/form.ts";
import { getOwn } from "../../../protocols/unknown-json.ts";
import type { Caller } from "../../apis/caller.ts";
import { logTime, protocolOf, sourceIpOf } from "../../apis/request-context.ts";
import type { DoorRequest } from "../../calls/door.ts";
import type { UrlRow } from "./tables.ts";

export interface Asked {
  readonly urlId: string;
  readonly rawPath: string;
  readonly host: string;
  /** Who signed the request. */
  readonly caller?: Caller | undefined;
}

const textType = /^(text\/|application\/(json|xml|javascript)\b|[^;]*\+(json|xml)\b)/i;

/** @throws BodyTooLarge, BodyBrokenOff */
export async function urlEvent(
  row: UrlRow,
  { urlId, rawPath, host, caller }: Asked,
  request: DoorRequest,
  { requestId, trace, nowMs }: { readonly requestId: string; readonly trace: string; readonly nowMs: number },
  maxBytes: number,
): Promise<object> {
  const bytes = await request.bytes(maxBytes);
  const sourceIp = sourceIpOf(request);
  const { cookie, ...headers } = joinedHeaders(request);
  const domainName = host.replace(/:\d+$/, "");
  const isPort = /:(\d+)$/.exec(host)?.[1] ?? (request.scheme === "https" ? "443" : "80");
  const parameters = queryParameters(request.query);
  const cookies = cookie?.split(/;\s*/).filter((one) => one !== "");
  const isText = bytes.length > 0 && textType.test(headers["content-type"] ?? "") && isUtf8(bytes);
  const root = headers["x-amzn-trace-id"] ?? `Root=${/Root=([^;]+)/.exec(trace)?.[1] ?? ""}`;
  const self = `1-${Math.floor(nowMs / 1000).toString(16)}-${requestId.replaceAll("-", "").slice(0, 24)}`;
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString: request.query,
    ...(cookies === undefined || cookies.length === 0 ? {} : { cookies }),
    headers: {
      ...(bytes.length === 0 ? { "content-length": "0" } : {}),
      ...headers,
      "x-forwarded-for": sourceIp,
      "x-forwarded-port": isPort,
      "x-forwarded-proto": request.scheme,
      "x-amzn-trace-id": `Self=${self};${root}`,
      "x-amzn-tls-version": "TLSv1.3",
      "x-amzn-tls-cipher-suite": "TLS_AES_128_GCM_SHA256",
    },
    ...(parameters === undefined ? {} : { queryStringParameters: parameters }),
    requestContext: {
      accountId: row.authType === "NONE" || caller === undefined ? "anonymous" : caller.account,
      apiId: urlId,
      ...(row.authType === "NONE" || caller === undefined ? {} : { authorizer: { iam: shownCaller(caller) } }),
      domainName,
      domainPrefix: domainName.split(".")[0],
      http: {
        method: request.method,
        path: percentDecoded(rawPath),
        protocol: protocolOf(request),
        sourceIp,
        userAgent: headers["user-agent"] ?? "",
      },
      requestId,
      routeKey: "$default",
      stage: "$default",
      time: logTime(nowMs),
      timeEpoch: nowMs,
    },
    ...(bytes.length === 0 ? {} : { body: isText ? bytes.toString() : bytes.toString("base64") }),
    isBase64Encoded: bytes.length > 0 && !isText,
  };
}

/** By lower-case name; repeated headers are joined by commas, cookies as in one header. */
function joinedHeaders({ rawHeaders, headers: { host } }: DoorRequest): Record<string, string> {
  const joined: Record<string, string> = typeof host === "string" ? { host } : {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    const value = rawHeaders[at + 1] as string;
    if (name === "host" || name === "connection") continue;
    const before = getOwn(joined, name);
    joined[name] = before === undefined ? value : `${before}${name === "cookie" ? "; " : ","}${value}`;
  }
  return joined;
}

function queryParameters(query: string): Record<string, string> | undefined {
  if (query === "") return undefined;
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = parameters.get(name);
    parameters.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(parameters);
}

function shownCaller({ accessKeyId, account, principal: { arn, userId } }: Caller) {
  return {
    accessKey: accessKeyId,
    accountId: account,
    callerId: userId,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: arn,
    userId,
  };
}
