import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Store } from "../../../src/engine/store.ts";
import { defineTable, type Key } from "../../../src/engine/table.ts";

interface Item {
  id: Key;
  value: number;
  /** The same in several rows, in their neighbours or further away. */
  text: string;
  more?: { text: string };
}

const itemOf = (id: Key, value: number): Item => ({
  id,
  value,
  text: `${value % 3}`,
  ...(value > 7 ? { more: { text: `${value % 2}` } } : {}),
});

const items = defineTable<Item>()({
  name: "items",
  key: (row) => row.id,
  account: (row) => (row.value % 2 === 0 ? "even" : "odd"),
  indexes: { value: { group: () => "all", order: (row) => row.value } },
});

const id = fc.integer({ min: 0, max: 40 });
/** Rows of neighbours, as messages come. */
const neighbours = fc
  .tuple(id, fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }))
  .map(([first, values]) => values.map((value, n) => ({ id: first + n, value })));

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      rows: fc.oneof(
        fc.array(fc.record({ id, value: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }) }), {
          maxLength: 6,
        }),
        neighbours,
      ),
      fails: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom({ do: "flush" as const }, { do: "turn" as const }, { do: "restart" as const }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("reset" as const), account: fc.constantFrom(undefined, "even", "odd") }),
  },
);

it.each([
  ["texts", (n: number): Key => `${n}`],
  ["serials", (n: number): Key => n],
])("holds after each restart what the transactions that were not undone left, under %s", async (_kind, keyOf) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      const directory = mkdtempSync(join(tmpdir(), "busbar-property-"));
      let store = await Store.open(directory);
      let model = new Map<Key, Item>();
      const check = () => {
        const rows = [...model.values()].sort((a, b) => a.value - b.value || (a.id < b.id ? -1 : 1));
        expect([...store.table(items).by.value.range("all")]).toEqual(rows);
        expect(store.table(items).size).toBe(rows.length);
      };
      const restart = async () => {
        await store.close();
        store = await Store.open(directory);
        check();
        expect(store.faults()).toEqual([]);
      };
      try {
        for (const each of steps) {
          if (each.do === "flush") await store.flushed();
          else if (each.do === "turn") await new Promise((resolve) => setImmediate(resolve));
          else if (each.do === "restart") await restart();
          else if (each.do === "reset") {
            store.reset(each.account);
            for (const row of [...model.values()]) {
              if (each.account === undefined || items.account(row) === each.account) model.delete(row.id);
            }
          } else {
            const next = new Map(model);
            const body = () => {
              for (const { id: n, value } of each.rows) {
                const id = keyOf(n);
                if (value === undefined) {
                  store.table(items).delete(id);
                  next.delete(id);
                } else {
                  store.table(items).put(itemOf(id, value));
                  next.set(id, itemOf(id, value));
                }
              }
              if (each.fails) throw new Error("undo");
            };
            if (each.fails) expect(() => store.transaction(body)).toThrow("undo");
            else {
              store.transaction(body);
              model = next;
            }
          }
          check();
        }
        await restart();
      } finally {
        await store.close();
        rmSync(directory, { recursive: true, force: true });
      }
    }),
    { numRuns: 40 },
  );
});
