/** Moves messages out of dead-letter queues, some per second, driven by a durable timer. */
import { findOriginal, remember } from "./deduplication.ts";
import type { Sqs } from "./sqs.ts";
import { accountPrefix, isFifo, type MessageRow, type MoveTaskRow, moveTaskTable, type QueueRow } from "./tables.ts";

const timerKind = "sqs.moveTask";
const secondMs = 1000;
/** Messages that a task without a rate moves at a time, so that others get a turn in between. */
const batchWithoutRate = 1000;
/** A task ends after 36 hours, whatever is left. */
const maxTaskMs = 36 * 3_600_000;
/** How many ended tasks are kept per queue: as many as can be listed. */
const remembered = 10;

export class MoveTasks {
  readonly #sqs: Sqs;
  readonly #tasks;

  constructor(sqs: Sqs) {
    this.#sqs = sqs;
    this.#tasks = sqs.deps.store.table(moveTaskTable);
    sqs.deps.timers.on(timerKind, (timer) => this.#step(timer.id));
  }

  isActive(sourceArn: string): boolean {
    return this.#tasks.by.active.size(sourceArn) > 0;
  }

  /** How many tasks are active in the queue's account and region. */
  activeInAccountOf(sourceArn: string): number {
    return this.#tasks.by.activeInAccount.size(accountPrefix(sourceArn));
  }

  find(taskId: string): MoveTaskRow | undefined {
    return this.#tasks.get(taskId);
  }

  newestFirst(sourceArn: string): IterableIterator<MoveTaskRow> {
    return this.#tasks.by.source.range(sourceArn, { reverse: true });
  }

  start(source: QueueRow, destination: string | undefined, perSecond: number | undefined): MoveTaskRow {
    const { deps } = this.#sqs;
    this.#sqs.settle(source, this.#sqs.now);
    const task: MoveTaskRow = {
      id: deps.random.uuid(),
      account: source.account,
      source: source.arn,
      destination,
      perSecond,
      status: "RUNNING",
      moved: 0,
      toMove: this.#sqs.counts(source).visible,
      startedMs: this.#sqs.now,
      serial: deps.store.nextSerial(),
      failure: undefined,
    };
    this.#tasks.put(task);
    this.#forgetOld(source.arn);
    this.#schedule(task, this.#sqs.now);
    return task;
  }

  /** Marks a running task; the timer for its next turn remains and ends it. */
  cancel(task: MoveTaskRow): void {
    this.#tasks.put({ ...task, status: "CANCELLING" });
  }

  #schedule(task: MoveTaskRow, dueMs: number): void {
    this.#sqs.deps.timers.schedule({
      id: timerId(task.id),
      account: task.account,
      dueMs,
      kind: timerKind,
      payload: undefined,
    });
  }

  #step(id: string): void {
    const task = this.#tasks.get(id.slice(timerKind.length + 1));
    if (task?.status === "CANCELLING") this.#end(task, "CANCELLED");
    if (task?.status !== "RUNNING") return;
    const now = this.#sqs.now;
    const source = this.#sqs.queues.get(task.source);
    if (!source) {
      this.#end(task, "FAILED", "AWS.SimpleQueueService.NonExistentQueue");
      return;
    }
    this.#sqs.settle(source, now);
    const limit = task.perSecond ?? batchWithoutRate;
    let moved = 0;
    for (const message of this.#movable(source)) {
      const target = this.#targetOf(task, message);
      if (typeof target === "string") {
        this.#end({ ...task, moved: task.moved + moved }, "FAILED", target);
        return;
      }
      this.#move(message, target);
      moved += 1;
      if (moved === limit) break;
    }
    const after = { ...task, moved: task.moved + moved };
    if (moved < limit || now - task.startedMs >= maxTaskMs) {
      this.#end(after, "COMPLETED");
      return;
    }
    this.#tasks.put(after);
    this.#schedule(after, task.perSecond === undefined ? now : now + secondMs);
  }

  #end(task: MoveTaskRow, status: "COMPLETED" | "CANCELLED" | "FAILED", failure?: string): void {
    this.#tasks.put({ ...task, status, failure });
  }

  /** The messages that can be moved now, in the order in which they would be received. */
  *#movable(source: QueueRow): IterableIterator<MessageRow> {
    if (this.#sqs.purges.isRunning(source.arn)) return;
    yield* this.#sqs.messages.by.available.range(source.arn);
    for (const group of this.#sqs.groups.ready(source.arn)) yield* this.#sqs.groups.available(group);
  }

  /** The queue a message is moved to, or the reason why there is none. */
  #targetOf(task: MoveTaskRow, message: MessageRow): QueueRow | string {
    const arn = task.destination ?? message.deadLetterSource;
    if (arn === undefined) return "CouldNotDetermineMessageSource";
    return this.#sqs.queues.get(arn) ?? "AWS.SimpleQueueService.NonExistentQueue";
  }

  /** A moved message is a new one: with its own id, sent now, never received. */
  #move(message: MessageRow, target: QueueRow): void {
    const { deps } = this.#sqs;
    const now = this.#sqs.now;
    const delayMs = target.numbers.DelaySeconds * 1000;
    const content = this.#sqs.contentOf(message);
    const serial = deps.store.nextSerial();
    this.#sqs.deleteMessage(message);
    const id = deps.random.fork("messages").uuid();
    // A FIFO queue deduplicates a moved message by the id it had before.
    const deduplicationId = isFifo(target.arn) ? content.id : undefined;
    if (deduplicationId !== undefined) {
      const identified = { queue: target, group: message.group, deduplicationId };
      if (findOriginal(this.#sqs, identified)) return;
      remember(this.#sqs, identified, id, serial);
    }
    const moved: MessageRow = {
      ...message,
      queue: target.arn,
      serial,
      sentMs: now,
      firstSentMs: undefined,
      availableMs: delayMs > 0 ? now + delayMs : 0,
      delayed: delayMs > 0,
      received: undefined,
      deadLetterSource: undefined,
    };
    this.#sqs.addMessage(target, moved, {
      ...content,
      serial,
      account: target.account,
      id,
      deduplicationId,
    });
  }

  /** Deletes the tasks of a deleted queue: a queue created again under its name has none. */
  forget(sourceArn: string): void {
    for (const task of this.newestFirst(sourceArn)) {
      this.#sqs.deps.timers.cancel(timerId(task.id));
      this.#tasks.delete(task.id);
    }
  }

  #forgetOld(sourceArn: string): void {
    let kept = 0;
    for (const task of this.newestFirst(sourceArn)) {
      kept += 1;
      if (kept > remembered) this.#tasks.delete(task.id);
    }
  }
}

function timerId(taskId: string): string {
  return `${timerKind} ${taskId}`;
}
