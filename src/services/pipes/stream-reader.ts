/**
 * Moves records out of a stream, shard by shard: a shard's children follow once it is read to its end, and how far it
 * was read is kept with every batch the target has taken.
 */
import { failureOf } from "./errors.ts";
import type { Reader } from "./lifecycle.ts";
import type { Pipes } from "./pipes.ts";
import { streamArnOf } from "./places.ts";
import type { Run } from "./run.ts";
import { ShardReader } from "./shard-reader.ts";
import { type CursorRow, cursorKey } from "./tables.ts";

interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly AdjacentParentShardId?: string;
}

const retryMs = 1000;

export class StreamReader implements Reader {
  readonly #pipes: Pipes;
  readonly #run: Run;
  readonly #shards = new Map<string, ShardReader>();
  #ignore: () => void = () => {};
  #discovery: Promise<void> | undefined;
  #retentionMs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(pipes: Pipes, run: Run) {
    this.#pipes = pipes;
    this.#run = run;
  }

  start(): void {
    this.#ignore = this.#pipes.deps.arrivals.on(streamArnOf(this.#run.pipe.source), () => {
      for (const shard of this.#shards.values()) shard.wake();
    });
    this.#discover();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ignore();
    await this.#discovery;
    await Promise.all(Array.from(this.#shards.values(), (shard) => shard.stop()));
  }

  /** Finds the shards that may be read now: at the beginning, and whenever one has been read to its end. */
  #discover(): void {
    if (this.#stopped) return;
    const { clock } = this.#pipes.deps;
    this.#discovery = clock.track(this.#beginShards()).catch((error: unknown) => {
      const failure = failureOf(error);
      if (failure === undefined) clock.report(error);
      // A stream that is being updated answers a little later; one that is gone does not come back for this pipe.
      else if (!this.#stopped && failure.code !== "ResourceNotFoundException")
        clock.at(clock.now() + retryMs, () => this.#discover());
    });
  }

  async #beginShards(): Promise<void> {
    const { cursors, deps } = this.#pipes;
    const { pipe } = this.#run;
    const summary = (await this.#pipes.call(
      "kinesis",
      "DescribeStreamSummary",
      { StreamARN: streamArnOf(pipe.source) },
      pipe,
    )) as {
      StreamDescriptionSummary?: { RetentionPeriodHours?: number };
    };
    this.#retentionMs = (summary.StreamDescriptionSummary?.RetentionPeriodHours ?? 24) * 3_600_000;
    const shards = await this.#list();
    if (this.#stopped) return;
    const listed = new Set(shards.map(({ ShardId }) => ShardId));
    const isRead = (parent: string | undefined) =>
      parent === undefined || !listed.has(parent) || cursors.get(cursorKey(pipe.arn, parent))?.done === true;
    const first = cursors.by.pipe.size(pipe.arn) === 0;
    deps.store.transaction(() => {
      for (const { ShardId } of shards) {
        if (!cursors.has(cursorKey(pipe.arn, ShardId))) cursors.put(this.#newCursor(ShardId, first));
      }
    });
    for (const { ShardId, ParentShardId, AdjacentParentShardId } of shards) {
      const cursor = cursors.get(cursorKey(pipe.arn, ShardId));
      if (cursor === undefined || cursor.done || this.#shards.has(ShardId)) continue;
      if (!isRead(ParentShardId) || !isRead(AdjacentParentShardId)) continue;
      const reader = new ShardReader(this.#pipes, this.#run, cursor, this.#retentionMs, () => {
        this.#shards.delete(ShardId);
        this.#discover();
      });
      this.#shards.set(ShardId, reader);
      reader.wake();
    }
  }

  /** Shards that come later begin with their first record. LATEST is kept as a time, so that a restart misses nothing. */
  #newCursor(shard: string, first: boolean): CursorRow {
    const { pipe } = this.#run;
    const position = pipe.sourceParameters.KinesisStreamParameters?.StartingPosition;
    const fromMs = !first ? undefined : position === "LATEST" ? this.#pipes.now : pipe.startingMs;
    return {
      key: cursorKey(pipe.arn, shard),
      account: pipe.account,
      pipe: pipe.arn,
      shard,
      sequenceNumber: undefined,
      fromMs,
      done: false,
    };
  }

  async #list(): Promise<Shard[]> {
    const { pipe } = this.#run;
    const shards: Shard[] = [];
    let input: object = { StreamARN: streamArnOf(pipe.source) };
    for (;;) {
      const answer = (await this.#pipes.call("kinesis", "ListShards", input, pipe)) as {
        Shards?: Shard[];
        NextToken?: string;
      };
      shards.push(...(answer.Shards ?? []));
      if (answer.NextToken === undefined) return shards;
      input = { NextToken: answer.NextToken };
    }
  }
}
