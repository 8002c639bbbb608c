/** API destinations: HTTP endpoints as targets. */

import {
  CreateApiDestination$,
  type CreateApiDestinationCommand,
  DeleteApiDestination$,
  type DeleteApiDestinationCommand,
  DescribeApiDestination$,
  type DescribeApiDestinationCommand,
  ListApiDestinations$,
  type ListApiDestinationsCommand,
  UpdateApiDestination$,
  type UpdateApiDestinationCommand,
} from "@aws-sdk/client-eventbridge";
import { formatArn } from "../../calls/arn.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { placeKey } from "../../calls/place.ts";
import { withoutSecrets } from "../../outside/secrets.ts";
import type { ApiDestinationRow } from "./connection-tables.ts";
import { alreadyExists, notFound, validation } from "./errors.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import { namePage } from "./pages.ts";
import { nameKey } from "./tables.ts";

/** What AWS shows and applies when no rate was given. */
const defaultPerSecond = 300;

export const createApiDestination = operation<CreateApiDestinationCommand>(CreateApiDestination$, (input, context) => {
  const { service, account, region } = context;
  const name = input.Name as string;
  if (service.apiDestinations.has(nameKey(context, name))) {
    throw alreadyExists(`An api-destination '${name}' already exists.`);
  }
  const connectionArn = input.ConnectionArn as string;
  checkConnection(service, connectionArn);
  checkEndpoint(input.InvocationEndpoint as string, "create");
  const now = service.now;
  const destination: ApiDestinationRow = {
    arn: formatArn("events", region, account, `api-destination/${name}/${service.deps.random.uuid()}`),
    account,
    region,
    name,
    createdMs: now,
    modifiedMs: now,
    description: input.Description,
    connectionArn,
    endpoint: input.InvocationEndpoint as string,
    method: input.HttpMethod as ApiDestinationRow["method"],
    perSecond: input.InvocationRateLimitPerSecond,
  };
  service.apiDestinations.put(destination);
  return shownState(service, destination);
});

export const updateApiDestination = operation<UpdateApiDestinationCommand>(UpdateApiDestination$, (input, context) => {
  const { service } = context;
  const destination = destinationOf(input.Name as string, context, "update");
  if (input.ConnectionArn !== undefined) checkConnection(service, input.ConnectionArn);
  if (input.InvocationEndpoint !== undefined) checkEndpoint(input.InvocationEndpoint, "update");
  const updated: ApiDestinationRow = {
    ...destination,
    modifiedMs: service.now,
    description: input.Description ?? destination.description,
    connectionArn: input.ConnectionArn ?? destination.connectionArn,
    endpoint: input.InvocationEndpoint ?? destination.endpoint,
    method: input.HttpMethod ?? destination.method,
    perSecond: input.InvocationRateLimitPerSecond ?? destination.perSecond,
  };
  service.apiDestinations.put(updated);
  return shownState(service, updated);
});

export const describeApiDestination = operation<DescribeApiDestinationCommand>(
  DescribeApiDestination$,
  (input, context) => {
    const destination = destinationOf(input.Name as string, context, "describe");
    return { ...shown(context.service, destination), Description: destination.description };
  },
);

export const listApiDestinations = operation<ListApiDestinationsCommand>(ListApiDestinations$, (input, context) => {
  const { service } = context;
  const { items, NextToken } = namePage(
    (bounds) => service.apiDestinations.by.name.range(placeKey(context), bounds),
    input,
    ({ connectionArn }) => input.ConnectionArn === undefined || input.ConnectionArn === connectionArn,
  );
  return { ApiDestinations: items.map((destination) => shown(service, destination)), NextToken };
});

export const deleteApiDestination = operation<DeleteApiDestinationCommand>(DeleteApiDestination$, (input, context) => {
  const destination = destinationOf(input.Name as string, context, "delete");
  context.service.apiDestinations.delete(nameKey(destination, destination.name));
});

function checkConnection(service: EventBridge, arn: string): void {
  if (service.connection(arn) === undefined) throw notFound(`Connection '${arn}' does not exist.`);
}

/** AWS accepts only https; here http is accepted too, for servers on this machine. */
function checkEndpoint(endpoint: string, verb: string): void {
  if (URL.canParse(endpoint) && /^https?:\/\/[^*/]+/i.test(endpoint)) return;
  throw validation(
    `Failed to ${verb} the api-destination(s). Parameter InvocationEndpoint is not valid. Reason: Endpoint '${withoutSecrets(endpoint)}' is invalid, please provide a valid HTTPS endpoint URL.`,
  );
}

/** @throws AwsError ResourceNotFoundException */
function destinationOf(name: string, context: OperationContext<EventBridge>, verb: string): ApiDestinationRow {
  const destination = context.service.apiDestinations.get(nameKey(context, name));
  if (destination === undefined) {
    throw notFound(`Failed to ${verb} the api-destination(s). An api-destination '${name}' does not exist.`);
  }
  return destination;
}

function shownState(service: EventBridge, destination: ApiDestinationRow) {
  const active = service.connection(destination.connectionArn)?.state === "AUTHORIZED";
  return {
    ApiDestinationArn: destination.arn,
    ApiDestinationState: active ? ("ACTIVE" as const) : ("INACTIVE" as const),
    CreationTime: new Date(destination.createdMs),
    LastModifiedTime: new Date(destination.modifiedMs),
  };
}

function shown(service: EventBridge, destination: ApiDestinationRow) {
  return {
    ...shownState(service, destination),
    Name: destination.name,
    ConnectionArn: destination.connectionArn,
    InvocationEndpoint: withoutSecrets(destination.endpoint),
    HttpMethod: destination.method,
    InvocationRateLimitPerSecond: destination.perSecond ?? defaultPerSecond,
  };
}
