/** Checks permissions on a topic against its policy. */
import { AuthorizationErrorException$ } from "@aws-sdk/client-sns";
import { AwsError } from "../../../protocols/error.ts";
import { notAuthorized } from "../../access/refusal.ts";
import type { OperationContext } from "../../calls/operation.ts";
import type { Delivery } from "../../delivery/types.ts";
import type { Sns } from "./sns.ts";
import type { TopicRow } from "./tables.ts";

/**
 * @param keys SNS's own condition keys, in lower case.
 * @throws AwsError AuthorizationError
 */
export function checkMay(
  topic: TopicRow,
  context: OperationContext<Sns>,
  action: string,
  keys: Readonly<Record<string, string | undefined>> = {},
): void {
  const policy = topic.attributes["Policy"];
  if (topic.account === context.account && policy === undefined) return;
  const question = { action: `sns:${action}`, keys: { ...keys, "aws:sourceowner": context.account } };
  const refusal = context.service.deps.guard.refusalOfCall(topic, policy, context, question);
  if (refusal) throw authorizationError(notAuthorized(refusal, `SNS:${action}`, topic.arn));
}

/** Checks what another service publishes. @throws AwsError AuthorizationError */
export function checkDelivered(service: Sns, topic: TopicRow, delivery: Delivery<"sns">): void {
  const { guard } = service.deps;
  const question = { action: "sns:Publish" };
  const refusal = guard.refusalOfDelivery(topic, topic.attributes["Policy"], delivery, delivery.id, question);
  if (refusal) throw authorizationError(notAuthorized(refusal, "SNS:Publish", topic.arn));
}

/**
 * The topic of an ARN, if the caller may perform the action.
 * @throws AwsError InvalidParameter, NotFound, AuthorizationError
 */
export function topicFor(arn: string | undefined, context: OperationContext<Sns>, action: string): TopicRow {
  const topic = context.service.topicOf(arn, context);
  checkMay(topic, context, action);
  return topic;
}

export function authorizationError(message: string): AwsError {
  return AwsError.of(AuthorizationErrorException$, message);
}
