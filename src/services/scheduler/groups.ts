/** CreateScheduleGroup, GetScheduleGroup, DeleteScheduleGroup and ListScheduleGroups. */

import {
  CreateScheduleGroup$,
  type CreateScheduleGroupCommand,
  DeleteScheduleGroup$,
  type DeleteScheduleGroupCommand,
  GetScheduleGroup$,
  type GetScheduleGroupCommand,
  ListScheduleGroups$,
  type ListScheduleGroupsCommand,
} from "@aws-sdk/client-scheduler";
import { encodeToken, takePage, withPrefix } from "../../calls/page.ts";
import { placeKey } from "../../calls/place.ts";
import { conflict, quotaExceeded, validation } from "./errors.ts";
import { defaultGroup, operation } from "./scheduler.ts";
import type { GroupRow } from "./tables.ts";
import { checkedTags } from "./tags.ts";
import { positionIn } from "./tokens.ts";

const defaultPage = 100;
const maxGroups = 500;

export const createScheduleGroup = operation<CreateScheduleGroupCommand>(CreateScheduleGroup$, (input, context) => {
  const { service } = context;
  const arn = service.once(context, "CreateScheduleGroup", input, () => {
    const name = input.Name as string;
    const tags = checkedTags({}, input.Tags);
    service.makeDefaultGroup(context);
    if (service.groups.has(service.groupArn(context, name))) throw conflict(`Schedule group ${name} already exists.`);
    if (service.groupCount(context) >= maxGroups) {
      throw quotaExceeded(`The limit of ${maxGroups} schedule groups for this account and Region is reached.`);
    }
    return service.putNewGroup(context, name, tags).arn;
  });
  return { ScheduleGroupArn: arn };
});

export const getScheduleGroup = operation<GetScheduleGroupCommand>(GetScheduleGroup$, (input, context) =>
  described(context.service.group(context, input.Name as string)),
);

export const deleteScheduleGroup = operation<DeleteScheduleGroupCommand>(DeleteScheduleGroup$, (input, context) => {
  const { service } = context;
  service.once(context, "DeleteScheduleGroup", input, () => {
    const name = input.Name as string;
    if (name === defaultGroup) throw validation("The default schedule group cannot be deleted.");
    const group = service.group(context, name);
    if (group.state === "DELETING") throw conflict(`Schedule group ${name} is being deleted.`);
    service.groupDeletions.begin(group);
    return group.arn;
  });
  return {};
});

export const listScheduleGroups = operation<ListScheduleGroupsCommand>(ListScheduleGroups$, (input, context) => {
  const { service, account, region } = context;
  const { NamePrefix: prefix = "", MaxResults: limit = defaultPage } = input;
  const after = positionIn(input.NextToken, 1)?.[0];
  service.makeDefaultGroup(context);
  const bounds = after === undefined ? { gte: prefix } : { gt: after };
  const rows = service.groups.by.name.range(placeKey({ account, region }), bounds);
  const { items, more } = takePage(withPrefix(rows, prefix), limit);
  return {
    ScheduleGroups: items.map(described),
    NextToken: more ? encodeToken([items.at(-1)?.name]) : undefined,
  };
});

function described(group: GroupRow) {
  return {
    Arn: group.arn,
    Name: group.name,
    State: group.state,
    CreationDate: new Date(group.createdMs),
    LastModificationDate: new Date(group.modifiedMs),
  };
}
