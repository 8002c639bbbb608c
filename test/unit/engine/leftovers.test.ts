import { describe, expect, it } from "vitest";
import { Clock } from "../../../src/engine/clock.ts";
import { Leftovers } from "../../../src/engine/leftovers.ts";
import { Store } from "../../../src/engine/store.ts";
import { defineTable } from "../../../src/engine/table.ts";
import { MemoryDisk } from "../../simulation/memory-disk.ts";

interface Part {
  readonly id: string;
  readonly of: string;
}

const parts = defineTable<Part>()({
  name: "parts",
  key: (part) => part.id,
  account: () => "1",
  indexes: { of: { group: (part) => part.of, order: (part) => part.id } },
});

function room(store: Store) {
  const clock = new Clock({ mode: "virtual", onError: (error) => Promise.reject(error) });
  const table = store.table(parts);
  const leftovers = new Leftovers({ store, clock }, "test.thing", function* (name) {
    for (const part of table.by.of.range(name)) {
      table.delete(part.id);
      yield;
    }
  });
  const add = (of: string, count: number) =>
    store.transaction(() => {
      for (let n = 0; n < count; n += 1) table.put({ id: `${of} ${n}`, of });
    });
  return { clock, table, leftovers, add };
}

describe("what is left of something that is gone", () => {
  it("goes at once where it is little, and otherwise in later turns, for whoever takes the name to wait for", async () => {
    const store = Store.memory();
    const { clock, table, leftovers, add } = room(store);
    add("little", 900);
    add("much", 5000);
    add("other", 10);
    store.transaction(() => leftovers.begin("little", "1"));
    expect(table.size).toBe(5010);
    expect(leftovers.afterwards("little", () => "made")).toBe("made");
    store.transaction(() => leftovers.begin("much", "1"));
    expect(table.size).toBe(4010);
    const made = leftovers.afterwards("much", () => table.by.of.size("much"));
    expect(made).toBeInstanceOf(Promise);
    // Time waits for it.
    await clock.advance(0);
    expect(await made).toBe(0);
    expect(table.size).toBe(10);
    expect(leftovers.afterwards("much", () => "made")).toBe("made");
    expect(store.counts()["engine.leftovers"]).toBe(0);
    clock.close();
  });

  it("is not begun where its transaction is undone", async () => {
    const store = Store.memory();
    const { clock, table, leftovers, add } = room(store);
    add("much", 3000);
    const undone = () =>
      store.transaction(() => {
        leftovers.begin("much", "1");
        throw new Error("undone");
      });
    expect(undone).toThrow("undone");
    await clock.advance(0);
    expect(table.size).toBe(3000);
    expect(leftovers.afterwards("much", () => "made")).toBe("made");
    clock.close();
  });

  it("goes on after a restart, and is not waited for any longer after a reset", async () => {
    const disk = new MemoryDisk();
    const first = Store.on(disk.open(() => 0));
    const before = room(first);
    before.add("much", 3000);
    first.transaction(() => before.leftovers.begin("much", "1"));
    before.clock.turns.stop();
    await first.flushed();
    const second = Store.on(disk.open(() => 0));
    const after = room(second);
    expect(after.table.size).toBe(2000);
    const made = after.leftovers.afterwards("much", () => after.table.size);
    await after.clock.advance(0);
    expect(await made).toBe(0);
    after.add("much", 3000);
    second.transaction(() => after.leftovers.begin("much", "1"));
    const again = after.leftovers.afterwards("much", () => "made");
    second.reset();
    await after.clock.advance(0);
    expect(await again).toBe("made");
    after.clock.close();
  });
});
