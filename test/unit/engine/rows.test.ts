import { describe, expect, it } from "vitest";
import { Rows } from "../../../src/engine/rows.ts";
import type { Key } from "../../../src/engine/table.ts";
import { Chance } from "../../support/chance.ts";

interface Row {
  readonly name: string;
}

describe("rows under keys", () => {
  it.each<[string, (n: number) => Key]>([
    ["serials", (n) => n],
    ["serials far apart", (n) => n * 1000 + 2 ** 40],
    ["texts", (n) => `k${n}`],
  ])("are those a Map has: %s", (_kind, keyOf) => {
    const chance = new Chance(7);
    const rows = new Rows<Row>();
    const model = new Map<Key, Row>();
    for (let step = 0; step < 5000; step += 1) {
      const key = keyOf(chance.int(200));
      const kind = chance.next();
      if (kind < 0.5) {
        const row = { name: `row ${step}` };
        rows.set(key, row);
        model.set(key, row);
      } else if (kind < 0.98) {
        rows.delete(key);
        model.delete(key);
      } else if (kind < 0.985) {
        rows.clear();
        model.clear();
      }
      expect([rows.size, rows.get(key), rows.has(key)]).toEqual([model.size, model.get(key), model.has(key)]);
      if (step % 100 > 0) continue;
      const sorted = (entries: Iterable<[Key, Row]>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
      expect(sorted(rows)).toEqual(sorted(model));
      expect(sorted([...rows.keys()].map((each) => [each, rows.get(each) as Row]))).toEqual(sorted(model));
      expect(new Set(rows.values())).toEqual(new Set(model.values()));
      const seen: [Key, Row][] = [];
      rows.forEach((row, each) => {
        seen.push([each, row]);
      });
      expect(sorted(seen)).toEqual(sorted(model));
    }
  });

  it("are those a Map has when there are many texts, of which some are gone again", () => {
    const chance = new Chance(8);
    const rows = new Rows<Row>();
    const model = new Map<Key, Row>();
    for (let step = 0; step < 60_000; step += 1) {
      const key = `arn:aws:sqs:us-east-1:000000000000:queue ${chance.int(30_000)}`;
      if (chance.next() < 0.8) {
        const row = { name: `row ${step}` };
        rows.set(key, row);
        model.set(key, row);
      } else {
        rows.delete(key);
        model.delete(key);
      }
    }
    expect(rows.size).toBe(model.size);
    expect(model.size).toBeGreaterThan(15_000);
    expect(new Map(rows)).toEqual(model);
    for (const [key] of rows) {
      if (chance.next() < 0.9) rows.delete(key);
    }
    expect(rows.size).toBeLessThan(5000);
    expect([...rows.keys()].every((key) => rows.get(key) === model.get(key))).toBe(true);
    rows.clear();
    expect([rows.size, rows.get("queue 1"), [...rows]]).toEqual([0, undefined, []]);
  });

  it("may go and come while somebody walks through them", () => {
    const rows = new Rows<Row>();
    for (let key = 0; key < 100; key += 1) rows.set(key, { name: `${key}` });
    const seen: Key[] = [];
    for (const [key] of rows) {
      seen.push(key);
      rows.delete(key);
      rows.delete((key as number) + 1);
      if (key === 50) rows.set(1000, { name: "late" });
    }
    expect(seen).toEqual([...Array.from({ length: 50 }, (_, n) => n * 2), 1000]);
    expect(rows.size).toBe(0);
  });

  it("stay unread until somebody asks for one, and are those written last", () => {
    let reads = 0;
    const unread = (...written: [at: number, name: string][]) => ({
      places: written.reduce((places, [at]) => places | (1 << at), 0),
      readInto: (into: (Row | undefined)[]) => {
        reads += 1;
        for (const [at, name] of written) into[at] = { name };
      },
    });
    const rows = new Rows<Row>();
    rows.addUnread(2, unread([0, "a"], [1, "b"], [15, "c"]));
    rows.addUnread(2, unread([1, "later"], [2, "d"]));
    rows.addUnread(9, unread([3, "e"]));
    expect([rows.size, reads]).toEqual([5, 0]);
    const all = () => [...rows].map(([key, { name }]) => [key, name]);
    const whole = [
      [32, "a"],
      [33, "later"],
      [34, "d"],
      [47, "c"],
      [147, "e"],
    ];
    expect([all(), all()]).toEqual([whole, whole]);
    const readTwice = reads;
    expect(rows.get(33)).toBe(rows.get(33));
    rows.delete(32);
    expect([rows.get(32), rows.has(34), rows.size]).toEqual([undefined, true, 4]);
    expect(reads).toBe(readTwice + 2);
    rows.addUnread(2, unread([0, "again"], [2, "too"]));
    rows.set(146, { name: "f" });
    expect(rows.size).toBe(6);
    expect(new Set(all().map(([, name]) => name))).toEqual(new Set(["again", "later", "too", "c", "e", "f"]));
  });

  it("that are unread may be changed by whoever walks through them", () => {
    const rows = new Rows<Row>();
    const readInto = (into: (Row | undefined)[]) => {
      for (let at = 0; at < 16; at += 1) into[at] = { name: `${at}` };
    };
    rows.addUnread(0, { places: 0xffff, readInto });
    const seen: Key[] = [];
    for (const [key] of rows) {
      seen.push(key);
      rows.delete((key as number) + 1);
    }
    expect(seen).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
    expect(rows.size).toBe(8);
  });
});
