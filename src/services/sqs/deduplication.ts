/** The deduplication ids that a FIFO queue remembers. */
import type { Sqs } from "./sqs.ts";
import type { DeduplicationRow, QueueRow } from "./tables.ts";

const windowMs = 5 * 60_000;

interface Identified {
  readonly queue: QueueRow;
  readonly group: string | undefined;
  readonly deduplicationId: string | undefined;
}

/** The message that this one would duplicate, within the deduplication window. */
export function findOriginal(service: Sqs, message: Identified): DeduplicationRow | undefined {
  service.retention.deduplications.run(message.queue.arn);
  return service.deduplications.get(keyOf(message, service.now));
}

export function remember(service: Sqs, message: Identified, messageId: string, serial: number): void {
  const { account, arn, oldScope } = message.queue;
  const expiresMs = service.now + windowMs;
  const row = { account, queue: arn, messageId, serial, expiresMs };
  service.deduplications.put({ ...row, key: keyOf(message, service.now) });
  // While a scope is being replaced, the id counts in both.
  if (oldScope !== undefined) service.deduplications.put({ ...row, key: keyIn(shownScope(message.queue), message) });
  service.retention.deduplications.expect(arn, expiresMs);
}

/** How long a queue keeps using its old DeduplicationScope (SQS API: SetQueueAttributes, up to 60 seconds). */
export const scopeChangeMs = 60_000;

export function shownScope({ texts }: QueueRow): string | undefined {
  return texts["DeduplicationScope"];
}

function keyOf(message: Identified, nowMs: number): string {
  const { oldScope } = message.queue;
  const scope = oldScope !== undefined && nowMs < oldScope.untilMs ? oldScope.scope : shownScope(message.queue);
  return keyIn(scope, message);
}

/** Ids are unique per queue, or per group with DeduplicationScope messageGroup. */
function keyIn(scope: string | undefined, { queue, group, deduplicationId }: Identified): string {
  return `${queue.arn}\n${scope === "messageGroup" ? group : ""}\n${deduplicationId}`;
}
