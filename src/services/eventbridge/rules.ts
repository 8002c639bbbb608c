/** Rules: put, describe, list, enable, disable and delete. */
import {
  DeleteRule$,
  type DeleteRuleCommand,
  DescribeRule$,
  type DescribeRuleCommand,
  DisableRule$,
  type DisableRuleCommand,
  EnableRule$,
  type EnableRuleCommand,
  ListRules$,
  type ListRulesCommand,
  PutRule$,
  type PutRuleCommand,
} from "@aws-sdk/client-eventbridge";
import type { OperationContext } from "../../calls/operation.ts";
import { limitExceeded, managedRule, patternOf, scheduleOf, validation } from "./errors.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import { ruleArn } from "./names.ts";
import { namePage } from "./pages.ts";
import { isEnabled } from "./rule-patterns.ts";
import { type RuleRow, usesWildcards } from "./tables.ts";
import { checkTags, checkTagTotal } from "./tags.ts";

const maxRules = 300;
const maxWildcardRules = 30;
const allManagementEvents = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

export const putRule = operation<PutRuleCommand>(PutRule$, (input, context) => {
  const { service, account } = context;
  const bus = service.busOf(input.EventBusName, context, input.Name);
  const pattern = input.EventPattern || undefined;
  const schedule = input.ScheduleExpression || undefined;
  if (pattern === undefined && schedule === undefined) {
    throw validation("Parameter(s) EventPattern or ScheduleExpression must be specified.");
  }
  if (schedule !== undefined) {
    if (bus.name !== "default") throw validation("ScheduleExpression is supported only on the default event bus.");
    scheduleOf(schedule);
  }
  if (pattern !== undefined) patternOf(pattern);
  if (input.State === allManagementEvents && pattern !== undefined && schedule !== undefined) {
    throw validation(`State ${allManagementEvents} is not supported for rules with a ScheduleExpression.`);
  }
  const arn = ruleArn(bus, input.Name as string);
  const existing = service.rules.get(arn);
  if (existing?.managedBy !== undefined) throw managedRule(existing.name, existing.managedBy);
  if (!existing && service.deps.options.strict && service.rules.by.bus.size(bus.arn) >= maxRules) throw limitExceeded();
  if (service.deps.options.strict && usesWildcards(pattern) && !usesWildcards(existing?.pattern)) {
    if (service.rules.by.wildcards.size(bus.arn) >= maxWildcardRules) throw limitExceeded();
  }
  const tags = existing?.tags ?? checkTags(input.Tags);
  checkTagTotal(tags);
  const rule: RuleRow = {
    arn,
    account: bus.account,
    region: bus.region,
    name: input.Name as string,
    bus: bus.arn,
    busName: bus.name,
    createdBy: existing?.createdBy ?? account,
    serial: existing?.serial ?? service.deps.store.nextSerial(),
    pattern,
    schedule,
    anchorMs: service.now,
    state: input.State ?? "ENABLED",
    description: input.Description,
    roleArn: input.RoleArn,
    managedBy: undefined,
    archive: undefined,
    tags,
  };
  const goesOn = existing !== undefined && existing.schedule === schedule && isEnabled(existing) === isEnabled(rule);
  service.putRule(goesOn ? { ...rule, anchorMs: existing.anchorMs } : rule);
  return { RuleArn: arn };
});

export const describeRule = operation<DescribeRuleCommand>(DescribeRule$, (input, context) => {
  const rule = ruleOfInput(input, context);
  return { ...shownRule(rule), CreatedBy: rule.createdBy };
});

export const listRules = operation<ListRulesCommand>(ListRules$, (input, context) => {
  const { service } = context;
  const bus = service.busOf(input.EventBusName, context);
  const { items, NextToken } = namePage((bounds) => service.rules.by.bus.range(bus.arn, bounds), input);
  return { Rules: items.map(shownRule), NextToken };
});

export const enableRule = operation<EnableRuleCommand>(EnableRule$, (input, context) => {
  const rule = ruleOfInput(input, context);
  refuseManaged(rule);
  if (!isEnabled(rule)) context.service.putRule({ ...rule, state: "ENABLED", anchorMs: context.service.now });
});

export const disableRule = operation<DisableRuleCommand>(DisableRule$, (input, context) => {
  const rule = ruleOfInput(input, context);
  refuseManaged(rule);
  if (isEnabled(rule)) context.service.putRule({ ...rule, state: "DISABLED" });
});

export const deleteRule = operation<DeleteRuleCommand>(DeleteRule$, (input, context) => {
  const { service } = context;
  const rule = service.rules.get(ruleArn(service.busOf(input.EventBusName, context, input.Name), input.Name as string));
  if (rule === undefined) return;
  if (input.Force !== true) refuseManaged(rule);
  if (service.targets.by.rule.size(rule.arn) > 0) throw validation("Rule can't be deleted since it has targets.");
  service.deleteRule(rule);
});

/** @throws AwsError ManagedRuleException when an AWS service created the rule. */
export function refuseManaged(rule: RuleRow): void {
  if (rule.managedBy !== undefined) throw managedRule(rule.name, rule.managedBy);
}

function ruleOfInput(
  input: { Name?: string | undefined; EventBusName?: string | undefined },
  context: OperationContext<EventBridge>,
): RuleRow {
  const { service } = context;
  return service.ruleOf(service.busOf(input.EventBusName, context, input.Name), input.Name as string);
}

function shownRule(rule: RuleRow) {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventPattern: rule.pattern,
    ScheduleExpression: rule.schedule,
    State: rule.state,
    Description: rule.description,
    RoleArn: rule.roleArn,
    ManagedBy: rule.managedBy,
    EventBusName: rule.busName,
  };
}
