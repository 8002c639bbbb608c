/** The rows SQS keeps, and their indexes. */
import { defineTable } from "../../engine/table.ts";

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

export interface QueueRow {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly createdMs: number;
  readonly modifiedMs: number;
  /** Distinguishes it from an earlier queue of the same name, whose receipt handles are not valid here. */
  readonly serial: number;
  readonly numbers: NumberAttributes;
  /** Attributes that are text, as they are returned: policies, KMS key, FIFO settings, flags in lower case. */
  readonly texts: Readonly<Record<string, string>>;
  readonly redrive: RedrivePolicy | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly purgedMs: number | undefined;
  /** The previous DeduplicationScope, which stays in force for a while after it was changed. */
  readonly oldScope?: { readonly scope: string; readonly untilMs: number } | undefined;
}

export interface NumberAttributes {
  readonly DelaySeconds: number;
  readonly MaximumMessageSize: number;
  readonly MessageRetentionPeriod: number;
  readonly ReceiveMessageWaitTimeSeconds: number;
  readonly VisibilityTimeout: number;
}

export const queueTable = defineTable<QueueRow>()({
  name: "sqs.queues",
  key: (queue) => queue.arn,
  account: (queue) => queue.account,
  indexes: {
    name: { group: (queue) => `${queue.account} ${queue.region}`, order: (queue) => queue.name },
    /** Across accounts and regions, for hints to callers who looked in the wrong one. */
    bareName: { group: (queue) => queue.name, order: (queue) => queue.createdMs },
    deadLetterTarget: { group: (queue) => queue.redrive?.deadLetterTargetArn, order: (queue) => queue.name },
  },
});

/** The state of a message; its contents are in its ContentRow. */
export interface MessageRow {
  /** ARN of the queue that holds it. */
  readonly queue: string;
  /** Its position in the queue; on FIFO the sequence number is derived from it. */
  readonly serial: number;
  readonly sentMs: number;
  /** When its sender sent it, if it arrived in its queue later: a dead letter in a FIFO queue. */
  readonly firstSentMs?: number | undefined;
  /** 0 when available. Otherwise the time when a delay or a visibility timeout ends. */
  readonly availableMs: number;
  /** Waiting for its delay to end, as opposed to being in flight. */
  readonly delayed: boolean;
  /** Absent until it was received, which most waiting messages were not. */
  readonly received: Received | undefined;
  readonly group: string | undefined;
  readonly deadLetterSource: string | undefined;
}

/** A message's receives. */
export interface Received {
  readonly count: number;
  /** Receives before it came to this queue as a dead letter; they do not count towards this queue's maximum. */
  readonly countBefore: number;
  readonly firstMs: number;
  /** The latest receive, from which the twelve-hour limit of visibility counts. */
  readonly latestMs: number;
}

export function isFifo(queueArn: string): boolean {
  return queueArn.endsWith(".fifo");
}

export function isInFlight(message: MessageRow): boolean {
  return message.availableMs > 0 && !message.delayed;
}

/** The account in a queue's ARN. */
export function accountOf(queueArn: string): string {
  return queueArn.split(":", 5)[4] as string;
}

/** Key of a queue's group, in indexes and keys: no queue ARN and no group id contains the separator. */
export function groupKey(queueArn: string, group: string): string {
  return `${queueArn}\n${group}`;
}

/**
 * Messages are keyed by their position: keys that increase as messages arrive are written side by side on disk, where
 * random ones would touch a page each.
 */
export const messageTable = defineTable<MessageRow>()({
  name: "sqs.messages",
  key: (message) => message.serial,
  account: (message) => accountOf(message.queue),
  indexes: {
    /** Every message of a queue by age, for retention and counts. */
    sent: { group: (message) => message.queue, order: (message) => message.sentMs },
    /** What can be received from a standard queue at once: messages without a group. */
    available: {
      group: (message) =>
        message.availableMs === 0 && message.group === undefined && !isFifo(message.queue) ? message.queue : undefined,
      order: (message) => message.serial,
    },
    delayed: {
      group: (message) => (message.delayed ? message.queue : undefined),
      order: (message) => message.availableMs,
    },
    inFlight: {
      group: (message) => (isInFlight(message) ? message.queue : undefined),
      order: (message) => message.availableMs,
    },
    /**
     * Messages of one group in order. On FIFO all of them, because one in flight blocks those after it; on a standard
     * queue the available ones, since a group is a tenant of a fair queue.
     */
    inGroup: {
      group: (message) =>
        message.group !== undefined && (message.availableMs === 0 || isFifo(message.queue))
          ? groupKey(message.queue, message.group)
          : undefined,
      order: (message) => message.serial,
    },
    /** Messages in flight of one tenant of a fair queue, to find noisy ones. */
    inFlightOfTenant: {
      group: (message) =>
        message.group !== undefined && isInFlight(message) && !isFifo(message.queue)
          ? groupKey(message.queue, message.group)
          : undefined,
      order: (message) => message.availableMs,
    },
  },
});

/** A message group that has something to receive. */
export interface GroupRow {
  readonly queue: string;
  readonly account: string;
  readonly group: string;
  /** FIFO: its turn, moved to the end when it was served. Standard: the position of its first available message. */
  readonly position: number;
  /** FIFO: false while its first message is in flight or delayed; kept so that it keeps its turn. */
  readonly ready: boolean;
}

export const groupTable = defineTable<GroupRow>()({
  name: "sqs.groups",
  key: (group) => groupKey(group.queue, group.group),
  account: (group) => group.account,
  indexes: {
    ready: { group: (group) => (group.ready ? group.queue : undefined), order: (group) => group.position },
    queue: { group: (group) => group.queue, order: (group) => group.position },
  },
});

/** A deduplication id accepted within the last five minutes. */
export interface DeduplicationRow {
  readonly key: string;
  readonly account: string;
  readonly queue: string;
  readonly messageId: string;
  readonly serial: number;
  readonly expiresMs: number;
}

export const deduplicationTable = defineTable<DeduplicationRow>()({
  name: "sqs.deduplications",
  key: (row) => row.key,
  account: (row) => row.account,
  indexes: { expiry: { group: (row) => row.queue, order: (row) => row.expiresMs } },
});

/** What a receive with a ReceiveRequestAttemptId returned, to be returned again on a retry. */
export interface ReceiveAttemptRow {
  readonly key: string;
  readonly account: string;
  readonly queue: string;
  readonly messages: readonly { readonly serial: number; readonly receiveCount: number }[];
  /** When the visibility timeout it set ends; a message with another deadline was changed since. */
  readonly availableMs: number;
  readonly expiresMs: number;
}

export const receiveAttemptTable = defineTable<ReceiveAttemptRow>()({
  name: "sqs.receiveAttempts",
  key: (row) => row.key,
  account: (row) => row.account,
  indexes: { expiry: { group: (row) => row.queue, order: (row) => row.expiresMs } },
});

/** A queue that is being emptied of everything before a position. */
export interface PurgeRow {
  /** ARN of the queue, which may be deleted and created again meanwhile. */
  readonly queue: string;
  readonly account: string;
  /** Messages after this position stay. */
  readonly before: number;
}

export const purgeTable = defineTable<PurgeRow>()({
  name: "sqs.purges",
  key: (row) => row.queue,
  account: (row) => row.account,
  indexes: {},
});

/** Names of queues deleted within the last minute; with `--strict` they cannot be reused. */
export interface DeletedQueueRow {
  readonly arn: string;
  readonly account: string;
  readonly deletedMs: number;
}

export const deletedQueueTable = defineTable<DeletedQueueRow>()({
  name: "sqs.deletedQueues",
  key: (row) => row.arn,
  account: (row) => row.account,
  indexes: { deleted: { group: () => "", order: (row) => row.deletedMs } },
});

export type MoveTaskStatus = "RUNNING" | "COMPLETED" | "CANCELLING" | "CANCELLED" | "FAILED";

export interface MoveTaskRow {
  readonly id: string;
  readonly account: string;
  readonly source: string;
  readonly destination: string | undefined;
  readonly perSecond: number | undefined;
  readonly status: MoveTaskStatus;
  readonly moved: number;
  readonly toMove: number;
  readonly startedMs: number;
  readonly serial: number;
  readonly failure: string | undefined;
}

/** Not ended yet: one that is being cancelled still holds its queue. */
function isActiveTask({ status }: MoveTaskRow): boolean {
  return status === "RUNNING" || status === "CANCELLING";
}

/** `arn:aws:sqs:us-east-1:123456789012` of a queue's ARN. */
export function accountPrefix(queueArn: string): string {
  return queueArn.slice(0, queueArn.lastIndexOf(":"));
}

export const moveTaskTable = defineTable<MoveTaskRow>()({
  name: "sqs.moveTasks",
  key: (task) => task.id,
  account: (task) => task.account,
  indexes: {
    source: { group: (task) => task.source, order: (task) => task.serial },
    active: { group: (task) => (isActiveTask(task) ? task.source : undefined), order: (task) => task.serial },
    /** The same by account and region, the part of an ARN in front of the queue's name. */
    activeInAccount: {
      group: (task) => (isActiveTask(task) ? accountPrefix(task.source) : undefined),
      order: (task) => task.serial,
    },
  },
});

/** The latest data key of an encrypted queue, encrypted: what KMS is called to decrypt. */
export interface DataKeyRow {
  readonly queue: string;
  readonly account: string;
  /** In base64, as returned by KMS. */
  readonly ciphertext: string;
}

export const dataKeyTable = defineTable<DataKeyRow>()({
  name: "sqs.dataKeys",
  key: (row) => row.queue,
  account: (row) => row.account,
  indexes: {},
});
