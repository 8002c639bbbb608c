/**
 * Delivery status logging (SNS developer guide, "Amazon SNS message delivery status"), to the log groups that SNS uses.
 */

import { createHash } from "node:crypto";
import { jsonObject, numberOf, textOf } from "../../../protocols/unknown-json.ts";
import { formatArn } from "../../calls/arn.ts";
import type { Details } from "../../delivery/kinds.ts";
import type { Delivery, DeliveryEnd } from "../../delivery/types.ts";
import { withoutSecrets } from "../../outside/secrets.ts";
import { feedbackPrefix } from "./feedback.ts";
import type { Sns } from "./sns.ts";
import type { SubscriptionRow, TopicRow } from "./tables.ts";

/** Writes the log event of a delivery that ended, if the topic wants it. Inside a transaction. */
export function logStatus(sns: Sns, end: DeliveryEnd): void {
  const { delivery, status } = end;
  const row = sns.subscriptions.get(delivery.source);
  const topic = row && sns.topics.get(row.topicArn);
  const prefix = row && feedbackPrefix(row.protocol);
  if (!row || !topic || prefix === undefined || !isWanted(sns, topic, prefix, status)) return;
  const name = topic.arn.split(":").slice(3).join("/");
  const group = `sns/${name}${status === "failed" ? "/Failure" : ""}`;
  sns.deps.delivery.submit({
    account: topic.account,
    region: topic.region,
    service: "sns",
    source: topic.arn,
    target: formatArn("logs", topic.region, topic.account, `log-group:${group}`),
    kind: "logs",
    payload: JSON.stringify(eventOf(sns, end, row, topic)),
    parameters: { timestampMs: sns.now },
    retry: { phases: [] },
  });
}

function isWanted(sns: Sns, { attributes }: TopicRow, prefix: string, status: DeliveryEnd["status"]): boolean {
  if (status === "failed") return attributes[`${prefix}FailureFeedbackRoleArn`] !== undefined;
  if (attributes[`${prefix}SuccessFeedbackRoleArn`] === undefined) return false;
  const rate = Number(attributes[`${prefix}SuccessFeedbackSampleRate`] ?? "0");
  return sns.deps.random.fork("sampling").float() * 100 < rate;
}

function eventOf(
  sns: Sns,
  { delivery, status, acceptedMs, response, failure }: DeliveryEnd,
  row: SubscriptionRow,
  topic: TopicRow,
) {
  const { messageId, message } = messageOf(delivery);
  return {
    notification: {
      messageMD5Sum: createHash("md5").update(message).digest("hex"),
      messageId,
      topicArn: topic.arn,
      timestamp: new Date(acceptedMs).toISOString().replace("T", " ").replace("Z", ""),
    },
    delivery: {
      deliveryId: delivery.id,
      destination: withoutSecrets(row.endpoint),
      providerResponse: providerResponse(response, failure),
      dwellTimeMs: sns.now - acceptedMs,
      ...(failure === undefined ? {} : { attempts: delivery.attempt }),
      statusCode: statusCode(row.protocol, response, failure),
    },
    status: status === "delivered" ? "SUCCESS" : "FAILURE",
  };
}

/** The message in what was delivered; raw deliveries are the message itself. */
function messageOf({ payload, parameters }: Delivery): { readonly messageId: string; readonly message: string } {
  const outer = jsonObject(payload);
  const record = (outer?.["Records"] as { Sns?: Record<string, unknown> }[] | undefined)?.[0]?.Sns ?? outer;
  if (typeof record?.["MessageId"] === "string" && typeof record["Message"] === "string") {
    return { messageId: record["MessageId"], message: record["Message"] };
  }
  const headers = "headers" in parameters ? parameters.headers : undefined;
  return { messageId: textOf((headers as Details | undefined)?.["x-amz-sns-message-id"] ?? ""), message: payload };
}

function providerResponse(response: unknown, failure: DeliveryEnd["failure"]): string {
  if (failure !== undefined) return JSON.stringify({ ErrorCode: failure.code, ErrorMessage: failure.message });
  const { requestId, MessageId } = (response ?? {}) as { requestId?: string; MessageId?: string };
  if (requestId !== undefined) return JSON.stringify({ lambdaRequestId: requestId });
  if (MessageId !== undefined) return JSON.stringify({ sqsMessageId: MessageId });
  return "";
}

function statusCode(protocol: string, response: unknown, failure: DeliveryEnd["failure"]): number {
  if (failure !== undefined) return numberOf(failure.details["status"] ?? (protocol === "lambda" ? 404 : 400));
  return (response as { status?: number } | undefined)?.status ?? (protocol === "lambda" ? 202 : 200);
}
