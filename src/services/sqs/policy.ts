/** Access policies of queues. They are checked, kept and returned; nobody is refused by them. */

/** Actions a policy may grant to other accounts; `*` stands for all. */
export const grantableActions = new Set([
  "SendMessage",
  "ReceiveMessage",
  "DeleteMessage",
  "ChangeMessageVisibility",
  "GetQueueAttributes",
  "GetQueueUrl",
  "ListDeadLetterSourceQueues",
  "PurgeQueue",
]);

/** Actions that belong to the owner of a queue alone. */
export const ownerActions = new Set([
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
]);

export interface Statement {
  readonly Sid?: string;
  readonly [member: string]: unknown;
}

export interface Policy {
  readonly Statement: Statement | readonly Statement[];
  readonly [member: string]: unknown;
}

/** Whether a text is a policy as IAM accepts it for a queue: versions, effects, principals, actions of SQS. */
export function checkPolicy(text: string): boolean {
  const policy = parsePolicy(text);
  if (!policy) return false;
  const version = policy["Version"];
  if (version !== undefined && version !== "2008-10-17" && version !== "2012-10-17") return false;
  const statements = statementsOf(policy);
  return statements.length > 0 && statements.every(checkStatement);
}

export function parsePolicy(text: string): Policy | undefined {
  try {
    const policy: unknown = JSON.parse(text);
    if (typeof policy !== "object" || policy === null || !("Statement" in policy)) return undefined;
    return policy as Policy;
  } catch {
    return undefined;
  }
}

export function statementsOf(policy: Policy): readonly Statement[] {
  return Array.isArray(policy.Statement) ? (policy.Statement as Statement[]) : [policy.Statement as Statement];
}

function checkStatement(statement: unknown): boolean {
  if (typeof statement !== "object" || statement === null) return false;
  const { Effect, Principal, NotPrincipal, Action, NotAction, Resource } = statement as Record<string, unknown>;
  if (Effect !== "Allow" && Effect !== "Deny") return false;
  if ((Principal ?? NotPrincipal) === undefined || (Action ?? NotAction) === undefined) return false;
  return listOf(Action ?? NotAction).every(isSqsAction) && listOf(Resource ?? []).every(isSqsResource);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function isSqsAction(action: unknown): boolean {
  if (typeof action !== "string") return false;
  if (action === "*") return true;
  const [service, name = ""] = action.split(":");
  if (service?.toLowerCase() !== "sqs" || name === "") return false;
  if (/[*?]/.test(name)) return true;
  const known = name.replace(/Batch$/, "").toLowerCase();
  return [...grantableActions, ...ownerActions].some((candidate) => candidate.toLowerCase() === known);
}

function isSqsResource(resource: unknown): boolean {
  return typeof resource === "string" && (resource === "*" || /^arn:[^:]*:sqs:/.test(resource));
}
