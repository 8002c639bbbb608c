import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Blob64 } from "../../../protocols/blob.ts";
import { Store } from "../../../src/engine/store.ts";
import { ShardLog } from "../../../src/services/kinesis/shard-log.ts";

interface Model {
  readonly counter: number;
  readonly arrivalMs: number;
  readonly data: string;
}

type Step =
  | { readonly kind: "append"; readonly sizes: readonly number[] }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "trim" };

const retentionMs = 1000;
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("append" as const), sizes: sizes() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(400) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("trim" as const) }) },
);

function sizes() {
  return fc.array(fc.oneof(fc.nat(30), fc.constant(0), fc.constant(20_000)), { minLength: 1, maxLength: 5 });
}

describe("a shard's log against a list", () => {
  it("keeps order, finds every position and forgets only what has expired", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 9 }), (steps, page) => {
        const store = Store.memory();
        const log = new ShardLog(store);
        const model: Model[] = [];
        let now = 10_000;
        for (const each of steps) {
          if (each.kind === "wait") now += each.ms;
          if (each.kind === "trim") store.transaction(() => log.trim("s", now - retentionMs));
          if (each.kind !== "append") continue;
          const texts = each.sizes.map((size, i) => `${model.length + i}:`.padEnd(size, "x"));
          const records = texts.map((text) => ({ partitionKey: "k", data: Blob64.fromBytes(Buffer.from(text)) }));
          const first = store.transaction(() => log.append("s", "a", records, now, false));
          expect(first).toBe(model.length + 1);
          for (const [i, data] of texts.entries()) model.push({ counter: first + i, arrivalMs: now, data });
        }
        const expiredMs = now - retentionMs;
        const alive = model.filter(({ arrivalMs }) => arrivalMs > expiredMs);
        // Page by page from the beginning.
        const seen: string[] = [];
        for (let next = 1, pages = 0; ; pages += 1) {
          const reading = log.read("s", next, { records: page, bytes: 50_000, expiredMs });
          seen.push(...reading.records.map(({ data }) => data.toString()));
          expect(reading.records.length === 0 ? reading.atEnd : true).toBe(true);
          expect(reading.next).toBeGreaterThanOrEqual(next);
          next = reading.next;
          if (reading.atEnd) break;
          expect(pages).toBeLessThan(1000);
        }
        expect(seen).toEqual(alive.map(({ data }) => data));
        expect(log.end("s")).toBe(model.length + 1);
        // From any counter and any time.
        for (const from of [1, 2, Math.ceil(model.length / 2), model.length, model.length + 5]) {
          const reading = log.read("s", from, { records: 3, bytes: 1e9, expiredMs });
          const expected = alive.filter(({ counter }) => counter >= from).slice(0, 3);
          expect(reading.records.map(({ counter }) => counter)).toEqual(expected.map(({ counter }) => counter));
        }
        for (const ms of [expiredMs + 1, now - 500, now - 1, now, now + 1]) {
          const expected = alive.find(({ arrivalMs }) => arrivalMs >= ms)?.counter ?? model.length + 1;
          if (ms > expiredMs) expect(log.counterAt("s", ms)).toBe(expected);
        }
      }),
      { numRuns: 150 },
    );
  });
});
