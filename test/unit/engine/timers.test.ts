import { describe, expect, it } from "vitest";
import { Clock } from "../../../src/engine/clock.ts";
import { Store } from "../../../src/engine/store.ts";
import { defineTable } from "../../../src/engine/table.ts";
import { type TimerRow, Timers } from "../../../src/engine/timers.ts";

const START = Date.UTC(2030, 0, 1);

const notes = defineTable<{ id: string }>()({ name: "notes", key: (row) => row.id, account: () => "1", indexes: {} });

function begin({ store = Store.memory(), mode = "virtual" }: { store?: Store; mode?: "virtual" | "real" } = {}) {
  const errors: unknown[] = [];
  const clock = new Clock({ mode, startMs: START, onError: (error) => errors.push(error) });
  const timers = new Timers(store, clock);
  const fired: string[] = [];
  const note = (row: TimerRow) => {
    fired.push(`${row.id}@${clock.now() - START}`);
  };
  const row = (id: string, ms: number, kind = "note"): TimerRow => ({
    id,
    account: "1",
    dueMs: START + ms,
    kind,
    payload: { of: id },
  });
  const schedule = (...rows: TimerRow[]) =>
    store.transaction(() => {
      for (const each of rows) timers.schedule(each);
    });
  return { store, clock, timers, fired, note, row, schedule, errors };
}

describe("Timers", () => {
  it("fire in (due, id) order over all kinds, each at its time, and are gone then", async () => {
    const { clock, timers, fired, note, row, schedule } = begin();
    timers.on("note", note);
    timers.on("other", note);
    timers.start();
    schedule(row("c", 20), row("b", 10, "other"), row("a", 20, "other"), row("d", 5), row("far", 99));
    expect(timers.get("c")).toEqual(row("c", 20));
    await clock.advance(50);
    expect(fired).toEqual(["d@5", "b@10", "a@20", "c@20"]);
    expect(timers.get("c")).toBeUndefined();
    expect(timers.get("far")).toEqual(row("far", 99));
  });

  it("give the handler a transaction in which the row is gone and another can take its place", async () => {
    const { store, clock, timers, fired, row, schedule } = begin();
    timers.on("note", (timer) => {
      fired.push(`${timer.id}@${clock.now() - START}:${timers.get(timer.id)}:${store.counts()["timers"]}`);
      if (fired.length < 3) timers.schedule({ ...timer, dueMs: timer.dueMs + 10 });
    });
    timers.start();
    schedule(row("every", 10));
    await clock.advance(100);
    expect(fired).toEqual(["every@10:undefined:0", "every@20:undefined:0", "every@30:undefined:0"]);
  });

  it("replace by id and cancel, and neither when rolled back", async () => {
    const { store, clock, timers, fired, note, row, schedule } = begin();
    timers.on("note", note);
    timers.start();
    schedule(row("a", 50), row("b", 10), row("c", 30));
    schedule(row("a", 5));
    store.transaction(() => {
      expect(timers.cancel("b")).toBe(true);
      expect(timers.cancel("b")).toBe(false);
    });
    expect(() =>
      store.transaction(() => {
        timers.schedule(row("never", 1));
        timers.cancel("a");
        timers.schedule(row("c", 2));
        throw new Error("undo");
      }),
    ).toThrow("undo");
    await clock.advance(100);
    expect(fired).toEqual(["a@5", "c@30"]);
    expect(() => timers.schedule(row("x", 1))).toThrow("outside a transaction");
  });

  it("wait for start, then fire the overdue ones", async () => {
    const { clock, timers, fired, note, row, schedule } = begin();
    timers.on("note", note);
    schedule(row("overdue", -1000), row("later", 10));
    await clock.advance(5);
    expect(fired).toEqual([]);
    timers.start();
    await clock.advance(0);
    expect(fired).toEqual(["overdue@5"]);
    await clock.advance(5);
    expect(fired).toEqual(["overdue@5", "later@10"]);
  });

  it("undo and report a handler that throws, go on with the others, and try again each second", async () => {
    const { store, clock, timers, fired, note, row, schedule, errors } = begin();
    const table = store.table(notes);
    let faults = 2;
    timers.on("faulty", (timer) => {
      table.put({ id: `tried-${faults}` });
      if ((faults -= 1) >= 0) throw new Error(`fault ${faults}`);
      note(timer);
      timers.schedule({ ...timer, dueMs: clock.now() + 7 });
      faults = 1;
    });
    timers.on("note", note);
    timers.start();
    schedule(row("a", 10, "faulty"), row("b", 11));
    await clock.advance(2009);
    expect(fired).toEqual(["b@11"]);
    expect(errors).toEqual([new Error("fault 1"), new Error("fault 0")]);
    expect(table.size).toBe(0);
    await clock.advance(1);
    expect(fired).toEqual(["b@11", "a@2010"]);
    expect(table.has("tried-0")).toBe(true);
    // The row a handler saw can be scheduled anew: its failures are no part of it.
    await clock.advance(7);
    expect(errors).toHaveLength(3);
    expect(timers.get("a")?.dueMs).toBe(START + 2017);
  });

  it("do not fire again for an error that comes after the commit", async () => {
    const { store, clock, timers, row, schedule, errors } = begin();
    let runs = 0;
    timers.on("note", () => {
      runs += 1;
      store.afterCommit(() => {
        throw new Error("late");
      });
    });
    timers.start();
    schedule(row("a", 1));
    await clock.advance(10_000);
    expect(runs).toBe(1);
    expect(errors).toEqual([new Error("late")]);
  });

  it("leave alone the timers nobody handles, until somebody does", async () => {
    const { store, clock, timers, fired, note, row, schedule } = begin();
    schedule(row("stranger", 1, "elsewhere"), row("b", 5));
    timers.on("note", note);
    timers.start();
    await clock.advance(10);
    expect(fired).toEqual(["b@5"]);
    expect(timers.get("stranger")).toBeDefined();
    expect(() => store.transaction(() => timers.schedule(row("x", 1, "elsewhere")))).toThrow("has no handler");
    timers.on("elsewhere", note);
    await clock.advance(0);
    expect(fired).toEqual(["b@5", "stranger@10"]);
  });

  it("wait for quiet between two, and keep their order with the clock's own timers", async () => {
    const { clock, timers, fired, row, schedule } = begin();
    timers.on("note", (timer) => {
      fired.push(`${timer.id} begins`);
      void clock.track(
        new Promise<void>((resolve) => setImmediate(resolve)).then(() => void fired.push(`${timer.id} ends`)),
      );
    });
    timers.start();
    clock.at(START + 15, () => fired.push("volatile"));
    schedule(row("a", 10), row("b", 10), row("c", 20));
    await clock.advance(100);
    expect(fired).toEqual(["a begins", "a ends", "b begins", "b ends", "volatile", "c begins", "c ends"]);
  });

  it("survive a reset without firing, and stay armed for what comes later", async () => {
    const { store, clock, timers, fired, note, row, schedule } = begin();
    timers.on("note", note);
    timers.start();
    schedule(row("a", 10));
    store.reset();
    schedule(row("b", 20));
    await clock.advance(100);
    expect(fired).toEqual(["b@20"]);
  });

  it("fire by themselves in real time, however many are due at once", async () => {
    const { clock, timers, fired, note, row, schedule } = begin({ mode: "real" });
    timers.on("note", note);
    timers.start();
    schedule(...Array.from({ length: 1000 }, (_, i) => row(String(i).padStart(4, "0"), -5)));
    while (fired.length < 1000) await new Promise((resolve) => setImmediate(resolve));
    expect(fired.map((name) => name.slice(0, 4))).toEqual([...fired.map((name) => name.slice(0, 4))].sort());
    clock.close();
  });
});
