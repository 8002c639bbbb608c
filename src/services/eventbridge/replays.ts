/** Replays: start, cancel, describe and list. */

import {
  CancelReplay$,
  type CancelReplayCommand,
  DescribeReplay$,
  type DescribeReplayCommand,
  ListReplays$,
  type ListReplaysCommand,
  StartReplay$,
  type StartReplayCommand,
} from "@aws-sdk/client-eventbridge";
import { formatArn, parseArn } from "../../calls/arn.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { placeKey } from "../../calls/place.ts";
import { positionMs, type ReplayRow } from "./archive-tables.ts";
import { alreadyExists, illegalStatus, invalidParameter, limitExceeded, notFound, validation } from "./errors.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import { busName, noBus } from "./names.ts";
import { namePage } from "./pages.ts";
import { nameKey } from "./tables.ts";

const maxActive = 10;
const busArn = /^arn:[^:]+:events:[^:]+:\d{12}:event-bus\/./;

export const startReplay = operation<StartReplayCommand>(StartReplay$, (input, context) => {
  const { service, account, region } = context;
  const name = input.ReplayName as string;
  const archiveArn = input.EventSourceArn as string;
  const archiveName = parseArn(archiveArn)?.resource.replace(/^archive\//, "") ?? "";
  const archive = service.archives.get(nameKey(context, archiveName));
  if (archive === undefined || archive.arn !== archiveArn) {
    throw invalidParameter("EventSourceArn", `Archive ${archiveName} does not exist.`);
  }
  const destination = input.Destination?.Arn as string;
  if (!busArn.test(destination)) throw invalidParameter("Destination.Arn", "Must contain an event bus ARN.");
  const fromMs = wholeSeconds(input.EventStartTime);
  const toMs = wholeSeconds(input.EventEndTime);
  if (fromMs >= toMs) throw invalidParameter("EventEndTime", "EventStartTime must be before EventEndTime.");
  const bus = busName(destination, context);
  if (service.bus(bus) === undefined) throw noBus(bus.name);
  if (destination !== archive.bus) {
    throw invalidParameter("Destination.Arn", "Cross event bus replay is not permitted.");
  }
  if (service.replays.has(nameKey(context, name))) throw alreadyExists(`Replay ${name} already exists.`);
  if (service.replays.by.active.size(placeKey(context)) >= maxActive) throw limitExceeded();
  const replay: ReplayRow = {
    arn: formatArn("events", region, account, `replay/${name}`),
    account,
    region,
    name,
    createdMs: service.now,
    description: input.Description,
    archiveArn,
    archive: nameKey(archive, archive.name),
    archiveSerial: archive.serial,
    destination,
    filterArns: input.Destination?.FilterArns,
    fromMs,
    toMs,
    state: "STARTING",
    stateReason: undefined,
    endedMs: undefined,
    cursor: undefined,
  };
  service.replayer.begin(replay);
  return { ReplayArn: replay.arn, State: "STARTING", ReplayStartTime: new Date(replay.createdMs) };
});

export const cancelReplay = operation<CancelReplayCommand>(CancelReplay$, (input, context) => {
  const { service } = context;
  const replay = replayOf(input.ReplayName as string, context);
  if (replay.state !== "STARTING" && replay.state !== "RUNNING") {
    throw illegalStatus(`Replay ${replay.name} is not in a valid state for this operation.`);
  }
  service.replays.put({ ...replay, state: "CANCELLING" });
  return { ReplayArn: replay.arn, State: "CANCELLING" };
});

export const describeReplay = operation<DescribeReplayCommand>(DescribeReplay$, (input, context) => {
  const replay = replayOf(input.ReplayName as string, context);
  return {
    ...shown(replay),
    ReplayArn: replay.arn,
    Description: replay.description,
    Destination: { Arn: replay.destination, FilterArns: replay.filterArns && [...replay.filterArns] },
  };
});

export const listReplays = operation<ListReplaysCommand>(ListReplays$, (input, context) => {
  const { service } = context;
  const { NamePrefix, EventSourceArn: source, State: state } = input;
  if ([NamePrefix, source, state].filter((filter) => filter !== undefined).length > 1) {
    throw validation(
      "At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or NamePrefix.",
    );
  }
  const { items, NextToken } = namePage(
    (bounds) => service.replays.by.name.range(placeKey(context), bounds),
    input,
    (replay) => (source === undefined || replay.archiveArn === source) && (state ?? replay.state) === replay.state,
  );
  return { Replays: items.map(shown), NextToken };
});

/** @throws AwsError ResourceNotFoundException */
function replayOf(name: string, context: OperationContext<EventBridge>): ReplayRow {
  const replay = context.service.replays.get(nameKey(context, name));
  if (replay === undefined) throw notFound(`Replay ${name} does not exist.`);
  return replay;
}

function wholeSeconds(time: Date | undefined): number {
  return Math.floor((time as Date).getTime() / 1000) * 1000;
}

function shown(replay: ReplayRow) {
  const { endedMs, cursor } = replay;
  return {
    ReplayName: replay.name,
    EventSourceArn: replay.archiveArn,
    State: replay.state,
    StateReason: replay.stateReason,
    EventStartTime: new Date(replay.fromMs),
    EventEndTime: new Date(replay.toMs),
    EventLastReplayedTime: cursor === undefined ? undefined : new Date(positionMs(cursor)),
    ReplayStartTime: new Date(replay.createdMs),
    ReplayEndTime: endedMs === undefined ? undefined : new Date(endedMs),
  };
}
