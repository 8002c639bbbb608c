import { describe, expect, it } from "vitest";
import { Rows } from "../../../src/engine/rows.ts";
import { Store } from "../../../src/engine/store.ts";
import { defineTable } from "../../../src/engine/table.ts";
import { EmptyDisk } from "../../support/empty-disk.ts";

interface Job {
  id: string;
  account: string;
  rank: number | string;
}

const jobs = defineTable<Job>()({
  name: "jobs",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { rank: { group: () => "all", order: (row) => row.rank } },
});

const clockRows = defineTable<{ id: string }>()({
  name: "housekeeping",
  key: (row) => row.id,
  account: () => "",
  indexes: {},
  outlivesReset: true,
});

function open() {
  const store = Store.memory();
  return { store, table: store.table(jobs) };
}

const job = (id: string, rank: number | string = 1, account = "1") => ({ id, account, rank });

describe("Store", () => {
  it("gives the same table for the same definition and refuses a second definition of that name", () => {
    const { store, table } = open();
    expect(store.table(jobs)).toBe(table);
    expect(() => store.table({ ...jobs })).toThrow("two tables are called jobs");
  });

  it("refuses writes outside a transaction", () => {
    const { table } = open();
    expect(() => table.put(job("a"))).toThrow("outside a transaction");
    expect(() => table.delete("a")).toThrow("outside a transaction");
  });

  it("undoes all writes of a transaction that throws, and says what was thrown", () => {
    const { store, table } = open();
    const before = store.transaction(() => {
      const row = job("a");
      table.put(row);
      return row;
    });
    const fault = new Error("fault");
    expect(() =>
      store.transaction(() => {
        table.put(job("a", 5));
        table.put(job("b"));
        store.transaction(() => table.delete("a"));
        throw fault;
      }),
    ).toThrow(fault);
    expect(table.get("a")).toBe(before);
    expect(table.has("b")).toBe(false);
    expect([...table.by.rank.range("all")]).toEqual([before]);
  });

  it("undoes what a nested call wrote when its throw is caught around it, and keeps the rest", () => {
    const { store, table } = open();
    const told: string[] = [];
    store.transaction(() => {
      table.put(job("a"));
      store.afterCommit(() => told.push("outer"));
      try {
        store.transaction(() => {
          table.put(job("b"));
          store.afterCommit(() => told.push("inner"));
          throw new Error("caught");
        });
      } catch {
        table.put(job("c"));
      }
    });
    expect([...table.values()].map((row) => row.id)).toEqual(["a", "c"]);
    expect(told).toEqual(["outer"]);
  });

  it("runs actions after the outermost commit, at once outside, and never when undone", () => {
    const { store, table } = open();
    const told: string[] = [];
    store.afterCommit(() => told.push("at once"));
    store.transaction(() => {
      store.transaction(() => store.afterCommit(() => told.push(`sees ${table.size} rows`)));
      expect(told).toEqual(["at once"]);
      table.put(job("a"));
    });
    expect(() =>
      store.transaction(() => {
        store.afterCommit(() => told.push("never"));
        throw new Error("undo");
      }),
    ).toThrow();
    expect(told).toEqual(["at once", "sees 1 rows"]);
  });

  it("runs the other actions when one throws, and lets an action write", () => {
    const { store, table } = open();
    expect(() =>
      store.transaction(() => {
        store.afterCommit(() => {
          throw new Error("first");
        });
        store.afterCommit(() => store.transaction(() => table.put(job("later"))));
      }),
    ).toThrow("first");
    expect(table.has("later")).toBe(true);
  });

  it("has what is to come after the disk at the commit, in memory", () => {
    const { store, table } = open();
    const told: string[] = [];
    store.transaction(() => {
      store.afterDurable(() => told.push(`sees ${table.size} rows`));
      table.put(job("a"));
      expect(told).toEqual([]);
    });
    store.afterDurable(() => told.push("at once"));
    expect([told, store.untilDurable()]).toEqual([["sees 1 rows", "at once"], undefined]);
  });

  it("refuses keys that are empty or too long, and takes one of 1,900 bytes", () => {
    const { store, table } = open();
    const put = (id: string) => store.transaction(() => table.put(job(id)));
    put("x".repeat(1900));
    put("é".repeat(950));
    expect(() => put("x".repeat(1901))).toThrow("1901 bytes");
    expect(() => put(`${"é".repeat(950)}x`)).toThrow("1901 bytes");
    expect(() => put("")).toThrow("empty key");
    expect(table.size).toBe(2);
  });

  it("refuses orders an index cannot sort, leaving everything as it was", () => {
    const { store, table } = open();
    const put = (row: Job) => store.transaction(() => table.put(row));
    put(job("a", 1));
    expect(() => put(job("a", Number.NaN))).toThrow("NaN");
    expect(() => put(job("b", "text"))).toThrow("string as an order, expected a number");
    expect(table.get("a")).toEqual(job("a", 1));
    expect(table.by.rank.size("all")).toBe(1);
  });

  it("says so when a stored row was changed in place", () => {
    const { store, table } = open();
    const row = job("a", 1);
    store.transaction(() => {
      table.put(row);
      table.put(job("b", 2));
    });
    row.rank = 9;
    expect(() => store.transaction(() => table.delete("a"))).toThrow("changed in place");
  });

  it("counts rows and resets all of them or one account's, leaving housekeeping alone", () => {
    const { store, table } = open();
    const kept = store.table(clockRows);
    store.transaction(() => {
      kept.put({ id: "clock" });
      table.put(job("a", 1, "1"));
      table.put(job("b", 2, "2"));
      table.put(job("c", 3, "1"));
    });
    store.reset("1");
    expect([...table.by.rank.range("all")].map((row) => row.id)).toEqual(["b"]);
    expect(store.counts()).toEqual({ jobs: 1, housekeeping: 1 });
    store.reset();
    expect(store.counts()).toEqual({ jobs: 0, housekeeping: 1 });
    expect(() => store.transaction(() => store.reset())).toThrow("inside a transaction");
  });

  it("hands out growing serials and has nothing to flush in memory", () => {
    const { store, table } = open();
    const serials = [store.nextSerial(), store.nextSerial(), store.nextSerial()];
    expect(serials).toEqual([...serials].sort((a, b) => a - b));
    expect(new Set(serials).size).toBe(3);
    store.transaction(() => table.put(job("a")));
    expect(store.flushed()).toBeUndefined();
    expect(store.durable).toBe(false);
  });

  it("finds where an index is not what the rows say", () => {
    const { store, table } = open();
    const one = job("a", 1);
    store.transaction(() => {
      table.put(one);
      for (let n = 0; n < 200; n += 1) table.put(job(`b${n}`, n));
      for (let n = 0; n < 150; n += 3) table.delete(`b${n}`);
    });
    expect(store.faults()).toEqual([]);
    one.rank = 9;
    expect(store.faults()).toEqual([expect.stringMatching(/^jobs\.rank: all holds /)]);
  });

  it("finds where the disk is not what memory says", async () => {
    class DeafDisk extends EmptyDisk {
      override take(): Rows<object> {
        const rows = new Rows<object>();
        rows.set("a", job("a"));
        return rows;
      }
      override async write(): Promise<void> {}
      override contents(): Map<string, Rows<object>> {
        return new Map([["jobs", this.take()]]);
      }
    }
    const store = Store.on(new DeafDisk());
    const table = store.table(jobs);
    expect(store.faults()).toEqual([]);
    store.transaction(() => {
      table.put(job("a", 2));
      table.put(job("b"));
    });
    // Before it is flushed, the disk need not know.
    expect(store.faults()).toEqual([]);
    await store.flushed();
    expect(store.faults()).toEqual(["jobs: a is another on disk", "jobs: b is not on disk"]);
  });
});
