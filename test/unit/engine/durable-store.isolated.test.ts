import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Clock } from "../../../src/engine/clock.ts";
import { restoreClock } from "../../../src/engine/clock-row.ts";
import type { Batch } from "../../../src/engine/disk.ts";
import { Store, StoreError } from "../../../src/engine/store.ts";
import { defineTable } from "../../../src/engine/table.ts";
import { Timers } from "../../../src/engine/timers.ts";
import { EmptyDisk } from "../../support/empty-disk.ts";
import { left, right, WINDOW } from "./crash-tables.ts";
import { bundle, type Running, run } from "./program.ts";

// These tests move the machine's own time, which the engine takes once, when it is loaded.
vi.mock("../../../src/engine/real-time.ts", async () => (await import("../../support/live-time.ts")).liveTime());

interface Item {
  id: string;
  account: string;
  rank: number;
  data?: unknown;
}

const items = defineTable<Item>()({
  name: "items",
  key: (row) => row.id,
  account: (row) => row.account,
  indexes: { rank: { group: (row) => row.account, order: (row) => row.rank } },
});

let directory: string;
let open: Store[];
let running: Running[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "busbar-store-"));
  open = [];
  running = [];
});

afterEach(async () => {
  for (const { process, ended } of running) {
    process.kill("SIGKILL");
    await ended;
  }
  for (const store of open) await store.close().catch(() => {});
  rmSync(directory, { recursive: true, force: true });
});

async function openStore(path = directory): Promise<Store> {
  const store = await Store.open(path);
  open.push(store);
  return store;
}

function start(...args: Parameters<typeof run>): Running {
  const program = run(...args);
  running.push(program);
  return program;
}

function put(store: Store, ...rows: Item[]): void {
  store.transaction(() => {
    for (const row of rows) store.table(items).put(row);
  });
}

const item = (id: string, rank = 1, account = "1"): Item => ({ id, account, rank });

describe("a durable Store", () => {
  it("has its rows, indexes and order of ties again after a restart", async () => {
    const first = await openStore();
    expect(first.durable).toBe(true);
    expect(first.flushed()).toBeUndefined();
    put(first, item("b"), item("c", 0), item("a"), item("gone"), item("z", 5, "2"));
    put(first, item("c", 2));
    first.transaction(() => first.table(items).delete("gone"));
    await first.flushed();
    expect(first.flushed()).toBeUndefined();
    const order = [...first.table(items).by.rank.range("1")];
    await first.close();

    const second = await openStore();
    expect([...second.table(items).by.rank.range("1")]).toEqual(order);
    expect(order.map((row) => row.id)).toEqual(["a", "b", "c"]);
    expect(second.counts()).toEqual({ items: 4 });
  });

  it("keeps every kind of value a row may hold, and keys up to 1,900 bytes", async () => {
    const data = {
      undefinedMember: undefined,
      big: [2n ** 63n, -(2n ** 80n), 5n, -1n],
      numbers: [0, -1, 1.5, 2 ** 53 - 1, -(2 ** 40), Date.UTC(2030, 0, 1)],
      bytes: Uint8Array.of(0, 255, 7),
      noBytes: new Uint8Array(0),
      text: ["", "é\u{1f600}\u0000", "x".repeat(300_000)],
      nested: [{ yes: true, no: false, nothing: null, deep: [[[{ a: {} }]]] }],
    };
    const keys = ["x".repeat(1900), "é".repeat(950), "\u0001".repeat(1900), "\t\n\u0000", "items\tx", "\ud800"];
    const first = await openStore();
    put(first, { ...item("all"), data }, ...keys.map((id) => item(id)));
    await first.close();
    const second = await openStore();
    const table = second.table(items);
    const loaded = table.get("all")!.data as typeof data;
    expect(new Uint8Array(loaded.bytes)).toEqual(data.bytes);
    expect(new Uint8Array(loaded.noBytes)).toEqual(data.noBytes);
    expect({ ...loaded, bytes: data.bytes, noBytes: data.noBytes }).toStrictEqual(data);
    for (const key of keys.slice(0, -1)) expect(table.has(key)).toBe(true);

    // A key that is no Unicode comes back changed; what stands in the table must be what is on disk all the same.
    expect(table.size).toBe(keys.length + 1);
    second.transaction(() => {
      for (const row of table.values()) table.delete(row.id);
    });
    await second.close();
    expect((await openStore()).table(items).size).toBe(0);
  });

  it("writes nothing of a transaction that was undone", async () => {
    const first = await openStore();
    put(first, item("kept", 1));
    expect(() =>
      first.transaction(() => {
        first.table(items).put(item("kept", 2));
        first.table(items).put(item("undone"));
        throw new Error("undo");
      }),
    ).toThrow("undo");
    await first.close();
    const table = (await openStore()).table(items);
    expect([...table.values()]).toEqual([item("kept", 1)]);
  });

  it("is flushed for each who asks, also while another flush is under way", async () => {
    const store = await openStore();
    const waits: Promise<void>[] = [];
    for (let i = 0; i < 300; i += 1) {
      put(store, item(`row-${i}`, i));
      waits.push(store.flushed()!);
      if (i % 20 === 0) await waits.at(-1);
      if (i % 33 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(waits);
    expect(store.flushed()).toBeUndefined();
  });

  it("grows as needed", async () => {
    const first = await openStore();
    for (let i = 0; i < 40; i += 1) {
      put(first, { ...item(`row-${i}`), data: "x".repeat(1_000_000) });
      if (i % 10 === 0) await first.flushed();
    }
    await first.close();
    expect((await openStore()).table(items).size).toBe(40);
  });

  it("never hands out a serial twice", async () => {
    let last = 0;
    for (let round = 0; round < 3; round += 1) {
      const store = await openStore();
      for (let i = 0; i < 5; i += 1) {
        const serial = store.nextSerial();
        expect(serial).toBeGreaterThan(last);
        last = serial;
      }
      await store.close();
    }
    const store = await openStore();
    for (let i = 0; i < 1_000_005; i += 1) {
      const serial = store.nextSerial();
      if (serial <= last) expect(serial).toBeGreaterThan(last);
      last = serial;
    }
    await store.close();
    expect((await openStore()).nextSerial()).toBeGreaterThan(last);
  });

  it("resets on disk too: one account's rows, or all with those of tables not opened in this run", async () => {
    const first = await openStore();
    const restored = new Clock({ mode: "virtual" });
    restoreClock(first, restored);
    await restored.advance(1);
    put(first, item("a", 1, "1"), item("b", 1, "2"));
    first.transaction(() => first.table(right).put({ id: "r", n: 1, filler: "" }));
    first.reset("1");
    await first.close();

    const second = await openStore();
    restoreClock(second, new Clock());
    expect([...second.table(items).values()].map((row) => row.id)).toEqual(["b"]);
    put(second, item("c"));
    second.reset();
    put(second, item("d"));
    expect(second.table(right).size).toBe(0);
    second.transaction(() => second.table(right).put({ id: "new", n: 2, filler: "" }));
    await second.close();

    const third = await openStore();
    restoreClock(third, new Clock());
    third.table(right);
    third.table(items);
    expect(third.counts()).toEqual({ clock: 1, right: 1, items: 1 });
    expect(third.table(right).has("new")).toBe(true);
    expect(third.table(items).has("d")).toBe(true);
  });

  it("refuses writes after it was closed", async () => {
    const store = await openStore();
    await store.close();
    await store.close();
    expect(() => put(store, item("a"))).toThrow("closed");
  });
});

describe("a killed process", () => {
  it("leaves whole transactions, in order, with everything acknowledged, each time it is killed", async () => {
    const code = await bundle("crash-program.ts");
    let lastSafe = 0;
    let lastSerial = 0;
    for (let round = 0; round < 6; round += 1) {
      const program = start(code, [directory]);
      await program.reached(150 + round * 97);
      program.process.kill("SIGKILL");
      expect(await program.ended).toBeNull();
      const told = program.lines.map((line) => line.split(" ").map(Number) as [number, number]);
      expect(told.length).toBeGreaterThan(100);
      for (const [n, serial] of told) {
        expect(serial).toBeGreaterThan(lastSerial);
        lastSafe = Math.max(lastSafe, n);
      }
      lastSerial = Math.max(...told.map(([, serial]) => serial));

      const store = await openStore();
      const lefts = [...store.table(left).by.n.range("all")];
      const end = lefts.at(-1)!.n;
      expect(end).toBeGreaterThanOrEqual(lastSafe);
      const expected = Array.from({ length: WINDOW }, (_, i) => end - WINDOW + 1 + i);
      expect(lefts.map((row) => row.n)).toEqual(expected);
      expect([...store.table(right).by.n.range("all")].map((row) => row.n)).toEqual(expected);
      expect(store.nextSerial()).toBeGreaterThan(lefts.at(-1)!.serial);
      await store.close();
    }
  });
});

describe("the lock of a directory", () => {
  const lockFile = () => join(directory, "process.lock");

  it("keeps out a second store of this process, until the first is closed", async () => {
    const first = await openStore();
    await expect(openStore()).rejects.toThrow(/is in use by this process already/);
    await first.close();
    expect(existsSync(lockFile())).toBe(false);
    await openStore();
  });

  it("keeps out another process and names it, until that is killed", async () => {
    const program = start(await bundle("disk-program.ts"), ["hold", directory]);
    await program.reached(1);
    await expect(openStore()).rejects.toThrow(
      new StoreError(`The data directory ${directory} is in use by another process (pid ${program.process.pid}).`),
    );
    program.process.kill("SIGKILL");
    await program.ended;
    expect(existsSync(lockFile())).toBe(true);
    await openStore();
  });

  it("is given to one of many that find a dead process's at the same moment", async () => {
    const program = join(directory, "race.mjs");
    writeFileSync(program, await bundle("lock-race-program.ts"));
    const contested = join(directory, "contested");
    mkdirSync(contested);
    const { stdout } = await promisify(execFile)(process.execPath, [program, contested]);
    // All rounds, by how many had the directory in them.
    expect(JSON.parse(stdout)).toEqual({ 1: 300 });
  });

  it.each([
    ["a pid now used by another process", JSON.stringify({ pid: process.ppid, started: "an earlier boot 1" })],
    ["our own pid of an earlier life", JSON.stringify({ pid: process.pid, started: "an earlier boot 1" })],
    ["a process that is gone", JSON.stringify({ pid: 2 ** 22 + 5, started: "" })],
    ["a crash before it was written", ""],
    ["something that is no lock", '{"pid":"none"}'],
  ])("does not count when it is left from %s", async (_, content) => {
    writeFileSync(lockFile(), content);
    await openStore();
    expect(JSON.parse(readFileSync(lockFile(), "utf8")).pid).toBe(process.pid);
    expect(readdirSync(directory).filter((name) => name.startsWith("process.lock"))).toEqual(["process.lock"]);
  });
});

describe("Store.open", () => {
  it("makes the directory, also one with a dot in its name", async () => {
    const path = join(directory, "new", "state.db");
    const store = await openStore(path);
    put(store, item("a"));
    await store.close();
    expect((await openStore(path)).table(items).size).toBe(1);
  });

  it("keeps others out of the directory and its files, also of one an earlier version left open", async () => {
    const modes = (path: string) =>
      Object.fromEntries(["", ...readdirSync(path)].map((name) => [name, statSync(join(path, name)).mode & 0o777]));
    const path = join(directory, "new", "state");
    const store = await openStore(path);
    put(store, item("a"));
    await store.flushed();
    expect(Object.entries(modes(path)).filter(([name, mode]) => mode !== (name === "" ? 0o700 : 0o600))).toEqual([]);
    expect(statSync(join(directory, "new")).mode & 0o777).toBe(0o700);
    await store.close();

    for (const name of readdirSync(path)) chmodSync(join(path, name), 0o644);
    chmodSync(path, 0o755);
    await openStore(path);
    expect(Object.entries(modes(path)).filter(([name, mode]) => mode !== (name === "" ? 0o700 : 0o600))).toEqual([]);

    const shared = join(directory, "shared");
    mkdirSync(shared, { mode: 0o755 });
    writeFileSync(join(shared, "notes"), "", { mode: 0o644 });
    await openStore(shared);
    expect(modes(shared)).toMatchObject({ "": 0o755, notes: 0o644, "process.lock": 0o600 });
  });

  it("says what is wrong with the directory", async () => {
    const file = join(directory, "file");
    writeFileSync(file, "");
    await expect(openStore(file)).rejects.toThrow(
      new StoreError(`The data directory ${file} cannot be made: a file stands in its way.`),
    );
    await expect(openStore(join(file, "below"))).rejects.toThrow(/a file stands in its way/);

    const closed = join(directory, "closed");
    mkdirSync(closed, { mode: 0o555 });
    chmodSync(directory, 0o755);
    const program = start(await bundle("disk-program.ts"), ["open", closed]);
    await program.ended;
    expect(program.lines).toEqual([
      `StoreError: The data directory ${closed} cannot be written to: check its owner and permissions (EACCES).`,
    ]);
  });

  it("refuses what an earlier version wrote, and releases the directory", async () => {
    writeFileSync(join(directory, "data.mdb"), "");
    for (const _ of [1, 2]) {
      await expect(openStore()).rejects.toThrow(
        new StoreError(
          `The data directory ${directory} was written by an earlier version of Busbar (format 2): choose another, or delete it.`,
        ),
      );
    }
    rmSync(join(directory, "data.mdb"));
    await openStore();
  });
});

describe("a disk that refuses", () => {
  it("is reported by flushed and by writes, while reads continue and nothing acknowledged is lost", async () => {
    // 3,000 blocks of 512 bytes; the program writes until the file may not grow.
    const program = start(await bundle("disk-program.ts"), ["fill", directory], "ulimit -S -f 3000");
    await program.ended;
    const safe = program.lines.filter((line) => line.startsWith("safe")).length;
    expect(safe).toBeGreaterThan(50);
    const refusal = `StoreError: The disk does not take what is written to ${directory}: EFBIG: file too large.`;
    expect(program.lines.slice(safe)).toEqual([
      `${refusal} What was asked for may still be done once it does.`,
      `${refusal} Nothing was changed.`,
      "reads true",
      refusal,
    ]);
    const table = (await openStore()).table(left);
    expect([...table.by.n.range("all")].map((row) => row.n)).toEqual(Array.from({ length: safe }, (_, i) => i + 1));
  });

  it("takes a reset when it is full, and all else once there is room", async () => {
    const program = start(await bundle("full-disk-program.ts"), [directory]);
    await program.ended;
    const { safe, onDisk, ...told } = JSON.parse(program.lines[0] ?? "{}") as Record<string, unknown>;
    const refusal = `The disk does not take what is written to ${directory}: it is full.`;
    expect(told).toEqual({
      inDoubt: `${refusal} What was asked for may still be done once it does.`,
      refused: `${refusal} Nothing was changed.`,
      read: true,
      troubles: [refusal, "over"],
      afterReset: 0,
      afterResetOnDisk: 1,
    });
    expect(safe).toBeGreaterThan(20);
    // What was answered for, and of what was not nothing but what was said may be done.
    expect(onDisk).toBe(safe);
  });

  describe("for a while", () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    /** A disk in memory that can be told to refuse, and keeps what it took. */
    function fakeDisk() {
      const state = { refuses: false, batches: [] as Record<string, unknown>[], attempts: 0, closed: false };
      class RefusingDisk extends EmptyDisk {
        override async write(batch: Batch): Promise<void> {
          state.attempts += 1;
          for (let turns = 0; turns < 2; turns += 1) await new Promise((resolve) => setImmediate(resolve));
          if (state.refuses) throw new StoreError("The disk is full.");
          state.batches.push(Object.fromEntries(batch.rows.get("items") ?? []));
        }

        override async close(): Promise<void> {
          state.closed = true;
        }
      }
      const disk = new RefusingDisk();
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      return { state, store: Store.on(disk) };
    }

    const settle = async () => {
      for (let i = 0; i < 8; i += 1) await new Promise((resolve) => setImmediate(resolve));
    };

    it("gets everything once it accepts writes again, merged and in the last state", async () => {
      const { state, store } = fakeDisk();
      put(store, item("a", 1));
      await store.flushed();
      state.refuses = true;
      put(store, item("b", 1));
      const first = store.flushed()!;
      await new Promise((resolve) => setImmediate(resolve));
      put(store, item("b", 2), item("c", 1));
      const second = store.flushed()!;
      await expect(first).rejects.toThrow(
        new StoreError("The disk is full. What was asked for may still be done once it does."),
      );
      await expect(second).rejects.toThrow(StoreError);
      await expect(store.flushed()).rejects.toThrow(StoreError);
      expect(() => put(store, item("d"))).toThrow(new StoreError("The disk is full. Nothing was changed."));
      expect(store.table(items).get("b")).toEqual(item("b", 2));
      expect(store.table(items).has("d")).toBe(false);
      expect(store.transaction(() => store.table(items).get("c"))).toEqual(item("c", 1));

      const attempts = state.attempts;
      vi.advanceTimersByTime(1000);
      await settle();
      expect(state.attempts).toBe(attempts + 1);
      expect(() => put(store, item("d"))).toThrow(StoreError);
      state.refuses = false;
      vi.advanceTimersByTime(1000);
      await settle();
      expect(store.flushed()).toBeUndefined();
      put(store, item("d", 4));
      await store.flushed();
      expect(state.batches).toEqual([{ a: item("a", 1) }, { b: item("b", 2), c: item("c", 1) }, { d: item("d", 4) }]);
    });

    it("runs what is to come after the disk once, in order, when it takes writes at last", async () => {
      const { state, store } = fakeDisk();
      const told: string[] = [];
      const reports: unknown[] = [];
      let waiting = 0;
      store.watchedBy({
        begin: () => {
          waiting += 1;
          return () => (waiting -= 1);
        },
        report: (error) => reports.push(error),
      });
      store.afterDurable(() => told.push("nothing to wait for"));
      expect([told, store.untilDurable()]).toEqual([["nothing to wait for"], undefined]);
      state.refuses = true;
      const say = (text: string) => {
        store.transaction(() => {
          store.table(items).put(item(text));
          store.afterDurable(() => told.push(text));
        });
      };
      say("first");
      store.afterDurable(() => {
        throw new Error("a bug");
      });
      await new Promise((resolve) => setImmediate(resolve));
      say("second");
      expect(() =>
        store.transaction(() => {
          store.afterDurable(() => told.push("never"));
          throw new Error("undone");
        }),
      ).toThrow("undone");
      expect(waiting).toBeGreaterThan(0);
      await settle();
      // A disk that refuses holds up no clock, and what is to follow waits on.
      expect([told.slice(1), waiting]).toEqual([[], 0]);
      let durable = false;
      void store.untilDurable()?.then(() => (durable = true));
      state.refuses = false;
      vi.advanceTimersByTime(1000);
      await settle();
      expect(told.slice(1)).toEqual(["first", "second"]);
      expect([durable, waiting, reports]).toEqual([true, 0, [new Error("a bug")]]);
    });

    it("gets one more attempt at closing", async () => {
      const { state, store } = fakeDisk();
      state.refuses = true;
      put(store, item("a"));
      await expect(store.flushed()).rejects.toThrow(StoreError);
      state.refuses = false;
      await store.close();
      expect(state.batches).toEqual([{ a: item("a") }]);
      expect(state.closed).toBe(true);
    });

    it("makes closing fail when it still refuses, after that attempt", async () => {
      const { state, store } = fakeDisk();
      state.refuses = true;
      put(store, item("a"));
      await expect(store.flushed()).rejects.toThrow(StoreError);
      await expect(store.close()).rejects.toThrow(new StoreError("The disk is full."));
      expect(state.closed).toBe(true);
    });

    it("lets timers wait and fire once it takes writes again", async () => {
      const { state, store } = fakeDisk();
      const errors: unknown[] = [];
      const clock = new Clock({ mode: "virtual", startMs: 0, onError: (error) => errors.push(error) });
      const timers = new Timers(store, clock);
      const fired: string[] = [];
      timers.on("note", (row) => fired.push(`${row.id}@${clock.now()}`));
      timers.start();
      store.transaction(() => {
        for (const id of ["a", "b"]) timers.schedule({ id, account: "1", dueMs: 10, kind: "note", payload: null });
      });
      await store.flushed();
      state.refuses = true;
      put(store, item("x"));
      await settle();
      await clock.advance(1500);
      expect(fired).toEqual([]);
      expect(errors).toHaveLength(2);
      state.refuses = false;
      vi.advanceTimersByTime(1000);
      await settle();
      await clock.advance(1000);
      expect(fired).toEqual(["a@2010", "b@2010"]);
    });
  });
});

describe("time in a durable Store", () => {
  const START = Date.UTC(2030, 0, 1);

  function begin(store: Store, mode: "virtual" | "real" = "virtual") {
    const clock = new Clock({ mode, startMs: START });
    restoreClock(store, clock);
    const timers = new Timers(store, clock);
    const fired: string[] = [];
    timers.on("note", (row) => {
      fired.push(`${row.id}@${clock.now() - START}:${JSON.stringify(row.payload)}`);
    });
    timers.start();
    return { clock, timers, fired };
  }

  it("goes on where it stood, and so do its timers", async () => {
    const firstStore = await openStore();
    const first = begin(firstStore);
    firstStore.transaction(() => {
      for (const [id, ms] of [
        ["a", 10],
        ["b", 30],
        ["c", 50],
      ] as const) {
        first.timers.schedule({ id, account: "1", dueMs: START + ms, kind: "note", payload: { id } });
      }
    });
    await first.clock.advance(20);
    expect(first.fired).toEqual(['a@10:{"id":"a"}']);
    await firstStore.close();

    const secondStore = await openStore();
    const second = begin(secondStore, "real");
    expect(second.clock.mode).toBe("virtual");
    expect(second.clock.now()).toBe(START + 20);
    await second.clock.advance(20);
    expect(second.fired).toEqual(['b@30:{"id":"b"}']);
    await second.clock.set(START - 5);
    await secondStore.close();

    const third = begin(await openStore());
    expect(third.clock.now()).toBe(START - 5);
    await third.clock.advance(1000);
    expect(third.fired).toEqual(['c@50:{"id":"c"}']);
  });

  it("keeps its distance from the system's time in real mode, and a change of mode", async () => {
    const store = await openStore();
    const clock = new Clock();
    restoreClock(store, clock);
    await clock.advance(86_400_000);
    await store.close();
    const second = await openStore();
    const later = new Clock();
    restoreClock(second, later);
    expect(later.mode).toBe("real");
    expect(later.now()).toBeGreaterThanOrEqual(clock.now() - 1);
    later.setMode("virtual");
    const stood = later.now();
    await second.close();
    const last = new Clock();
    restoreClock(await openStore(), last);
    expect(last.mode).toBe("virtual");
    expect(last.now()).toBe(stood);
    clock.close();
    later.close();
  });

  it("does not go back over a restart when the system's clock was set back meanwhile, nor through a crash", async () => {
    vi.useFakeTimers({ now: START, toFake: ["Date", "performance", "setTimeout", "setInterval", "clearInterval"] });
    try {
      const store = await openStore();
      const clock = new Clock();
      const end = restoreClock(store, clock);
      put(store, item("a"));
      vi.advanceTimersByTime(10_000);
      const told = clock.now();
      await store.close();
      end();
      vi.setSystemTime(START - 3_600_000);
      const second = await openStore();
      const later = new Clock();
      const endLater = restoreClock(second, later);
      expect(later.now()).toBe(told);
      vi.advanceTimersByTime(500);
      expect(later.now()).toBe(told + 500);
      // Only a move takes it back.
      await later.set(START - 3_600_000);
      expect(later.now()).toBe(START - 3_600_000);
      endLater();
    } finally {
      vi.useRealTimers();
    }
  });

  it("fires after a restart what came due meanwhile", async () => {
    const firstStore = await openStore();
    const idle = new Timers(firstStore, new Clock({ mode: "virtual", startMs: START }));
    firstStore.transaction(() => idle.schedule({ id: "a", account: "1", dueMs: START - 5, kind: "note", payload: 1 }));
    await firstStore.close();
    const { clock, fired } = begin(await openStore());
    await clock.advance(0);
    expect(fired).toEqual(["a@0:1"]);
  });
});
