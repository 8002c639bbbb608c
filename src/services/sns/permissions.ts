/** AddPermission and RemovePermission: statements of the topic's policy by label. */
import {
  AddPermission$,
  type AddPermissionCommand,
  RemovePermission$,
  type RemovePermissionCommand,
} from "@aws-sdk/client-sns";
import { invalidParameter } from "./errors.ts";
import { outOfScope, type Policy, parsePolicy, topicActions } from "./policy.ts";
import { operation, type Sns } from "./sns.ts";
import type { TopicRow } from "./tables.ts";

export const addPermission = operation<AddPermissionCommand>(AddPermission$, (input, context) => {
  const { service, partition } = context;
  const topic = service.topicOf(input.TopicArn, context);
  const label = input.Label ?? "";
  if (!/^[\w-]{1,80}$/.test(label)) throw invalidParameter("Label");
  const accounts = input.AWSAccountId ?? [];
  const actions = input.ActionName ?? [];
  if (accounts.length === 0) throw invalidParameter("AWSAccountId");
  if (actions.length === 0) throw invalidParameter("ActionName");
  if (!accounts.every((account) => /^\d{12}$/.test(account))) throw invalidParameter("AWSAccountId");
  for (const action of actions) {
    if (action !== "*" && !topicActions.has(action.toLowerCase())) throw outOfScope();
  }
  const policy = policyOf(topic);
  if (policy.Statement.some(({ Sid }) => Sid === label)) throw invalidParameter("Statement already exists");
  const statement = {
    Sid: label,
    Effect: "Allow",
    Principal: { AWS: oneOrMore(accounts.map((account) => `arn:${partition}:iam::${account}:root`)) },
    Action: oneOrMore(actions.map((action) => `SNS:${action}`)),
    Resource: topic.arn,
  };
  setPolicy(service, topic, { ...policy, Statement: [...policy.Statement, statement] });
});

export const removePermission = operation<RemovePermissionCommand>(RemovePermission$, (input, context) => {
  const { service } = context;
  const topic = service.topicOf(input.TopicArn, context);
  const policy = policyOf(topic);
  const left = policy.Statement.filter(({ Sid }) => Sid !== input.Label);
  if (left.length === policy.Statement.length) throw invalidParameter("Label");
  setPolicy(service, topic, { ...policy, Statement: left });
});

function policyOf(topic: TopicRow): Policy {
  return parsePolicy(topic.attributes["Policy"], topic.arn, topic.account);
}

function setPolicy(service: Sns, topic: TopicRow, policy: Policy): void {
  service.topics.put({ ...topic, attributes: { ...topic.attributes, Policy: JSON.stringify(policy) } });
}

function oneOrMore(items: readonly string[]): string | readonly string[] {
  return items.length === 1 ? (items[0] as string) : items;
}
