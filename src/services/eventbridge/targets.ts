/** Targets of rules: put, remove, and the two lists. */
import {
  ListRuleNamesByTarget$,
  type ListRuleNamesByTargetCommand,
  ListTargetsByRule$,
  type ListTargetsByRuleCommand,
  PutTargets$,
  type PutTargetsCommand,
  RemoveTargets$,
  type RemoveTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import { parseArn } from "../../calls/arn.ts";
import { invalidParameter, limitExceeded } from "./errors.ts";
import { type EventBridge, operation } from "./eventbridge.ts";
import { pageOf, pageStart } from "./pages.ts";
import { refuseManaged } from "./rules.ts";
import { type RuleRow, type TargetRow, targetKey } from "./tables.ts";
import { checkTarget } from "./target-checks.ts";

const maxTargets = 5;

export const putTargets = operation<PutTargetsCommand>(PutTargets$, (input, context) => {
  const { service } = context;
  const rule = service.ruleOf(service.busOf(input.EventBusName, context, input.Rule), input.Rule as string);
  refuseManaged(rule);
  for (const spec of input.Targets ?? []) {
    checkTarget(spec, rule);
    service.targets.put({
      rule: rule.arn,
      ruleName: rule.name,
      bus: rule.bus,
      account: rule.account,
      spec: spec as TargetRow["spec"],
    });
  }
  if (service.targets.by.rule.size(rule.arn) > maxTargets) throw limitExceeded();
  return { FailedEntryCount: 0, FailedEntries: [] };
});

export const removeTargets = operation<RemoveTargetsCommand>(RemoveTargets$, (input, context) => {
  const { service } = context;
  const rule = service.ruleOf(service.busOf(input.EventBusName, context, input.Rule), input.Rule as string);
  if (input.Force !== true) refuseManaged(rule);
  for (const id of input.Ids ?? []) service.targets.delete(targetKey(rule.arn, id));
  return { FailedEntryCount: 0, FailedEntries: [] };
});

export const listTargetsByRule = operation<ListTargetsByRuleCommand>(ListTargetsByRule$, (input, context) => {
  const { service } = context;
  const rule = service.ruleOf(service.busOf(input.EventBusName, context, input.Rule), input.Rule as string);
  const { items, NextToken } = pageOf(targetsAfter(service, rule, input.NextToken), input.Limit, ({ spec }) => spec.Id);
  return { Targets: items.map(({ spec }) => spec), NextToken };
});

export const listRuleNamesByTarget = operation<ListRuleNamesByTargetCommand>(
  ListRuleNamesByTarget$,
  (input, context) => {
    const { service } = context;
    const arn = input.TargetArn as string;
    if (parseArn(arn) === undefined) throw invalidParameter(arn, "Provided Arn is not in correct format.");
    const bus = service.busOf(input.EventBusName, context);
    const names = ruleNamesAfter(service, `${bus.arn}\n${arn}`, input.NextToken);
    const { items, NextToken } = pageOf(names, input.Limit, (name) => name);
    return { RuleNames: items, NextToken };
  },
);

function targetsAfter(service: EventBridge, rule: RuleRow, token: string | undefined) {
  const after = pageStart(token);
  return service.targets.by.rule.range(rule.arn, after === undefined ? {} : { gt: after });
}

/** Each rule once, however many of its targets have the ARN. */
function* ruleNamesAfter(service: EventBridge, group: string, token: string | undefined): IterableIterator<string> {
  const after = pageStart(token);
  let last: string | undefined;
  for (const { ruleName } of service.targets.by.target.range(group, after === undefined ? {} : { gt: after })) {
    if (ruleName === last) continue;
    last = ruleName;
    yield ruleName;
  }
}
