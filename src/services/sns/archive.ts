/** Archives of FIFO topics: the position of each message is a row, its text is outside the heap. */
import { dayMs } from "../../engine/duration.ts";
import { Sweep } from "../../engine/sweep.ts";
import type { Sns } from "./sns.ts";
import {
  type ArchivedMessageRow,
  type ArchivedRow,
  archivedMessageTable,
  archiveTable,
  type Published,
  type TopicRow,
} from "./tables.ts";
import { archiveDays } from "./topic-attributes.ts";

export class Archive {
  readonly #sns: Sns;
  readonly #rows;
  readonly #messages;
  /** By topic: messages past the archive's retention. */
  readonly #old: Sweep<ArchivedRow>;

  constructor(sns: Sns) {
    const { store, clock } = sns.deps;
    this.#sns = sns;
    const rows = store.table(archiveTable);
    this.#rows = rows;
    this.#messages = store.packedTable(archivedMessageTable);
    this.#old = new Sweep(store, clock, {
      first: (topic) => rows.by.topic.first(topic),
      endMs: (row) => row.timestampMs + this.#keptMs(row.topicArn),
      drop: (row) => this.#drop(row),
      keys: () => rows.by.topic.groups(),
    });
  }

  /** Archives a message for replays. Inside a transaction. */
  add({ account, arn }: TopicRow, published: Published): void {
    const serial = this.#sns.deps.store.nextSerial();
    const { messageId: id, timestampMs } = published;
    this.#rows.put({ id, account, topicArn: arn, serial, timestampMs });
    this.#messages.put({ serial, account, published });
    this.#old.expect(arn, timestampMs + this.#keptMs(arn));
  }

  /** A topic's messages after this serial, in order. Inside a transaction. */
  after(topicArn: string, serial: number): IterableIterator<ArchivedRow> {
    this.#old.run(topicArn);
    return this.#rows.by.topic.range(topicArn, { gt: serial });
  }

  messageOf({ serial }: ArchivedRow): Published {
    return (this.#messages.get(serial) as ArchivedMessageRow).published;
  }

  /** To be called when the topic's retention may have become shorter. Inside a transaction. */
  retentionChanged(topicArn: string): void {
    this.#old.run(topicArn);
    const oldest = this.#rows.by.topic.first(topicArn);
    if (oldest !== undefined) this.#old.expect(topicArn, oldest.timestampMs + this.#keptMs(topicArn));
  }

  /** Deletes all of a topic's messages. Inside a transaction. */
  clear(topicArn: string): void {
    for (const _ of this.clearing(topicArn));
  }

  /** The same, one message at a time. */
  *clearing(topicArn: string): Generator<undefined> {
    for (const row of this.#rows.by.topic.range(topicArn)) {
      this.#drop(row);
      yield;
    }
  }

  #keptMs(topicArn: string): number {
    return (archiveDays(this.#sns.topics.get(topicArn)?.attributes ?? {}) ?? 0) * dayMs;
  }

  #drop({ id, serial }: ArchivedRow): void {
    this.#rows.delete(id);
    this.#messages.delete(serial);
  }
}
