/** Archives: events stored to be replayed. Each is fed by a managed rule on the bus. */

import {
  type ArchiveState,
  CreateArchive$,
  type CreateArchiveCommand,
  type CreateArchiveCommandInput,
  DeleteArchive$,
  type DeleteArchiveCommand,
  DescribeArchive$,
  type DescribeArchiveCommand,
  ListArchives$,
  type ListArchivesCommand,
  UpdateArchive$,
  type UpdateArchiveCommand,
} from "@aws-sdk/client-eventbridge";
import { formatArn, partitionOf } from "../../calls/arn.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { placeKey } from "../../calls/place.ts";
import type { ArchiveRow } from "./archive-tables.ts";
import { alreadyExists, invalidParameter, notFound, patternOf, validation } from "./errors.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import { type BusName, busName, noBus, ruleArn } from "./names.ts";
import { namePage } from "./pages.ts";
import { nameKey, targetKey } from "./tables.ts";

const busArn = /^[^:]+:[^:]+:events:[^:]*:[^:]*:event-bus\//;
const state: ArchiveState = "ENABLED";
const managedBy = "prod.vhs.events.aws.internal";
/** Java's greatest integer: larger values are stored as this. */
const maxRetentionDays = 2 ** 31 - 1;

export const createArchive = operation<CreateArchiveCommand>(CreateArchive$, (input, context) => {
  const { leftovers } = context.service.archivedEvents;
  const name = nameKey(context, input.ArchiveName as string);
  return leftovers.afterwards(name, () => context.invocation.cause.run(() => create(input, context)));
});

function create(input: CreateArchiveCommandInput, context: OperationContext<EventBridge>) {
  const { service, account, region } = context;
  const name = input.ArchiveName as string;
  if (service.archives.has(nameKey(context, name))) throw alreadyExists(`Archive ${name} already exists.`);
  const source = input.EventSourceArn as string;
  if (!busArn.test(source)) {
    throw invalidParameter("EventSourceArn", "Must contain an event bus ARN.");
  }
  const bus = busName(source, context);
  if (service.bus(bus) === undefined) throw noBus(bus.name);
  const pattern = input.EventPattern || undefined;
  if (pattern !== undefined) patternOf(pattern);
  const archive: ArchiveRow = {
    arn: formatArn("events", region, account, `archive/${name}`),
    account,
    region,
    name,
    createdMs: service.now,
    bus: bus.arn,
    description: input.Description,
    pattern,
    retentionDays: Math.min(input.RetentionDays ?? 0, maxRetentionDays),
    kmsKey: input.KmsKeyIdentifier,
    sizeBytes: 0,
    serial: service.deps.store.nextSerial(),
  };
  service.archives.put(archive);
  putFeedingRule(service, archive);
  return shownState(archive);
}

export const updateArchive = operation<UpdateArchiveCommand>(UpdateArchive$, (input, context) => {
  const { service } = context;
  const { Description: description, EventPattern: pattern, RetentionDays: retentionDays } = input;
  if (
    description === undefined &&
    pattern === undefined &&
    retentionDays === undefined &&
    input.KmsKeyIdentifier === undefined
  ) {
    throw validation("At least one of EventPattern, RetentionDays or Description must be provided.");
  }
  const archive = archiveOf(input.ArchiveName as string, context);
  // The empty pattern counts as none.
  if (pattern) patternOf(pattern);
  const updated: ArchiveRow = {
    ...archive,
    description: description ?? archive.description,
    pattern: pattern === undefined ? archive.pattern : pattern || undefined,
    retentionDays: Math.min(retentionDays ?? archive.retentionDays, maxRetentionDays),
    kmsKey: input.KmsKeyIdentifier ?? archive.kmsKey,
  };
  service.archives.put(updated);
  putFeedingRule(service, updated);
  service.archivedEvents.settled(updated);
  return shownState(updated);
});

export const describeArchive = operation<DescribeArchiveCommand>(DescribeArchive$, (input, context) => {
  const { service } = context;
  const archive = service.archivedEvents.settled(archiveOf(input.ArchiveName as string, context));
  const { ArchiveArn, ...state } = { ...shownState(archive), ...shown(service, archive) };
  return {
    ArchiveArn,
    ...state,
    Description: archive.description,
    EventPattern: archive.pattern,
    KmsKeyIdentifier: archive.kmsKey,
  };
});

export const listArchives = operation<ListArchivesCommand>(ListArchives$, (input, context) => {
  const { service } = context;
  const { NamePrefix, EventSourceArn: source, State: wanted } = input;
  if ([NamePrefix, source, wanted].filter((filter) => filter !== undefined).length > 1) {
    throw validation(
      "At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix.",
    );
  }
  if (source !== undefined && busArn.test(source)) {
    const bus = busName(source, context);
    if (service.bus(bus) === undefined) throw noBus(bus.name);
  }
  const { items, NextToken } = namePage(
    (bounds) => service.archives.by.name.range(placeKey(context), bounds),
    input,
    ({ bus }) => (source === undefined || bus === source) && (wanted === undefined || wanted === state),
  );
  return { Archives: items.map((archive) => shown(service, service.archivedEvents.settled(archive))), NextToken };
});

export const deleteArchive = operation<DeleteArchiveCommand>(DeleteArchive$, (input, context) => {
  const { service } = context;
  const archive = archiveOf(input.ArchiveName as string, context);
  service.archives.delete(nameKey(archive, archive.name));
  service.archivedEvents.leftovers.begin(nameKey(archive, archive.name), archive.account);
  const rule = service.rules.get(feedingRuleArn(archive));
  if (rule === undefined) return;
  service.targets.delete(targetKey(rule.arn, rule.name));
  service.deleteRule(rule);
});

/** @throws AwsError ResourceNotFoundException */
function archiveOf(name: string, context: OperationContext<EventBridge>): ArchiveRow {
  const archive = context.service.archives.get(nameKey(context, name));
  if (archive === undefined) throw notFound(`Archive ${name} does not exist.`);
  return archive;
}

function feedingRuleArn(archive: ArchiveRow): string {
  return ruleArn(busName(archive.bus, archive), feedingRuleName(archive));
}

function feedingRuleName(archive: ArchiveRow): string {
  return `Events-Archive-${archive.name}`;
}

function putFeedingRule(service: EventBridge, archive: ArchiveRow): void {
  const bus = busName(archive.bus, archive);
  const arn = feedingRuleArn(archive);
  service.putRule({
    arn,
    account: bus.account,
    region: bus.region,
    name: feedingRuleName(archive),
    bus: bus.arn,
    busName: bus.name,
    createdBy: archive.account,
    serial: service.rules.get(arn)?.serial ?? service.deps.store.nextSerial(),
    pattern: feedingPattern(archive.pattern),
    schedule: undefined,
    anchorMs: archive.createdMs,
    state: "ENABLED",
    description: undefined,
    roleArn: undefined,
    managedBy,
    archive: nameKey(archive, archive.name),
    tags: {},
  });
  putFeedingTarget(service, archive, bus);
}

/** The target that AWS shows for the rule; events do not go through it. */
function putFeedingTarget(service: EventBridge, archive: ArchiveRow, bus: BusName): void {
  const name = feedingRuleName(archive);
  const rule = feedingRuleArn(archive);
  if (service.targets.has(targetKey(rule, name))) return;
  const archiveArn = `${archive.arn}:${service.deps.random.fork("archives").uuid()}`;
  const InputTemplate = `{"archive-arn": "${archiveArn}","event": <aws.events.event.json>,"ingestion-time": <aws.events.event.ingestion-time>}`;
  service.targets.put({
    rule,
    ruleName: name,
    bus: bus.arn,
    account: bus.account,
    spec: {
      Id: name,
      Arn: `arn:${partitionOf(bus.region)}:events:${bus.region}:::`,
      InputTransformer: { InputPathsMap: {}, InputTemplate },
    },
  });
}

/** The archive's own pattern, restricted to events that no replay sent. */
function feedingPattern(pattern: string | undefined): string {
  const fresh = '"replay-name":[{"exists":false}]';
  const rest = pattern?.trim().slice(1);
  return rest === undefined ? `{${fresh}}` : `{${fresh},${rest}`;
}

function shownState(archive: ArchiveRow) {
  return { ArchiveArn: archive.arn, State: state, CreationTime: new Date(archive.createdMs) };
}

function shown(service: EventBridge, archive: ArchiveRow) {
  return {
    ArchiveName: archive.name,
    EventSourceArn: archive.bus,
    State: state,
    RetentionDays: archive.retentionDays,
    SizeBytes: archive.sizeBytes,
    EventCount: service.archivedEvents.count(archive),
    CreationTime: new Date(archive.createdMs),
  };
}
