/** Connections: how calls of API destinations are authorized. */

import {
  type ConnectionHttpParameters,
  CreateConnection$,
  type CreateConnectionAuthRequestParameters,
  type CreateConnectionCommand,
  DeauthorizeConnection$,
  type DeauthorizeConnectionCommand,
  DeleteConnection$,
  type DeleteConnectionCommand,
  DescribeConnection$,
  type DescribeConnectionCommand,
  ListConnections$,
  type ListConnectionsCommand,
  UpdateConnection$,
  type UpdateConnectionAuthRequestParameters,
  type UpdateConnectionCommand,
  type UpdateConnectionCommandInput,
} from "@aws-sdk/client-eventbridge";
import type { FromWire } from "../../../protocols/blob.ts";
import { formatArn } from "../../calls/arn.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { placeKey } from "../../calls/place.ts";
import type { ConnectionRow } from "./connection-tables.ts";
import { alreadyExists, invalidParameter, notFound, validation } from "./errors.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import { namePage } from "./pages.ts";
import { nameKey } from "./tables.ts";

type Auth = FromWire<CreateConnectionAuthRequestParameters>;
type UpdateConnectionInput = FromWire<UpdateConnectionCommandInput>;

/** The member of AuthParameters that an authorization type needs. */
const authMembers = {
  API_KEY: "ApiKeyAuthParameters",
  BASIC: "BasicAuthParameters",
  OAUTH_CLIENT_CREDENTIALS: "OAuthParameters",
} as const;

export const createConnection = operation<CreateConnectionCommand>(CreateConnection$, (input, context) => {
  const { service, account, region } = context;
  const { deps } = service;
  const name = input.Name as string;
  if (service.connections.has(nameKey(context, name))) throw alreadyExists(`Connection ${name} already exists.`);
  const type = input.AuthorizationType as ConnectionRow["type"];
  const auth = input.AuthParameters as Auth;
  checkAuth(type, auth);
  const id = deps.random.uuid();
  const secret = `secret:events!connection/${name}/${deps.random.uuid()}-${deps.random.text(6)}`;
  const now = service.now;
  const connection: ConnectionRow = {
    arn: formatArn("events", region, account, `connection/${name}/${id}`),
    account,
    region,
    name,
    createdMs: now,
    modifiedMs: now,
    authorizedMs: now,
    description: input.Description,
    type,
    auth: auth as CreateConnectionAuthRequestParameters,
    connectivity: input.InvocationConnectivityParameters?.ResourceParameters?.ResourceConfigurationArn,
    kmsKey: input.KmsKeyIdentifier,
    secretArn: formatArn("secretsmanager", region, account, secret),
    state: "AUTHORIZING",
    stateReason: undefined,
    token: undefined,
    version: 1,
  };
  const { ConnectionArn, ConnectionState, CreationTime, LastModifiedTime } = shownState(authorize(service, connection));
  return { ConnectionArn, ConnectionState, CreationTime, LastModifiedTime };
});

export const updateConnection = operation<UpdateConnectionCommand>(UpdateConnection$, (input, context) => {
  const { service } = context;
  const connection = connectionOf(input.Name as string, context, "update");
  checkChange(input);
  const type = input.AuthorizationType ?? connection.type;
  const given = input.AuthParameters;
  const auth = given === undefined ? connection.auth : mergedAuth(connection, type, given);
  if (auth === undefined) throw invalidParameter("AuthParameters", "The connection is deauthorized.");
  checkAuth(type, auth as Auth);
  const updated: ConnectionRow = {
    ...connection,
    modifiedMs: service.now,
    description: input.Description ?? connection.description,
    type,
    auth,
    connectivity:
      input.InvocationConnectivityParameters === undefined
        ? connection.connectivity
        : input.InvocationConnectivityParameters.ResourceParameters?.ResourceConfigurationArn,
    kmsKey: input.KmsKeyIdentifier ?? connection.kmsKey,
    token: undefined,
    version: connection.version + 1,
  };
  if (given !== undefined || type !== connection.type) return shownState(authorize(service, updated));
  // A change that does not touch the credentials leaves the authorization as it is.
  const kept: ConnectionRow = { ...updated, token: connection.token, version: connection.version };
  service.connections.put(kept);
  return shownState(kept);
});

export const describeConnection = operation<DescribeConnectionCommand>(DescribeConnection$, (input, context) => {
  const connection = connectionOf(input.Name as string, context, "describe");
  const { connectivity } = connection;
  return {
    ...shownState(connection),
    Name: connection.name,
    Description: connection.description,
    StateReason: connection.stateReason,
    AuthorizationType: connection.type,
    SecretArn: connection.secretArn,
    KmsKeyIdentifier: connection.kmsKey,
    AuthParameters: connection.auth && shownAuth(connection.auth),
    InvocationConnectivityParameters: connectivity === undefined ? undefined : shownConnectivity(connectivity),
  };
});

export const listConnections = operation<ListConnectionsCommand>(ListConnections$, (input, context) => {
  const { connections } = context.service;
  const { items, NextToken } = namePage(
    (bounds) => connections.by.name.range(placeKey(context), bounds),
    input,
    ({ state }) => input.ConnectionState === undefined || input.ConnectionState === state,
  );
  return {
    Connections: items.map((connection) => ({
      ...shownState(connection),
      Name: connection.name,
      StateReason: connection.stateReason,
      AuthorizationType: connection.type,
    })),
    NextToken,
  };
});

export const deauthorizeConnection = operation<DeauthorizeConnectionCommand>(
  DeauthorizeConnection$,
  (input, context) => {
    const { service } = context;
    const connection = connectionOf(input.Name as string, context, "deauthorize");
    const deauthorized: ConnectionRow = {
      ...connection,
      modifiedMs: service.now,
      state: "DEAUTHORIZED",
      auth: withoutSecrets(connection.auth),
      token: undefined,
      version: connection.version + 1,
    };
    service.connections.put(deauthorized);
    return { ...shownState(deauthorized), ConnectionState: "DEAUTHORIZING" };
  },
);

export const deleteConnection = operation<DeleteConnectionCommand>(DeleteConnection$, (input, context) => {
  const { service } = context;
  const connection = connectionOf(input.Name as string, context, "delete");
  service.connections.delete(nameKey(connection, connection.name));
  return { ...shownState(connection), ConnectionState: "DELETING" };
});

/** Stores a connection with new credentials: authorized at once, or by asking the OAuth endpoint. */
function authorize(service: EventBridge, connection: ConnectionRow): ConnectionRow {
  const waits = connection.type === "OAUTH_CLIENT_CREDENTIALS";
  const row: ConnectionRow = {
    ...connection,
    state: waits ? "AUTHORIZING" : "AUTHORIZED",
    stateReason: undefined,
    authorizedMs: waits ? connection.authorizedMs : service.now,
  };
  service.connections.put(row);
  if (waits) service.authorizer.begin(row);
  return row;
}

/** @throws AwsError ResourceNotFoundException */
function connectionOf(name: string, context: OperationContext<EventBridge>, verb: string): ConnectionRow {
  const connection = context.service.connections.get(nameKey(context, name));
  if (connection === undefined) {
    throw notFound(`Failed to ${verb} the connection(s). Connection '${name}' does not exist.`);
  }
  return connection;
}

/** @throws AwsError ValidationException when an update changes nothing that can be changed alone. */
function checkChange(input: UpdateConnectionInput): void {
  const { AuthorizationType: type, AuthParameters: auth, Description, KmsKeyIdentifier } = input;
  const authorizes = type !== undefined && auth?.[authMembers[type]] !== undefined;
  if (Description !== undefined || KmsKeyIdentifier !== undefined || authorizes) return;
  throw validation(
    "Failed to update the connection(s). At least one of the following is required: Description, KmsKeyIdentifier, AuthorizationType with BasicAuthParameters, ApiKeyAuthParameters, or OAuthParameters.",
  );
}

function checkAuth(type: ConnectionRow["type"], auth: Auth): void {
  const needed = authMembers[type];
  if (auth[needed] === undefined) {
    throw invalidParameter("AuthParameters", `${needed} must be specified for authorization type ${type}.`);
  }
  for (const member of Object.values(authMembers)) {
    if (member !== needed && auth[member] !== undefined) {
      throw invalidParameter("AuthParameters", `${member} does not go with authorization type ${type}.`);
    }
  }
}

/** An update replaces what it names, member by member; another authorization type starts over. */
function mergedAuth(
  { auth, type: oldType }: ConnectionRow,
  type: ConnectionRow["type"],
  given: FromWire<UpdateConnectionAuthRequestParameters>,
): CreateConnectionAuthRequestParameters {
  const member = authMembers[type];
  const before = oldType === type ? auth?.[member] : undefined;
  const merged: Record<string, unknown> = { ...before, ...given[member] };
  if (member === "OAuthParameters") {
    const clientBefore = (before as { ClientParameters?: object } | undefined)?.ClientParameters;
    merged["ClientParameters"] = { ...clientBefore, ...given.OAuthParameters?.ClientParameters };
  }
  const others = Object.values(authMembers).filter((other) => other !== member);
  return {
    ...Object.fromEntries(others.map((other) => [other, given[other]])),
    [member]: merged,
    InvocationHttpParameters: given.InvocationHttpParameters ?? auth?.InvocationHttpParameters,
    ConnectivityParameters: given.ConnectivityParameters ?? auth?.ConnectivityParameters,
  } as unknown as CreateConnectionAuthRequestParameters;
}

function withoutSecrets(auth: ConnectionRow["auth"]): ConnectionRow["auth"] {
  return auth && (shownAuth(auth) as unknown as CreateConnectionAuthRequestParameters);
}

function shownState(connection: ConnectionRow) {
  const { authorizedMs } = connection;
  return {
    ConnectionArn: connection.arn,
    ConnectionState: connection.state,
    CreationTime: new Date(connection.createdMs),
    LastModifiedTime: new Date(connection.modifiedMs),
    LastAuthorizedTime: authorizedMs === undefined ? undefined : new Date(authorizedMs),
  };
}

/** The parameters as returned: without secret values. */
function shownAuth(auth: CreateConnectionAuthRequestParameters) {
  const { ApiKeyAuthParameters: apiKey, BasicAuthParameters: basic, OAuthParameters: oauth } = auth;
  const connectivity = auth.ConnectivityParameters?.ResourceParameters?.ResourceConfigurationArn;
  return {
    ApiKeyAuthParameters: apiKey && { ApiKeyName: apiKey.ApiKeyName },
    BasicAuthParameters: basic && { Username: basic.Username },
    OAuthParameters: oauth && {
      ClientParameters: { ClientID: oauth.ClientParameters?.ClientID },
      AuthorizationEndpoint: oauth.AuthorizationEndpoint,
      HttpMethod: oauth.HttpMethod,
      OAuthHttpParameters: shownHttp(oauth.OAuthHttpParameters),
    },
    InvocationHttpParameters: shownHttp(auth.InvocationHttpParameters),
    ConnectivityParameters: connectivity === undefined ? undefined : shownConnectivity(connectivity),
  };
}

function shownHttp(parameters: ConnectionHttpParameters | undefined): ConnectionHttpParameters | undefined {
  if (parameters === undefined) return undefined;
  const shown = <P extends { Value?: string | undefined; IsValueSecret?: boolean | undefined }>(
    list: P[] | undefined,
  ) =>
    list?.map((one) => ({ ...one, ...(one.IsValueSecret === true ? { Value: undefined } : { IsValueSecret: false }) }));
  return {
    HeaderParameters: shown(parameters.HeaderParameters),
    QueryStringParameters: shown(parameters.QueryStringParameters),
    BodyParameters: shown(parameters.BodyParameters),
  };
}

/** A private endpoint: the association is the one AWS would have created in VPC Lattice. */
function shownConnectivity(resourceConfigurationArn: string) {
  const association = resourceConfigurationArn.replace(
    /:resourceconfiguration\/rcfg-/,
    ":servicenetworkresourceassociation/snra-",
  );
  return {
    ResourceParameters: {
      ResourceConfigurationArn: resourceConfigurationArn,
      ResourceAssociationArn: association,
    },
  };
}
