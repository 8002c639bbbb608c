/** The event of Lambda proxy integrations, format 1.0 (developer guide, input format of a Lambda function for proxy integration). */
import { setOwn } from "../../../../protocols/unknown-json.ts";
import { logTime } from "../../../apis/request-context.ts";
import { isEmpty } from "../../../apis/request-headers.ts";
import { copyOf, EventValue } from "../../../functions/event-value.ts";
import type { Authorized, RestCall } from "./call.ts";
import { hiddenFromRequest } from "./headers.ts";
import { forwarded, isSigned } from "./http-integration.ts";
import type { Payload } from "./payload.ts";

/** Headers CloudFront adds for an edge-optimized API. */
const fromCloudFront: Readonly<Record<string, string>> = {
  "CloudFront-Forwarded-Proto": "https",
  "CloudFront-Is-Desktop-Viewer": "true",
  "CloudFront-Is-Mobile-Viewer": "false",
  "CloudFront-Is-SmartTV-Viewer": "false",
  "CloudFront-Is-Tablet-Viewer": "false",
  "CloudFront-Viewer-Country": "US",
};

export function proxyEvent(call: RestCall, payload: Payload): EventValue {
  const { request, place, pathParameters } = call;
  return new EventValue(() => {
    const { headers, multiValueHeaders } = eventHeaders(call);
    return {
      resource: call.method?.resourcePath ?? "",
      path: call.eventPath,
      httpMethod: call.verb,
      headers,
      multiValueHeaders,
      queryStringParameters: copyOrNull(request.lastQuery),
      multiValueQueryStringParameters: copyOrNull(request.multiQuery),
      pathParameters: copyOrNull(pathParameters),
      stageVariables: copyOrNull(place.variables),
      requestContext: requestContext(call),
      body: payload.isEmpty ? null : payload.text,
      isBase64Encoded: payload.isBinary && !payload.isEmpty,
    };
  });
}

/** The event of a REQUEST authorizer: empty maps are included, and there is no body. */
export function authorizerEvent(call: RestCall): Record<string, unknown> {
  const { request, place, pathParameters } = call;
  const { deploymentId: _deployment, authorizer: _authorizer, ...context } = requestContext(call);
  return {
    type: "REQUEST",
    methodArn: call.methodArn,
    resource: call.method?.resourcePath ?? "",
    path: call.eventPath,
    httpMethod: call.verb,
    ...eventHeaders(call),
    queryStringParameters: request.lastQuery,
    multiValueQueryStringParameters: request.multiQuery,
    pathParameters,
    stageVariables: place.variables,
    requestContext: context,
  };
}

/** Headers of a client that events have from the gateway. */
const writtenAnew: ReadonlySet<string> = new Set([...hiddenFromRequest, "x-amzn-trace-id", "x-forwarded-for"]);

function eventHeaders({ request, ids, place }: RestCall): {
  headers: Record<string, string>;
  multiValueHeaders: Record<string, string[]>;
} {
  // Filled one by one: spreading objects into one another costs several times as much.
  const headers: Record<string, string> = {};
  const multiValueHeaders: Record<string, string[]> = {};
  const spelt = new Map<string, string>();
  const { rawHeaders } = request;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    const value = rawHeaders[at + 1] as string;
    const lower = name.toLowerCase();
    if (writtenAnew.has(lower) || (lower === "authorization" && isSigned(request.header(lower)))) continue;
    const spelling = spelt.get(lower);
    if (spelling === undefined) {
      spelt.set(lower, name);
      setOwn(multiValueHeaders, name, [value]);
    } else (multiValueHeaders[spelling] as string[]).push(value);
    setOwn(headers, spelling ?? name, value);
  }
  const add = (more: Readonly<Record<string, string>>) => {
    for (const name of Object.keys(more)) {
      headers[name] = more[name] as string;
      multiValueHeaders[name] = [more[name] as string];
    }
  };
  if (place.api.snapshot.settings.endpointType === "EDGE") add(fromCloudFront);
  add({ "X-Amzn-Trace-Id": ids.trace, ...forwarded(request) });
  return { headers, multiValueHeaders };
}

function requestContext(call: RestCall): Record<string, unknown> {
  const { place, ids, request, method, authorized } = call;
  const { apiId, account } = place.api.snapshot;
  const operationName = method?.definition.operationName;
  const context: Record<string, unknown> = { resourceId: method?.resourceId ?? "" };
  if (authorized !== undefined) context["authorizer"] = authorizerOf(authorized);
  context["resourcePath"] = method?.resourcePath ?? "";
  if (operationName !== undefined) context["operationName"] = operationName;
  context["httpMethod"] = call.verb;
  context["extendedRequestId"] = ids.extendedId;
  context["requestTime"] = logTime(ids.receivedMs);
  context["path"] = call.contextPath;
  context["accountId"] = account;
  context["protocol"] = request.protocol;
  context["stage"] = place.stageName;
  context["domainPrefix"] = place.address.domainPrefix;
  context["requestTimeEpoch"] = ids.receivedMs;
  context["requestId"] = ids.requestId;
  context["identity"] = call.identityOfEvent();
  context["domainName"] = place.address.domainName;
  context["deploymentId"] = place.deploymentId;
  context["apiId"] = apiId;
  return context;
}

function authorizerOf(authorized: Authorized): object {
  if ("claims" in authorized) return { claims: copyOf(authorized.claims) };
  return {
    ...copyOf(authorized.context),
    principalId: authorized.principalId,
    integrationLatency: authorized.latencyMs,
  };
}

function copyOrNull(values: object): object | null {
  return isEmpty(values) ? null : copyOf(values);
}
