/** The event of Lambda proxy integrations, format 1.0 (developer guide, input format of a Lambda function for proxy integration). */
import { logTime } from "../../../apis/request-context.ts";
import { emptyMap, isEmpty, lastValues, type MultiValues } from "../../../apis/request-headers.ts";
import type { Authorized, RestCall } from "./call.ts";
import { forwarded, isSigned } from "./http-integration.ts";
import type { Payload } from "./payload.ts";

/** What CloudFront tells of a client of an edge-optimized API. */
const fromCloudFront: Readonly<Record<string, string>> = {
  "CloudFront-Forwarded-Proto": "https",
  "CloudFront-Is-Desktop-Viewer": "true",
  "CloudFront-Is-Mobile-Viewer": "false",
  "CloudFront-Is-SmartTV-Viewer": "false",
  "CloudFront-Is-Tablet-Viewer": "false",
  "CloudFront-Viewer-Country": "US",
};

/** The event as JSON text. */
export function proxyEvent(call: RestCall, payload: Payload): string {
  const { sent, place, pathParameters } = call;
  const { headers, multiValueHeaders } = eventHeaders(call);
  return JSON.stringify({
    resource: call.method?.resourcePath ?? "",
    path: call.eventPath,
    httpMethod: call.verb,
    headers,
    multiValueHeaders,
    queryStringParameters: orNull(sent.lastQuery),
    multiValueQueryStringParameters: orNull(sent.multiQuery),
    pathParameters: orNull(pathParameters),
    stageVariables: orNull(place.variables),
    requestContext: requestContext(call),
    body: payload.isEmpty ? null : payload.text,
    isBase64Encoded: payload.isBinary && !payload.isEmpty,
  });
}

/** The event of a REQUEST authorizer: maps that are empty are there, and there is no body. */
export function authorizerEvent(call: RestCall): Record<string, unknown> {
  const { sent, place, pathParameters } = call;
  const { deploymentId: _deployment, authorizer: _authorizer, ...context } = requestContext(call);
  return {
    type: "REQUEST",
    methodArn: call.methodArn,
    resource: call.method?.resourcePath ?? "",
    path: call.eventPath,
    httpMethod: call.verb,
    ...eventHeaders(call),
    queryStringParameters: sent.lastQuery,
    multiValueQueryStringParameters: sent.multiQuery,
    pathParameters,
    stageVariables: place.variables,
    requestContext: context,
  };
}

function eventHeaders({ sent, ids, place }: RestCall): {
  headers: Record<string, string>;
  multiValueHeaders: MultiValues;
} {
  const multi: MultiValues = emptyMap();
  const { multiHeaders } = sent;
  for (const name of Object.keys(multiHeaders)) {
    const values = multiHeaders[name] as string[];
    const lower = name.toLowerCase();
    if (lower === "x-amzn-trace-id" || lower === "x-forwarded-for") continue;
    if (lower === "authorization" && isSigned(values[0])) continue;
    multi[name] = values;
  }
  const isEdge = place.api.snapshot.settings.endpointType === "EDGE";
  const added = { ...(isEdge ? fromCloudFront : {}), "X-Amzn-Trace-Id": ids.trace, ...forwarded(sent) };
  for (const [name, value] of Object.entries(added)) multi[name] = [value];
  return { headers: lastValues(multi), multiValueHeaders: multi };
}

function requestContext(call: RestCall) {
  const { place, ids, sent, method, authorized } = call;
  const { apiId, account } = place.api.snapshot;
  return {
    resourceId: method?.resourceId ?? "",
    ...(authorized === undefined ? {} : { authorizer: authorizerOf(authorized) }),
    resourcePath: method?.resourcePath ?? "",
    ...(method?.definition.operationName === undefined ? {} : { operationName: method.definition.operationName }),
    httpMethod: call.verb,
    extendedRequestId: ids.extendedId,
    requestTime: logTime(ids.receivedMs),
    path: call.contextPath,
    accountId: account,
    protocol: sent.protocol,
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
