/** GetQueueAttributes and SetQueueAttributes. */
import {
  GetQueueAttributes$,
  type GetQueueAttributesCommand,
  SetQueueAttributes$,
  type SetQueueAttributesCommand,
} from "@aws-sdk/client-sqs";
import { scopeChangeMs, shownScope } from "./deduplication.ts";
import { missingParameter } from "./errors.ts";
import { applyAttributes, checkAttributeNames, shownSettings } from "./queue-attributes.ts";
import { operation, type Sqs } from "./sqs.ts";
import { isFifo, type MessageRow, type QueueRow } from "./tables.ts";

export const getQueueAttributes = operation<GetQueueAttributesCommand>(GetQueueAttributes$, (input, context) => {
  const { service } = context;
  const queue = service.queueOf(input.QueueUrl, context, "GetQueueAttributes");
  const names = input.AttributeNames ?? [];
  checkAttributeNames(names);
  if (names.length === 0) return {};
  const all = allAttributes(service, queue);
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    if (names.includes("All") || (names as string[]).includes(name)) attributes[name] = value;
  }
  return { Attributes: Object.keys(attributes).length > 0 ? attributes : undefined };
});

export const setQueueAttributes = operation<SetQueueAttributesCommand>(SetQueueAttributes$, (input, context) => {
  const { service } = context;
  const queue = service.queueOf(input.QueueUrl, context, "SetQueueAttributes");
  const attributes = (input.Attributes ?? {}) as Record<string, string>;
  if (Object.keys(attributes).length === 0) throw missingParameter("Attribute.Name");
  const lookup = { arn: queue.arn, find: (arn: string) => service.queues.get(arn) };
  const settings = applyAttributes(queue, attributes, isFifo(queue.arn), lookup);
  // Settle under the old settings first: messages that have expired under them are gone, and those that have become
  // visible stay visible.
  service.settle(queue, service.now);
  const changed = {
    ...queue,
    ...settings,
    modifiedMs: service.now,
    oldScope: scopeBefore(queue, settings.texts, service),
  };
  service.queues.put(changed);
  const oldest = service.messages.by.sent.first(queue.arn);
  if (oldest) service.retention.expect(changed, oldest.sentMs);
  if (isFifo(queue.arn)) moveDelays(service, changed, queue.numbers.DelaySeconds);
});

/** A changed DeduplicationScope is shown at once but takes effect later: the scope in force until then. */
function scopeBefore(queue: QueueRow, texts: QueueRow["texts"], { now }: Sqs): QueueRow["oldScope"] {
  const before = shownScope(queue);
  if (before === undefined || before === texts["DeduplicationScope"]) return queue.oldScope;
  const ruling = queue.oldScope !== undefined && now < queue.oldScope.untilMs ? queue.oldScope.scope : before;
  return { scope: ruling, untilMs: now + scopeChangeMs };
}

/** A FIFO queue's new delay also applies to messages already delayed; a standard queue's only to new ones. */
function moveDelays(service: Sqs, queue: QueueRow, oldDelaySeconds: number): void {
  const shiftMs = (queue.numbers.DelaySeconds - oldDelaySeconds) * 1000;
  if (shiftMs === 0) return;
  const delayed: MessageRow[] = [...service.messages.by.delayed.range(queue.arn)];
  for (const message of delayed) service.putMessage({ ...message, availableMs: message.availableMs + shiftMs });
  service.settle(queue, service.now);
}

function allAttributes(service: Sqs, queue: QueueRow): Record<string, string> {
  service.settle(queue, service.now);
  const { visible, inFlight, delayed } = service.counts(queue);
  return {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: String(Math.floor(queue.createdMs / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.modifiedMs / 1000)),
    ...shownSettings(queue),
  };
}
