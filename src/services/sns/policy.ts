/** Access policies of topics: what SNS accepts. */
import { compilePolicy } from "../../access/policy.ts";
import { type PolicyDocument, readPolicyDocument } from "../../access/policy-document.ts";
import { invalid, invalidParameter } from "./errors.ts";

/** Actions that a topic's policy may contain. */
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

/** The default policy of a topic. */
export function defaultPolicy(topicArn: string, account: string): object {
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

/** @throws AwsError InvalidParameter for a policy that a topic cannot have. */
export function checkedPolicy(text: string): PolicyDocument {
  const document = readPolicyDocument(text);
  const policy = typeof document === "string" ? undefined : compilePolicy(document);
  if (policy === undefined) throw invalidParameter("Policy Error: null");
  for (const { actions } of policy.statements) {
    if (!actions.values.every(isTopicAction)) throw outOfScope();
  }
  return document as PolicyDocument;
}

/** Actions must be named exactly: SNS accepts no wildcards. */
function isTopicAction(action: string): boolean {
  const [service, name = ""] = action.toLowerCase().split(":");
  return service === "sns" && topicActions.has(name);
}

export function outOfScope() {
  return invalid("Invalid parameter: Policy statement action out of service scope!");
}
