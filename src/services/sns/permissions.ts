/** AddPermission and RemovePermission: statements of the topic's policy by label. */
import { isDeepStrictEqual } from "node:util";
import {
  AddPermission$,
  type AddPermissionCommand,
  RemovePermission$,
  type RemovePermissionCommand,
} from "@aws-sdk/client-sns";
import {
  type PolicyDocument,
  permission,
  readPolicyDocument,
  type StatementDocument,
} from "../../access/policy-document.ts";
import { topicFor } from "./access.ts";
import { invalidParameter } from "./errors.ts";
import { defaultPolicy, outOfScope, topicActions } from "./policy.ts";
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
  const asked = actions.map((action) => `SNS:${action}`);
  const statement = permission(label, accounts, asked, { resource: topic.arn, partition });
  const existing = policy.statements.find(({ Sid }) => Sid === label);
  if (existing !== undefined) {
    if (isDeepStrictEqual(unordered(existing), unordered(statement))) return;
    throw invalidParameter("Statement already exists");
  }
  setPolicy(service, topic, policy, [...policy.statements, statement]);
});

export const removePermission = operation<RemovePermissionCommand>(RemovePermission$, (input, context) => {
  const { service } = context;
  const topic = topicFor(input.TopicArn, context, "RemovePermission");
  const policy = policyOf(topic);
  const left = policy.statements.filter(({ Sid }) => Sid !== input.Label);
  if (left.length < policy.statements.length) setPolicy(service, topic, policy, left);
});

/** A statement with its accounts and actions sorted. */
function unordered(statement: StatementDocument): object {
  const { Principal, Action } = statement;
  const accounts = [(Principal as { AWS?: unknown } | undefined)?.AWS].flat().sort();
  return { ...statement, Principal: accounts, Action: [Action].flat().sort() };
}

function policyOf(topic: TopicRow): PolicyDocument {
  const text = topic.attributes["Policy"] ?? JSON.stringify(defaultPolicy(topic.arn, topic.account));
  // The text was checked before it became the topic's policy.
  return readPolicyDocument(text) as PolicyDocument;
}

function setPolicy(
  service: Sns,
  topic: TopicRow,
  { members }: PolicyDocument,
  statements: readonly StatementDocument[],
): void {
  const Policy = JSON.stringify({ ...members, Statement: statements });
  service.topics.put({ ...topic, attributes: { ...topic.attributes, Policy } });
}
