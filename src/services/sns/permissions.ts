/** AddPermission and RemovePermission: statements of the topic's policy by label. */
import { isDeepStrictEqual } from "node:util";
import {
  AddPermission$,
  type AddPermissionCommand,
  RemovePermission$,
  type RemovePermissionCommand,
} from "@aws-sdk/client-sns";
import { topicFor } from "./access.ts";
import { invalidParameter } from "./errors.ts";
import { outOfScope, type Policy, parsePolicy, type Statement, topicActions } from "./policy.ts";
import { operation, type Sns } from "./sns.ts";
import type { TopicRow } from "./tables.ts";

export const addPermission = operation<AddPermissionCommand>(AddPermission$, (input, context) => {
  const { service, partition } = context;
  const topic = topicFor(input.TopicArn, context, "AddPermission");
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
  const statement = {
    Sid: label,
    Effect: "Allow",
    Principal: { AWS: oneOrMore(accounts.map((account) => `arn:${partition}:iam::${account}:root`)) },
    Action: oneOrMore(actions.map((action) => `SNS:${action}`)),
    Resource: topic.arn,
  };
  const existing = policy.Statement.find(({ Sid }) => Sid === label);
  if (existing !== undefined) {
    if (isDeepStrictEqual(unordered(existing), unordered(statement))) return;
    throw invalidParameter("Statement already exists");
  }
  setPolicy(service, topic, { ...policy, Statement: [...policy.Statement, statement] });
});

export const removePermission = operation<RemovePermissionCommand>(RemovePermission$, (input, context) => {
  const { service } = context;
  const topic = topicFor(input.TopicArn, context, "RemovePermission");
  const policy = policyOf(topic);
  const left = policy.Statement.filter(({ Sid }) => Sid !== input.Label);
  if (left.length < policy.Statement.length) setPolicy(service, topic, { ...policy, Statement: left });
});

/** A statement with its accounts and actions in an order of their own. */
function unordered(statement: Statement): object {
  const { Principal, Action } = statement;
  const accounts = [(Principal as { AWS?: unknown } | undefined)?.AWS].flat().sort();
  return { ...statement, Principal: accounts, Action: [Action].flat().sort() };
}

function policyOf(topic: TopicRow): Policy {
  return parsePolicy(topic.attributes["Policy"], topic.arn, topic.account);
}

function setPolicy(service: Sns, topic: TopicRow, policy: Policy): void {
  service.topics.put({ ...topic, attributes: { ...topic.attributes, Policy: JSON.stringify(policy) } });
}

function oneOrMore(items: readonly string[]): string | readonly string[] {
  return items.length === 1 ? (items[0] as string) : items;
}
