/** Access policies of queues: what SQS accepts, and what they allow other accounts to do. */

import { compilePolicy, type Policy, type Statement } from "../../access/policy.ts";
import { type PolicyDocument, readPolicyDocument } from "../../access/policy-document.ts";
import { parseArn } from "../../calls/arn.ts";
import { invalidAttributeValue, overLimit } from "./errors.ts";

/** Actions that a policy can grant to other accounts. A batch operation counts as its single one's action. */
const grantable = [
  "SendMessage",
  "ReceiveMessage",
  "DeleteMessage",
  "ChangeMessageVisibility",
  "GetQueueAttributes",
  "GetQueueUrl",
  "ListDeadLetterSourceQueues",
  "PurgeQueue",
] as const;

/** Actions reserved for the owner of a queue. */
const ownersOnly = [
  "AddPermission",
  "CreateQueue",
  "DeleteQueue",
  "ListQueues",
  "ListQueueTags",
  "RemovePermission",
  "SetQueueAttributes",
  "TagQueue",
  "UntagQueue",
  "StartMessageMoveTask",
  "CancelMessageMoveTask",
  "ListMessageMoveTasks",
] as const;

export type SqsAction = (typeof grantable)[number] | (typeof ownersOnly)[number];

export const grantableActions: ReadonlySet<string> = new Set(grantable);
export const ownerActions: ReadonlySet<string> = new Set(ownersOnly);
const ownerActionNames = new Set(ownersOnly.map((action) => `sqs:${action.toLowerCase()}`));
const knownActions = new Set([...grantable, ...ownersOnly].map((action) => action.toLowerCase()));

/** SQS developer guide: policy quotas. */
export const maxActions = 7;
export const maxStatements = 20;
const maxPrincipals = 50;
const maxPolicyBytes = 8192;

/**
 * Checks a text that is to become this queue's policy.
 * @throws AwsError InvalidAttributeValue when IAM would reject it, when it is not about SQS or when it grants actions
 * reserved for the owner; OverLimit when it is too large.
 */
export function checkedPolicy(text: string, queueArn: string): PolicyDocument {
  checkPolicySize(text);
  const account = parseArn(queueArn)?.account;
  const document = readPolicyDocument(text);
  const policy = typeof document === "string" ? undefined : compilePolicy(document);
  if (
    !policy?.statements.every(
      (statement) => statement.actions.values.every(isSqsAction) && !givesAway(statement, account),
    )
  ) {
    throw invalidAttributeValue("Invalid value for the parameter Policy.");
  }
  checkQuotas(policy);
  return document as PolicyDocument;
}

/** @throws AwsError OverLimit */
export function checkPolicySize(text: string): void {
  if (Buffer.byteLength(text) > maxPolicyBytes) throw overLimit("Submitted policy is over max allowed size.");
}

function checkQuotas({ statements }: Policy): void {
  let principals = 0;
  for (const statement of statements) {
    principals += statement.principals.names.length;
    const actions = statement.actions.values.length;
    if (actions > maxActions) {
      throw overLimit(
        `${actions} actions were found in a statement from the submitted policy, max allowed is ${maxActions}`,
      );
    }
  }
  const counts = [
    ["statements", statements.length, maxStatements],
    ["principals", principals, maxPrincipals],
  ] as const;
  for (const [what, count, max] of counts) {
    if (count > max) throw overLimit(`${count} ${what} were found in the submitted policy, max allowed is ${max}`);
  }
}

/** Whether it grants another account, by name, an action reserved for the owner, by name. */
function givesAway({ effect, actions, principals }: Statement, account: string | undefined): boolean {
  if (effect !== "Allow" || actions.not || principals.not) return false;
  if (!actions.values.some((action) => ownerActionNames.has(action.toLowerCase()))) return false;
  return principals.names.some((name) => {
    const named = /^\d{12}$/.test(name) ? name : parseArn(name)?.account;
    return named !== undefined && named !== account;
  });
}

function isSqsAction(action: string): boolean {
  if (action === "*") return true;
  const [service, name = ""] = action.split(":");
  if (service?.toLowerCase() !== "sqs" || name === "") return false;
  return /[*?]/.test(name) || knownActions.has(name.replace(/Batch$/, "").toLowerCase());
}
