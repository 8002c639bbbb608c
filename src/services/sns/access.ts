/**
 * What clients of other accounts may do to a topic besides publishing and subscribing, which are free here: what its
 * policy says.
 */
import { AuthorizationErrorException$ } from "@aws-sdk/client-sns";
import { credentialScope } from "../../../protocols/credential-scope.ts";
import { AwsError } from "../../../protocols/error.ts";
import { decide } from "../../access/evaluate.ts";
import { parsePolicy } from "../../access/policy.ts";
import { requestKeys } from "../../access/request-keys.ts";
import type { OperationContext } from "../../calls/operation.ts";
import type { Sns } from "./sns.ts";
import type { TopicRow } from "./tables.ts";

/**
 * The topic's own account may do everything, and so may who has no account: an unsigned request, and another service.
 * @throws AwsError AuthorizationError
 */
export function checkManages(topic: TopicRow, context: OperationContext<Sns>, action: string): void {
  const { account, principal, request, service } = context;
  if (account === topic.account || request === undefined || credentialScope(request) === undefined) return;
  const text = topic.attributes["Policy"];
  const policy = text === undefined ? undefined : parsePolicy(text);
  const asked = {
    account,
    principal,
    action: `sns:${action}`,
    resource: topic.arn,
    keys: requestKeys(context, service.now, topic.account),
  };
  const decision = policy === undefined ? "not allowed" : decide(policy, asked);
  if (decision === "allowed") return;
  const why =
    decision === "denied"
      ? "with an explicit deny in a resource-based policy"
      : `because no resource-based policy allows the SNS:${action} action`;
  throw authorizationError(
    `User: ${principal.arn} is not authorized to perform: SNS:${action} on resource: ${topic.arn} ${why}`,
  );
}

/** The topic of an ARN, for what its owner alone may do. @throws AwsError InvalidParameter, NotFound, AuthorizationError */
export function managedTopic(arn: string | undefined, context: OperationContext<Sns>, action: string): TopicRow {
  const topic = context.service.topicOf(arn, context);
  checkManages(topic, context, action);
  return topic;
}

export function authorizationError(message: string): AwsError {
  return AwsError.of(AuthorizationErrorException$, message);
}
