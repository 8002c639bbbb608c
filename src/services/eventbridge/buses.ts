/** Event buses: create, describe, list, update and delete. */

import {
  CreateEventBus$,
  type CreateEventBusCommand,
  DeleteEventBus$,
  type DeleteEventBusCommand,
  DescribeEventBus$,
  type DescribeEventBusCommand,
  ListEventBuses$,
  type ListEventBusesCommand,
  UpdateEventBus$,
  type UpdateEventBusCommand,
} from "@aws-sdk/client-eventbridge";
import { formatArn } from "../../calls/arn.ts";
import { placeKey } from "../../calls/place.ts";
import type { Bounds } from "../../engine/table.ts";
import { alreadyExists, invalidParameter, limitExceeded, notFound, validation } from "./errors.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import { busName } from "./names.ts";
import { namePage } from "./pages.ts";
import { type BusRow, nameKey } from "./tables.ts";
import { checkTags, checkTagTotal } from "./tags.ts";

const maxBuses = 100;

export const createEventBus = operation<CreateEventBusCommand>(CreateEventBus$, (input, context) => {
  const { service, account, region } = context;
  const name = input.Name as string;
  const source = input.EventSourceName;
  if (name === "default" || service.buses.has(nameKey(context, name))) {
    throw alreadyExists(`Event bus ${name} already exists.`);
  }
  if (source === undefined && name.includes("/")) throw validation("Event bus name must not contain '/'.");
  if (source !== undefined && source !== name) {
    throw invalidParameter("EventSourceName", "The event bus must have the name of the partner event source.");
  }
  const partnerSource = source === undefined ? undefined : service.partnerSources.get(nameKey(context, source));
  if (source !== undefined && partnerSource === undefined) throw notFound(`Event source ${source} does not exist.`);
  checkDeadLetter(input.DeadLetterConfig?.Arn);
  if (service.deps.options.strict && service.buses.by.name.size(placeKey(context)) >= maxBuses) throw limitExceeded();
  const now = service.now;
  const tags = checkTags(input.Tags);
  checkTagTotal(tags);
  const bus: BusRow = {
    arn: formatArn("events", region, account, `event-bus/${name}`),
    account,
    region,
    name,
    createdMs: now,
    modifiedMs: now,
    description: input.Description,
    kmsKey: input.KmsKeyIdentifier,
    deadLetterArn: input.DeadLetterConfig?.Arn,
    logConfig: input.LogConfig,
    policy: undefined,
    tags,
  };
  service.buses.put(bus);
  if (partnerSource !== undefined) service.partnerSources.put({ ...partnerSource, state: "ACTIVE" });
  return { EventBusArn: bus.arn, ...shownSettings(bus) };
});

export const describeEventBus = operation<DescribeEventBusCommand>(DescribeEventBus$, (input, context) => {
  const bus = context.service.busOf(input.Name, context);
  return { ...shownBus(bus), ...shownSettings(bus) };
});

export const listEventBuses = operation<ListEventBusesCommand>(ListEventBuses$, (input, context) => {
  const { service } = context;
  const { items, NextToken } = namePage((bounds) => busesWithin(service, context, bounds), input);
  return { EventBuses: items.map(shownBus), NextToken };
});

export const updateEventBus = operation<UpdateEventBusCommand>(UpdateEventBus$, (input, context) => {
  const { service } = context;
  const bus = service.busOf(input.Name, context);
  checkDeadLetter(input.DeadLetterConfig?.Arn);
  const updated: BusRow = {
    ...bus,
    modifiedMs: service.now,
    description: input.Description ?? bus.description,
    kmsKey: input.KmsKeyIdentifier ?? bus.kmsKey,
    // An empty configuration removes the dead-letter queue.
    deadLetterArn: input.DeadLetterConfig === undefined ? bus.deadLetterArn : input.DeadLetterConfig.Arn,
    logConfig: input.LogConfig ?? bus.logConfig,
  };
  service.buses.put(updated);
  return { Arn: bus.arn, Name: bus.name, ...shownSettings(updated) };
});

export const deleteEventBus = operation<DeleteEventBusCommand>(DeleteEventBus$, (input, context) => {
  const { service } = context;
  const bus = busName(input.Name, context);
  if (bus.name === "default") throw validation("Cannot delete event bus default.");
  if (service.rules.by.bus.size(bus.arn) > 0) throw validation("EventBus can't be deleted since it has rules.");
  service.buses.delete(nameKey(bus, bus.name));
  const source = service.partnerSources.get(nameKey(bus, bus.name));
  if (source?.state === "ACTIVE") {
    service.putPartnerSource({ ...source, state: "PENDING", pendingSinceMs: service.now });
  }
});

/** The buses of an account ordered by name, including the default one. */
function* busesWithin(
  service: EventBridge,
  owner: { account: string; region: string },
  bounds: Bounds,
): IterableIterator<BusRow> {
  const name = "default";
  let owed =
    !service.buses.has(nameKey(owner, name)) &&
    (bounds.gt === undefined || name > bounds.gt) &&
    (bounds.gte === undefined || name >= bounds.gte);
  for (const bus of service.buses.by.name.range(placeKey(owner), bounds)) {
    if (owed && bus.name > name) {
      owed = false;
      yield service.defaultBus(owner.account, owner.region);
    }
    yield bus;
  }
  if (owed) yield service.defaultBus(owner.account, owner.region);
}

function checkDeadLetter(arn: string | undefined): void {
  if (arn !== undefined && !/^arn:[^:]+:sqs:[^:]+:\d{12}:.+$/.test(arn)) {
    throw invalidParameter("DeadLetterConfig.Arn", "Must contain an SQS queue ARN.");
  }
}

function shownBus(bus: BusRow) {
  return {
    Name: bus.name,
    Arn: bus.arn,
    Description: bus.description,
    Policy: bus.policy,
    CreationTime: new Date(bus.createdMs),
    LastModifiedTime: new Date(bus.modifiedMs),
  };
}

function shownSettings(bus: BusRow) {
  return {
    Description: bus.description,
    KmsKeyIdentifier: bus.kmsKey,
    DeadLetterConfig: bus.deadLetterArn === undefined ? undefined : { Arn: bus.deadLetterArn },
    LogConfig: bus.logConfig,
  };
}
