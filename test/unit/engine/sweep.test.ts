import { expect, it } from "vitest";
import { Clock } from "../../../src/engine/clock.ts";
import { Store } from "../../../src/engine/store.ts";
import { Sweep } from "../../../src/engine/sweep.ts";
import { defineTable } from "../../../src/engine/table.ts";

interface Row {
  readonly id: number;
  readonly list: string;
  readonly endMs: number;
}

const table = defineTable<Row>()({
  name: "rows",
  key: (row) => row.id,
  account: () => "",
  indexes: { end: { group: (row) => row.list, order: (row) => row.endMs } },
});

function setUp(errors: unknown[] = []) {
  const clock = new Clock({ mode: "virtual", startMs: 0, onError: (error) => errors.push(error) });
  const store = Store.memory();
  const rows = store.table(table);
  let refuses = false;
  const sweep = new Sweep<Row>(store, clock, {
    first: (list) => rows.by.end.first(list),
    endMs: (row) => row.endMs,
    drop: (row) => {
      if (refuses) throw new Error("refused");
      rows.delete(row.id);
    },
    keys: () => rows.by.end.groups(),
  });
  const put = (id: number, list: string, endMs: number) => {
    store.transaction(() => rows.put({ id, list, endMs }));
    sweep.expect(list, endMs);
  };
  return { clock, rows, put, sweep, refuse: (yes: boolean) => (refuses = yes) };
}

it("drops each row once its time is over, at most a second late", async () => {
  const { clock, rows, put } = setUp();
  put(1, "a", 5000);
  put(2, "a", 5001);
  put(3, "a", 9000);
  put(4, "b", 3000);
  put(5, "a", Number.POSITIVE_INFINITY);
  await clock.advance(4999);
  expect([...rows.values()].map(({ id }) => id)).toEqual([1, 2, 3, 5]);
  await clock.advance(1);
  expect([...rows.values()].map(({ id }) => id)).toEqual([2, 3, 5]);
  await clock.advance(1000);
  expect([...rows.values()].map(({ id }) => id)).toEqual([3, 5]);
  await clock.advance(1e12);
  expect([...rows.values()].map(({ id }) => id)).toEqual([5]);
});

it("drops thousands of rows that end together, in several turns", async () => {
  const { clock, rows, put } = setUp();
  for (let id = 0; id < 3000; id += 1) put(id, "a", 1000);
  await clock.advance(1000);
  expect(rows.size).toBe(0);
});

it("goes on after a refusal, which it reports", async () => {
  const errors: unknown[] = [];
  const { clock, rows, put, refuse } = setUp(errors);
  refuse(true);
  put(1, "a", 1000);
  await clock.advance(1000);
  expect([rows.size, errors.length]).toEqual([1, 1]);
  refuse(false);
  await clock.advance(60_000);
  expect(rows.size).toBe(0);
});
