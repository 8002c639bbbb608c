/** AddPermission and RemovePermission: statements of the queue's policy by label. */
import {
  AddPermission$,
  type AddPermissionCommand,
  RemovePermission$,
  type RemovePermissionCommand,
} from "@aws-sdk/client-sqs";
import {
  type PolicyDocument,
  permission,
  readPolicyDocument,
  type StatementDocument,
} from "../../access/policy-document.ts";
import { invalidParameterValue, invalidValue, missingParameter, overLimit } from "./errors.ts";
import { checkPolicySize, grantableActions, maxActions, maxStatements, ownerActions } from "./policy.ts";
import { operation, type Sqs } from "./sqs.ts";
import type { QueueRow } from "./tables.ts";

export const addPermission = operation<AddPermissionCommand>(AddPermission$, (input, context) => {
  const { service, partition } = context;
  const queue = service.queueOf(input.QueueUrl, context, "AddPermission");
  const label = checkLabel(input.Label);
  const accounts = input.AWSAccountIds ?? [];
  const actions = input.Actions ?? [];
  if (accounts.length === 0) throw missingParameter("AWSAccountId.1");
  if (actions.length === 0) throw missingParameter("ActionName.1");
  for (const account of accounts) {
    if (!/^\d{12}$/.test(account)) throw invalidValue(account, "PrincipalId", "Unable to verify principal.");
  }
  for (const action of actions) checkAction(action);
  if (actions.length > maxActions)
    throw overLimit(`${actions.length} Actions were found, maximum allowed is ${maxActions}.`);
  const policy = policyOf(queue);
  const { statements } = policy;
  if (statements.some((statement) => statement["Sid"] === label)) throw invalidValue(label, "Label", "Already exists.");
  if (statements.length >= maxStatements) {
    throw overLimit(`${statements.length + 1} statements were found, maximum allowed is ${maxStatements}.`);
  }
  const asked = actions.map((action) => `SQS:${action}`);
  const statement = permission(label, accounts, asked, { resource: queue.arn, partition });
  setPolicy(service, queue, policy, [...statements, statement]);
});

export const removePermission = operation<RemovePermissionCommand>(RemovePermission$, (input, context) => {
  const { service } = context;
  const queue = service.queueOf(input.QueueUrl, context, "RemovePermission");
  const label = checkLabel(input.Label);
  const policy = policyOf(queue);
  const { statements } = policy;
  const left = statements.filter((statement) => statement["Sid"] !== label);
  if (left.length === statements.length) throw invalidValue(label, "Label", "can't find label.");
  setPolicy(service, queue, policy, left);
});

function checkLabel(label: string | undefined): string {
  if (label === undefined || label === "") throw missingParameter("Label");
  if (!/^[\w-]{1,80}$/.test(label)) {
    throw invalidParameterValue(
      `Value ${label} for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.`,
    );
  }
  return label;
}

function checkAction(action: string): void {
  if (action === "*" || grantableActions.has(action)) return;
  const reason = ownerActions.has(action)
    ? "Only the queue owner is allowed to invoke this action."
    : "Please refer to the appropriate WSDL for a list of valid actions.";
  throw invalidValue(`SQS:${action}`, "ActionName", reason);
}

function policyOf(queue: QueueRow): PolicyDocument {
  const text = queue.texts["Policy"];
  // The text was checked before it became the queue's policy.
  if (text !== undefined) return readPolicyDocument(text) as PolicyDocument;
  return { members: { Version: "2008-10-17", Id: `${queue.arn}/SQSDefaultPolicy` }, statements: [] };
}

/** A policy without statements is removed. */
function setPolicy(
  service: Sqs,
  queue: QueueRow,
  { members }: PolicyDocument,
  statements: readonly StatementDocument[],
): void {
  const { Policy: _old, ...texts } = queue.texts;
  const text = JSON.stringify({ ...members, Statement: statements });
  checkPolicySize(text);
  service.queues.put({
    ...queue,
    texts: statements.length === 0 ? texts : { ...texts, Policy: text },
    modifiedMs: service.now,
  });
}
