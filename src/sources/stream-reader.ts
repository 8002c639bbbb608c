/**
 * Moves records out of a stream, shard by shard: a shard's children follow once it is read to its end, and the position
 * is stored with every batch that the target has taken.
 */
import type { Cursor, Cursors, StartingPosition } from "./cursors.ts";
import { type Consumer, codeOf, type Reader, type ReaderDeps } from "./drain.ts";
import type { StreamItem } from "./records.ts";
import { type ShardOptions, ShardReader } from "./shard-reader.ts";

interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly AdjacentParentShardId?: string;
}

const retryMs = 1000;

export interface StreamOptions extends ShardOptions {
  readonly startingPosition: StartingPosition;
}

export class StreamReader implements Reader {
  readonly #deps: ReaderDeps;
  readonly #consumer: Consumer<StreamItem>;
  readonly #options: StreamOptions;
  readonly #cursors: Cursors;
  readonly #shards = new Map<string, ShardReader>();
  #ignore: () => void = () => {};
  #discovery: Promise<void> | undefined;
  /** A reader has found that the stream is gone: a stream of its name is now another one. */
  #gone = false;
  #stopped = false;

  constructor(deps: ReaderDeps, consumer: Consumer<StreamItem>, options: StreamOptions, cursors: Cursors) {
    this.#deps = deps;
    this.#consumer = consumer;
    this.#options = options;
    this.#cursors = cursors;
  }

  start(): void {
    this.#ignore = this.#deps.arrivals.on(this.#options.stream, () => {
      if (this.#gone) this.#discover();
      for (const shard of this.#shards.values()) shard.wake();
    });
    this.#discover();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ignore();
    await this.#discovery;
    await this.#stopShards();
  }

  /** Finds the shards that may be read: at the start, and whenever one has been read to its end. */
  #discover(): void {
    if (this.#stopped) return;
    const { clock } = this.#deps;
    const before = this.#discovery;
    this.#discovery = clock.track(Promise.resolve(before).then(() => this.#beginShards())).catch((error: unknown) => {
      const code = codeOf(error);
      if (code === undefined) clock.report(error);
      // A new stream of the name announces itself with its first record.
      else if (code === "ResourceNotFoundException") this.#gone = true;
      // A stream that is being updated answers a little later.
      else if (!this.#stopped) clock.at(clock.now() + retryMs, () => this.#discover());
    });
  }

  async #beginShards(): Promise<void> {
    if (this.#stopped) return;
    const cursors = this.#cursors;
    const { serial, retentionMs } = await this.#describe();
    const shards = await this.#list();
    if (this.#stopped) return;
    const known = cursors.list();
    const newCursor = (fromMs: number | undefined) => {
      return ({ ShardId: shard }: Shard): Cursor => {
        return { shard, streamSerial: serial, sequenceNumber: undefined, fromMs, done: false };
      };
    };
    if (this.#gone || known.some(({ streamSerial = serial }) => streamSerial !== serial)) {
      // Everything in a later stream of the name is newer than the mapping, so it is read from its start.
      await this.#stopShards();
      if (this.#stopped) return;
      cursors.begin(shards.map(newCursor(undefined)));
    } else if (known.length === 0) cursors.begin(shards.map(newCursor(this.#firstMs())));
    else cursors.add(shards.filter(({ ShardId }) => cursors.get(ShardId) === undefined).map(newCursor(undefined)));
    this.#gone = false;
    this.#readOpen(shards, retentionMs);
  }

  #readOpen(shards: readonly Shard[], retentionMs: number): void {
    const cursors = this.#cursors;
    const listed = new Set(shards.map(({ ShardId }) => ShardId));
    const isRead = (parent: string | undefined) =>
      parent === undefined || !listed.has(parent) || cursors.get(parent)?.done === true;
    const options = { ...this.#options, maxAgeMs: Math.min(retentionMs, this.#options.maxAgeMs) };
    for (const { ShardId, ParentShardId, AdjacentParentShardId } of shards) {
      const cursor = cursors.get(ShardId);
      if (cursor === undefined || cursor.done || this.#shards.has(ShardId)) continue;
      if (!isRead(ParentShardId) || !isRead(AdjacentParentShardId)) continue;
      const reader = new ShardReader(this.#deps, this.#consumer, options, cursors, cursor, {
        onDone: () => {
          this.#shards.delete(ShardId);
          this.#discover();
        },
        onGone: () => {
          if (this.#shards.get(ShardId) !== reader || this.#gone) return;
          this.#gone = true;
          this.#discover();
        },
      });
      this.#shards.set(ShardId, reader);
      reader.wake();
    }
  }

  /** LATEST is stored as a time, so that a restart misses nothing. */
  #firstMs(): number | undefined {
    const { startingPosition } = this.#options;
    if (startingPosition === "TRIM_HORIZON") return undefined;
    return startingPosition === "LATEST" ? this.#deps.clock.now() : startingPosition;
  }

  async #stopShards(): Promise<void> {
    const readers = [...this.#shards.values()];
    this.#shards.clear();
    await Promise.all(readers.map((reader) => reader.stop()));
  }

  async #describe(): Promise<{ serial: number | undefined; retentionMs: number }> {
    const input = { StreamARN: this.#options.stream };
    const { StreamDescriptionSummary: summary } = (await this.#deps.call(
      "kinesis",
      "DescribeStreamSummary",
      input,
    )) as { StreamDescriptionSummary?: { RetentionPeriodHours?: number; serial?: number } };
    const { RetentionPeriodHours = 24, serial } = summary ?? {};
    return { serial, retentionMs: RetentionPeriodHours * 3_600_000 };
  }

  async #list(): Promise<Shard[]> {
    const shards: Shard[] = [];
    let input: object = { StreamARN: this.#options.stream };
    for (;;) {
      const answer = (await this.#deps.call("kinesis", "ListShards", input)) as {
        Shards?: Shard[];
        NextToken?: string;
      };
      shards.push(...(answer.Shards ?? []));
      if (answer.NextToken === undefined) return shards;
      input = { NextToken: answer.NextToken };
    }
  }
}
