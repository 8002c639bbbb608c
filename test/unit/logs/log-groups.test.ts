/** How much of what services log is kept. */
import { expect, it } from "vitest";
import type { Clock } from "../../../src/engine/clock.ts";
import { Store } from "../../../src/engine/store.ts";
import { LogGroups } from "../../../src/logs/log-groups.ts";

function logs() {
  const store = Store.memory();
  const groups = new LogGroups(store, { now: () => 1 } as Clock);
  let id = 0;
  const write = (group: string, count: number, message: string) =>
    store.transaction(() => {
      for (let n = 0; n < count; n++) {
        id += 1;
        const place = { account: "000000000000", region: "us-east-1", group, stream: "s", source: "arn" };
        groups.put({ ...place, id: `${id}`, timestampMs: n, message: `${message} ${n}` });
      }
    });
  const of = (group: string) => groups.list({ group, limit: 10_000 });
  return { groups, write, of };
}

it("a busy group pushes out its own events alone", () => {
  const { write, of } = logs();
  write("quiet", 3, "kept");
  write("busy", 2500, "many");
  expect(of("quiet").map(({ message }) => message)).toEqual(["kept 2", "kept 1", "kept 0"]);
  const busy = of("busy");
  expect(busy).toHaveLength(1000);
  expect([busy[0]?.message, busy.at(-1)?.message]).toEqual(["many 2499", "many 1500"]);
  expect(Object.keys(busy[0] ?? {})).not.toContain("size");
});

it("all together are bounded by what they hold, the oldest going first", () => {
  const { groups, write, of } = logs();
  write("old", 10, "x".repeat(1024 * 1024));
  for (let n = 0; n < 6; n++) write(`group ${n}`, 10, "y".repeat(1024 * 1024));
  const all = groups.list({ limit: 10_000 });
  expect(all.reduce((sum, { message }) => sum + message.length, 0)).toBeLessThanOrEqual(64 * 1024 * 1024);
  expect(all.length).toBe(63);
  expect(of("old").length).toBe(3);
  expect(of("group 5").length).toBe(10);
});

it("very many groups are bounded in number", () => {
  const { groups, write } = logs();
  for (let n = 0; n < 60; n++) write(`group ${n}`, 900, "z");
  expect(groups.list({ limit: 100_000 })).toHaveLength(50_000);
});
