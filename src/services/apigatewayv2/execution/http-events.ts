/** The events that functions of HTTP APIs get: payload formats 1.0 and 2.0, and those of Lambda authorizers. */
import { isUtf8 } from "node:buffer";
import { copyObject } from "../../../../protocols/unknown-json.ts";
import { hostNameOf } from "../../../apis/door.ts";
import { headerOf, logTime, protocolOf, sourceIpOf } from "../../../apis/request-context.ts";
import {
  isEmpty,
  joinedHeaders,
  joinedValues,
  lastValues,
  mediaType,
  multiHeaders,
  queryValues,
  type RawHeaders,
} from "../../../apis/request-headers.ts";
import { copyOf } from "../../../functions/event-value.ts";
import type { HttpCall } from "./http-call.ts";

/** The parts of a request that parameter mapping may change. */
export interface EventRequest {
  readonly rawHeaders: RawHeaders;
  readonly rawQuery: string;
  readonly rawPath: string;
}

const hopHeaders = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"]);
const withoutCookie = new Set([...hopHeaders, "cookie"]);

/** Headers that API Gateway writes itself. */
const added = new Set(["x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id"]);
const fewestAddedChars = Math.min(...[...added].map((name) => name.length));

/** The request's headers as integrations see them. */
export function seenHeaders(call: HttpCall): string[] {
  const { request } = call;
  const { rawHeaders } = request;
  const headers: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    // Most names are shorter, and need not be copied to lower case.
    if (name.length < fewestAddedChars || !added.has(name.toLowerCase()))
      headers.push(name, rawHeaders[at + 1] as string);
  }
  const hasAdded = headers.length < rawHeaders.length;
  const sent = (name: string) => (hasAdded ? headerOf(request, name) : undefined);
  const forwarded = sent("x-forwarded-for");
  const ip = sourceIpOf(request);
  headers.push("x-forwarded-for", forwarded === undefined ? ip : `${forwarded}, ${ip}`);
  headers.push("x-forwarded-port", sent("x-forwarded-port") ?? portOf(request));
  headers.push("x-forwarded-proto", sent("x-forwarded-proto") ?? request.scheme);
  headers.push("x-amzn-trace-id", call.trace);
  const hasLength =
    headerOf(request, "content-length") !== undefined || headerOf(request, "transfer-encoding") !== undefined;
  if (!hasLength) headers.push("content-length", "0");
  return headers;
}

function portOf({ host, scheme }: HttpCall["request"]): string {
  return /:(\d+)$/.exec(host)?.[1] ?? (scheme === "https" ? "443" : "80");
}

const textTypes = /^(?:text\/|application\/(?:json|xml|javascript)$|application\/[^/;]+\+(?:json|xml)$)/;

/** The body as events carry it: text if its type says so, otherwise base64. */
function bodyOf({ body, request }: HttpCall): { text: string; isBase64Encoded: boolean } {
  const contentType = headerOf(request, "content-type");
  const type = contentType === undefined ? undefined : mediaType(contentType);
  const encoding = headerOf(request, "content-encoding");
  const isText = encoding === undefined && (type === undefined || type === "" ? isUtf8(body) : textTypes.test(type));
  return { text: body.toString(isText ? "utf8" : "base64"), isBase64Encoded: !isText };
}

// Members that may be absent are set one by one: spreading an object for each costs several times as much.

function requestContext2(call: HttpCall): object {
  const { api, request, route, authorization, address } = call;
  const context: Record<string, unknown> = { accountId: api.account, apiId: api.id };
  if (authorization !== undefined) context["authorizer"] = { [authorization.kind]: copyOf(authorization.value) };
  context["domainName"] = address.domainName;
  context["domainPrefix"] = address.domainPrefix;
  context["http"] = {
    method: request.method,
    path: call.rawPath,
    protocol: protocolOf(request),
    sourceIp: sourceIpOf(request),
    userAgent: headerOf(request, "user-agent") ?? "",
  };
  context["requestId"] = call.requestId;
  context["routeKey"] = route?.key;
  context["stage"] = call.stage.name;
  context["time"] = logTime(call.nowMs);
  context["timeEpoch"] = call.nowMs;
  return context;
}

function isCookie(name: string): boolean {
  return name.length === "cookie".length && name.toLowerCase() === "cookie";
}

function cookiesOf(rawHeaders: RawHeaders): string[] | undefined {
  const cookies: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (isCookie(rawHeaders[at] as string)) cookies.push(rawHeaders[at + 1] as string);
  }
  if (cookies.length === 0) return undefined;
  const joined = cookies.join("; ");
  return joined === "" ? undefined : joined.split("; ");
}

function queryOf(call: HttpCall, rawQuery: string): Record<string, string> | undefined {
  if (rawQuery === "") return undefined;
  const query = joinedValues(rawQuery === call.request.query ? call.query : queryValues(rawQuery));
  return isEmpty(query) ? undefined : copyObject(query);
}

/** Payload format 2.0, in which nothing is null: members without content are absent. */
export function event2(call: HttpCall, mapped: EventRequest): object {
  const { pathParameters, stageVariables } = call;
  const body = call.body.length === 0 ? undefined : bodyOf(call);
  const cookies = cookiesOf(mapped.rawHeaders);
  const queryStringParameters = queryOf(call, mapped.rawQuery);
  const event: Record<string, unknown> = {
    version: "2.0",
    routeKey: call.route?.key,
    rawPath: mapped.rawPath,
    rawQueryString: mapped.rawQuery,
  };
  if (cookies !== undefined) event["cookies"] = cookies;
  event["headers"] = joinedHeaders(mapped.rawHeaders, withoutCookie);
  if (queryStringParameters !== undefined) event["queryStringParameters"] = queryStringParameters;
  event["requestContext"] = requestContext2(call);
  if (body !== undefined) event["body"] = body.text;
  if (pathParameters !== undefined) event["pathParameters"] = copyObject(pathParameters);
  if (!isEmpty(stageVariables)) event["stageVariables"] = copyObject(stageVariables);
  event["isBase64Encoded"] = body?.isBase64Encoded ?? false;
  return event;
}

function requestContext1(call: HttpCall): Record<string, unknown> {
  const { api, request, route, authorization, address } = call;
  const iam = authorization?.kind === "iam" ? authorization.value : undefined;
  return {
    accountId: api.account,
    apiId: api.id,
    authorizer: authorizer1(call),
    domainName: address.domainName,
    domainPrefix: address.domainPrefix,
    extendedRequestId: call.requestId,
    httpMethod: request.method,
    identity: {
      accessKey: iam?.["accessKey"] ?? null,
      accountId: iam?.["accountId"] ?? null,
      caller: iam?.["callerId"] ?? null,
      cognitoAmr: null,
      cognitoAuthenticationProvider: null,
      cognitoAuthenticationType: null,
      cognitoIdentityId: null,
      cognitoIdentityPoolId: null,
      principalOrgId: iam?.["principalOrgId"] ?? null,
      sourceIp: sourceIpOf(request),
      user: iam?.["userId"] ?? null,
      userAgent: headerOf(request, "user-agent") ?? "",
      userArn: iam?.["userArn"] ?? null,
    },
    path: call.rawPath,
    protocol: protocolOf(request),
    requestId: call.requestId,
    requestTime: logTime(call.nowMs),
    requestTimeEpoch: call.nowMs,
    resourceId: null,
    resourcePath: route?.path === "" ? route.key : route?.path,
    stage: call.stage.name,
  };
}

function authorizer1({ authorization }: HttpCall): object {
  if (authorization === undefined || authorization.kind === "iam") return { claims: null, scopes: null };
  if (authorization.kind === "jwt") return authorization.value;
  const { principalId, context } = authorization;
  return { ...(principalId === undefined ? {} : { principalId }), ...context };
}

function nullIfEmpty<Value extends object>(value: Value): Value | null {
  return isEmpty(value) ? null : value;
}

/** Payload format 1.0: as REST APIs have it, with header names in lower case. */
export function event1(call: HttpCall, { rawHeaders, rawQuery, rawPath }: EventRequest): object {
  const body = call.body.length === 0 ? undefined : bodyOf(call);
  const multiValueHeaders = multiHeaders(rawHeaders, hopHeaders, (name) => name.toLowerCase());
  const query = rawQuery === call.request.query ? call.query : queryValues(rawQuery);
  return {
    version: "1.0",
    resource: call.route?.path === "" ? call.route.key : call.route?.path,
    path: rawPath,
    httpMethod: call.request.method,
    headers: lastValues(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: nullIfEmpty(lastValues(query)),
    multiValueQueryStringParameters: nullIfEmpty(query),
    requestContext: requestContext1(call),
    pathParameters: call.pathParameters ?? null,
    stageVariables: nullIfEmpty(call.stageVariables),
    body: body?.text ?? null,
    isBase64Encoded: body?.isBase64Encoded ?? false,
  };
}

/** The event of a Lambda authorizer, payload format 2.0. @param identity values of the sources; null without any. */
export function authorizerEvent2(call: HttpCall, identity: readonly string[] | null): object {
  const headers = seenHeaders(call);
  const { query } = call.request;
  return {
    version: "2.0",
    type: "REQUEST",
    routeArn: call.arn,
    identitySource: identity,
    routeKey: call.route?.key,
    rawPath: call.rawPath,
    rawQueryString: query,
    cookies: cookiesOf(headers),
    headers: joinedHeaders(headers, withoutCookie),
    queryStringParameters: queryOf(call, query),
    requestContext: requestContext2(call),
    pathParameters: call.pathParameters,
    stageVariables: isEmpty(call.stageVariables) ? undefined : call.stageVariables,
  };
}

/** Header names that authorizers of format 1.0 see capitalized. */
const capitals = /^(host|user-agent|content-length|cookie|x-.*)$/;

function capital(name: string): string {
  const lower = name.toLowerCase();
  if (!capitals.test(lower)) return name;
  return lower.replace(/(^|-)[a-z]/g, (letters) => letters.toUpperCase());
}

/** The event of a Lambda authorizer, payload format 1.0. */
export function authorizerEvent1(call: HttpCall, identity: readonly string[]): object {
  const context = requestContext1(call);
  const values = identity.join(",");
  return {
    version: "1.0",
    type: "REQUEST",
    methodArn: call.arn,
    identitySource: values,
    authorizationToken: values,
    resource: "",
    path: call.rawPath,
    httpMethod: call.request.method,
    headers: lastValues(multiHeaders(seenHeaders(call), hopHeaders, capital)),
    queryStringParameters: lastValues(call.query),
    pathParameters: call.pathParameters ?? {},
    stageVariables: call.stageVariables,
    requestContext: { ...context, resourceId: call.route?.key },
  };
}

/** The host in the Forwarded header of a proxied request. */
export function forwardedHost({ request }: HttpCall): string {
  return hostNameOf(request.host);
}
