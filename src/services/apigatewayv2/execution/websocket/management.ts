/**
 * `@connections` at an API's own address, for posting to, inspecting and closing connections. Answers are written as
 * AWS writes them.
 */

import { percentDecoded } from "../../../../../protocols/form.ts";
import { callerOf } from "../../../../apis/caller.ts";
import { managementDenial } from "../../../../apis/connection-access.ts";
import { type Connections, maxMessageBytes, type OpenConnection } from "../../../../apis/connections.ts";
import { headerOf, rootTrace } from "../../../../apis/request-context.ts";
import { BodyBrokenOff, BodyTooLarge, type DoorAnswer, type DoorRequest } from "../../../../calls/door.ts";
import type { ApiGatewayV2 } from "../../apigatewayv2.ts";
import type { ApiRow } from "../../tables.ts";

const prefix = "/@connections/";

/** The id in a path after the stage; undefined for another path. */
export function connectionIdIn(path: string): string | undefined {
  const text = path.replace(/^\/%40/i, "/@");
  if (!text.startsWith(prefix)) return undefined;
  const id = percentDecoded(text.slice(prefix.length));
  return id === "" ? undefined : id;
}

interface ManagementAnswer {
  readonly status: number;
  readonly errorType?: string;
  readonly body: string;
}

/** The connection, or the answer if there is none. */
function openConnection(connections: Connections, apiId: string, id: string): OpenConnection | ManagementAnswer {
  const open = connections.get(id);
  if (open?.isOpen === true && open.apiId === apiId) return open;
  if (open !== undefined || connections.wasIssued(id, apiId))
    return { status: 410, errorType: "GoneException", body: "" };
  const body = JSON.stringify({ message: `Invalid connectionId: ${id}` });
  return { status: 400, errorType: "BadRequestException", body };
}

/** The answer to GET, in AWS's layout. */
function shown({ identity, connectedMs, lastActiveMs }: OpenConnection): string {
  const { sourceIp, userAgent } = identity;
  const lines = [
    `    "sourceIp" : ${JSON.stringify(sourceIp)}`,
    ...(userAgent === undefined ? [] : [`    "userAgent" : ${JSON.stringify(userAgent)}`]),
  ];
  const time = (ms: number) => `"${new Date(ms).toISOString()}"`;
  return `{\n  "identity" : {\n${lines.join(",\n")}\n  },\n  "connectedAt" : ${time(connectedMs)},\n  "lastActiveAt" : ${time(lastActiveMs)}\n}`;
}

/** The address of a connection. */
export interface ConnectionAddress {
  readonly api: ApiRow;
  readonly stage: string;
  readonly id: string;
}

export async function manage(
  service: ApiGatewayV2,
  address: ConnectionAddress,
  request: DoorRequest,
  answer: DoorAnswer,
): Promise<void> {
  const result = await resultOf(service, address, request);
  const random = service.deps.random.fork("requests");
  if (result === undefined) {
    // Too large: answered without the service's own headers.
    answer.endConnection();
    answer.send(413, ["Content-Type", "application/json"], "");
    return;
  }
  const { status, errorType, body } = result;
  const headers = ["Content-Type", "application/json", "x-amzn-RequestId", random.uuid()];
  headers.push("x-amz-apigw-id", service.newRequestId());
  headers.push("X-Amzn-Trace-Id", headerOf(request, "x-amzn-trace-id") ?? rootTrace(service.now, random));
  if (errorType !== undefined) headers.push("x-amzn-ErrorType", errorType);
  answer.send(status, headers, body);
}

/** Refuses callers of other accounts and expired credentials. Unsigned requests are allowed here. */
function refusalOfCaller(
  { deps }: ApiGatewayV2,
  { api, stage }: ConnectionAddress,
  request: DoorRequest,
): ManagementAnswer | undefined {
  const caller = callerOf(request, deps.apis.identities);
  if (caller === undefined) return undefined;
  if (caller.expired === true) {
    const body = '{"message":"The security token included in the request is expired"}';
    return { status: 403, errorType: "ExpiredTokenException", body };
  }
  const { id: apiId, account, region } = api;
  const denial = managementDenial({ apiId, account, region, stage }, request.method, caller);
  if (denial === undefined) return undefined;
  return { status: 403, errorType: "AccessDeniedException", body: JSON.stringify({ Message: denial }) };
}

async function resultOf(
  service: ApiGatewayV2,
  address: ConnectionAddress,
  request: DoorRequest,
): Promise<ManagementAnswer | undefined> {
  const { connections } = service.deps.apis;
  const { api, id } = address;
  const refused = refusalOfCaller(service, address, request);
  if (refused !== undefined) return refused;
  let body = Buffer.alloc(0);
  try {
    body = Buffer.from(await request.bytes(maxMessageBytes));
  } catch (error) {
    if (error instanceof BodyTooLarge) return undefined;
    if (error instanceof BodyBrokenOff) return { status: 400, errorType: "BadRequestException", body: "" };
    throw error;
  }
  const found = openConnection(connections, api.id, id);
  if ("status" in found) return found;
  switch (request.method) {
    case "GET":
      return { status: 200, body: shown(found) };
    case "DELETE":
      found.close(1000, "Connection Closed Normally");
      return { status: 204, body: "" };
    case "POST":
      return found.send(body.toString())
        ? { status: 200, body: "" }
        : { status: 410, errorType: "GoneException", body: "" };
    default:
      return {
        status: 403,
        errorType: "MissingAuthenticationTokenException",
        body: '{"message":"Missing Authentication Token"}',
      };
  }
}
