/** PostToConnection, GetConnection and DeleteConnection. */
import {
  DeleteConnection$,
  type DeleteConnectionCommand,
  GetConnection$,
  type GetConnectionCommand,
  GoneException$,
  PayloadTooLargeException$,
  PostToConnection$,
  type PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import type { Blob64 } from "../../../protocols/blob.ts";
import { AwsError } from "../../../protocols/error.ts";
import { managementDenial } from "../../apis/connection-access.ts";
import { type Connections, isConnectionId, maxMessageBytes, type OpenConnection } from "../../apis/connections.ts";
import { type OperationContext, operationsOf } from "../../calls/operation.ts";

export interface ManagementApi {
  readonly connections: Connections;
}

const operation = operationsOf<ManagementApi>();

/**
 * @throws AwsError AccessDeniedException for another account's, GoneException for one that has ended,
 * BadRequestException if it is not an id.
 */
function openConnection(context: OperationContext<ManagementApi>, method: string, id: string): OpenConnection {
  const connection = context.service.connections.get(id);
  const denial = connection && managementDenial(connection, method, context);
  if (denial !== undefined) throw AwsError.unmodeled({ name: "AccessDeniedException", message: denial, status: 403 });
  if (connection?.isOpen === true) return connection;
  if (isConnectionId(id)) throw AwsError.of(GoneException$);
  throw AwsError.unmodeled({ name: "BadRequestException", message: `Invalid connectionId: ${id}` });
}

export const postToConnection = operation<PostToConnectionCommand>(PostToConnection$, (input, context) => {
  const connection = openConnection(context, "POST", input.ConnectionId as string);
  // The client's type allows bytes in several forms; decoded input has only this one.
  const bytes = (input.Data as Blob64 | undefined)?.bytes ?? new Uint8Array();
  if (bytes.length > maxMessageBytes) throw AwsError.of(PayloadTooLargeException$);
  if (!connection.send(Buffer.from(bytes).toString())) throw AwsError.of(GoneException$);
  return {};
});

export const getConnection = operation<GetConnectionCommand>(GetConnection$, (input, context) => {
  const connection = openConnection(context, "GET", input.ConnectionId as string);
  const { sourceIp, userAgent } = connection.identity;
  return {
    ConnectedAt: new Date(connection.connectedMs),
    Identity: { SourceIp: sourceIp, UserAgent: userAgent },
    LastActiveAt: new Date(connection.lastActiveMs),
  };
});

export const deleteConnection = operation<DeleteConnectionCommand>(DeleteConnection$, (input, context) => {
  const connection = openConnection(context, "DELETE", input.ConnectionId as string);
  connection.close(1000, "Connection Closed Normally");
  return {};
});
