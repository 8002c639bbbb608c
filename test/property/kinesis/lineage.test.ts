import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashFrom, hashSpace, numberOf } from "../../../src/services/kinesis/hash-key.ts";
import {
  firstShards,
  isNextTo,
  merge,
  type Resharding,
  rescale,
  split,
} from "../../../src/services/kinesis/lineage.ts";
import { endingSequenceNumber, startingSequenceNumber } from "../../../src/services/kinesis/sequence-number.ts";
import type { ShardRow } from "../../../src/services/kinesis/tables.ts";

const owner = { arn: "stream", account: "0", region: "r" };

type Step =
  | { readonly kind: "split"; readonly which: number; readonly at: bigint }
  | { readonly kind: "merge"; readonly which: number; readonly swap: boolean }
  | { readonly kind: "scale"; readonly share: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("split" as const), which: fc.nat(1000), at: fc.bigInt(0n, hashSpace - 1n) }),
  fc.record({ kind: fc.constant("merge" as const), which: fc.nat(1000), swap: fc.boolean() }),
  fc.record({ kind: fc.constant("scale" as const), share: fc.double({ min: 0.5, max: 2, noNaN: true }) }),
);

/** A stream's shards as a change after the other leaves them. */
class Lineage {
  readonly shards = new Map<number, ShardRow>();
  nextShard = 0;

  apply({ shards, nextShard }: Resharding): void {
    for (const shard of shards) this.shards.set(shard.index, shard);
    this.nextShard = nextShard;
  }

  get open(): ShardRow[] {
    const open = [...this.shards.values()].filter(({ closedMs }) => closedMs === undefined);
    return open.sort((a, b) => (a.start < b.start ? -1 : 1));
  }

  take(step: Step, nowMs: number): void {
    const { open } = this;
    const stream = { ...owner, nextShard: this.nextShard };
    if (step.kind === "split") {
      const shard = open[step.which % open.length] as ShardRow;
      const width = numberOf(shard.end) - numberOf(shard.start);
      if (width === 0n) return;
      this.apply(split(stream, shard, hashFrom(numberOf(shard.start) + 1n + (step.at % width)), nowMs));
    } else if (step.kind === "merge") {
      if (open.length < 2) return;
      const at = step.which % (open.length - 1);
      const pair = [open[at], open[at + 1]] as [ShardRow, ShardRow];
      expect(isNextTo(...pair)).toBe(true);
      if (step.swap) pair.reverse();
      this.apply(merge(stream, ...pair, nowMs));
    } else {
      const target = Math.max(Math.ceil(open.length / 2), Math.min(40, Math.floor(open.length * step.share)));
      this.apply(rescale(stream, open, target, nowMs));
      expect(this.open).toHaveLength(target);
    }
  }
}

describe("shard lineage", () => {
  it("tiles the hash space with open shards, whatever is split, merged and scaled", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(step, { maxLength: 15 }),
        fc.nat(2000),
        (count, steps, pause) => {
          const lineage = new Lineage();
          lineage.apply(firstShards({ ...owner, nextShard: 0 }, count, 1_000_000));
          for (const [i, each] of steps.entries()) lineage.take(each, 1_000_000 + i * pause);
          let next = 0n;
          for (const shard of lineage.open) {
            expect(numberOf(shard.start)).toBe(next);
            expect(shard.end >= shard.start).toBe(true);
            next = numberOf(shard.end) + 1n;
          }
          expect(next).toBe(hashSpace);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("gives every shard parents that are closed, cover it and whose numbers are lower", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 15 }), fc.nat(2000), (steps, pause) => {
        const lineage = new Lineage();
        lineage.apply(firstShards({ ...owner, nextShard: 0 }, 3, 1_000_000));
        for (const [i, each] of steps.entries()) lineage.take(each, 1_000_000 + i * pause);
        expect([...lineage.shards.keys()].sort((a, b) => a - b)).toEqual(
          Array.from({ length: lineage.nextShard }, (_, i) => i),
        );
        for (const shard of lineage.shards.values()) {
          const parents = [shard.parent, shard.adjacentParent].flatMap((index) =>
            index === undefined ? [] : [lineage.shards.get(index) as ShardRow],
          );
          if (parents.length === 0) continue;
          for (const parent of parents) {
            expect(parent.closedMs).toBe(shard.openedMs);
            expect(BigInt(startingSequenceNumber(shard))).toBeGreaterThan(
              BigInt(endingSequenceNumber(parent, parent.closedMs ?? 0)),
            );
          }
          const low = parents.map(({ start }) => start).sort()[0] as string;
          const high = parents
            .map(({ end }) => end)
            .sort()
            .at(-1) as string;
          if (parents.length === 2) expect([shard.start, shard.end]).toEqual([low, high]);
          else expect(shard.start >= low && shard.end <= high && shard.start + shard.end !== low + high).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("scales to shards whose widths differ by a hair at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0.5, max: 2, noNaN: true }), (count, share) => {
        const lineage = new Lineage();
        lineage.apply(firstShards({ ...owner, nextShard: 0 }, count, 0));
        const target = Math.max(Math.ceil(count / 2), Math.floor(count * share));
        lineage.apply(rescale({ ...owner, nextShard: lineage.nextShard }, lineage.open, target, 1));
        const width = hashSpace / BigInt(target);
        for (const shard of lineage.open) {
          const off = numberOf(shard.end) - numberOf(shard.start) + 1n - width;
          expect(off < 1000n && off > -1000n).toBe(true);
        }
        // Doubling splits each shard once and halving merges each pair once.
        if (target === count * 2) expect(lineage.nextShard).toBe(count + target);
        if (target * 2 === count) expect(lineage.nextShard).toBe(count + target);
      }),
      { numRuns: 300 },
    );
  });
});
