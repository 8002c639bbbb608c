import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../../src/engine/random.ts";
import { Store } from "../../../src/engine/store.ts";
import { type Bounds, defineTable, type Key, type Order } from "../../../src/engine/table.ts";

interface Item {
  id: string;
  queue: string | undefined;
  dueMs: number;
  label: string;
}

/** A table keeps its rows under texts or under serials. */
type KeyKind = "texts" | "serials";

function keyOf(kind: KeyKind, id: string): Key {
  return kind === "texts" ? id : Number(id);
}

function itemTable(kind: KeyKind) {
  return defineTable<Item>()({
    name: "items",
    key: (row): Key => keyOf(kind, row.id),
    account: (row) => row.label,
    indexes: {
      due: { group: (row) => row.queue, order: (row) => row.dueMs },
      label: { group: (row) => (row.dueMs % 3 === 0 ? undefined : "all"), order: (row) => row.label },
    },
  });
}

type IndexName = "due" | "label";
const groupOf = {
  due: (row: Item) => row.queue,
  label: (row: Item) => (row.dueMs % 3 === 0 ? undefined : "all"),
};
const orderOf: Record<IndexName, (row: Item) => Order> = { due: (row) => row.dueMs, label: (row) => row.label };

function compare(a: Order, b: Order): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The obvious way to answer a range: filter and sort all rows. */
function modelRange(kind: KeyKind, model: Map<string, Item>, index: IndexName, group: string, bounds: Bounds): Item[] {
  const { gt, gte, lt, lte, reverse } = bounds;
  const rows = [...model.values()].filter((row) => {
    const order = orderOf[index](row);
    return (
      groupOf[index](row) === group &&
      (gt === undefined || order > gt) &&
      (gte === undefined || order >= gte) &&
      (lt === undefined || order < lt) &&
      (lte === undefined || order <= lte)
    );
  });
  rows.sort((a, b) => compare(orderOf[index](a), orderOf[index](b)) || compare(keyOf(kind, a.id), keyOf(kind, b.id)));
  return reverse === true ? rows.reverse() : rows;
}

const item = (ids: number): fc.Arbitrary<Item> =>
  fc.record({
    id: fc.integer({ min: 0, max: ids }).map(String),
    queue: fc.constantFrom("a", "a", "a", "b", undefined),
    dueMs: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2 ** 40 })),
    label: fc.constantFrom("x", "xy", "y", "", "é", "\uffff"),
  });

const write = (ids: number) =>
  fc.oneof(
    { weight: 3, arbitrary: item(ids).map((row) => ({ put: row })) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: ids }).map((id) => ({ remove: String(id) })) },
  );

const transaction = (ids: number, writes: number) =>
  fc.record({
    writes: fc.array(write(ids), { maxLength: writes, size: "max" }),
    fails: fc.boolean(),
    nestedFrom: fc.nat(writes),
  });

const bounds: fc.Arbitrary<Bounds> = fc.record(
  {
    gt: fc.integer({ min: 0, max: 20 }),
    gte: fc.integer({ min: 0, max: 20 }),
    lt: fc.integer({ min: 0, max: 20 }),
    lte: fc.integer({ min: 0, max: 20 }),
    reverse: fc.boolean(),
  },
  { requiredKeys: [] },
);

function expectSame(table: ReturnType<Store["table"]>, model: Map<string, Item>): void {
  const byId = (a: object, b: object) => compare((a as Item).id, (b as Item).id);
  expect([...table.values()].sort(byId)).toEqual([...model.values()].sort(byId));
}

describe("table", () => {
  it.each([
    { kind: "texts", ids: 12, writes: 6, runs: 400 },
    { kind: "serials", ids: 12, writes: 6, runs: 400 },
    { kind: "texts", ids: 3000, writes: 400, runs: 60 },
    { kind: "serials", ids: 3000, writes: 400, runs: 60 },
  ] as const)(
    "answers like sorting all rows, whatever was written, undone or rolled back ($ids $kind)",
    ({ kind, ids, writes, runs }) => {
      fc.assert(
        fc.property(fc.array(transaction(ids, writes), { maxLength: 12 }), bounds, (transactions, limits) => {
          const store = Store.memory();
          const table = store.table(itemTable(kind));
          let model = new Map<string, Item>();
          for (const { writes, fails, nestedFrom } of transactions) {
            const next = new Map(model);
            const apply = (list: typeof writes) => {
              for (const step of list) {
                if ("put" in step) {
                  table.put(step.put);
                  next.set(step.put.id, step.put);
                } else {
                  expect(table.delete(keyOf(kind, step.remove))).toBe(next.delete(step.remove));
                }
              }
            };
            const body = () =>
              store.transaction(() => {
                apply(writes.slice(0, nestedFrom));
                store.transaction(() => apply(writes.slice(nestedFrom)));
                if (fails) throw new Error("undo");
              });
            if (fails) expect(body).toThrow("undo");
            else {
              body();
              model = next;
            }
          }
          expect(table.size).toBe(model.size);
          expectSame(table as unknown as ReturnType<Store["table"]>, model);
          for (const queue of ["a", "b"]) {
            const all = modelRange(kind, model, "due", queue, {});
            expect(table.by.due.size(queue)).toBe(all.length);
            expect(table.by.due.first(queue)).toBe(all[0]);
            expect(table.by.due.last(queue)).toBe(all.at(-1));
            expect([...table.by.due.range(queue)]).toEqual(all);
            expect([...table.by.due.range(queue, limits)]).toEqual(modelRange(kind, model, "due", queue, limits));
          }
          expect([...table.by.due.groups()].sort()).toEqual(
            ["a", "b"].filter((queue) => modelRange(kind, model, "due", queue, {}).length > 0),
          );
          for (const limits of [{}, { gte: "x", lt: "y" }, { gt: "", reverse: true }, { lte: "xy", reverse: true }]) {
            expect([...table.by.label.range("all", limits)]).toEqual(modelRange(kind, model, "label", "all", limits));
          }
        }),
        { numRuns: runs },
      );
    },
  );

  it.each(["texts", "serials"] as const)("walks every row once while %s are deleted or moved back inside", (kind) => {
    fc.assert(
      fc.property(
        fc.uniqueArray(item(2000), { selector: (row) => row.id, maxLength: 300, size: "max" }),
        fc.array(fc.constantFrom("keep", "delete", "move", "deleteOther"), { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        (rows, plan, reverse) => {
          const store = Store.memory();
          const table = store.table(itemTable(kind));
          store.transaction(() => {
            for (const row of rows) table.put({ ...row, queue: "a" });
          });
          const expected = [...table.by.due.range("a", { reverse })].map((row) => row.id);
          const seen: string[] = [];
          store.transaction(() => {
            for (const row of table.by.due.range("a", { reverse })) {
              seen.push(row.id);
              const step = plan[seen.length % plan.length];
              if (step === "delete") table.delete(keyOf(kind, row.id));
              if (step === "move") table.put({ ...row, dueMs: row.dueMs + (reverse ? 1 : -1) * 2 ** 41 });
              // A row already seen may go as well; it must not come again or hide another.
              if (step === "deleteOther") table.delete(keyOf(kind, seen[0]!));
            }
          });
          expect(seen).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each(["at random", "from the front", "from the back"])(
    "keeps its order over three levels of nodes while it grows and is emptied %s",
    (way) => {
      const store = Store.memory();
      const table = store.table(itemTable("texts"));
      const random = new Random(way);
      const model = new Map<string, Item>();
      const check = () => {
        const rows = modelRange("texts", model, "due", "a", {});
        expect([...table.by.due.range("a")]).toEqual(rows);
        expect([...table.by.due.range("a", { reverse: true })]).toEqual(rows.reverse());
        expect(table.by.due.size("a")).toBe(rows.length);
      };
      for (let round = 0; round < 2; round += 1) {
        store.transaction(() => {
          for (let i = 0; i < 12_000; i += 1) {
            const row = { id: random.hex(8), queue: "a", dueMs: round === 0 ? random.int(4000) : i, label: "x" };
            table.put(row);
            model.set(row.id, row);
          }
        });
        check();
        const kept = round === 0 ? 300 : 0;
        while (model.size > kept) {
          store.transaction(() => {
            const count = Math.min(3000, model.size - kept);
            const ids = random.int(2) === 0 ? [...model.keys()] : [...model.keys()].sort();
            for (let i = 0; i < count; i += 1) {
              const row =
                way === "at random"
                  ? model.get(ids[i]!)!
                  : way === "from the front"
                    ? table.by.due.first("a")!
                    : table.by.due.last("a")!;
              table.delete(row.id);
              model.delete(row.id);
            }
          });
          check();
        }
      }
      expect([...table.by.due.groups()]).toEqual([]);
    },
  );
});
