/** What a FIFO queue remembers of the deduplication ids it has seen. */
import type { Sqs } from "./sqs.ts";
import type { DeduplicationRow, QueueRow } from "./tables.ts";

const windowMs = 5 * 60_000;

interface Identified {
  readonly queue: QueueRow;
  readonly group: string | undefined;
  readonly deduplicationId: string | undefined;
}

/** The message within the window that this one would be a duplicate of. */
export function findOriginal(service: Sqs, message: Identified): DeduplicationRow | undefined {
  service.retention.deduplications.run(message.queue.arn);
  return service.deduplications.get(keyOf(message));
}

export function remember(service: Sqs, message: Identified, messageId: string, serial: number): void {
  const { account, arn } = message.queue;
  const expiresMs = service.now + windowMs;
  service.deduplications.put({ key: keyOf(message), account, queue: arn, messageId, serial, expiresMs });
  service.retention.deduplications.expect(arn, expiresMs);
}

/** Ids are one space in a queue, or in each group with DeduplicationScope messageGroup. */
function keyOf({ queue, group, deduplicationId }: Identified): string {
  const scope = queue.texts["DeduplicationScope"] === "messageGroup" ? group : "";
  return `${queue.arn}\n${scope}\n${deduplicationId}`;
}
