import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ByteLog } from "../../../src/engine/byte-log.ts";
import { definePackedTable } from "../../../src/engine/packed-table.ts";
import { Store } from "../../../src/engine/store.ts";

interface Letter {
  serial: number;
  account: string;
  text: string;
}

function letterTable() {
  return definePackedTable<Letter>({
    name: "letters",
    serial: (row) => row.serial,
    account: (row) => row.account,
    head: (row) => `${row.serial} ${row.account}`,
    text: (row) => row.text,
    row: (head, text) => {
      const space = head.indexOf(" ");
      return { serial: Number(head.slice(0, space)), account: head.slice(space + 1), text };
    },
  });
}

/** Short, longer than a block, empty, beyond Latin-1, and with half a surrogate pair, which UTF-8 could not keep. */
const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 300 }) },
  { weight: 4, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
  { weight: 2, arbitrary: fc.constantFrom("", "one and the same", "\ud800", "é", "\u0000") },
  { weight: 3, arbitrary: fc.integer({ min: 3000, max: 40_000 }).map((length) => "long ".repeat(length / 5)) },
);

const letter = fc.record({
  serial: fc.oneof(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 2 ** 40, max: 2 ** 40 + 3 })),
  account: fc.constantFrom("a", "b", "ü"),
  text,
});

const step = fc.oneof(
  { weight: 3, arbitrary: letter.map((put) => ({ put })) },
  { weight: 2, arbitrary: letter.map(({ serial }) => ({ remove: serial })) },
);

const transactions = fc.array(
  fc.record({ steps: fc.array(step, { maxLength: 60, size: "max" }), fails: fc.boolean(), nestedFrom: fc.nat(60) }),
  { maxLength: 20, size: "max" },
);

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("packed table", () => {
  it("has what a map would have, whatever was written, replaced, undone or reset", () => {
    fc.assert(
      fc.property(transactions, fc.boolean(), (list, resets) => {
        const store = Store.memory();
        const table = store.packedTable(letterTable());
        let model = new Map<number, Letter>();
        for (const { steps, fails, nestedFrom } of list) {
          const next = new Map(model);
          const apply = (some: typeof steps) => {
            for (const each of some) {
              if ("put" in each) {
                table.put(each.put);
                next.set(each.put.serial, each.put);
              } else {
                expect(table.delete(each.remove)).toBe(next.delete(each.remove));
              }
            }
          };
          const body = () =>
            store.transaction(() => {
              apply(steps.slice(0, nestedFrom));
              store.transaction(() => apply(steps.slice(nestedFrom)));
              if (fails) throw new Error("undo");
            });
          if (fails) expect(body).toThrow("undo");
          else {
            body();
            model = next;
          }
        }
        if (resets) {
          store.reset("a");
          for (const [serial, row] of model) if (row.account === "a") model.delete(serial);
        }
        expect(table.size).toBe(model.size);
        for (const [serial, row] of model) expect(table.get(serial)).toEqual(row);
        expect(table.get(151)).toBeUndefined();
        store.reset();
        expect(table.size).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it.each(["goes to a file", "stays in memory when there is nowhere for the file"])(
    "keeps much more than the memory it takes; what is too much %s",
    (way) => {
      if (way !== "goes to a file") vi.stubEnv("TMPDIR", "/nowhere/at/all");
      const store = Store.memory();
      const table = store.packedTable(letterTable());
      const row = (serial: number): Letter => ({ serial, account: "a", text: `${serial} `.repeat(200) });
      const count = 20_000;
      for (let serial = 0; serial < count; serial += 100) {
        store.transaction(() => {
          for (let i = 0; i < 100; i += 1) table.put(row(serial + i));
        });
      }
      // In order, against it, and here and there: what was read back from the file is not all of it.
      for (let serial = 0; serial < count; serial += 7) expect(table.get(serial)).toEqual(row(serial));
      for (let serial = count - 1; serial >= 0; serial -= 11) expect(table.get(serial)).toEqual(row(serial));
      store.transaction(() => {
        for (let serial = 0; serial < count; serial += 1) if (serial % 3 !== 0) table.delete(serial);
      });
      // What was given up is used again, and what was kept is not written over.
      store.transaction(() => {
        for (let serial = count; serial < 2 * count; serial += 1) table.put(row(serial));
      });
      for (let serial = 0; serial < count; serial += 3) expect(table.get(serial)).toEqual(row(serial));
      for (let serial = count; serial < 2 * count; serial += 13) expect(table.get(serial)).toEqual(row(serial));
      store.reset();
      expect(table.size).toBe(0);
    },
  );

  it("keeps a text that many rows share once, and as long as any of them is there", () => {
    const store = Store.memory();
    const table = store.packedTable(letterTable());
    const shared = "for everybody ".repeat(70_000);
    const before = process.memoryUsage().arrayBuffers;
    store.transaction(() => {
      for (let serial = 0; serial < 100; serial += 1) table.put({ serial, account: "a", text: shared });
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * shared.length);
    store.transaction(() => {
      for (let serial = 0; serial < 99; serial += 1) table.delete(serial);
    });
    expect(table.get(99)).toEqual({ serial: 99, account: "a", text: shared });
    store.transaction(() => table.delete(99));
    store.transaction(() => table.put({ serial: 1, account: "a", text: shared }));
    expect(table.get(1)?.text).toBe(shared);
  });
});

describe("byte log", () => {
  it.each([
    ["short", "shared"],
    ["longer than a block", "shared ".repeat(5000)],
  ])("gives up every block when its entries are, %s texts that were shared too", (_, text) => {
    const log = new ByteLog();
    for (let round = 0; round < 3; round += 1) {
      const places = Array.from({ length: 200 }, (_, i) =>
        log.append(`head ${i}`, i % 50 === 0 ? `${text}${i}` : text),
      );
      for (const [i, place] of places.entries()) {
        expect(log.read(place)).toEqual({ head: `head ${i}`, text: i % 50 === 0 ? `${text}${i}` : text });
      }
      for (const place of places) log.release(place);
      // The block that is being filled stays for what comes next.
      expect(log.blockCount).toBeLessThanOrEqual(1);
      const again = log.append("again", text);
      const others = Array.from({ length: 400 }, (_, i) => log.append("other", `${i}`.repeat(20)));
      expect(log.read(again)).toEqual({ head: "again", text });
      for (const place of [again, ...others]) log.release(place);
    }
  });
});
