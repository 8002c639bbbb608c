/** Global endpoints. */

import {
  CreateEndpoint$,
  type CreateEndpointCommand,
  DeleteEndpoint$,
  type DeleteEndpointCommand,
  DescribeEndpoint$,
  type DescribeEndpointCommand,
  type EndpointEventBus,
  ListEndpoints$,
  type ListEndpointsCommand,
  UpdateEndpoint$,
  type UpdateEndpointCommand,
} from "@aws-sdk/client-eventbridge";
import type { FromWire } from "../../../protocols/blob.ts";
import { formatArn } from "../../calls/arn.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { placeKey } from "../../calls/place.ts";
import { alreadyExists, invalidParameter, notFound } from "./errors.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import { busName } from "./names.ts";
import { namePage } from "./pages.ts";
import { type EndpointRow, nameKey } from "./tables.ts";

export const createEndpoint = operation<CreateEndpointCommand>(CreateEndpoint$, (input, context) => {
  const { service, account, region } = context;
  const { random } = service.deps;
  const name = input.Name as string;
  if (service.endpoints.has(nameKey(context, name))) throw alreadyExists(`Endpoint ${name} already exists.`);
  const buses = busesOf(input.EventBuses, context);
  const replication = input.ReplicationConfig ?? { State: "ENABLED" as const };
  if (replication.State !== "DISABLED" && input.RoleArn === undefined) {
    throw invalidParameter("RoleArn", "RoleArn is required when event replication is enabled.");
  }
  const now = service.now;
  const endpoint: EndpointRow = {
    arn: formatArn("events", region, account, `endpoint/${name}`),
    account,
    region,
    name,
    createdMs: now,
    modifiedMs: now,
    description: input.Description,
    endpointId: `${random.text(10, idLetters)}.${random.text(3, idLetters)}`,
    routing: input.RoutingConfig as EndpointRow["routing"],
    replication,
    buses,
    roleArn: input.RoleArn,
    state: "ACTIVE",
  };
  service.endpoints.put(endpoint);
  return { ...shownConfiguration(endpoint), State: "CREATING" };
});

export const describeEndpoint = operation<DescribeEndpointCommand>(DescribeEndpoint$, (input, context) =>
  shown(endpointOf(input.Name as string, context)),
);

export const listEndpoints = operation<ListEndpointsCommand>(ListEndpoints$, (input, context) => {
  const { service } = context;
  const { NamePrefix, NextToken: token, MaxResults, HomeRegion: home } = input;
  const { items, NextToken } = namePage(
    (bounds) => service.endpoints.by.name.range(placeKey(context), bounds),
    { NamePrefix, NextToken: token, Limit: MaxResults },
    ({ region }) => home === undefined || home === region,
  );
  return { Endpoints: items.map(shown), NextToken };
});

export const updateEndpoint = operation<UpdateEndpointCommand>(UpdateEndpoint$, (input, context) => {
  const { service } = context;
  const endpoint = endpointOf(input.Name as string, context);
  const updated: EndpointRow = {
    ...endpoint,
    modifiedMs: service.now,
    description: input.Description ?? endpoint.description,
    routing: (input.RoutingConfig as EndpointRow["routing"] | undefined) ?? endpoint.routing,
    replication: input.ReplicationConfig ?? endpoint.replication,
    buses: input.EventBuses === undefined ? endpoint.buses : busesOf(input.EventBuses, context),
    roleArn: input.RoleArn ?? endpoint.roleArn,
  };
  service.endpoints.put(updated);
  const { EndpointId, EndpointUrl } = shown(updated);
  return { ...shownConfiguration(updated), EndpointId, EndpointUrl, State: "UPDATING" };
});

export const deleteEndpoint = operation<DeleteEndpointCommand>(DeleteEndpoint$, (input, context) => {
  const endpoint = endpointOf(input.Name as string, context);
  context.service.endpoints.delete(nameKey(endpoint, endpoint.name));
});

const idLetters = "abcdefghijklmnopqrstuvwxyz0123456789";

/** @throws AwsError ResourceNotFoundException */
function endpointOf(name: string, context: OperationContext<EventBridge>): EndpointRow {
  const endpoint = context.service.endpoints.get(nameKey(context, name));
  if (endpoint === undefined) throw notFound(`Endpoint ${name} does not exist.`);
  return endpoint;
}

/** The endpoint's two buses, which have the same name in different Regions of the account. */
function busesOf(given: FromWire<EndpointEventBus>[] | undefined, context: OperationContext<EventBridge>): string[] {
  const [first, second] = (given ?? []).map(({ EventBusArn }) => busName(EventBusArn, context));
  if (first?.name !== second?.name) {
    throw invalidParameter("EventBuses", "The event buses must have the same name.");
  }
  if (first?.region === second?.region) {
    throw invalidParameter("EventBuses", "The event buses must be in different Regions.");
  }
  return [first?.arn as string, second?.arn as string];
}

function shownConfiguration(endpoint: EndpointRow) {
  return {
    Name: endpoint.name,
    Arn: endpoint.arn,
    RoutingConfig: endpoint.routing,
    ReplicationConfig: endpoint.replication,
    EventBuses: endpoint.buses.map((EventBusArn) => ({ EventBusArn })),
    RoleArn: endpoint.roleArn,
  };
}

function shown(endpoint: EndpointRow) {
  return {
    ...shownConfiguration(endpoint),
    Description: endpoint.description,
    EndpointId: endpoint.endpointId,
    EndpointUrl: `https://${endpoint.endpointId}.endpoint.events.amazonaws.com`,
    State: endpoint.state,
    CreationTime: new Date(endpoint.createdMs),
    LastModifiedTime: new Date(endpoint.modifiedMs),
  };
}
