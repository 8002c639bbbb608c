/** Which deliveries a topic wants feedback on: its feedback attributes. */
import type { TopicRow } from "./tables.ts";

/** Name under which the outcomes of deliveries are logged. */
export const statusHandler = "sns.status";

const feedbackNames: Readonly<Record<string, string>> = {
  http: "HTTP",
  https: "HTTP",
  firehose: "Firehose",
  lambda: "Lambda",
  application: "Application",
  sqs: "SQS",
};

/** The prefix of the topic's feedback attributes for a protocol. */
export function feedbackPrefix(protocol: string): string | undefined {
  return feedbackNames[protocol];
}

/** Whether the topic wants deliveries over this protocol to be logged. */
export function wantsStatus(topic: TopicRow, protocol: string): boolean {
  const prefix = feedbackNames[protocol];
  if (prefix === undefined) return false;
  const { attributes } = topic;
  return (
    attributes[`${prefix}SuccessFeedbackRoleArn`] !== undefined ||
    attributes[`${prefix}FailureFeedbackRoleArn`] !== undefined
  );
}
