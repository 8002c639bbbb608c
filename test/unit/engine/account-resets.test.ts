import { describe, expect, it } from "vitest";
import { Emulator } from "../../../src/emulator.ts";
import { AccountResets } from "../../../src/engine/account-resets.ts";
import { Clock } from "../../../src/engine/clock.ts";
import { Store } from "../../../src/engine/store.ts";
import { defineTable } from "../../../src/engine/table.ts";
import { inProcessHandler } from "../../../src/in-process.ts";
import { clientsOf } from "../../simulation/clients.ts";
import { MemoryDisk } from "../../simulation/memory-disk.ts";

interface Item {
  readonly id: number;
  readonly account: string;
}

const items = defineTable<Item>()({
  name: "items",
  key: (item) => item.id,
  account: (item) => item.account,
  indexes: { account: { group: (item) => item.account, order: (item) => item.id } },
});

/** More than one turn's work on any machine. */
const many = 50_000;

function room(store: Store, onRows: (account: string) => void = () => {}) {
  const clock = new Clock({ mode: "real", onError: (error) => Promise.reject(error) });
  const table = store.table(items);
  const add = (account: string, from: number, count: number) =>
    store.transaction(() => {
      for (let id = from; id < from + count; id += 1) table.put({ id, account });
    });
  return { clock, table, add, resets: new AccountResets(store, clock, onRows) };
}

describe("a reset of one account", () => {
  it("lets others have their turns, and is waited for by whoever acts for the account", async () => {
    const store = Store.memory();
    const { clock, table, add, resets } = room(store);
    add("a", 0, many);
    add("b", many, 10);
    let turns = 0;
    let going = true;
    const count = () => {
      turns += 1;
      if (going) setImmediate(count);
    };
    setImmediate(count);
    const done = resets.run("a");
    expect(table.by.account.size("a")).toBeGreaterThan(0);
    expect([resets.ended("a") === undefined, resets.ended("b")]).toEqual([false, undefined]);
    await resets.ended("a");
    expect([table.by.account.size("a"), table.by.account.size("b")]).toEqual([0, 10]);
    await done;
    going = false;
    expect(turns).toBeGreaterThan(1);
    expect(resets.ended("a")).toBeUndefined();
    expect(store.counts()["engine.resets"]).toBe(0);
    clock.close();
  });

  it("goes on after a restart", async () => {
    const disk = new MemoryDisk();
    const first = Store.on(disk.open(() => 0));
    const before = room(first);
    before.add("a", 0, many);
    before.add("b", many, 10);
    await first.flushed();
    void before.resets.run("a");
    before.clock.turns.stop();
    await first.flushed();
    const forgotten: string[] = [];
    const after = room(Store.on(disk.open(() => 0)), (account) => forgotten.push(account));
    expect(after.table.by.account.size("a")).toBeGreaterThan(0);
    after.resets.resume();
    await after.resets.ended("a");
    expect([after.table.by.account.size("a"), after.table.by.account.size("b")]).toEqual([0, 10]);
    expect(forgotten).toContain("a");
    for (const { clock } of [before, after]) clock.close();
  });

  it("ends where everything is reset meanwhile", async () => {
    const emulator = await Emulator.start();
    const account = "111122223333";
    const table = emulator.store.table(items);
    const add = () =>
      emulator.store.transaction(() => {
        for (let id = 0; id < many; id += 1) table.put({ id, account });
      });
    add();
    const one = emulator.reset(account);
    await emulator.reset();
    emulator.store.transaction(() => table.put({ id: 1, account }));
    await one;
    expect(table.size).toBe(1);
    add();
    // A call of the account comes when all is gone; one of another at once.
    const handler = inProcessHandler(emulator, () => false);
    const clients = ["111122223333", "444455556666"].map((each) =>
      clientsOf({ account: each, region: "us-east-1" }, (request, options) => handler.handle(request, options)),
    );
    const [own, other] = clients.map(({ sqs }) => sqs);
    const reset = emulator.reset(account);
    const left: number[] = [];
    const made = own?.createQueue({ QueueName: "q" }).then(() => left.push(table.size));
    await other?.createQueue({ QueueName: "q" });
    expect(table.size).toBeGreaterThan(0);
    await Promise.all([reset, made]);
    expect(left).toEqual([0]);
    expect((await own?.listQueues({}))?.QueueUrls).toHaveLength(1);
    await emulator.close();
  });
});
