import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { defaultMaxMemory, Memory, memoryUse } from "../../../src/engine/memory.ts";
import { performance } from "../../../src/engine/real-time.ts";

let now: number;
let used: number;
let garbage: number;
let collections: number;
let told: [boolean, string][];
let memory: Memory;

beforeEach(() => {
  [now, used, garbage, collections, told] = [1e6, 0, 0, 0, []];
  vi.spyOn(performance, "now").mockImplementation(() => now);
  memory = new Memory(0, {
    onChange: (isShort, text) => told.push([isShort, text]),
    use: () => ({ kind: "process", used: (used + garbage) * 1024 * 1024, limit: 100 * 1024 * 1024 }),
    collect: () => {
      collections += 1;
      garbage = 0;
    },
  });
});
afterEach(() => vi.restoreAllMocks());

function later(ms: number): boolean {
  now += ms;
  return memory.isShort(0);
}

it("is short when so much is in use that is no garbage, until enough is free again", () => {
  used = 84;
  expect(later(50)).toBe(false);
  used = 85;
  expect(later(50)).toBe(true);
  expect(later(50)).toBe(true);
  used = 81;
  expect(later(2000)).toBe(true);
  used = 79;
  expect(later(50)).toBe(false);
  expect(told.map(([isShort]) => isShort)).toEqual([true, false]);
  expect(told[0]?.[1]).toMatch(/^memory is short: 85 of 100 MiB .*--max-memory/);
});

it("takes no garbage for use, and does not collect again and again", () => {
  [used, garbage] = [50, 40];
  expect(later(50)).toBe(false);
  expect([collections, garbage]).toEqual([1, 0]);
  garbage = 40;
  expect(later(100)).toBe(false);
  expect(collections).toBe(1);
  garbage = 46;
  expect(later(50)).toBe(true);
  expect(later(1000)).toBe(false);
  expect(collections).toBe(2);
});

it("looks now and then, and after large requests", () => {
  expect(later(50)).toBe(false);
  used = 90;
  expect(later(10)).toBe(false);
  expect(memory.isShort(5 * 1024 * 1024)).toBe(true);
});

it("knows what the machine gives and what is used", () => {
  vi.restoreAllMocks();
  expect(defaultMaxMemory()).toBeGreaterThan(50 * 1024 * 1024);
  expect(defaultMaxMemory()).toBeLessThan(Number.MAX_SAFE_INTEGER);
  expect(memoryUse(1).kind).toBe("process");
  expect(memoryUse(Number.MAX_SAFE_INTEGER)).toMatchObject({ kind: "heap" });
  const real = new Memory(1, { onChange: (isShort, text) => told.push([isShort, text]) });
  expect(real.isShort(0)).toBe(true);
  expect(told).toHaveLength(1);
});

it("runs what waits once there is enough again, unless it was stopped", () => {
  const ran: string[] = [];
  used = 90;
  expect(later(50)).toBe(true);
  memory.whenEnough(() => ran.push("a"));
  memory.whenEnough(() => ran.push("b"));
  expect(later(50)).toBe(true);
  expect(ran).toEqual([]);
  used = 10;
  expect(later(50)).toBe(false);
  expect(ran).toEqual(["a", "b"]);
  memory.whenEnough(() => ran.push("c"));
  memory.stop();
  expect(later(50)).toBe(false);
  expect(ran).toEqual(["a", "b"]);
});
