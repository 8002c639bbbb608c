/** The event of Lambda proxy integrations, format 1.0 (developer guide, input format of a Lambda function for proxy integration). */
import { logTime } from "../../../apis/request-context.ts";
import { emptyMap, isEmpty, type MultiValues } from "../../../apis/request-headers.ts";
import { EventValue } from "../../../functions/event-value.ts";
import type { Authorized, RestCall } from "./call.ts";
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
  const { headers, multiValueHeaders } = eventHeaders(call);
  return new EventValue({
    resource: call.method?.resourcePath ?? "",
    path: call.eventPath,
    httpMethod: call.verb,
    headers,
    multiValueHeaders,
    queryStringParameters: orNull(request.lastQuery),
    multiValueQueryStringParameters: orNull(request.multiQuery),
    pathParameters: orNull(pathParameters),
    stageVariables: orNull(place.variables),
    requestContext: requestContext(call),
    body: payload.isEmpty ? null : payload.text,
    isBase64Encoded: payload.isBinary && !payload.isEmpty,
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

function eventHeaders({ request, ids, place }: RestCall): {
  headers: Record<string, string>;
  multiValueHeaders: MultiValues;
} {
  // Filled one by one: spreading objects into one another costs several times as much.
  const headers = emptyMap<string>();
  const multiValueHeaders = emptyMap<string[]>();
  const { multiHeaders } = request;
  for (const name of Object.keys(multiHeaders)) {
    const values = multiHeaders[name] as string[];
    const lower = name.toLowerCase();
    if (lower === "x-amzn-trace-id" || lower === "x-forwarded-for") continue;
    if (lower === "authorization" && isSigned(values[0])) continue;
    multiValueHeaders[name] = values;
    headers[name] = values.at(-1) as string;
  }
  const add = (more: Readonly<Record<string, string>>) => {
    for (const name of Object.keys(more)) {
      headers[name] = more[name] as string;
      multiValueHeaders[name] = [more[name] as string];
    }
  };
  if (place.api.snapshot.settings.endpointType === "EDGE") add(fromCloudFront);
  add({ "X-Amzn-Trace-Id": ids.trace });
  add(forwarded(request));
  return { headers, multiValueHeaders };
}

/** Undefined members are absent in JSON. */
function requestContext(call: RestCall) {
  const { place, ids, request, method, authorized } = call;
  const { apiId, account } = place.api.snapshot;
  return {
    resourceId: method?.resourceId ?? "",
    authorizer: authorized && authorizerOf(authorized),
    resourcePath: method?.resourcePath ?? "",
    operationName: method?.definition.operationName,
    httpMethod: call.verb,
    extendedRequestId: ids.extendedId,
    requestTime: logTime(ids.receivedMs),
    path: call.contextPath,
    accountId: account,
    protocol: request.protocol,
    stage: place.stageName,
    domainPrefix: place.address.domainPrefix,
    requestTimeEpoch: ids.receivedMs,
    requestId: ids.requestId,
    identity: call.identityOfEvent(),
    domainName: place.address.domainName,
    deploymentId: place.deploymentId,
    apiId,
  };
}

function authorizerOf(authorized: Authorized): object {
  if ("claims" in authorized) return { claims: authorized.claims };
  return {
    ...authorized.context,
    principalId: authorized.principalId,
    integrationLatency: authorized.latencyMs,
  };
}

function orNull<Values extends object>(values: Values): Values | null {
  return isEmpty(values) ? null : values;
}
