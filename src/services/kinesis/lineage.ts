/**
 * How shards turn into others. Open shards always cover the whole hash space; a split closes one and opens two, a merge
 * closes two and opens one. These functions return new rows and store none.
 */
import { evenStarts, hashFrom, hashSpace, highestHash, numberOf } from "./hash-key.ts";
import { type ShardRow, shardKey } from "./tables.ts";

/** The shards that a change closed and opened; one that was opened and closed again is only among the closed ones. */
export interface Resharding {
  readonly shards: readonly ShardRow[];
  readonly nextShard: number;
}

interface Owner {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly nextShard: number;
}

/** The first shards of a stream, of equal width. */
export function firstShards(stream: Owner, count: number, nowMs: number): Resharding {
  const starts = evenStarts(count);
  const shards = starts.map((start, i): ShardRow => {
    const following = starts[i + 1];
    return {
      stream: stream.arn,
      account: stream.account,
      region: stream.region,
      index: stream.nextShard + i,
      parent: undefined,
      adjacentParent: undefined,
      start: hashFrom(start),
      end: following === undefined ? highestHash : hashFrom(following - 1n),
      createdSeconds: Math.floor(nowMs / 1000),
      openedMs: nowMs,
      closedMs: undefined,
    };
  });
  return { shards, nextShard: stream.nextShard + count };
}

export function split(stream: Owner, parent: ShardRow, at: string, nowMs: number): Resharding {
  const change = new Change(stream, [parent], nowMs);
  change.split(parent, numberOf(at));
  return change.result();
}

export function merge(stream: Owner, shard: ShardRow, adjacent: ShardRow, nowMs: number): Resharding {
  const change = new Change(stream, [shard, adjacent], nowMs);
  change.merge(shard, adjacent);
  return change.result();
}

/** Whether the second shard begins where the first one ends. */
export function isNextTo(low: ShardRow, high: ShardRow): boolean {
  return numberOf(low.end) + 1n === numberOf(high.start);
}

/**
 * UpdateShardCount: splits and merges that result in `count` open shards of equal width. Shards are split where a new
 * one begins, then the pieces of each new shard are merged.
 * @param open all open shards, in the order of their ranges.
 */
export function rescale(stream: Owner, open: readonly ShardRow[], count: number, nowMs: number): Resharding {
  const change = new Change(stream, open, nowMs);
  const starts = nearBoundaries(evenStarts(count), open);
  const pieces: ShardRow[] = [];
  let next = 1;
  for (const shard of open) {
    let rest = shard;
    for (; next < starts.length && starts[next]! <= numberOf(shard.end); next += 1) {
      if (starts[next] === numberOf(rest.start)) continue;
      const [low, high] = change.split(rest, starts[next]!);
      pieces.push(low);
      rest = high;
    }
    pieces.push(rest);
  }
  let merged: ShardRow | undefined;
  let group = 0;
  for (const piece of pieces) {
    const begins = starts[group] === numberOf(piece.start);
    merged = begins || merged === undefined ? piece : change.merge(merged, piece);
    if (begins) group += 1;
  }
  return change.result();
}

/**
 * Widths are rounded down, so even boundaries for different counts differ slightly; those close to an existing boundary
 * are moved onto it, so that no slivers are split off.
 */
function nearBoundaries(starts: readonly bigint[], open: readonly ShardRow[]): bigint[] {
  const near = BigInt(2 * (starts.length + open.length));
  const existing = open.map((shard) => numberOf(shard.start));
  let at = 0;
  return starts.map((start) => {
    while (at < existing.length && existing[at]! + near < start) at += 1;
    const candidate = existing[at];
    return candidate !== undefined && candidate - near <= start ? candidate : start;
  });
}

class Change {
  readonly #stream: Owner;
  readonly #nowMs: number;
  readonly #shards = new Map<number, ShardRow>();
  #next: number;

  constructor(stream: Owner, shards: readonly ShardRow[], nowMs: number) {
    this.#stream = stream;
    this.#nowMs = nowMs;
    this.#next = stream.nextShard;
    for (const shard of shards) {
      if (shard.closedMs !== undefined) throw new Error(`the shard ${shardKey(shard.stream, shard.index)} is closed`);
    }
  }

  split(parent: ShardRow, at: bigint): [ShardRow, ShardRow] {
    if (at <= numberOf(parent.start) || at > numberOf(parent.end) || at >= hashSpace) {
      throw new Error(`the shard ${parent.index} cannot be split at ${at}`);
    }
    this.#close(parent);
    const low = this.#open({ parents: [parent], start: parent.start, end: hashFrom(at - 1n) });
    return [low, this.#open({ parents: [parent], start: hashFrom(at), end: parent.end })];
  }

  merge(shard: ShardRow, adjacent: ShardRow): ShardRow {
    this.#close(shard);
    this.#close(adjacent);
    const [low, high] = shard.start < adjacent.start ? [shard, adjacent] : [adjacent, shard];
    return this.#open({ parents: [shard, adjacent], start: low.start, end: high.end });
  }

  result(): Resharding {
    return { shards: [...this.#shards.values()], nextShard: this.#next };
  }

  #close(shard: ShardRow): void {
    this.#shards.set(shard.index, { ...shard, closedMs: this.#nowMs });
  }

  #open({ parents, start, end }: { parents: readonly ShardRow[]; start: string; end: string }): ShardRow {
    const { arn, account, region } = this.#stream;
    const shard: ShardRow = {
      stream: arn,
      account,
      region,
      index: this.#next,
      parent: parents[0]?.index,
      adjacentParent: parents[1]?.index,
      start,
      end,
      // Later than the parents' even within one second or after the clock was set back, since sequence numbers must
      // increase.
      createdSeconds: Math.max(
        Math.floor(this.#nowMs / 1000),
        ...parents.map(({ createdSeconds }) => createdSeconds + 1),
      ),
      openedMs: this.#nowMs,
      closedMs: undefined,
    };
    this.#next += 1;
    this.#shards.set(shard.index, shard);
    return shard;
  }
}
