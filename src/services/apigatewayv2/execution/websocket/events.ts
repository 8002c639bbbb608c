/** The events that functions of WebSocket APIs get. */

import type { ExecutionLog } from "../../../../apis/execution-log.ts";
import { headerOf, logTime } from "../../../../apis/request-context.ts";
import { isEmpty, lastValues, multiHeaders, queryValues } from "../../../../apis/request-headers.ts";
import type { DoorRequest } from "../../../../calls/door.ts";
import type { Connection } from "./connection.ts";

export type EventType = "CONNECT" | "MESSAGE" | "DISCONNECT";

/** Something that happens on a connection: it opens, a message arrives, it closes. */
export interface ConnectionEvent {
  readonly connection: Connection;
  readonly type: EventType;
  readonly routeKey: string;
  readonly requestId: string;
  readonly nowMs: number;
  readonly stageVariables: Readonly<Record<string, string>>;
  /** Set for messages. */
  readonly messageId?: string;
  readonly body?: string;
  /** Set for the handshake. */
  readonly request?: HandshakeValues;
  /** The execution log, if the stage keeps one. */
  readonly log?: ExecutionLog | undefined;
  /** The result of its integration, for logs. */
  readonly integrated: Integrated;
}

export interface Integrated {
  status?: number | undefined;
  requestId?: string | undefined;
  latencyMs?: number | undefined;
  error?: string | undefined;
}

/** The parts of the handshake's request that are kept while it is being answered. */
export interface HandshakeValues {
  readonly headers: Readonly<Record<string, string>>;
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>>;
  readonly query: Readonly<Record<string, string[]>>;
}

const notInEvents = new Set([
  "connection",
  "upgrade",
  "x-forwarded-for",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-amzn-trace-id",
]);

function capitals(name: string): string {
  const lower = name.toLowerCase();
  if (lower === "sec-websocket-key") return "Sec-WebSocket-Key";
  return lower.replace(/(^|-)[a-z]/g, (letters) => letters.toUpperCase()).replace("Websocket", "WebSocket");
}

/** The handshake's headers and query as events have them. */
export function handshakeValues(request: DoorRequest, sourceIp: string, trace: string): HandshakeValues {
  const before = headerOf(request, "x-forwarded-for");
  const multiValueHeaders: Record<string, string[]> = {
    ...multiHeaders(request.rawHeaders, notInEvents, capitals),
    "X-Amzn-Trace-Id": [trace],
    "X-Forwarded-For": [before === undefined ? sourceIp : `${before}, ${sourceIp}`],
    // On AWS a WebSocket API is only reachable this way.
    "X-Forwarded-Port": ["443"],
    "X-Forwarded-Proto": ["https"],
  };
  return { headers: lastValues(multiValueHeaders), multiValueHeaders, query: queryValues(request.query) };
}

function queryMembers({ query }: HandshakeValues): object {
  return isEmpty(query) ? {} : { queryStringParameters: lastValues(query), multiValueQueryStringParameters: query };
}

/** Headers in the event of a connection that has ended. */
function endHeaders(host: string): Readonly<Record<string, string>> {
  return { Host: host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" };
}

function arrays(headers: Readonly<Record<string, string>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
}

/** With members in AWS's order. */
export function requestContext(event: ConnectionEvent): Record<string, unknown> {
  const { connection, type, routeKey, requestId, nowMs, messageId } = event;
  const { handshake, ended, authorizer, apiKey } = connection;
  const { identity } = handshake;
  return {
    routeKey,
    ...(type === "DISCONNECT"
      ? { disconnectStatusCode: ended?.code ?? 1006, eventType: type, disconnectReason: ended?.reason ?? "" }
      : {}),
    ...(authorizer === undefined ? {} : { authorizer }),
    ...(messageId === undefined ? {} : { messageId }),
    eventType: type,
    extendedRequestId: requestId,
    requestTime: logTime(nowMs),
    messageDirection: "IN",
    stage: handshake.stage,
    connectedAt: handshake.connectedMs,
    requestTimeEpoch: nowMs,
    identity: {
      sourceIp: identity.sourceIp,
      ...(identity.userAgent === undefined ? {} : { userAgent: identity.userAgent }),
      ...(apiKey === undefined ? {} : { apiKey: apiKey.value, apiKeyId: apiKey.id }),
    },
    requestId,
    domainName: handshake.domainName,
    connectionId: handshake.id,
    apiId: handshake.apiId,
  };
}

export function eventOf(event: ConnectionEvent): object {
  const { connection, type, request, stageVariables, body } = event;
  const variables = isEmpty(stageVariables) ? {} : { stageVariables };
  const context = { requestContext: requestContext(event) };
  if (type === "MESSAGE") return { ...variables, ...context, body, isBase64Encoded: false };
  if (type === "DISCONNECT" || request === undefined) {
    const headers = endHeaders(connection.handshake.host);
    return { headers, multiValueHeaders: arrays(headers), ...variables, ...context, isBase64Encoded: false };
  }
  const { headers, multiValueHeaders } = request;
  return { headers, multiValueHeaders, ...queryMembers(request), ...variables, ...context, isBase64Encoded: false };
}

/** The event of a Lambda authorizer of `$connect`. */
export function authorizerEvent(event: ConnectionEvent, methodArn: string): object {
  const { request, stageVariables } = event;
  const { headers = {}, multiValueHeaders = {}, query = {} } = request ?? {};
  return {
    type: "REQUEST",
    methodArn,
    headers,
    multiValueHeaders,
    queryStringParameters: lastValues(query),
    multiValueQueryStringParameters: query,
    stageVariables,
    requestContext: requestContext(event),
  };
}
