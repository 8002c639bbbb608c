/**
 * Partner event sources from both sides: what the partner creates and sends, and what the customer accepts. A customer
 * accepts one by creating an event bus with its name.
 */

import {
  ActivateEventSource$,
  type ActivateEventSourceCommand,
  CreatePartnerEventSource$,
  type CreatePartnerEventSourceCommand,
  DeactivateEventSource$,
  type DeactivateEventSourceCommand,
  DeletePartnerEventSource$,
  type DeletePartnerEventSourceCommand,
  DescribeEventSource$,
  type DescribeEventSourceCommand,
  DescribePartnerEventSource$,
  type DescribePartnerEventSourceCommand,
  ListEventSources$,
  type ListEventSourcesCommand,
  ListPartnerEventSourceAccounts$,
  type ListPartnerEventSourceAccountsCommand,
  ListPartnerEventSources$,
  type ListPartnerEventSourcesCommand,
  PutPartnerEvents$,
  type PutPartnerEventsCommand,
} from "@aws-sdk/client-eventbridge";
import { formatArn } from "../../calls/arn.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { placeKey } from "../../calls/place.ts";
import { alreadyExists, illegalStatus, notFound } from "./errors.ts";
import { buildEvent } from "./event.ts";
import { checkEntry, checkTotalSize } from "./event-entries.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import { busName } from "./names.ts";
import { namePage, pageOf, pageStart } from "./pages.ts";
import { nameKey, type PartnerSourceRow, pendingEndMs } from "./tables.ts";

export const createPartnerEventSource = operation<CreatePartnerEventSourceCommand>(
  CreatePartnerEventSource$,
  (input, context) => {
    const { service, region, account: partner } = context;
    const name = input.Name as string;
    const account = input.Account as string;
    if (service.partnerSources.has(nameKey({ account, region }, name))) {
      throw alreadyExists(`Event source ${name} already exists.`);
    }
    const createdMs = service.now;
    const arn = sourceArn(region, name);
    service.putPartnerSource({ arn, account, region, name, createdMs, partner, state: "PENDING" });
    return { EventSourceArn: arn };
  },
);

export const deletePartnerEventSource = operation<DeletePartnerEventSourceCommand>(
  DeletePartnerEventSource$,
  (input, { service, region, account: partner }) => {
    const source = service.partnerSources.get(
      nameKey({ account: input.Account as string, region }, input.Name as string),
    );
    if (source?.partner !== partner) return;
    const bus = service.buses.get(nameKey(source, source.name));
    // The customer's bus stays; its source is shown as deleted.
    if (bus === undefined) service.partnerSources.delete(nameKey(source, source.name));
    else service.partnerSources.put({ ...source, state: "DELETED" });
  },
);

export const describePartnerEventSource = operation<DescribePartnerEventSourceCommand>(
  DescribePartnerEventSource$,
  (input, context) => {
    const name = input.Name as string;
    for (const source of offered(context, `${name} `, { gte: `${name} ` })) return { Arn: source.arn, Name: name };
    throw noSource(name);
  },
);

export const listPartnerEventSources = operation<ListPartnerEventSourcesCommand>(
  ListPartnerEventSources$,
  (input, context) => {
    const prefix = input.NamePrefix as string;
    const after = pageStart(input.NextToken);
    // A space sorts before every character of a name: the accounts of one source follow it.
    const rows = offered(context, prefix, after === undefined ? { gte: prefix } : { gt: `${after} \uffff` });
    const { items, NextToken } = pageOf(distinct(rows), input.Limit, ({ name }) => name);
    return { PartnerEventSources: items.map(({ arn, name }) => ({ Arn: arn, Name: name })), NextToken };
  },
);

export const listPartnerEventSourceAccounts = operation<ListPartnerEventSourceAccountsCommand>(
  ListPartnerEventSourceAccounts$,
  (input, context) => {
    const prefix = `${input.EventSourceName} `;
    const after = pageStart(input.NextToken);
    const rows = offered(context, prefix, after === undefined ? { gte: prefix } : { gt: `${prefix}${after}` });
    const { items, NextToken } = pageOf(rows, input.Limit, ({ account }) => account);
    if (items.length === 0 && after === undefined) throw noSource(input.EventSourceName as string);
    return {
      PartnerEventSourceAccounts: items.map((source) => ({ Account: source.account, ...shownState(source) })),
      NextToken,
    };
  },
);

export const putPartnerEvents = operation<PutPartnerEventsCommand>(PutPartnerEvents$, (input, context) => {
  const { service, region } = context;
  const entries = input.Entries ?? [];
  checkTotalSize(entries);
  const results = entries.map((entry) => {
    const checked = checkEntry(entry);
    if ("ErrorCode" in checked) return checked;
    const name = entry.Source as string;
    const id = service.deps.random.fork("events").uuid();
    for (const source of offered(context, `${name} `, { gte: `${name} ` })) {
      if (source.state !== "ACTIVE") continue;
      const event = buildEvent(
        {
          id,
          source: name,
          detailType: entry.DetailType as string,
          account: source.account,
          region,
          timeMs: entry.Time?.getTime() ?? service.now,
          resources: entry.Resources ?? [],
          detail: entry.Detail as string,
        },
        checked.detail,
      );
      service.router.publish(event, busName(name, source));
    }
    return { EventId: id };
  });
  return { FailedEntryCount: results.filter((result) => "ErrorCode" in result).length, Entries: results };
});

export const activateEventSource = operation<ActivateEventSourceCommand>(ActivateEventSource$, (input, context) => {
  setState(input.Name as string, "ACTIVE", context);
});

export const deactivateEventSource = operation<DeactivateEventSourceCommand>(
  DeactivateEventSource$,
  (input, context) => {
    setState(input.Name as string, "PENDING", context);
  },
);

export const describeEventSource = operation<DescribeEventSourceCommand>(DescribeEventSource$, (input, context) =>
  shownSource(sourceOf(input.Name as string, context)),
);

export const listEventSources = operation<ListEventSourcesCommand>(ListEventSources$, (input, context) => {
  const { partnerSources } = context.service;
  const { items, NextToken } = namePage((bounds) => partnerSources.by.name.range(placeKey(context), bounds), input);
  return { EventSources: items.map(shownSource), NextToken };
});

/** What the caller offers as a partner, by name and account, as long as `name account` begins with the prefix. */
function* offered(
  { service, account, region }: OperationContext<EventBridge>,
  prefix: string,
  bounds: { gt?: string; gte?: string },
): IterableIterator<PartnerSourceRow> {
  for (const source of service.partnerSources.by.partner.range(`${account} ${region}`, bounds)) {
    if (!`${source.name} ${source.account}`.startsWith(prefix)) return;
    if (source.state !== "DELETED") yield source;
  }
}

function* distinct(rows: Iterable<PartnerSourceRow>): IterableIterator<PartnerSourceRow> {
  let last: string | undefined;
  for (const row of rows) {
    if (row.name === last) continue;
    last = row.name;
    yield row;
  }
}

function setState(name: string, state: "ACTIVE" | "PENDING", context: OperationContext<EventBridge>): void {
  const { service } = context;
  const source = sourceOf(name, context);
  if (source.state === "DELETED") throw illegalStatus(`Event source ${name} is deleted.`);
  service.putPartnerSource({ ...source, state, pendingSinceMs: service.now });
}

/** @throws AwsError ResourceNotFoundException */
function sourceOf(name: string, context: OperationContext<EventBridge>): PartnerSourceRow {
  const source = context.service.partnerSources.get(nameKey(context, name));
  if (source === undefined) throw noSource(name);
  return source;
}

function noSource(name: string) {
  return notFound(`Event source ${name} does not exist.`);
}

/** Partner sources belong to no account. */
function sourceArn(region: string, name: string): string {
  return formatArn("events", region, "", `event-source/${name}`);
}

function shownSource(source: PartnerSourceRow) {
  const createdBy = source.name.split("/").slice(0, 2).join("/");
  return { Arn: source.arn, Name: source.name, CreatedBy: createdBy, ...shownState(source) };
}

function shownState(source: PartnerSourceRow) {
  const { createdMs, state } = source;
  return {
    State: state,
    CreationTime: new Date(createdMs),
    ExpirationTime: state === "PENDING" ? new Date(pendingEndMs(source)) : undefined,
  };
}
