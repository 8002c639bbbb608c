/** CreateSchedule, UpdateSchedule, GetSchedule, DeleteSchedule and ListSchedules. */

import {
  CreateSchedule$,
  type CreateScheduleCommand,
  DeleteSchedule$,
  type DeleteScheduleCommand,
  GetSchedule$,
  type GetScheduleCommand,
  type GetScheduleCommandOutput,
  ListSchedules$,
  type ListSchedulesCommand,
  type ScheduleSummary,
  UpdateSchedule$,
  type UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { encodeToken } from "../../calls/page.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import { defaultMaxAgeSeconds, defaultRetries } from "../../delivery/event-retry.ts";
import { conflict, scheduleDoesNotExist } from "./errors.ts";
import { definitionOf } from "./schedule-checks.ts";
import { defaultGroup, operation, type Scheduler } from "./scheduler.ts";
import { type ScheduleRow, schedulesKey } from "./tables.ts";
import { positionIn } from "./tokens.ts";

const defaultPage = 100;
/** Rows visited for one page: a filter that matches few makes pages short, not slow. */
const maxLookedAt = 2000;

export const createSchedule = operation<CreateScheduleCommand>(CreateSchedule$, (input, context) => {
  const { service } = context;
  const arn = service.once(context, "CreateSchedule", input, () => {
    const definition = definitionOf(input, service.deps);
    const name = input.Name as string;
    const group = input.GroupName ?? defaultGroup;
    requireActiveGroup(service, context, group);
    const { account, region } = context;
    const scheduleArn = service.scheduleArn(context, group, name);
    if (service.schedules.has(scheduleArn)) throw conflict(`Schedule ${name} already exists.`);
    const { now } = service;
    const place = { arn: scheduleArn, account, region, group, name };
    put(service, {
      ...definition,
      ...place,
      createdMs: now,
      modifiedMs: now,
      serial: service.deps.store.nextSerial(),
    });
    return scheduleArn;
  });
  return { ScheduleArn: arn };
});

export const updateSchedule = operation<UpdateScheduleCommand>(UpdateSchedule$, (input, context) => {
  const { service } = context;
  const arn = service.once(context, "UpdateSchedule", input, () => {
    const definition = definitionOf(input, service.deps);
    const old = scheduleOf(service, context, input);
    requireActiveGroup(service, context, old.group);
    const { arn, account, region, group, name, createdMs } = old;
    const serial = service.deps.store.nextSerial();
    put(service, { ...definition, arn, account, region, group, name, createdMs, modifiedMs: service.now, serial });
    return arn;
  });
  return { ScheduleArn: arn };
});

export const getSchedule = operation<GetScheduleCommand>(GetSchedule$, (input, context) =>
  described(scheduleOf(context.service, context, input)),
);

export const deleteSchedule = operation<DeleteScheduleCommand>(DeleteSchedule$, (input, context) => {
  const { service } = context;
  service.once(context, "DeleteSchedule", input, () => {
    const { arn } = scheduleOf(service, context, input);
    service.schedules.delete(arn);
    service.runs.disarm(arn);
    return arn;
  });
  return {};
});

export const listSchedules = operation<ListSchedulesCommand>(ListSchedules$, (input, context) => {
  const { service } = context;
  const { GroupName: group, NamePrefix: prefix = "", State: state, MaxResults: limit = defaultPage } = input;
  const after = positionIn(input.NextToken, 2);
  service.makeDefaultGroup(context);
  const groups = group === undefined ? groupsFrom(service, context, after?.[0]) : [service.group(context, group).name];
  const found: ScheduleSummary[] = [];
  let last = after;
  let lookedAt = 0;
  for (const name of groups) {
    const bounds = last?.[0] === name ? { gt: last[1] as string } : { gte: prefix };
    for (const row of service.schedules.by.name.range(schedulesKey(context, name), bounds)) {
      if (!row.name.startsWith(prefix)) break;
      if (found.length === limit || lookedAt === maxLookedAt) {
        return { Schedules: found, NextToken: encodeToken(last) };
      }
      lookedAt += 1;
      last = [name, row.name];
      if (state === undefined || row.state === state) found.push(summary(row));
    }
  }
  return { Schedules: found, NextToken: undefined };
});

function put(service: Scheduler, row: ScheduleRow): void {
  service.schedules.put(row);
  service.runs.arm(row);
}

/** @throws AwsError ResourceNotFoundException */
function scheduleOf(
  service: Scheduler,
  place: Place,
  { Name, GroupName = defaultGroup }: { Name: string | undefined; GroupName?: string | undefined },
): ScheduleRow {
  const row = service.schedules.get(service.scheduleArn(place, GroupName, Name as string));
  if (row === undefined) throw scheduleDoesNotExist(Name as string);
  return row;
}

function requireActiveGroup(service: Scheduler, place: Place, name: string): void {
  if (service.group(place, name).state !== "ACTIVE") throw conflict(`Schedule group ${name} is being deleted.`);
}

function groupsFrom(service: Scheduler, { account, region }: Place, from: string | undefined): string[] {
  const bounds = from === undefined ? {} : { gte: from };
  return Array.from(service.groups.by.name.range(placeKey({ account, region }), bounds), ({ name }) => name);
}

function described(row: ScheduleRow): Omit<GetScheduleCommandOutput, "$metadata"> {
  const { target, windowMinutes } = row;
  return {
    Arn: row.arn,
    GroupName: row.group,
    Name: row.name,
    ScheduleExpression: row.expression,
    ScheduleExpressionTimezone: row.timeZone,
    StartDate: dateOf(row.startMs),
    EndDate: dateOf(row.endMs),
    Description: row.description,
    State: row.state,
    KmsKeyArn: row.kmsKeyArn,
    Target: {
      ...target,
      RetryPolicy: {
        MaximumEventAgeInSeconds: target.RetryPolicy?.MaximumEventAgeInSeconds ?? defaultMaxAgeSeconds,
        MaximumRetryAttempts: target.RetryPolicy?.MaximumRetryAttempts ?? defaultRetries,
      },
    },
    FlexibleTimeWindow:
      windowMinutes === 0 ? { Mode: "OFF" } : { Mode: "FLEXIBLE", MaximumWindowInMinutes: windowMinutes },
    CreationDate: new Date(row.createdMs),
    LastModificationDate: new Date(row.modifiedMs),
    ActionAfterCompletion: row.deleteAfterCompletion ? "DELETE" : "NONE",
  };
}

function summary(row: ScheduleRow): ScheduleSummary {
  return {
    Arn: row.arn,
    Name: row.name,
    GroupName: row.group,
    State: row.state,
    CreationDate: new Date(row.createdMs),
    LastModificationDate: new Date(row.modifiedMs),
    Target: { Arn: row.target.Arn },
  };
}

function dateOf(epochMs: number | undefined): Date | undefined {
  return epochMs === undefined ? undefined : new Date(epochMs);
}
