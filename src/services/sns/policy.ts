/** Access policies of topics. They are validated, stored and returned, but not enforced. */
import { jsonObject } from "../../../protocols/unknown-json.ts";
import { invalid, invalidParameter } from "./errors.ts";

export interface Policy {
  readonly Statement: readonly Statement[];
  readonly [member: string]: unknown;
}

export interface Statement {
  readonly Sid?: string;
  readonly [member: string]: unknown;
}

/** Actions a topic's policy may speak of. */
export const topicActions: ReadonlySet<string> = new Set(
  [
    "AddPermission",
    "DeleteTopic",
    "GetDataProtectionPolicy",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "ListTagsForResource",
    "Publish",
    "PutDataProtectionPolicy",
    "Receive",
    "RemovePermission",
    "SetTopicAttributes",
    "Subscribe",
    "TagResource",
    "UntagResource",
  ].map((name) => name.toLowerCase()),
);

/** The policy of a topic whose owner set none. */
export function defaultPolicy(topicArn: string, account: string): Policy {
  return {
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [
      {
        Sid: "__default_statement_ID",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: [
          "SNS:GetTopicAttributes",
          "SNS:SetTopicAttributes",
          "SNS:AddPermission",
          "SNS:RemovePermission",
          "SNS:DeleteTopic",
          "SNS:Subscribe",
          "SNS:ListSubscriptionsByTopic",
          "SNS:Publish",
        ],
        Resource: topicArn,
        Condition: { StringEquals: { "AWS:SourceOwner": account } },
      },
    ],
  };
}

/** @throws AwsError InvalidParameter for a text that is no policy a topic may have. */
export function checkPolicy(text: string): void {
  const policy = jsonObject(text);
  const statements = policy === undefined ? undefined : listOf(policy["Statement"]);
  const version = policy?.["Version"];
  if (!statements?.length || (version !== undefined && version !== "2008-10-17" && version !== "2012-10-17")) {
    throw malformed();
  }
  for (const statement of statements) checkStatement(statement);
}

export function parsePolicy(text: string | undefined, topicArn: string, account: string): Policy {
  const policy = text === undefined ? undefined : jsonObject(text);
  if (policy === undefined) return defaultPolicy(topicArn, account);
  return { ...policy, Statement: listOf(policy["Statement"]) as Statement[] };
}

function checkStatement(statement: unknown): void {
  if (typeof statement !== "object" || statement === null) throw malformed();
  const { Effect, Principal, NotPrincipal, Action, NotAction } = statement as Record<string, unknown>;
  if ((Effect !== "Allow" && Effect !== "Deny") || (Principal ?? NotPrincipal) === undefined) throw malformed();
  const actions = listOf(Action ?? NotAction);
  if (actions.length === 0) throw malformed();
  for (const action of actions) {
    if (!isTopicAction(action)) throw outOfScope();
  }
}

/** Each action by its own name: wildcards are out of scope. */
function isTopicAction(action: unknown): boolean {
  if (typeof action !== "string") return false;
  const [service, name = ""] = action.toLowerCase().split(":");
  return service === "sns" && topicActions.has(name);
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

export function outOfScope() {
  return invalid("Invalid parameter: Policy statement action out of service scope!");
}

function malformed() {
  return invalidParameter("Policy Error: null");
}
