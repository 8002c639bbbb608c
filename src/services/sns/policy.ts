/** Access policies of topics: what SNS takes for one. */
import { compilePolicy } from "../../access/policy.ts";
import { type PolicyDocument, readPolicyDocument } from "../../access/policy-document.ts";
import { invalid, invalidParameter } from "./errors.ts";

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

/** @throws AwsError InvalidParameter for a text that is no policy a topic may have. */
export function checkedPolicy(text: string): PolicyDocument {
  const document = readPolicyDocument(text);
  const policy = typeof document === "string" ? undefined : compilePolicy(document);
  if (policy === undefined) throw invalidParameter("Policy Error: null");
  for (const { actions } of policy.statements) {
    if (!actions.values.every(isTopicAction)) throw outOfScope();
  }
  return document as PolicyDocument;
}

/** Each action by its own name: wildcards are out of scope. */
function isTopicAction(action: string): boolean {
  const [service, name = ""] = action.toLowerCase().split(":");
  return service === "sns" && topicActions.has(name);
}

export function outOfScope() {
  return invalid("Invalid parameter: Policy statement action out of service scope!");
}
