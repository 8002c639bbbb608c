/** The state of SQS: its tables, and what all operations share. */
import { formatArn } from "../../calls/arn.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { operationsOf } from "../../calls/operation.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import { Access } from "./access.ts";
import { type ContentRow, contentTable } from "./contents.ts";
import { remember } from "./deduplication.ts";
import { md5Hex } from "./digest.ts";
import { invalidAddress, missingParameter, queueDoesNotExist } from "./errors.ts";
import { Fairness } from "./fairness.ts";
import { Groups } from "./groups.ts";
import { Kms } from "./kms.ts";
import { LongPolls } from "./long-polls.ts";
import { MoveTasks } from "./move-task-runner.ts";
import type { SqsAction } from "./policy.ts";
import { Purges } from "./purges.ts";
import { Retention, retentionMs } from "./retention.ts";
import {
  deduplicationTable,
  deletedQueueTable,
  isFifo,
  type MessageRow,
  messageTable,
  type QueueRow,
  queueTable,
  receiveAttemptTable,
} from "./tables.ts";
import { Throughput } from "./throughput.ts";

/** Bounded, since URLs come from clients. */
const maxKnownUrls = 1000;

/** How many message ids a note about several messages contains. */
const maxNamed = 10;

export class Sqs {
  readonly deps: ServiceDependencies;
  readonly queues;
  readonly messages;
  readonly contents;
  readonly deduplications;
  readonly receiveAttempts;
  readonly deletedQueues;
  readonly access: Access;
  readonly kms: Kms;
  readonly fairness: Fairness;
  readonly groups: Groups;
  readonly longPolls: LongPolls;
  readonly moveTasks: MoveTasks;
  readonly throughput: Throughput;
  readonly retention: Retention;
  readonly purges: Purges;
  readonly #arns = new Map<string, { readonly region: string; readonly account: string; readonly arn: string }>();

  constructor(dependencies: ServiceDependencies) {
    const { store } = dependencies;
    this.deps = dependencies;
    this.queues = store.table(queueTable);
    this.messages = store.table(messageTable);
    this.contents = store.packedTable(contentTable);
    this.deduplications = store.table(deduplicationTable);
    this.receiveAttempts = store.table(receiveAttemptTable);
    this.deletedQueues = store.table(deletedQueueTable);
    this.access = new Access(dependencies.guard);
    this.kms = new Kms(this);
    this.fairness = new Fairness(store, dependencies.clock, this.messages);
    this.groups = new Groups(store, this.messages, this.fairness);
    this.longPolls = new LongPolls(this);
    this.moveTasks = new MoveTasks(this);
    this.throughput = new Throughput(dependencies.clock, dependencies.options.strict);
    this.retention = new Retention(this);
    if (this.messages.size !== this.contents.size) this.#dropUnreadable();
    this.purges = new Purges(this);
  }

  get now(): number {
    return this.deps.clock.now();
  }

  /**
   * The queue of a QueueUrl, if the caller may perform the action. Only the last path segments matter; a bare name
   * means a queue of the caller's account.
   * @throws AwsError MissingParameter, InvalidAddress, QueueDoesNotExist, AccessDenied
   */
  queueOf(queueUrl: string | undefined, context: OperationContext<Sqs>, action: SqsAction): QueueRow {
    if (queueUrl === undefined) throw missingParameter("QueueUrl");
    const queue = this.queues.get(this.#arnOf(queueUrl, context));
    if (!queue) throw queueDoesNotExist(context.protocol);
    if (queue.account !== context.account || queue.texts["Policy"] !== undefined) {
      this.access.check(queue, context, action);
    }
    return queue;
  }

  /** The queue's current row; undefined when it was deleted since, even if another queue has its name by now. */
  current({ arn, serial }: QueueRow): QueueRow | undefined {
    const queue = this.queues.get(arn);
    return queue?.serial === serial ? queue : undefined;
  }

  /** Clients use the same few queues over and over, and every call begins with this. */
  #arnOf(queueUrl: string, context: OperationContext<Sqs>): string {
    const known = this.#arns.get(queueUrl);
    if (known?.region === context.region && known.account === context.account) return known.arn;
    if (namesNoQueue.test(queueUrl)) throw invalidAddress(`${context.origin}/`);
    const arn = arnOfUrl(queueUrl, context);
    if (this.#arns.size >= maxKnownUrls) this.#arns.clear();
    this.#arns.set(queueUrl, { region: context.region, account: context.account, arn });
    return arn;
  }

  /** Adds a message that is new to its queue, with its contents. */
  addMessage(queue: QueueRow, message: MessageRow, content: ContentRow): void {
    this.contents.put(content);
    this.putMessage(message);
    this.retention.expect(queue, message.sentMs);
  }

  /** Stores a message and updates its tenant's account, its group and the polls that may wait for it. */
  putMessage(message: MessageRow): void {
    this.fairness.beforeChange(message);
    this.messages.put(message);
    if (message.group !== undefined) this.groups.refresh(message);
    this.longPolls.touched(message.queue);
  }

  /** The contents of a message as its receiver gets them. Inside a transaction. */
  contentOf({ serial }: MessageRow): ContentRow {
    const content = this.contents.get(serial) as ContentRow;
    const { copy } = content;
    if (copy === undefined) return content;
    const body = this.deps.delivery.wholeCopy(content.body, copy);
    return { ...content, body, bodyMd5: md5Hex(body), copy: undefined };
  }

  deleteMessage(message: MessageRow): void {
    this.fairness.beforeChange(message);
    this.#remove(message.serial);
    if (message.group !== undefined) this.groups.refresh(message);
    this.longPolls.touched(message.queue);
  }

  /**
   * Applies the passing of time to a queue: delays and visibility timeouts that have ended, messages past retention.
   */
  settle(queue: QueueRow, now: number): void {
    if (this.#isDue(queue, now)) this.#settleDue(queue, now);
  }

  /** Whether the passing of time has any effect on a queue; usually it has none. */
  #isDue(queue: QueueRow, now: number): boolean {
    const { sent, delayed, inFlight } = this.messages.by;
    const oldest = sent.first(queue.arn);
    if (oldest === undefined) return false;
    if (oldest.sentMs + retentionMs(queue) <= now) return true;
    const nextDelayed = delayed.first(queue.arn);
    if (nextDelayed !== undefined && nextDelayed.availableMs <= now) return true;
    const nextInFlight = inFlight.first(queue.arn);
    return nextInFlight !== undefined && nextInFlight.availableMs <= now;
  }

  #settleDue(queue: QueueRow, now: number): void {
    this.deps.store.derive(() => this.#settle(queue, now));
  }

  #settle(queue: QueueRow, now: number): void {
    const { by } = this.messages;
    let landed = false;
    this.endDelays(queue, now);
    const oldest = by.sent.first(queue.arn);
    if (oldest && oldest.sentMs + retentionMs(queue) <= now) {
      this.retention.messages.run(queue.arn);
      landed = true;
    }
    for (const message of by.inFlight.range(queue.arn, { lte: now })) {
      this.putMessage({ ...message, availableMs: 0 });
      this.fairness.endedEarlier(message, message.availableMs);
      landed = true;
    }
    if (landed) this.fairness.landed(queue.arn, now);
  }

  /** Makes messages visible whose delay has ended. */
  endDelays(queue: QueueRow, now: number): void {
    for (const message of this.messages.by.delayed.range(queue.arn, { lte: now })) {
      if (message.sentMs + retentionMs(queue) <= now) continue;
      this.putMessage({ ...message, availableMs: 0, delayed: false });
      this.fairness.delayEnded(message, message.availableMs);
    }
  }

  counts(queue: QueueRow): { visible: number; inFlight: number; delayed: number } {
    const { by } = this.messages;
    if (this.purges.isRunning(queue.arn)) return { visible: 0, inFlight: 0, delayed: 0 };
    const inFlight = by.inFlight.size(queue.arn);
    const delayed = by.delayed.size(queue.arn);
    return { visible: by.sent.size(queue.arn) - inFlight - delayed, inFlight, delayed };
  }

  /** Moves a message to another queue as a dead letter: with the same id, body, attributes and receive count. */
  deadLetter(message: MessageRow, source: QueueRow, target: QueueRow): void {
    const content = this.contentOf(message);
    this.noteLeft(message, `The queue's redrive policy has taken the message to ${target.arn}.`);
    this.deleteMessage(message);
    const fifo = isFifo(target.arn);
    // A FIFO queue orders by arrival and counts retention from it; a standard one keeps the message's age.
    const serial = fifo ? this.deps.store.nextSerial() : message.serial;
    const deadLetter: MessageRow = {
      ...message,
      queue: target.arn,
      serial,
      sentMs: fifo ? this.now : message.sentMs,
      firstSentMs: fifo ? (message.firstSentMs ?? message.sentMs) : message.firstSentMs,
      availableMs: 0,
      delayed: false,
      received: message.received && { ...message.received, countBefore: message.received.count },
      deadLetterSource: source.arn,
    };
    const deduplicationId = fifo ? content.id : undefined;
    this.addMessage(target, deadLetter, { ...content, serial, account: target.account, deduplicationId });
    if (fifo) remember(this, { queue: target, group: message.group, deduplicationId }, content.id, serial);
  }

  /** After a repair of the data directory: deletes messages whose contents are lost. */
  #dropUnreadable(): void {
    this.deps.store.transaction(() => {
      for (const message of this.messages.values()) if (!this.contents.has(message.serial)) this.deleteMessage(message);
    });
  }

  /** Notes that messages of a queue are deleted unread. @param messages at least the first of them. */
  noteGone(arn: string, status: "expired" | "purged", messages: Iterable<MessageRow>, count: number): void {
    const queue = this.queues.get(arn);
    if (queue === undefined) return;
    const { account, region } = queue;
    const messageIds: string[] = [];
    for (const message of messages) {
      messageIds.push((this.contents.get(message.serial) as ContentRow).id);
      if (messageIds.length === maxNamed) break;
    }
    const seconds = queue.numbers.MessageRetentionPeriod;
    const reason =
      status === "expired" ? `Past the queue's retention of ${seconds} s` : "Purged, or deleted with the queue";
    this.deps.delivery.noteGone({ account, region, service: "sqs", source: arn, status, reason, count, messageIds });
  }

  /** Notes, for a consumer that would retry the message, that it leaves its queue. */
  noteLeft({ queue, serial }: MessageRow, reason: string): void {
    const { delivery } = this.deps;
    if (delivery.awaits(queue)) delivery.noteLeft(queue, [(this.contents.get(serial) as ContentRow).id], reason);
  }

  #remove(serial: number): void {
    this.messages.delete(serial);
    this.contents.delete(serial);
  }

  queueUrl(queue: QueueRow, origin: string): string {
    return `${origin}/${queue.account}/${queue.name}`;
  }
}

export const operation = operationsOf<Sqs>();

/** Nothing, or a URL that ends before a queue's name: after the host or after the account. */
const namesNoQueue = /^(?:[a-z]+:\/\/[^/]*\/)?\/*(?:\d{12}\/+)?$/i;

/** `…/{account}/{name}` or `{name}`, with an optional trailing slash; scheme and host do not matter. */
function arnOfUrl(url: string, context: OperationContext<Sqs>): string {
  const end = url.endsWith("/") ? url.length - 1 : url.length;
  const nameAt = url.lastIndexOf("/", end - 1) + 1;
  const name = url.slice(nameAt, end);
  const account = nameAt >= 13 ? url.slice(nameAt - 13, nameAt - 1) : "";
  const boundary = nameAt < 14 || url[nameAt - 14] === "/";
  return formatArn("sqs", context.region, boundary && /^\d{12}$/.test(account) ? account : context.account, name);
}
